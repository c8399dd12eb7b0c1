#pragma once

// The field tree of one packet, as `parley packets -v` and `parley decode` show it and as their
// JSON carries it: {"name", "value", "offset", "length", "children"}, docs/json.md.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stack/base/bytes.h"

namespace parley::analyzer {

// What offsets count in: the bytes that were dissected, or, of a field and those below it, what was
// put together from several packets and has no place in one of them.
enum class Within : std::uint8_t { Packet, Datagram, Message };

struct Field {
  std::string name;          // the RFC's word: "Transaction ID", "XOR-MAPPED-ADDRESS"
  std::string value;         // readable; text from the wire is already made printable
  std::uint32_t offset = 0;  // from the start of the datagram or message that was dissected
  std::uint32_t length = 0;
  std::vector<Field> children;
  bool fault = false;  // what is wrong here; `value` says what was expected
  Within within = Within::Packet;

  Field& add(std::string child_name, std::string child_value, std::size_t child_offset,
             std::size_t child_length) {
    children.push_back({std::move(child_name),
                        std::move(child_value),
                        static_cast<std::uint32_t>(child_offset),
                        static_cast<std::uint32_t>(child_length),
                        {},
                        false});
    return children.back();
  }
};

inline Field make_field(std::string_view name, std::string value, std::size_t offset,
                        std::size_t length) {
  return {std::string(name),
          std::move(value),
          static_cast<std::uint32_t>(offset),
          static_cast<std::uint32_t>(length),
          {},
          false};
}

inline Field make_fault(std::string_view name, std::string value, std::size_t offset,
                        std::size_t length) {
  Field field = make_field(name, std::move(value), offset, length);
  field.fault = true;
  return field;
}

class DissectMemory;

struct DissectOptions {
  // Each is tried on MESSAGE-INTEGRITY: short-term as it is, long-term with user name and realm.
  // None: the field says that it was not checked.
  std::vector<std::string> passwords;
  // Of the long-term credential, where the message does not carry them.
  std::string username, realm;
  bool srtp = false;  // RTP and RTCP of this flow are protected
  // What earlier packets said (memory.h); null: each message stands alone.
  DissectMemory* memory = nullptr;
  std::string within;  // the channel or peer of TURN that carries the packet
};

// One message each. They never fail: a fault becomes a Field with fault = true at its offset, and
// what could be read before it is kept. `base` is added to all offsets. `missing` octets of the
// message follow on the wire and were not captured: what they hold is "cut here", and no fault.
Field dissect_stun(Bytes message, const DissectOptions& options = {}, std::size_t base = 0,
                   std::size_t missing = 0);
// STUN message or ChannelData with its inner packet (STUN, DTLS, RTP by its first byte).
Field dissect_turn(Bytes message, const DissectOptions& options = {}, std::size_t base = 0,
                   std::size_t missing = 0);
// All records of a datagram; handshake messages that are whole in it, or that it completes, are
// opened.
Field dissect_dtls(Bytes datagram, const DissectOptions& options = {}, std::size_t base = 0,
                   std::size_t missing = 0);
Field dissect_rtp(Bytes packet, const DissectOptions& options = {}, std::size_t base = 0,
                  std::size_t missing = 0);
// The headers of a compound packet; of SRTCP the one that stands in clear (RFC 3711 section 3.4).
Field dissect_rtcp(Bytes packet, const DissectOptions& options = {}, std::size_t base = 0,
                   std::size_t missing = 0);
// A session description or a fragment of one (RFC 8866, RFC 8840).
Field dissect_sdp(std::string_view text, std::size_t base = 0);

// "cut here: 3 of 20 bytes captured"
std::string cut_text(std::size_t captured, std::size_t size);
// Marks every field that has a fault below it.
void propagate_faults(Field& root);

// Indented text, one field a line: "  [8..12) Transaction ID: ...".
// `depth` indents the whole tree; `color` adds the escape sequences of a terminal.
std::string to_text(const Field& field, std::size_t depth = 0, bool color = false);
std::string to_json(const Field& field);

}  // namespace parley::analyzer

#pragma once

// The field tree of one packet, as `parley packets -v` and `parley decode` show it and as their
// JSON carries it: {"name", "value", "offset", "length", "children"}.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stack/base/bytes.h"

namespace parley::analyzer {

struct Field {
  std::string name;          // the RFC's word: "Transaction ID", "XOR-MAPPED-ADDRESS"
  std::string value;         // readable; text from the wire is already made printable
  std::uint32_t offset = 0;  // from the start of the datagram or message that was dissected
  std::uint32_t length = 0;
  std::vector<Field> children;
  bool fault = false;  // what is wrong here; `value` says what was expected

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

struct DissectOptions {
  // Checks MESSAGE-INTEGRITY with this password: short-term as it is, long-term when the message
  // has USERNAME and REALM too. Empty: the field says that it was not checked.
  std::string password;
};

// One message each. They never fail: a fault becomes a Field with fault = true at its offset, and
// what could be read before it is kept. `base` is added to all offsets.
Field dissect_stun(Bytes message, const DissectOptions& options, std::size_t base = 0);
// STUN message or ChannelData with its inner packet (STUN, DTLS, RTP by its first byte).
Field dissect_turn(Bytes message, const DissectOptions& options, std::size_t base = 0);
// All records of a datagram; handshake messages that are whole in it are opened.
Field dissect_dtls(Bytes datagram, std::size_t base = 0);
Field dissect_rtp(Bytes packet, std::size_t base = 0);

// Indented text, one field a line: "  [8..12) Transaction ID: ...".
// `depth` indents the whole tree.
std::string to_text(const Field& field, std::size_t depth = 0);
std::string to_json(const Field& field);

}  // namespace parley::analyzer

#pragma once

// The parts of dissect_frame(): one for each layer. Knows no payload.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/field_reader.h"
#include "stack/base/address.h"
#include "stack/base/bytes.h"

namespace parley::analyzer {

enum class Network : std::uint8_t { Ip, Arp, Other };

// The link header, one field for each of its layers; answers what stands behind it.
Network dissect_link(std::vector<Field>& to, FieldReader& reader, std::uint16_t link_type);
void dissect_arp(std::vector<Field>& to, FieldReader& reader);

// What the IP layer says about what it carries.
struct TransportPlace {
  IpAddress source, destination;
  std::uint8_t protocol = 0;
  std::size_t base = 0;
  std::size_t missing = 0;  // octets that were not captured; of a fragment, kMaxPacketSize
  bool verifiable = true;   // whole, and of known length: checksums can be compared
};

// IP with its extension headers and what it carries. `quoted`: in an ICMP error, which ends where
// its sender liked.
void dissect_ip(std::vector<Field>& to, Bytes packet, std::size_t base, std::size_t missing,
                bool quoted = false);
// UDP, TCP, ICMP or the common header of SCTP; nothing for other protocols.
void dissect_transport(std::vector<Field>& to, Bytes payload, const TransportPlace& place);

// "0x1234 (good)". nullopt: it cannot be said whether the checksum fits.
std::string checksum_text(std::uint16_t value, std::optional<bool> fits);

// Fits the length of a header to what was read into it.
inline void close_header(Field& field) {
  for (const Field& child : field.children)
    field.length =
        std::max(field.length, child.offset + child.length - std::min(field.offset, child.offset));
}

// Reads one header into a field of its own.
template <class Read>
Field& add_header(std::vector<Field>& to, std::string_view name, FieldReader& reader, Read read) {
  Field field = make_field(name, "", reader.offset(), 0);
  read(field);
  close_header(field);
  propagate_faults(field);
  to.push_back(std::move(field));
  return to.back();
}

}  // namespace parley::analyzer

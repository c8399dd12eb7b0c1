#pragma once

// The headers below a payload as fields: the link's, IP's and UDP's, TCP's or ICMP's, with byte
// ranges in the frame.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/dissect/field.h"
#include "stack/base/address.h"
#include "stack/base/bytes.h"

namespace parley::analyzer {

// One field for each header, in the order of the frame. `link_type`: a LINKTYPE_ value; `missing`
// octets of the frame were not captured. What stands behind the headers is not here, except for
// protocols that end with them: ARP, ICMP with the packet that it quotes, padding of the link.
std::vector<Field> dissect_frame(Bytes frame, std::uint16_t link_type, std::size_t missing = 0);

// A datagram that was put together from fragments: `payload` of IP, with ranges that count in it.
struct Reassembled {
  IpAddress source, destination;
  std::uint8_t protocol = 0;
  Bytes payload;
};
std::vector<Field> dissect_reassembled(const Reassembled& datagram);

// The names of the flags that are set, as in "SYN ACK".
std::string tcp_flag_names(std::uint8_t flags);
// "port unreachable", "echo request"; "type 200 code 0" for what the registries do not name.
std::string icmp_name(bool v6, std::uint8_t type, std::uint8_t code);
// "UDP"; the number for what this project does not decode.
std::string ip_protocol_name(std::uint8_t protocol);

}  // namespace parley::analyzer

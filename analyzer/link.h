#pragma once

// Finds the IP packet in a captured frame: Ethernet (IEEE 802.3, VLAN tags of 802.1Q and 802.1ad,
// PPPoE of RFC 2516), Linux cooked v1 and v2, raw IP, BSD null/loopback, PPP (RFC 1661, RFC 1662).
// Link types by the tcpdump registry. It does not look into the IP packet.

#include <cstddef>
#include <cstdint>
#include <string>

#include "stack/base/bytes.h"

namespace parley::analyzer {

enum class LinkVerdict : std::uint8_t {
  Ip,       // an IP packet should begin at `offset`
  NotIp,    // another protocol
  Short,    // the frame ends inside its link header
  Unknown,  // a link type that is not decoded
};

struct LinkHeader {
  LinkVerdict verdict = LinkVerdict::Unknown;
  std::size_t offset = 0;
};

LinkHeader skip_link_header(std::uint16_t link_type, Bytes frame);
// "EN10MB", "LINUX_SLL2"; "147" for what is not decoded.
std::string link_type_name(std::uint16_t link_type);

}  // namespace parley::analyzer

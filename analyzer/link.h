#pragma once

// Finds the IP packet in a captured frame: Ethernet (IEEE 802.3, VLAN tags of 802.1Q and 802.1ad,
// PPPoE of RFC 2516, MPLS labels of RFC 3032, SNAP of RFC 1042), Linux cooked v1 and v2, raw IP,
// BSD null/loopback, PPP (RFC 1661, RFC 1662). Link types by the tcpdump registry. It does not look
// into the IP packet.

#include <cstddef>
#include <cstdint>
#include <string>

#include "stack/base/bytes.h"

namespace parley::analyzer {

// LINKTYPE_ values that are decoded.
namespace link_type {
inline constexpr std::uint16_t kNull = 0;
inline constexpr std::uint16_t kEthernet = 1;
inline constexpr std::uint16_t kPpp = 9;
inline constexpr std::uint16_t kRawBsd = 12;
inline constexpr std::uint16_t kRawOpenBsd = 14;
inline constexpr std::uint16_t kPppHdlc = 50;
inline constexpr std::uint16_t kPppEther = 51;
inline constexpr std::uint16_t kRaw = 101;
inline constexpr std::uint16_t kLoop = 108;
inline constexpr std::uint16_t kLinuxSll = 113;
inline constexpr std::uint16_t kIpv4 = 228;
inline constexpr std::uint16_t kIpv6 = 229;
inline constexpr std::uint16_t kLinuxSll2 = 276;
}  // namespace link_type

enum class LinkVerdict : std::uint8_t {
  Ip,       // an IP packet should begin at `offset`
  NotIp,    // another protocol
  Short,    // the frame ends inside its link header
  Unknown,  // a link type that is not decoded
};

struct LinkHeader {
  LinkVerdict verdict = LinkVerdict::Unknown;
  std::size_t offset = 0;
  std::uint16_t ether_type = 0;  // of what follows the tags; 0: the link has none
};

inline constexpr std::uint16_t kEtherArp = 0x0806;

LinkHeader skip_link_header(std::uint16_t type, Bytes frame);

}  // namespace parley::analyzer

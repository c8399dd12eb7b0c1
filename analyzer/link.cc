#include "analyzer/link.h"

#include <string_view>

namespace parley::analyzer {
namespace {

constexpr std::uint16_t kEtherIpv4 = 0x0800;
constexpr std::uint16_t kEtherIpv6 = 0x86dd;
constexpr std::uint16_t kEtherPppoeSession = 0x8864;
constexpr std::uint16_t kEtherMpls = 0x8847;
constexpr std::uint16_t kLargestLength = 1500;  // IEEE 802.3 clause 3.2.6: no type, a length
constexpr unsigned kMaxVlanTags = 8;
constexpr unsigned kMaxLabels = 16;

bool is_vlan(std::uint16_t type) {
  return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200;
}

// A PPP protocol field, which may be compressed to one byte (RFC 1661 section 6.5).
LinkHeader skip_ppp_protocol(Bytes frame, std::size_t offset) {
  if (frame.size() < offset + 2)
    return {LinkVerdict::Short, frame.size(), 0};
  const bool compressed = (load_u8(frame.data() + offset) & 1U) != 0;
  const std::uint16_t protocol =
      compressed ? load_u8(frame.data() + offset) : load_u16(frame.data() + offset);
  const bool ip = protocol == 0x0021 || protocol == 0x0057;
  return {ip ? LinkVerdict::Ip : LinkVerdict::NotIp, offset + (compressed ? 1 : 2), 0};
}

// RFC 1662: address and control, which may be left out.
LinkHeader skip_ppp(Bytes frame) {
  const bool framed = frame.size() >= 2 && load_u16(frame.data()) == 0xff03;
  return skip_ppp_protocol(frame, framed ? 2 : 0);
}

// RFC 2516 section 4: version and type, code, session, length
LinkHeader skip_pppoe(Bytes frame, std::size_t offset) {
  constexpr std::size_t kHeader = 6;
  if (frame.size() < offset + kHeader)
    return {LinkVerdict::Short, frame.size(), 0};
  if (load_u8(frame.data() + offset + 1) != 0)  // code 0: session data
    return {LinkVerdict::NotIp, offset, 0};
  return skip_ppp_protocol(frame, offset + kHeader);
}

// RFC 3032 section 2.1: labels until the bottom of the stack. What is below has no type field: its
// first four bits tell IPv4 and IPv6 (RFC 4928 section 3).
LinkHeader skip_mpls(Bytes frame, std::size_t offset) {
  for (unsigned labels = 0; labels < kMaxLabels; ++labels, offset += 4) {
    if (frame.size() < offset + 5)
      return {LinkVerdict::Short, frame.size(), kEtherMpls};
    if ((load_u8(frame.data() + offset + 2) & 1U) == 0)
      continue;
    const unsigned version = load_u8(frame.data() + offset + 4) >> 4U;
    const bool ip = version == 4 || version == 6;
    return {ip ? LinkVerdict::Ip : LinkVerdict::NotIp, offset + 4, kEtherMpls};
  }
  return {LinkVerdict::NotIp, offset, kEtherMpls};
}

// RFC 1042: an 802.2 header of SNAP with the organization code 0, then an EtherType.
bool is_snap(Bytes frame, std::size_t offset) {
  return frame.size() >= offset + 8 && load_u16(frame.data() + offset) == 0xaaaa &&
         load_u32(frame.data() + offset + 2) == 0x03000000;
}

// What follows the type field that stands at `at`; the network layer begins at `offset`.
LinkHeader skip_ether_type(Bytes frame, std::size_t at, std::size_t offset) {
  for (unsigned tags = 0; tags <= kMaxVlanTags; ++tags) {
    if (frame.size() < offset || frame.size() < at + 2)
      return {LinkVerdict::Short, frame.size(), 0};
    const std::uint16_t type = load_u16(frame.data() + at);
    if (type == kEtherIpv4 || type == kEtherIpv6)
      return {LinkVerdict::Ip, offset, type};
    if (type == kEtherPppoeSession)
      return skip_pppoe(frame, offset);
    if (type == kEtherMpls)
      return skip_mpls(frame, offset);
    if (type <= kLargestLength && is_snap(frame, offset)) {
      at = offset + 6;
      offset += 8;
    } else if (is_vlan(type)) {
      at = offset + 2;  // behind the tag's identifier
      offset += 4;
    } else {
      return {LinkVerdict::NotIp, offset, type};
    }
  }
  return {LinkVerdict::NotIp, offset, 0};
}

// The address family in the byte order of the machine that captured: BSD and Linux values.
LinkHeader skip_null(Bytes frame) {
  if (frame.size() < 4)
    return {LinkVerdict::Short, frame.size(), 0};
  const std::uint32_t big = load_u32(frame.data());
  const std::uint32_t family = big > 0xffff ? __builtin_bswap32(big) : big;
  switch (family) {
    case 2:   // AF_INET
    case 10:  // AF_INET6 on Linux
    case 23:  // on Windows
    case 24:  // on NetBSD and OpenBSD
    case 28:  // on FreeBSD
    case 30:  // on macOS
      return {LinkVerdict::Ip, 4, 0};
    default:
      return {LinkVerdict::NotIp, 4, 0};
  }
}

}  // namespace

LinkHeader skip_link_header(std::uint16_t type, Bytes frame) {
  switch (type) {
    case link_type::kEthernet:
      return skip_ether_type(frame, 12, 14);
    case link_type::kLinuxSll:
      return skip_ether_type(frame, 14, 16);
    case link_type::kLinuxSll2:
      return skip_ether_type(frame, 0, 20);
    case link_type::kRawBsd:
    case link_type::kRawOpenBsd:
    case link_type::kRaw:
    case link_type::kIpv4:
    case link_type::kIpv6:
      return {frame.empty() ? LinkVerdict::Short : LinkVerdict::Ip, 0, 0};
    case link_type::kNull:
    case link_type::kLoop:
      return skip_null(frame);
    case link_type::kPpp:
    case link_type::kPppHdlc:
      return skip_ppp(frame);
    case link_type::kPppEther:
      return skip_pppoe(frame, 0);
    default:
      return {LinkVerdict::Unknown, 0, 0};
  }
}

}  // namespace parley::analyzer

#include "stack/wire/ip.h"

#include <algorithm>

namespace parley::ip {
namespace {

constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint16_t kMoreFragments = 0x2000;
constexpr std::uint16_t kFragmentOffsetMask = 0x1fff;

// RFC 791 section 3.1
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |Version|  IHL  |Type of Service|          Total Length         |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |         Identification        |Flags|      Fragment Offset    |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |  Time to Live |    Protocol   |         Header Checksum       |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                       Source Address                          |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                    Destination Address                        |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                    Options                    |    Padding    |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
Result<PacketView> decode_v4(Bytes packet, std::size_t base) {
  if (packet.size() < kIpv4HeaderSize)
    return wire_error(WireFault::Truncated, base + packet.size(), "IPv4 header");
  const std::byte* p = packet.data();
  const std::size_t header_size = std::size_t{load_u8(p) & 0x0fU} * 4;
  if (header_size < kIpv4HeaderSize)
    return wire_error(WireFault::BadLength, base, "IPv4 header length");
  if (header_size > packet.size())
    return wire_error(WireFault::Truncated, base + packet.size(), "IPv4 options");
  const std::size_t total = load_u16(p + 2);
  if (total != 0 && total < header_size)
    return wire_error(WireFault::BadLength, base + 2, "IPv4 total length");

  PacketView view;
  view.version = 4;
  view.traffic_class = load_u8(p + 1);
  view.identification = load_u16(p + 4);
  const std::uint16_t flags = load_u16(p + 6);
  view.dont_fragment = (flags & kDontFragment) != 0;
  view.more_fragments = (flags & kMoreFragments) != 0;
  view.fragment_offset = std::uint32_t{static_cast<std::uint16_t>(flags & kFragmentOffsetMask)} * 8;
  view.fragment = view.more_fragments || view.fragment_offset != 0;
  view.ttl = load_u8(p + 8);
  view.protocol = load_u8(p + 9);
  view.source = IpAddress::v4(std::span<const std::byte, 4>(p + 12, 4));
  view.destination = IpAddress::v4(std::span<const std::byte, 4>(p + 16, 4));
  view.header_size = header_size;
  view.length_unknown = total == 0;
  view.payload = packet.subspan(header_size);
  view.wire_payload_size = total == 0 ? view.payload.size() : total - header_size;
  if (view.payload.size() > view.wire_payload_size)
    view.payload = view.payload.first(view.wire_payload_size);
  return view;
}

bool is_extension(std::uint8_t next_header) {
  return next_header == static_cast<std::uint8_t>(Protocol::HopByHop) ||
         next_header == static_cast<std::uint8_t>(Protocol::Routing) ||
         next_header == static_cast<std::uint8_t>(Protocol::Authentication) ||
         next_header == static_cast<std::uint8_t>(Protocol::DestinationOptions);
}

// RFC 8200 section 4.2: each extension header but the fragment header begins
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-
//   |  Next Header  |  Hdr Ext Len  |   in units of 8 bytes, the first not counted;
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-  in units of 4 bytes less 2 for AH (RFC 4302 section 2.2)
struct Chain {
  std::uint8_t next_header = 0;
  std::size_t size = 0;  // of the headers walked
};
Result<Chain> walk_extensions(std::uint8_t next_header, Bytes bytes, std::size_t base) {
  Chain chain{next_header, 0};
  for (unsigned count = 0; is_extension(chain.next_header); ++count) {
    if (count == kMaxExtensionHeaders)
      return wire_error(WireFault::Unsupported, base + chain.size, "IPv6 extension header chain");
    if (bytes.size() - chain.size < 2)
      return wire_error(WireFault::Truncated, base + bytes.size(), "IPv6 extension header");
    const std::byte* p = bytes.data() + chain.size;
    const std::size_t units = load_u8(p + 1);
    const bool ah = chain.next_header == static_cast<std::uint8_t>(Protocol::Authentication);
    const std::size_t size = ah ? (units + 2) * 4 : (units + 1) * 8;
    if (size > bytes.size() - chain.size)
      return wire_error(WireFault::Truncated, base + bytes.size(), "IPv6 extension header");
    chain.next_header = load_u8(p);
    chain.size += size;
  }
  return chain;
}

// RFC 8200 section 4.5
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |  Next Header  |   Reserved    |      Fragment Offset    |Res|M|
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                         Identification                        |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// Goes past the fragment header; headers behind it belong to the reassembled datagram, unless the
// fragment is the whole of it (RFC 6946).
Result<Chain> walk_fragment(PacketView& view, Bytes bytes, std::size_t base) {
  constexpr std::size_t kSize = 8;
  if (bytes.size() < kSize)
    return wire_error(WireFault::Truncated, base + bytes.size(), "IPv6 fragment header");
  const std::uint16_t field = load_u16(bytes.data() + 2);
  view.fragment_offset = field & 0xfff8U;
  view.more_fragments = (field & 1U) != 0;
  view.fragment = view.more_fragments || view.fragment_offset != 0;
  view.identification = load_u32(bytes.data() + 4);
  const std::uint8_t next_header = load_u8(bytes.data());
  if (view.fragment)
    return Chain{next_header, kSize};
  auto rest = walk_extensions(next_header, bytes.subspan(kSize), base + kSize);
  if (rest)
    rest->size += kSize;
  return rest;
}

// RFC 8200 section 3
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |Version| Traffic Class |           Flow Label                  |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |         Payload Length        |  Next Header  |   Hop Limit   |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                    Source Address (16 bytes)                  |
//   +                                                               +
//   |                 Destination Address (16 bytes)                |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
Result<PacketView> decode_v6(Bytes packet, std::size_t base) {
  if (packet.size() < kIpv6HeaderSize)
    return wire_error(WireFault::Truncated, base + packet.size(), "IPv6 header");
  const std::byte* p = packet.data();
  PacketView view;
  view.version = 6;
  view.traffic_class = static_cast<std::uint8_t>((load_u16(p) >> 4U) & 0xffU);
  view.ttl = load_u8(p + 7);
  view.source = IpAddress::v6(std::span<const std::byte, 16>(p + 8, 16));
  view.destination = IpAddress::v6(std::span<const std::byte, 16>(p + 24, 16));

  const std::uint8_t first_header = load_u8(p + 6);
  const std::size_t length = load_u16(p + 4);
  view.length_unknown =
      length == 0 && first_header != static_cast<std::uint8_t>(Protocol::NoNextHeader);
  Bytes rest = packet.subspan(kIpv6HeaderSize);
  const std::size_t wire_size = view.length_unknown ? rest.size() : length;
  rest = rest.first(std::min(rest.size(), wire_size));

  auto chain = walk_extensions(first_header, rest, base + kIpv6HeaderSize);
  if (!chain)
    return tl::unexpected(chain.error());
  if (chain->next_header == static_cast<std::uint8_t>(Protocol::Fragment)) {
    const std::size_t before = chain->size;
    chain = walk_fragment(view, rest.subspan(before), base + kIpv6HeaderSize + before);
    if (!chain)
      return tl::unexpected(chain.error());
    chain->size += before;
  }
  view.protocol = chain->next_header;
  view.header_size = kIpv6HeaderSize + chain->size;
  view.payload = rest.subspan(chain->size);
  view.wire_payload_size = wire_size - chain->size;
  return view;
}

}  // namespace

Result<PacketView> PacketView::decode(Bytes packet, std::size_t base) {
  if (packet.empty())
    return wire_error(WireFault::Truncated, base, "IP version");
  switch (load_u8(packet.data()) >> 4U) {
    case 4:
      return decode_v4(packet, base);
    case 6:
      return decode_v6(packet, base);
    default:
      return wire_error(WireFault::BadValue, base, "IP version");
  }
}

Result<UpperLayer> skip_extension_headers(std::uint8_t next_header, Bytes bytes, std::size_t base) {
  const auto chain = walk_extensions(next_header, bytes, base);
  if (!chain)
    return tl::unexpected(chain.error());
  return UpperLayer{chain->next_header, bytes.subspan(chain->size)};
}

// RFC 768
//   +--------+--------+--------+--------+
//   |     Source      |   Destination   |
//   |      Port       |      Port       |
//   +--------+--------+--------+--------+
//   |     Length      |    Checksum     |
//   +--------+--------+--------+--------+
Result<UdpView> UdpView::decode(Bytes datagram, std::size_t base) {
  if (datagram.size() < kUdpHeaderSize)
    return wire_error(WireFault::Truncated, base + datagram.size(), "UDP header");
  const std::byte* p = datagram.data();
  UdpView view;
  view.source_port = load_u16(p);
  view.destination_port = load_u16(p + 2);
  view.length = load_u16(p + 4);
  view.checksum = load_u16(p + 6);
  if (view.length != 0 && view.length < kUdpHeaderSize)
    return wire_error(WireFault::BadLength, base + 4, "UDP length");
  view.payload = datagram.subspan(kUdpHeaderSize);
  if (view.length != 0 && view.payload.size() > view.length - kUdpHeaderSize)
    view.payload = view.payload.first(view.length - kUdpHeaderSize);
  return view;
}

// RFC 9293 section 3.1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |          Source Port          |       Destination Port        |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                        Sequence Number                        |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                    Acknowledgment Number                      |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |  Data |       |C|E|U|A|P|R|S|F|                               |
//   | Offset| Rsrvd |W|C|R|C|S|S|Y|I|            Window             |
//   |       |       |R|E|G|K|H|T|N|N|                               |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |           Checksum            |         Urgent Pointer        |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                           [Options]                           |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
Result<TcpView> TcpView::decode(Bytes segment, std::size_t base) {
  if (segment.size() < kTcpHeaderSize)
    return wire_error(WireFault::Truncated, base + segment.size(), "TCP header");
  const std::byte* p = segment.data();
  TcpView view;
  view.source_port = load_u16(p);
  view.destination_port = load_u16(p + 2);
  view.sequence = load_u32(p + 4);
  view.acknowledgment = load_u32(p + 8);
  view.header_size = static_cast<std::size_t>(load_u8(p + 12) >> 4U) * 4;
  view.flags = load_u8(p + 13);
  view.window = load_u16(p + 14);
  if (view.header_size < kTcpHeaderSize)
    return wire_error(WireFault::BadLength, base + 12, "TCP data offset");
  if (view.header_size > segment.size())
    return wire_error(WireFault::Truncated, base + segment.size(), "TCP options");
  view.payload = segment.subspan(view.header_size);
  return view;
}

// RFC 792, RFC 4443 section 2.1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |     Type      |     Code      |          Checksum             |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |             unused, MTU, pointer or identifier                |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |  an error: the packet that it is about, as much as fits       |
Result<IcmpView> IcmpView::decode(Bytes message, bool v6, std::size_t base) {
  if (message.size() < kIcmpHeaderSize)
    return wire_error(WireFault::Truncated, base + message.size(), "ICMP header");
  IcmpView view;
  view.type = load_u8(message.data());
  view.code = load_u8(message.data() + 1);
  view.parameter = load_u32(message.data() + 4);
  view.body = message.subspan(kIcmpHeaderSize);
  // ICMPv6 errors are types below 128 (RFC 4443 section 2.1). ICMP: destination unreachable, source
  // quench, redirect, time exceeded, parameter problem.
  view.error =
      v6 ? view.type >= 1 && view.type <= 4
         : view.type == 3 || view.type == 4 || view.type == 5 || view.type == 11 || view.type == 12;
  return view;
}

Result<QuotedFlow> decode_quote(Bytes quote, std::size_t base) {
  const auto packet = PacketView::decode(quote, base);
  if (!packet)
    return tl::unexpected(packet.error());
  QuotedFlow flow;
  flow.protocol = packet->protocol;
  flow.source.address = packet->source;
  flow.destination.address = packet->destination;
  const bool has_ports =
      packet->is(Protocol::Udp) || packet->is(Protocol::Tcp) || packet->is(Protocol::Sctp);
  if (has_ports && packet->fragment_offset == 0 && packet->payload.size() >= 4) {
    flow.source.port = load_u16(packet->payload.data());
    flow.destination.port = load_u16(packet->payload.data() + 2);
  }
  return flow;
}

Result<UdpPacket> UdpPacket::decode(Bytes packet) {
  const auto view = PacketView::decode(packet);
  if (!view)
    return tl::unexpected(view.error());
  if (!view->is(Protocol::Udp) || view->fragment)
    return wire_error(WireFault::Unsupported, 0, "whole UDP packet");
  if (view->payload.size() != view->wire_payload_size)
    return wire_error(WireFault::Truncated, packet.size(), "IP payload");
  const auto udp = UdpView::decode(view->payload, view->header_size);
  if (!udp)
    return tl::unexpected(udp.error());
  if (udp->length > view->payload.size())
    return wire_error(WireFault::BadLength, view->header_size + 4, "UDP length");
  if (!verify_checksums(packet).value_or(true))
    return wire_error(WireFault::BadChecksum, view->header_size + 6, "UDP checksum");
  UdpPacket result;
  result.source = {view->source, udp->source_port};
  result.destination = {view->destination, udp->destination_port};
  result.ttl = view->ttl;
  result.traffic_class = view->traffic_class;
  result.payload = udp->payload;
  return result;
}

}  // namespace parley::ip

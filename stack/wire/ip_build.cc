#include <algorithm>

#include "stack/wire/ip.h"
#include "stack/wire/ip_checksum.h"

namespace parley::ip {
namespace {

void store_u16(ByteBuffer& out, std::size_t at, std::uint16_t value) {
  ByteWriter(out).patch_u16(at, value);
}

struct IpFields {
  IpAddress source, destination;
  Protocol protocol = Protocol::Udp;
  std::uint8_t ttl = 64;
  std::uint8_t traffic_class = 0;
  std::uint16_t identification = 0;
  bool dont_fragment = true;
};

void append_ip_header(ByteBuffer& out, const IpFields& fields, std::size_t payload_size) {
  const std::size_t start = out.size();
  ByteWriter w(out);
  if (fields.source.is_v4()) {
    w.u8(0x45);
    w.u8(fields.traffic_class);
    w.u16(static_cast<std::uint16_t>(kIpv4HeaderSize + payload_size));
    w.u16(fields.identification);
    w.u16(fields.dont_fragment ? 0x4000 : 0);
    w.u8(fields.ttl);
    w.u8(static_cast<std::uint8_t>(fields.protocol));
    w.u16(0);
  } else {
    w.u32(0x60000000U | (std::uint32_t{fields.traffic_class} << 20U));
    w.u16(static_cast<std::uint16_t>(payload_size));
    w.u8(static_cast<std::uint8_t>(fields.protocol));
    w.u8(fields.ttl);
  }
  w.bytes(fields.source.bytes());
  w.bytes(fields.destination.bytes());
  if (fields.source.is_v4())
    store_u16(out, start + kIpv4ChecksumAt,
              internet_checksum(Bytes(out).subspan(start, kIpv4HeaderSize)));
}

bool is_single_host(const IpAddress& address) {
  const AddressClass c = address.classify();
  return c != AddressClass::Unspecified && c != AddressClass::Multicast &&
         c != AddressClass::Broadcast;
}

// RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e).
bool may_be_complained_about(const PacketView& packet) {
  if (packet.fragment_offset != 0 || !is_single_host(packet.source) ||
      !is_single_host(packet.destination))
    return false;
  const bool v6 = packet.version == 6;
  if (!packet.is(v6 ? Protocol::IcmpV6 : Protocol::Icmp))
    return true;
  const auto icmp = IcmpView::decode(packet.payload, v6);
  return icmp && !icmp->error;
}

struct TypeCode {
  std::uint8_t type = 0, code = 0;
};
TypeCode type_code(IcmpKind kind, bool v6) {
  switch (kind) {
    case IcmpKind::NetworkUnreachable:
      return v6 ? TypeCode{1, 0} : TypeCode{3, 0};
    case IcmpKind::HostUnreachable:
      return v6 ? TypeCode{1, 3} : TypeCode{3, 1};
    case IcmpKind::PortUnreachable:
      return v6 ? TypeCode{1, 4} : TypeCode{3, 3};
    case IcmpKind::Prohibited:
      return v6 ? TypeCode{1, 1} : TypeCode{3, 13};
    case IcmpKind::PacketTooBig:
      return v6 ? TypeCode{2, 0} : TypeCode{3, 4};
    case IcmpKind::TimeExceeded:
      return v6 ? TypeCode{3, 0} : TypeCode{11, 0};
  }
  return {};
}

}  // namespace

void append_udp(ByteBuffer& out, const UdpHeader& header, Bytes payload) {
  const std::size_t udp_size = kUdpHeaderSize + payload.size();
  append_ip_header(out,
                   {header.source.address, header.destination.address, Protocol::Udp, header.ttl,
                    header.traffic_class, header.identification, header.dont_fragment},
                   udp_size);
  const std::size_t udp_at = out.size();
  ByteWriter w(out);
  w.u16(header.source.port);
  w.u16(header.destination.port);
  w.u16(static_cast<std::uint16_t>(udp_size));
  w.u16(0);
  w.bytes(payload);
  const std::uint32_t pseudo =
      pseudo_header_sum(header.source.address, header.destination.address,
                        static_cast<std::uint8_t>(Protocol::Udp), udp_size);
  const std::uint16_t checksum = internet_checksum(Bytes(out).subspan(udp_at), pseudo);
  // RFC 768: zero means that there is none.
  store_u16(out, udp_at + kUdpChecksumAt, checksum == 0 ? std::uint16_t{0xffff} : checksum);
}

bool append_icmp_error(ByteBuffer& out, const IcmpErrorHeader& header, Bytes offending) {
  const auto packet = PacketView::decode(offending);
  if (!packet || packet->source.family() != header.source.family() ||
      !may_be_complained_about(*packet))
    return false;
  const bool v6 = packet->version == 6;
  const std::size_t limit = v6 ? 1280 - kIpv6HeaderSize : 576 - kIpv4HeaderSize;
  const std::size_t whole = packet->header_size + packet->payload.size();
  const Bytes quote = offending.first(std::min(whole, limit - kIcmpHeaderSize));
  const std::size_t icmp_size = kIcmpHeaderSize + quote.size();
  const Protocol protocol = v6 ? Protocol::IcmpV6 : Protocol::Icmp;
  append_ip_header(
      out, {header.source, packet->source, protocol, header.ttl, 0, header.identification, false},
      icmp_size);
  const std::size_t icmp_at = out.size();
  const TypeCode tc = type_code(header.kind, v6);
  ByteWriter w(out);
  w.u8(tc.type);
  w.u8(tc.code);
  w.u16(0);
  // RFC 1191 section 4 has the MTU in the low 16 bits, RFC 4443 section 3.2 in all 32.
  w.u32(header.kind == IcmpKind::PacketTooBig ? header.mtu : 0);
  w.bytes(quote);
  const std::uint32_t pseudo =
      v6 ? pseudo_header_sum(header.source, packet->source, static_cast<std::uint8_t>(protocol),
                             icmp_size)
         : 0;
  store_u16(out, icmp_at + kIcmpChecksumAt, internet_checksum(Bytes(out).subspan(icmp_at), pseudo));
  return true;
}

}  // namespace parley::ip

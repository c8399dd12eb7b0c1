#include "analyzer/frame.h"

#include <algorithm>

#include "analyzer/link.h"

namespace parley::analyzer {
namespace {

TransportProtocol transport_of(std::uint8_t protocol) {
  switch (static_cast<ip::Protocol>(protocol)) {
    case ip::Protocol::Udp:
      return TransportProtocol::Udp;
    case ip::Protocol::Tcp:
      return TransportProtocol::Tcp;
    case ip::Protocol::Icmp:
    case ip::Protocol::IcmpV6:
      return TransportProtocol::Icmp;
    case ip::Protocol::Sctp:
      return TransportProtocol::Sctp;
    case ip::Protocol::HopByHop:
    case ip::Protocol::Routing:
    case ip::Protocol::Fragment:
    case ip::Protocol::Authentication:
    case ip::Protocol::NoNextHeader:
    case ip::Protocol::DestinationOptions:
      return TransportProtocol::Other;
  }
  return TransportProtocol::Other;
}

void set_payload(Packet& out, Bytes payload, std::size_t wire_size, std::size_t offset) {
  out.payload = payload;
  out.wire_payload_size = static_cast<std::uint32_t>(wire_size);
  out.payload_offset = static_cast<std::uint32_t>(offset);
  out.cut_short = payload.size() < wire_size;
}

}  // namespace

FrameVerdict FrameDecoder::decode(const RawPacket& raw, PacketRef ref, std::uint32_t point,
                                  Packet& out) {
  out.ref = ref;
  out.at = raw.at;
  out.has_time = raw.has_time;
  out.point = point;
  out.comment = raw.comment;
  out.cut_short = false;
  out.tcp_flags = 0;
  out.tcp_sequence = out.tcp_acknowledgment = 0;
  out.icmp_error.reset();

  const LinkHeader link = skip_link_header(raw.link_type, raw.bytes);
  network_offset_ = static_cast<std::uint32_t>(link.offset);
  ether_type_ = link.ether_type;
  switch (link.verdict) {
    case LinkVerdict::Ip:
      return decode_ip(raw, link.offset, out);
    case LinkVerdict::NotIp:
      return FrameVerdict::NotIp;
    case LinkVerdict::Unknown:
      return FrameVerdict::UnknownLink;
    case LinkVerdict::Short:
      return undecoded({WireFault::Truncated, network_offset_, "link header"},
                       raw.original_size > raw.bytes.size(), out);
  }
  return FrameVerdict::UnknownLink;
}

FrameVerdict FrameDecoder::undecoded(const WireError& error, bool cut, Packet& out) {
  reason_ = error.field;
  out.cut_short = cut && error.fault == WireFault::Truncated;
  return FrameVerdict::Undecoded;
}

FrameVerdict FrameDecoder::decode_ip(const RawPacket& raw, std::size_t offset, Packet& out) {
  const bool cut = raw.original_size > raw.bytes.size();
  const auto view = ip::PacketView::decode(raw.bytes.subspan(offset), offset);
  if (!view)
    return undecoded(view.error(), cut, out);
  std::size_t wire_size = view->wire_payload_size;
  if (view->length_unknown)
    wire_size += raw.original_size - raw.bytes.size();
  else if (wire_size > view->payload.size() && !cut)
    return undecoded({WireFault::BadLength, network_offset_, "IP length"}, cut, out);
  out.source.address = view->source;
  out.destination.address = view->destination;
  out.hop_limit = view->ttl;
  out.ip_identification = view->identification;
  if (view->fragment)
    return decode_fragment(*view, out);
  return decode_transport({view->protocol, view->version == 6, view->payload, wire_size,
                           offset + view->header_size, false},
                          out);
}

FrameVerdict FrameDecoder::decode_fragment(const ip::PacketView& view, Packet& out) {
  const auto datagram = reassembly_.add(view, out.point, out.at);
  if (!datagram)
    return FrameVerdict::Fragment;
  Network network;
  network.protocol = datagram->protocol;
  network.v6 = view.version == 6;
  network.payload = datagram->payload;
  network.wire_size = datagram->wire_size;
  network.reassembled = true;
  if (network.v6) {
    const auto upper = ip::skip_extension_headers(network.protocol, network.payload);
    if (!upper)
      return undecoded(upper.error(), network.payload.size() < network.wire_size, out);
    network.protocol = upper->protocol;
    network.wire_size -= network.payload.size() - upper->payload.size();
    network.payload = upper->payload;
  }
  reassembled_ = {network.protocol, network.payload};
  return decode_transport(network, out);
}

FrameVerdict FrameDecoder::decode_transport(const Network& network, Packet& out) {
  out.protocol = transport_of(network.protocol);
  out.source.port = out.destination.port = 0;
  switch (out.protocol) {
    case TransportProtocol::Udp:
      return decode_udp(network, out);
    case TransportProtocol::Tcp:
      return decode_tcp(network, out);
    case TransportProtocol::Icmp:
      return decode_icmp(network, out);
    case TransportProtocol::Sctp:
      if (network.payload.size() >= 4) {
        out.source.port = load_u16(network.payload.data());
        out.destination.port = load_u16(network.payload.data() + 2);
      }
      break;
    case TransportProtocol::Other:
    case TransportProtocol::None:
      break;
  }
  set_payload(out, network.payload, network.wire_size, network.reassembled ? 0 : network.offset);
  return FrameVerdict::Decoded;
}

FrameVerdict FrameDecoder::decode_udp(const Network& network, Packet& out) {
  const bool cut = network.payload.size() < network.wire_size;
  const auto udp = ip::UdpView::decode(network.payload, network.offset);
  if (!udp)
    return undecoded(udp.error(), cut, out);
  if (udp->length > network.wire_size)
    return undecoded({WireFault::BadLength, 0, "UDP length"}, cut, out);
  const std::size_t size = udp->length != 0 ? udp->length : network.wire_size;
  out.source.port = udp->source_port;
  out.destination.port = udp->destination_port;
  set_payload(out, udp->payload, size - ip::kUdpHeaderSize,
              network.reassembled ? 0 : network.offset + ip::kUdpHeaderSize);
  return FrameVerdict::Decoded;
}

FrameVerdict FrameDecoder::decode_tcp(const Network& network, Packet& out) {
  const auto tcp = ip::TcpView::decode(network.payload, network.offset);
  if (!tcp)
    return undecoded(tcp.error(), network.payload.size() < network.wire_size, out);
  out.source.port = tcp->source_port;
  out.destination.port = tcp->destination_port;
  out.tcp_flags = tcp->flags;
  out.tcp_sequence = tcp->sequence;
  out.tcp_acknowledgment = tcp->acknowledgment;
  set_payload(out, tcp->payload, network.wire_size - tcp->header_size,
              network.reassembled ? 0 : network.offset + tcp->header_size);
  return FrameVerdict::Decoded;
}

FrameVerdict FrameDecoder::decode_icmp(const Network& network, Packet& out) {
  const auto icmp = ip::IcmpView::decode(network.payload, network.v6, network.offset);
  if (!icmp)
    return undecoded(icmp.error(), network.payload.size() < network.wire_size, out);
  if (icmp->error) {
    IcmpError error;
    error.type = icmp->type;
    error.code = icmp->code;
    if (const auto quoted = ip::decode_quote(icmp->body)) {
      error.quoted_source = quoted->source;
      error.quoted_destination = quoted->destination;
      error.quoted_protocol = transport_of(quoted->protocol);
    }
    out.icmp_error = error;
  }
  set_payload(out, icmp->body, network.wire_size - ip::kIcmpHeaderSize,
              network.reassembled ? 0 : network.offset + ip::kIcmpHeaderSize);
  return FrameVerdict::Decoded;
}

}  // namespace parley::analyzer

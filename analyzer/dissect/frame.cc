#include "analyzer/dissect/frame.h"

#include <fmt/format.h>

#include "stack/wire/ip.h"

namespace parley::analyzer {
namespace {

Field make_field(std::string name, std::string value, std::size_t offset, std::size_t length) {
  return {std::move(name),
          std::move(value),
          static_cast<std::uint32_t>(offset),
          static_cast<std::uint32_t>(length),
          {},
          false};
}

Field faulty(std::string_view name, const WireError& error) {
  Field field = make_field(std::string{name}, to_string(error), error.offset, 0);
  field.fault = true;
  return field;
}

Field ip_field(const ip::PacketView& packet, std::size_t base) {
  const bool v4 = packet.version == 4;
  Field field =
      make_field(v4 ? "IPv4" : "IPv6",
                 fmt::format("{} to {}", to_string(packet.source), to_string(packet.destination)),
                 base, packet.header_size);
  field.add("Version", std::to_string(packet.version), base, 1);
  field.add(v4 ? "Differentiated services" : "Traffic class",
            fmt::format("0x{:02x}", packet.traffic_class), base + (v4 ? 1 : 0), v4 ? 1 : 2);
  field.add(v4 ? "Time to live" : "Hop limit", std::to_string(packet.ttl), base + (v4 ? 8 : 7), 1);
  field.add("Protocol", std::to_string(packet.protocol), base + (v4 ? 9 : 6), 1);
  const std::size_t size = v4 ? 4 : 16;
  const std::size_t source = base + (v4 ? 12 : 8);
  field.add("Source", to_string(packet.source), source, size);
  field.add("Destination", to_string(packet.destination), source + size, size);
  if (packet.fragment)
    field.add("Fragment",
              fmt::format("offset {}{}", packet.fragment_offset,
                          packet.more_fragments ? ", more follow" : ", the last"),
              base, packet.header_size);
  return field;
}

Field udp_field(Bytes bytes, std::size_t base) {
  const Result<ip::UdpView> udp = ip::UdpView::decode(bytes, base);
  if (!udp)
    return faulty("UDP", udp.error());
  Field field = make_field("UDP", fmt::format("{} to {}", udp->source_port, udp->destination_port),
                           base, ip::kUdpHeaderSize);
  field.add("Source port", std::to_string(udp->source_port), base, 2);
  field.add("Destination port", std::to_string(udp->destination_port), base + 2, 2);
  field.add("Length", std::to_string(udp->length), base + 4, 2);
  field.add("Checksum", fmt::format("0x{:04x}, not verified", udp->checksum), base + 6, 2);
  return field;
}

Field tcp_field(Bytes bytes, std::size_t base) {
  const Result<ip::TcpView> tcp = ip::TcpView::decode(bytes, base);
  if (!tcp)
    return faulty("TCP", tcp.error());
  Field field = make_field(
      "TCP",
      fmt::format("{} to {}, {}, {} bytes of data", tcp->source_port, tcp->destination_port,
                  tcp_flag_names(tcp->flags), tcp->payload.size()),
      base, tcp->header_size);
  field.add("Source port", std::to_string(tcp->source_port), base, 2);
  field.add("Destination port", std::to_string(tcp->destination_port), base + 2, 2);
  field.add("Sequence number", std::to_string(tcp->sequence), base + 4, 4);
  field.add("Acknowledgment number", std::to_string(tcp->acknowledgment), base + 8, 4);
  field.add("Flags", tcp_flag_names(tcp->flags), base + 12, 2);
  field.add("Window", std::to_string(tcp->window), base + 14, 2);
  return field;
}

Field icmp_field(Bytes bytes, bool v6, std::size_t base) {
  const Result<ip::IcmpView> icmp = ip::IcmpView::decode(bytes, v6, base);
  if (!icmp)
    return faulty("ICMP", icmp.error());
  Field field =
      make_field(v6 ? "ICMPv6" : "ICMP", fmt::format("type {} code {}", icmp->type, icmp->code),
                 base, ip::kIcmpHeaderSize);
  field.add("Type", std::to_string(icmp->type), base, 1);
  field.add("Code", std::to_string(icmp->code), base + 1, 1);
  if (icmp->error)
    if (const auto quote = ip::decode_quote(icmp->body, base + ip::kIcmpHeaderSize))
      field.add("Quoted packet",
                fmt::format("{} to {}, protocol {}", to_string(quote->source),
                            to_string(quote->destination), quote->protocol),
                base + ip::kIcmpHeaderSize, icmp->body.size());
  return field;
}

}  // namespace

std::string tcp_flag_names(std::uint8_t flags) {
  std::string text;
  const auto add = [&](std::uint8_t bit, std::string_view name) {
    if ((flags & bit) != 0)
      text += (text.empty() ? "" : " ") + std::string{name};
  };
  add(ip::kTcpSyn, "SYN");
  add(ip::kTcpFin, "FIN");
  add(ip::kTcpRst, "RST");
  add(ip::kTcpPsh, "PSH");
  add(ip::kTcpAck, "ACK");
  return text;
}

std::vector<Field> dissect_frame(Bytes frame, std::size_t network_offset) {
  std::vector<Field> fields;
  if (network_offset > frame.size())
    return fields;
  if (network_offset > 0)
    fields.push_back(
        make_field("Link header", to_hex(frame.first(network_offset)), 0, network_offset));
  const Result<ip::PacketView> packet =
      ip::PacketView::decode(frame.subspan(network_offset), network_offset);
  if (!packet) {
    fields.push_back(faulty("IP", packet.error()));
    return fields;
  }
  fields.push_back(ip_field(*packet, network_offset));
  const std::size_t transport = network_offset + packet->header_size;
  if (packet->fragment && packet->fragment_offset > 0)
    return fields;
  if (packet->is(ip::Protocol::Udp))
    fields.push_back(udp_field(packet->payload, transport));
  else if (packet->is(ip::Protocol::Tcp))
    fields.push_back(tcp_field(packet->payload, transport));
  else if (packet->is(ip::Protocol::Icmp) || packet->is(ip::Protocol::IcmpV6))
    fields.push_back(icmp_field(packet->payload, packet->version == 6, transport));
  return fields;
}

}  // namespace parley::analyzer

#include <array>

#include <fmt/format.h>

#include "analyzer/dissect/frame.h"
#include "analyzer/dissect/frame_fields.h"
#include "stack/wire/ip.h"
#include "stack/wire/ip_checksum.h"

namespace parley::analyzer {
namespace {

std::uint32_t pseudo_header(const TransportPlace& place, std::size_t size) {
  return ip::pseudo_header_sum(place.source, place.destination, place.protocol, size);
}

void udp(Field& field, FieldReader& reader, Bytes payload, const TransportPlace& place) {
  const std::uint64_t source = reader.number(field, "Source Port", 2);
  const std::uint64_t destination = reader.number(field, "Destination Port", 2);
  const std::uint64_t length = reader.number(field, "Length", 2);
  if (!reader.ok())
    return;
  const std::size_t on_wire = payload.size() + place.missing;
  if ((length != 0 && length < ip::kUdpHeaderSize) || length > on_wire) {
    field.children.back().fault = true;
    field.children.back().value += fmt::format(" (expected 8 to {})", on_wire);
  }
  const bool verifiable = place.verifiable && length >= ip::kUdpHeaderSize && length <= on_wire;
  reader.number(field, "Checksum", 2, [&](std::uint64_t v) {
    // RFC 768: zero says that there is none.
    if (v == 0)
      return std::string("0x0000 (none)");
    const Bytes covered = verifiable ? payload.first(length) : payload;
    const bool fits = ip::internet_checksum(covered, pseudo_header(place, covered.size())) == 0;
    return checksum_text(static_cast<std::uint16_t>(v),
                         verifiable ? std::optional(fits) : std::nullopt);
  });
  field.value = fmt::format("{} to {}", source, destination);
}

std::string_view tcp_option_name(std::uint64_t kind) {
  switch (kind) {
    case 0:
      return "End of Options";
    case 1:
      return "No Operation";
    case 2:
      return "Maximum Segment Size";
    case 3:
      return "Window Scale";
    case 4:
      return "SACK Permitted";
    case 5:
      return "SACK";
    case 8:
      return "Timestamps";
    case 28:
      return "User Timeout";
    case 30:
      return "Multipath TCP";
    case 34:
      return "Fast Open Cookie";
    default:
      return "Option";
  }
}

// RFC 9293 section 3.2, RFC 7323, RFC 2018.
std::string tcp_option_text(std::uint64_t kind, Bytes data) {
  const std::byte* p = data.data();
  if (kind == 2 && data.size() == 2)
    return std::to_string(load_u16(p));
  if (kind == 3 && data.size() == 1)
    return fmt::format("{} (windows are shifted by so many bits)", load_u8(p));
  if (kind == 8 && data.size() == 8)
    return fmt::format("value {}, echo {}", load_u32(p), load_u32(p + 4));
  std::string text;
  if (kind == 5)
    for (std::size_t at = 0; at + 8 <= data.size(); at += 8)
      text +=
          fmt::format("{}{} to {}", at == 0 ? "" : ", ", load_u32(p + at), load_u32(p + at + 4));
  return text.empty() ? short_hex(data) : text;
}

void tcp_option(Field& to, FieldReader& reader) {
  constexpr std::size_t kHeader = 2;
  const std::uint64_t kind = reader.peek(1);
  const std::string_view name = tcp_option_name(kind);
  if (kind <= 1) {
    reader.octets(to, name, kind == 0 ? reader.remaining() : 1);
    return;
  }
  const std::size_t at = reader.offset();
  const std::size_t size = std::max<std::size_t>(reader.peek(kHeader) & 0xffU, kHeader);
  const Bytes option = reader.take(to, name, size);
  if (option.empty())
    return;
  Field& field =
      to.add(std::string(name), tcp_option_text(kind, option.subspan(kHeader)), at, size);
  field.add("Kind", std::to_string(kind), at, 1);
  field.add("Length", std::to_string(load_u8(option.data() + 1)), at + 1, 1);
  if (size > kHeader)
    field.add("Value", short_hex(option.subspan(kHeader)), at + kHeader, size - kHeader);
}

void tcp(Field& field, FieldReader& reader, Bytes payload, const TransportPlace& place) {
  const std::uint64_t source = reader.number(field, "Source Port", 2);
  const std::uint64_t destination = reader.number(field, "Destination Port", 2);
  reader.number(field, "Sequence Number", 4);
  reader.number(field, "Acknowledgment Number", 4);
  const std::size_t at = reader.offset();
  const std::uint64_t both = reader.number(field, "Data Offset", 2, [](std::uint64_t v) {
    return fmt::format("{} bytes", (v >> 12U) * 4);
  });
  if (!reader.ok())
    return;
  const std::size_t size = (both >> 12U) * 4;
  const std::string flags = tcp_flag_names(static_cast<std::uint8_t>(both & 0xffU));
  field.children.back().length = 1;
  field.children.back().fault = size < ip::kTcpHeaderSize;
  field.add("Flags", flags, at + 1, 1);
  reader.number(field, "Window", 2);
  const bool fits = ip::internet_checksum(payload, pseudo_header(place, payload.size())) == 0;
  reader.number(field, "Checksum", 2, [&](std::uint64_t v) {
    return checksum_text(static_cast<std::uint16_t>(v),
                         place.verifiable ? std::optional(fits) : std::nullopt);
  });
  reader.number(field, "Urgent Pointer", 2);
  if (size > ip::kTcpHeaderSize)
    reader.part(field, "Options", size - ip::kTcpHeaderSize, [&](FieldReader& inner) {
      while (inner.remaining() > 0)
        tcp_option(field, inner);
    });
  field.value = fmt::format("{} to {}, {}", source, destination, flags);
  const std::size_t on_wire = payload.size() + place.missing;
  if (place.missing < ip::kMaxPacketSize)
    field.value += fmt::format(", {} bytes of data", on_wire - std::min(size, on_wire));
}

// The four octets behind the checksum.
void icmp_parameter(Field& field, FieldReader& reader, bool v6, std::uint64_t type,
                    std::uint64_t code) {
  const bool echo = v6 ? type == 128 || type == 129 : type == 0 || type == 8;
  if (echo) {
    reader.number(field, "Identifier", 2);
    reader.number(field, "Sequence Number", 2);
  } else if (!v6 && type == 3 && code == 4) {
    reader.number(field, "Unused", 2);
    reader.number(field, "Next-Hop MTU", 2);
  } else if (v6 && type == 2) {
    reader.number(field, "MTU", 4);
  } else if ((v6 && type == 4) || (!v6 && type == 12)) {
    reader.number(field, "Pointer", 4,
                  [v6](std::uint64_t v) { return std::to_string(v6 ? v : v >> 24U); });
  } else {
    reader.octets(field, "Rest of Header", 4);
  }
}

void quoted_packet(Field& field, Bytes quote, std::size_t base) {
  Field packet = make_field("Quoted Packet", "", base, quote.size());
  dissect_ip(packet.children, quote, base, 0, true);
  if (const auto flow = ip::decode_quote(quote)) {
    packet.value = fmt::format("{} {} to {}", ip_protocol_name(flow->protocol),
                               to_string(flow->source), to_string(flow->destination));
    field.value +=
        fmt::format(" about {} to {}", to_string(flow->source), to_string(flow->destination));
  }
  std::size_t end = base;
  for (const Field& header : packet.children)
    end = std::max<std::size_t>(end, header.offset + header.length);
  if (end < base + quote.size())
    packet.add("Data", short_hex(quote.subspan(end - base)), end, base + quote.size() - end);
  field.children.push_back(std::move(packet));
}

void icmp(Field& field, FieldReader& reader, Bytes payload, const TransportPlace& place) {
  const bool v6 = place.protocol == static_cast<std::uint8_t>(ip::Protocol::IcmpV6);
  const std::uint64_t type = reader.number(field, "Type", 1);
  const std::uint64_t code = reader.number(field, "Code", 1);
  if (!reader.ok())
    return;
  const std::string name =
      icmp_name(v6, static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(code));
  field.value = name;
  const std::uint32_t sum = v6 ? pseudo_header(place, payload.size()) : 0;
  const bool fits = ip::internet_checksum(payload, sum) == 0;
  reader.number(field, "Checksum", 2, [&](std::uint64_t v) {
    return checksum_text(static_cast<std::uint16_t>(v),
                         place.verifiable ? std::optional(fits) : std::nullopt);
  });
  icmp_parameter(field, reader, v6, type, code);
  const auto view = ip::IcmpView::decode(payload, v6);
  if (!view || view->body.empty())
    return;
  if (view->error)
    quoted_packet(field, view->body, reader.offset());
  else
    field.add("Data", short_hex(view->body), reader.offset(), view->body.size());
}

void sctp(Field& field, FieldReader& reader) {
  const std::uint64_t source = reader.number(field, "Source Port", 2);
  const std::uint64_t destination = reader.number(field, "Destination Port", 2);
  reader.number(field, "Verification Tag", 4,
                [](std::uint64_t v) { return fmt::format("{:#010x}", v); });
  reader.number(field, "Checksum", 4,
                [](std::uint64_t v) { return fmt::format("{:#010x} (not verified)", v); });
  if (reader.remaining() > 0)
    reader.octets(field, "Chunks", reader.remaining());
  field.value = fmt::format("{} to {}", source, destination);
}

std::string_view unreachable_name(std::uint8_t code) {
  constexpr std::array<std::string_view, 16> kNames{"network unreachable",
                                                    "host unreachable",
                                                    "protocol unreachable",
                                                    "port unreachable",
                                                    "fragmentation needed",
                                                    "source route failed",
                                                    "network unknown",
                                                    "host unknown",
                                                    "source host isolated",
                                                    "network prohibited",
                                                    "host prohibited",
                                                    "network unreachable for this service",
                                                    "host unreachable for this service",
                                                    "communication prohibited",
                                                    "host precedence violation",
                                                    "precedence cutoff"};
  return code < kNames.size() ? kNames[code] : std::string_view("destination unreachable");
}

std::string_view unreachable_name_v6(std::uint8_t code) {
  constexpr std::array<std::string_view, 7> kNames{
      "no route to destination", "communication prohibited", "beyond scope of source address",
      "address unreachable",     "port unreachable",         "source address failed policy",
      "route rejected"};
  return code < kNames.size() ? kNames[code] : std::string_view("destination unreachable");
}

std::string_view type_name(std::uint8_t type, std::uint8_t code) {
  switch (type) {
    case 0:
      return "echo reply";
    case 3:
      return unreachable_name(code);
    case 4:
      return "source quench";
    case 5:
      return "redirect";
    case 8:
      return "echo request";
    case 9:
      return "router advertisement";
    case 10:
      return "router solicitation";
    case 11:
      return code == 0 ? "time to live exceeded" : "fragment reassembly time exceeded";
    case 12:
      return "parameter problem";
    default:
      return {};
  }
}

std::string_view type_name_v6(std::uint8_t type, std::uint8_t code) {
  switch (type) {
    case 1:
      return unreachable_name_v6(code);
    case 2:
      return "packet too big";
    case 3:
      return code == 0 ? "hop limit exceeded" : "fragment reassembly time exceeded";
    case 4:
      return "parameter problem";
    case 128:
      return "echo request";
    case 129:
      return "echo reply";
    case 133:
      return "router solicitation";
    case 134:
      return "router advertisement";
    case 135:
      return "neighbor solicitation";
    case 136:
      return "neighbor advertisement";
    case 137:
      return "redirect";
    case 143:
      return "multicast listener report";
    default:
      return {};
  }
}

}  // namespace

std::string checksum_text(std::uint16_t value, std::optional<bool> fits) {
  return fmt::format("{:#06x} ({})", value,
                     !fits   ? "not verified: the packet is not whole here"
                     : *fits ? "good"
                             : "does not fit: damaged, or left to the network card");
}

std::string icmp_name(bool v6, std::uint8_t type, std::uint8_t code) {
  const std::string_view name = v6 ? type_name_v6(type, code) : type_name(type, code);
  return name.empty() ? fmt::format("type {} code {}", type, code) : std::string(name);
}

std::string tcp_flag_names(std::uint8_t flags) {
  struct Row {
    std::uint8_t bit;
    std::string_view name;
  };
  constexpr std::array<Row, 8> kRows{{{ip::kTcpSyn, "SYN"},
                                      {ip::kTcpFin, "FIN"},
                                      {ip::kTcpRst, "RST"},
                                      {ip::kTcpPsh, "PSH"},
                                      {ip::kTcpAck, "ACK"},
                                      {0x20, "URG"},
                                      {0x40, "ECE"},
                                      {0x80, "CWR"}}};
  std::string text;
  for (const Row& row : kRows)
    if ((flags & row.bit) != 0)
      text.append(text.empty() ? "" : " ").append(row.name);
  return text.empty() ? "no flags" : text;
}

void dissect_transport(std::vector<Field>& to, Bytes payload, const TransportPlace& place) {
  FieldReader reader(payload, place.base, place.missing);
  switch (static_cast<ip::Protocol>(place.protocol)) {
    case ip::Protocol::Udp:
      add_header(to, "UDP", reader, [&](Field& field) { udp(field, reader, payload, place); });
      return;
    case ip::Protocol::Tcp:
      add_header(to, "TCP", reader, [&](Field& field) { tcp(field, reader, payload, place); });
      return;
    case ip::Protocol::Icmp:
      add_header(to, "ICMP", reader, [&](Field& field) { icmp(field, reader, payload, place); });
      return;
    case ip::Protocol::IcmpV6:
      add_header(to, "ICMPv6", reader, [&](Field& field) { icmp(field, reader, payload, place); });
      return;
    case ip::Protocol::Sctp:
      add_header(to, "SCTP", reader, [&](Field& field) { sctp(field, reader); });
      return;
    case ip::Protocol::HopByHop:
    case ip::Protocol::Routing:
    case ip::Protocol::Fragment:
    case ip::Protocol::Authentication:
    case ip::Protocol::NoNextHeader:
    case ip::Protocol::DestinationOptions:
      return;
  }
}

}  // namespace parley::analyzer

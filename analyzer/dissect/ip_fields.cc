#include <array>

#include <fmt/format.h>

#include "analyzer/dissect/frame.h"
#include "analyzer/dissect/frame_fields.h"
#include "stack/wire/ip.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kIpv6AddressSize = 16;
// Where the field that says the packet's length stands among those of either header.
constexpr std::size_t kLengthChild = 4;

std::string protocol_text(std::uint64_t protocol) {
  const std::string name = ip_protocol_name(static_cast<std::uint8_t>(protocol));
  return name == std::to_string(protocol) ? name : fmt::format("{} ({})", name, protocol);
}

std::string dscp_text(unsigned dscp) {
  constexpr unsigned kExpedited = 46;  // RFC 3246
  if (dscp == kExpedited)
    return "EF (46)";
  // RFC 2597: AF11 to AF43; RFC 2474: CS0 to CS7.
  const unsigned precedence = dscp >> 3U;
  const unsigned drop = (dscp >> 1U) & 3U;
  if ((dscp & 7U) == 0)
    return fmt::format("CS{} ({})", precedence, dscp);
  if ((dscp & 1U) == 0 && precedence >= 1 && precedence <= 4)
    return fmt::format("AF{}{} ({})", precedence, drop, dscp);
  return std::to_string(dscp);
}

std::string_view ecn_text(unsigned ecn) {
  constexpr std::array<std::string_view, 4> kNames{"Not-ECT (0)", "ECT(1)", "ECT(0)", "CE (3)"};
  return kNames[ecn & 3U];
}

std::string_view option_name(std::uint64_t kind) {
  switch (kind) {
    case 0:
      return "End of Options";
    case 1:
      return "No Operation";
    case 7:
      return "Record Route";
    case 68:
      return "Timestamp";
    case 130:
      return "Security";
    case 131:
      return "Loose Source Route";
    case 137:
      return "Strict Source Route";
    case 148:
      return "Router Alert";
    default:
      return "Option";
  }
}

// RFC 791 section 3.1: one octet, or type, length and data.
void ipv4_options(Field& to, FieldReader& reader) {
  while (reader.remaining() > 0) {
    const std::uint64_t kind = reader.peek(1);
    const std::string_view name = option_name(kind);
    if (kind == 0) {
      reader.octets(to, name, reader.remaining());
      return;
    }
    if (kind == 1) {
      reader.octets(to, name, 1);
      continue;
    }
    const std::size_t size = reader.remaining() < 2 ? 2 : reader.peek(2) & 0xffU;
    reader.octets(to, name, std::max<std::size_t>(size, 2));
  }
}

void ipv4_flags(Field& field, FieldReader& reader) {
  const std::size_t at = reader.offset();
  const std::uint64_t both = reader.number(field, "Flags", 2, [](std::uint64_t v) {
    const bool dont = (v & 0x4000U) != 0;
    const bool more = (v & 0x2000U) != 0;
    return std::string(dont && more ? "don't fragment, more fragments"
                       : dont       ? "don't fragment"
                       : more       ? "more fragments"
                                    : "none");
  });
  if (reader.ok())
    field.add("Fragment Offset", std::to_string((both & 0x1fffU) * 8), at, 2);
}

void traffic_class(Field& field, unsigned octet, std::size_t at, std::size_t size) {
  field.add("DSCP", dscp_text(octet >> 2U), at, size);
  field.add("ECN", std::string(ecn_text(octet)), at, size);
}

void ipv4_header(Field& field, FieldReader& reader, Bytes packet) {
  const std::size_t at = reader.offset();
  const std::uint64_t first =
      reader.number(field, "Version", 1, [](std::uint64_t v) { return std::to_string(v >> 4U); });
  const std::size_t size = (first & 15U) * 4;
  Field& length = field.add("IHL", fmt::format("{} bytes", size), at, 1);
  if (size < ip::kIpv4HeaderSize) {
    length.fault = true;
    length.value += " (expected at least 20)";
  }
  const Bytes service = reader.take(field, "DSCP", 1);
  if (!service.empty())
    traffic_class(field, load_u8(service.data()), at + 1, 1);
  reader.number(field, "Total Length", 2);
  reader.number(field, "Identification", 2,
                [](std::uint64_t v) { return fmt::format("{:#06x}", v); });
  ipv4_flags(field, reader);
  reader.number(field, "Time to Live", 1);
  reader.number(field, "Protocol", 1, protocol_text);
  const bool whole = size >= ip::kIpv4HeaderSize && size <= packet.size();
  reader.number(field, "Header Checksum", 2, [&](std::uint64_t v) {
    return checksum_text(
        static_cast<std::uint16_t>(v),
        whole ? std::optional(ip::internet_checksum(packet.first(size)) == 0) : std::nullopt);
  });
  const auto address = [](std::uint64_t v) {
    return fmt::format("{}.{}.{}.{}", v >> 24U, (v >> 16U) & 0xffU, (v >> 8U) & 0xffU, v & 0xffU);
  };
  reader.number(field, "Source", 4, address);
  reader.number(field, "Destination", 4, address);
  if (size > ip::kIpv4HeaderSize)
    reader.part(field, "Options", size - ip::kIpv4HeaderSize,
                [&](FieldReader& inner) { ipv4_options(field, inner); });
}

void ipv6_header(Field& field, FieldReader& reader) {
  const std::size_t at = reader.offset();
  const std::uint64_t first =
      reader.number(field, "Version", 4, [](std::uint64_t v) { return std::to_string(v >> 28U); });
  if (reader.ok()) {
    field.children.back().length = 1;
    traffic_class(field, static_cast<unsigned>((first >> 20U) & 0xffU), at, 2);
    field.add("Flow Label", fmt::format("{:#07x}", first & 0xfffffU), at + 1, 3);
  }
  reader.number(field, "Payload Length", 2);
  reader.number(field, "Next Header", 1, protocol_text);
  reader.number(field, "Hop Limit", 1);
  for (const std::string_view name : {"Source", "Destination"}) {
    const std::size_t place = reader.offset();
    const Bytes octets = reader.take(field, name, kIpv6AddressSize);
    if (!octets.empty())
      field.add(std::string(name), to_string(IpAddress::v6(octets.first<kIpv6AddressSize>())),
                place, kIpv6AddressSize);
  }
}

std::string_view extension_name(std::uint8_t protocol) {
  switch (static_cast<ip::Protocol>(protocol)) {
    case ip::Protocol::HopByHop:
      return "Hop-by-Hop Options";
    case ip::Protocol::Routing:
      return "Routing Header";
    case ip::Protocol::Fragment:
      return "Fragment Header";
    case ip::Protocol::Authentication:
      return "Authentication Header";
    case ip::Protocol::DestinationOptions:
      return "Destination Options";
    case ip::Protocol::Icmp:
    case ip::Protocol::Tcp:
    case ip::Protocol::Udp:
    case ip::Protocol::IcmpV6:
    case ip::Protocol::NoNextHeader:
    case ip::Protocol::Sctp:
      return {};
  }
  return {};
}

// RFC 8200 section 4.5. Answers whether what follows is the start of a datagram.
bool fragment_header(Field& field, FieldReader& reader) {
  reader.number(field, "Reserved", 1);
  const std::size_t at = reader.offset();
  const std::uint64_t both = reader.number(
      field, "Fragment Offset", 2, [](std::uint64_t v) { return std::to_string(v & 0xfff8U); });
  if (reader.ok())
    field.add("More Fragments", (both & 1U) != 0 ? "yes" : "no", at, 2);
  reader.number(field, "Identification", 4,
                [](std::uint64_t v) { return fmt::format("{:#010x}", v); });
  return both == 0;
}

// RFC 8200 section 4.2; RFC 4302 section 2.2 counts its header in other units.
void extension_body(Field& field, FieldReader& reader, bool authentication) {
  const std::uint64_t units = reader.number(field, "Header Length", 1, [&](std::uint64_t v) {
    return fmt::format("{} bytes", authentication ? (v + 2) * 4 : (v + 1) * 8);
  });
  const std::size_t size = authentication ? (units + 2) * 4 : (units + 1) * 8;
  reader.octets(field, authentication ? "Authentication Data" : "Options", size - 2);
}

void extension_headers(std::vector<Field>& to, FieldReader& reader, std::uint8_t next) {
  for (unsigned count = 0; count <= ip::kMaxExtensionHeaders && reader.remaining() > 0; ++count) {
    const std::string_view name = extension_name(next);
    if (name.empty())
      return;
    bool more = true;
    add_header(to, name, reader, [&](Field& field) {
      const auto type = static_cast<ip::Protocol>(next);
      next = static_cast<std::uint8_t>(reader.number(field, "Next Header", 1, protocol_text));
      if (type == ip::Protocol::Fragment)
        more = fragment_header(field, reader);
      else
        extension_body(field, reader, type == ip::Protocol::Authentication);
    });
    if (!more)
      return;
  }
}

void note_fault(std::vector<Field>& to, const WireError& error, bool cut) {
  Field& last = to.back();
  propagate_faults(last);
  if (last.fault || (cut && error.fault == WireFault::Truncated))
    return;
  last.fault = true;
  last.children.push_back(make_fault("Fault", to_string(error), error.offset, 0));
}

// Octets behind the IP packet: a link pads short frames.
void add_trailer(std::vector<Field>& to, Bytes packet, const ip::PacketView& view,
                 std::size_t base) {
  const std::size_t end = view.header_size + view.payload.size();
  if (end < packet.size() && view.payload.size() == view.wire_payload_size)
    to.push_back(
        make_field("Trailer", short_hex(packet.subspan(end)), base + end, packet.size() - end));
}

}  // namespace

void dissect_ip(std::vector<Field>& to, Bytes packet, std::size_t base, std::size_t missing,
                bool quoted) {
  if (packet.empty() && missing > 0) {
    to.push_back(make_field("IP", cut_text(0, missing), base, 0));
    return;
  }
  const auto view = ip::PacketView::decode(packet, base);
  // A quote ends where its sender liked: that is no fault of the packet.
  const std::size_t lacking =
      quoted && view ? view->wire_payload_size - view->payload.size() : missing;
  FieldReader reader(packet, base, quoted ? ip::kMaxPacketSize : missing);
  const std::uint64_t version = reader.peek(1) >> 4U;
  if (version == 4)
    add_header(to, "IPv4", reader, [&](Field& field) { ipv4_header(field, reader, packet); });
  else if (version == 6)
    add_header(to, "IPv6", reader, [&](Field& field) { ipv6_header(field, reader); });
  else
    to.push_back(make_fault("IP", "expected version 4 or 6", base, packet.size()));
  const std::size_t header = to.size() - 1;
  if (version == 6 && packet.size() > 6)
    extension_headers(to, reader, load_u8(packet.data() + 6));
  if (!view)
    return note_fault(to, view.error(), missing > 0 || quoted);
  to[header].value = fmt::format("{} to {}", to_string(view->source), to_string(view->destination));
  const std::size_t absent = view->wire_payload_size - view->payload.size();
  if (absent > lacking && !quoted) {
    Field& length = to[header].children[kLengthChild];
    length.fault = to[header].fault = true;
    length.value += fmt::format(" ({} bytes more than the frame has)", absent - lacking);
  }
  if (view->fragment_offset == 0)
    dissect_transport(to, view->payload,
                      {view->source, view->destination, view->protocol, base + view->header_size,
                       view->fragment ? ip::kMaxPacketSize : std::max(lacking, absent),
                       absent == 0 && !view->fragment && !view->length_unknown});
  if (!quoted)
    add_trailer(to, packet, *view, base);
}

std::string ip_protocol_name(std::uint8_t protocol) {
  switch (static_cast<ip::Protocol>(protocol)) {
    case ip::Protocol::HopByHop:
      return "Hop-by-Hop Options";
    case ip::Protocol::Icmp:
      return "ICMP";
    case ip::Protocol::Tcp:
      return "TCP";
    case ip::Protocol::Udp:
      return "UDP";
    case ip::Protocol::Routing:
      return "Routing Header";
    case ip::Protocol::Fragment:
      return "Fragment Header";
    case ip::Protocol::Authentication:
      return "AH";
    case ip::Protocol::IcmpV6:
      return "ICMPv6";
    case ip::Protocol::NoNextHeader:
      return "no next header";
    case ip::Protocol::DestinationOptions:
      return "Destination Options";
    case ip::Protocol::Sctp:
      return "SCTP";
  }
  switch (protocol) {
    case 2:
      return "IGMP";
    case 41:
      return "IPv6 in IPv4";
    case 47:
      return "GRE";
    case 50:
      return "ESP";
    default:
      return std::to_string(protocol);
  }
}

}  // namespace parley::analyzer

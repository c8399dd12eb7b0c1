#include "stack/wire/rtcp.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/field_reader.h"
#include "analyzer/dissect/rtcp_fields.h"
#include "analyzer/dissect/rtp_octet.h"
#include "analyzer/dissect/summary.h"
#include "stack/wire/rtcp_feedback.h"

namespace parley::analyzer {
namespace {

using rtcp::PacketType;

constexpr std::size_t kWord = 4;
// What SRTCP has behind the packet at least: its index, and a tag of 80 bits (RFC 3711
// section 3.4).
constexpr std::size_t kSrtcpTrailer = 14;

std::string_view count_name(std::uint8_t type) {
  switch (static_cast<PacketType>(type)) {
    case PacketType::SenderReport:
    case PacketType::ReceiverReport:
      return "Reception Report Count";
    case PacketType::SourceDescription:
    case PacketType::Goodbye:
      return "Source Count";
    case PacketType::ApplicationDefined:
      return "Subtype";
    case PacketType::TransportFeedback:
    case PacketType::PayloadFeedback:
      return "Format";
    case PacketType::ExtendedReport:
      return "Reserved";
  }
  return "Count";
}

struct Header {
  std::uint8_t count = 0, type = 0;
  bool padding = false;
  std::size_t body = 0;  // octets behind it, as its length says
};

// RFC 3550 section 6.4, RFC 4585 section 6.1
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |V=2|P| RC, FMT |  packet type  |   length in words, minus one  |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
Header header(Field& to, FieldReader& reader) {
  Header header;
  const std::size_t at = reader.offset();
  const auto first = dissect_first_octet(to, reader);
  if (!first)
    return header;
  header.count = *first & 0x1fU;
  header.padding = (*first & 0x20U) != 0;
  header.type = static_cast<std::uint8_t>(reader.peek(1));
  to.add(std::string(count_name(header.type)), std::to_string(header.count), at, 1);
  reader.number(to, "Packet Type", 1, [&](std::uint64_t v) {
    return fmt::format("{} ({})", rtcp::packet_name(static_cast<std::uint8_t>(v), header.count), v);
  });
  header.body = kWord * reader.number(to, "Length", 2, [](std::uint64_t v) {
    return fmt::format("{} bytes", kWord * (v + 1));
  });
  return header;
}

void body(Field& to, FieldReader& reader, const Header& header) {
  switch (static_cast<PacketType>(header.type)) {
    case PacketType::SenderReport:
    case PacketType::ReceiverReport:
    case PacketType::SourceDescription:
    case PacketType::Goodbye:
    case PacketType::ApplicationDefined:
      dissect_rtcp_report(to, reader, header.type, header.count);
      break;
    case PacketType::TransportFeedback:
    case PacketType::PayloadFeedback:
      dissect_rtcp_feedback(to, reader, header.type, header.count);
      break;
    case PacketType::ExtendedReport:
      dissect_rtcp_xr(to, reader);
      break;
    default:
      if (reader.remaining() > 0)
        reader.octets(to, "Body", reader.remaining());
      break;
  }
  reader.finish(to);
}

// The octets of padding that the last octet of a whole packet counts; 0 where that is wrong.
std::size_t padding_of(Bytes packet) {
  const std::size_t count = load_u8(&packet.back());
  return count % kWord == 0 && count + rtcp::kHeaderSize <= packet.size() ? count : 0;
}

void padding(Field& to, Bytes packet, std::size_t base, std::size_t size) {
  const std::size_t last = base + packet.size() - 1;
  const std::size_t count = load_u8(&packet.back());
  if (size == 0) {
    to.children.push_back(make_fault(
        "Padding Length",
        fmt::format("{} (expected 4 to {}, in words)", count, packet.size() - rtcp::kHeaderSize),
        last, 1));
    return;
  }
  to.add("Padding Bytes", short_hex(packet.subspan(packet.size() - size, size - 1)),
         base + packet.size() - size, size - 1);
  to.add("Padding Length", std::to_string(count), last, 1);
}

bool is_remb(Bytes packet) {
  const auto view = rtcp::PacketView::decode(packet);
  return view && rtcp::is_receiver_bitrate(*view);
}

// One packet; `packet` is what is there of it, and `missing` octets of it were not captured.
Field dissect_packet(Bytes packet, std::size_t base, std::size_t missing, bool last) {
  Field field =
      make_field("RTCP", fmt::format("{} bytes", packet.size() + missing), base, packet.size());
  FieldReader reader(packet, base, missing);
  const Header head = header(field, reader);
  if (!reader.ok())
    return field;
  field.name = is_remb(packet) ? "REMB" : rtcp::packet_name(head.type, head.count);
  const bool whole = missing == 0;
  const std::size_t pad = head.padding && whole ? padding_of(packet) : 0;
  const bool bad_padding = head.padding && whole && pad == 0;
  const std::size_t size = packet.size() - rtcp::kHeaderSize - pad -
                           (bad_padding && packet.size() > rtcp::kHeaderSize ? 1 : 0);
  FieldReader inner(packet.subspan(rtcp::kHeaderSize, size), base + rtcp::kHeaderSize, missing);
  if (field.children.front().fault)
    inner.octets(field, "Rest", inner.remaining());
  else
    body(field, inner, head);
  if (head.padding && whole)
    padding(field, packet, base, pad);
  if (head.padding && !last)
    field.children.push_back(make_fault("Padding", "expected in the last packet only", base, 1));
  propagate_faults(field);
  // What the octets alone do not show: values that the standard does not allow.
  const auto view = rtcp::PacketView::decode(packet, base);
  const auto fault = view ? rtcp::check_body(*view) : std::nullopt;
  if (whole && fault && !field.fault)
    field.children.push_back(make_fault("Fault", to_string(*fault), fault->offset, 0));
  return field;
}

// The size of the packet that begins `rest`, as its length says; 0: this cannot be a packet.
std::size_t size_of_packet(Bytes rest) {
  if (rest.size() < rtcp::kHeaderSize || load_u8(rest.data()) >> 6U != 2)
    return 0;
  return kWord * (std::size_t{load_u16(rest.data() + 2)} + 1);
}

// The first header leads to an end behind which SRTCP would have its index and tag, and nothing
// that begins a packet stands there.
bool may_be_srtcp(Bytes packet) {
  const std::size_t size = size_of_packet(packet);
  if (size < 2 * kWord || size + kSrtcpTrailer > packet.size())
    return false;
  const Bytes rest = packet.subspan(size);
  const unsigned type = load_u8(rest.data() + 1);
  return load_u8(rest.data()) >> 6U != 2 || type < 200 || type > 207;
}

void compound(Field& root, Bytes packet, std::size_t base, std::size_t missing) {
  for (std::size_t at = 0; at < packet.size();) {
    const Bytes rest = packet.subspan(at);
    const std::size_t size = size_of_packet(rest);
    const std::size_t here = std::min(size == 0 ? rest.size() : size, rest.size());
    const std::size_t cut = size > here ? std::min(missing, size - here) : 0;
    Field field = dissect_packet(rest.first(here), base + at, size == 0 ? missing : cut,
                                 at + here == packet.size() && missing == cut);
    if (size > here + cut && !field.fault)
      field.children.push_back(
          make_fault("Length", fmt::format("expected {} bytes, {} are left", size, here + cut),
                     base + at + 2, 2));
    propagate_faults(field);
    root.value.append(root.value.empty() ? "" : ", ").append(field.name);
    root.children.push_back(std::move(field));
    at += here;
  }
  if (missing > 0)
    root.value.append(", ").append(cut_text(packet.size(), packet.size() + missing));
}

// What stands in clear in SRTCP: the first header and its sender (RFC 3711 section 3.4).
void first_header(Field& root, Bytes packet, const DissectOptions& options, std::size_t base,
                  std::size_t missing) {
  FieldReader reader(packet, base, missing);
  header(root, reader);
  if (reader.remaining() > 0)
    dissect_ssrc(root, reader, "Sender SSRC");
  if (packet.size() >= 2)
    root.value = rtcp_name(load_u8(packet.data()), load_u8(packet.data() + 1));
  if (const std::size_t size = reader.remaining(); size > 0)
    root.add(options.srtp ? "Encrypted Part, Index and Tag" : "Rest",
             missing > 0    ? cut_text(size, size + missing)
             : options.srtp ? fmt::format("{} bytes", size)
                            : fmt::format("{} bytes (SRTCP, or lengths that do not fit)", size),
             reader.offset(), size);
}

}  // namespace

std::string rtcp_name(std::uint8_t first, std::uint8_t type) {
  return rtcp::packet_name(type, first & 0x1fU);
}

void close_field(Field& to, Field&& field, const FieldReader& reader) {
  field.length = static_cast<std::uint32_t>(reader.offset() - field.offset);
  for (const Field& child : field.children)
    field.length = std::max(field.length, child.offset + child.length - field.offset);
  to.children.push_back(std::move(field));
}

Field dissect_rtcp(Bytes packet, const DissectOptions& options, std::size_t base,
                   std::size_t missing) {
  Field root = make_field(options.srtp ? "SRTCP" : "RTCP", "", base, packet.size());
  if (packet.empty())
    root.children.push_back(make_fault("Version", "no bytes", base, 0));
  else if (options.srtp || (missing == 0 && may_be_srtcp(packet)))
    first_header(root, packet, options, base, missing);
  else
    compound(root, packet, base, missing);
  propagate_faults(root);
  return root;
}

}  // namespace parley::analyzer

#include "stack/wire/rtp.h"

#include <fmt/format.h>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/field_reader.h"
#include "analyzer/dissect/rtp_octet.h"

namespace parley::analyzer {
namespace {

using rtp::PacketView;

std::string counted(std::size_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string profile_text(std::uint16_t profile) {
  if (profile == rtp::kOneByteProfile)
    return "one-byte elements (0xbede)";
  if ((profile & 0xfff0U) == rtp::kTwoByteProfile)
    return fmt::format("two-byte elements ({:#06x})", profile);
  if (profile == rtp::kCryptexOneByte || profile == rtp::kCryptexTwoByte)
    return fmt::format("encrypted elements, RFC 9335 ({:#06x})", profile);
  return fmt::format("{:#06x}", profile);
}

// RFC 8285 sections 4.2 and 4.3. In a one-byte header, identifier 15, and 0 with a length, end the
// processing.
struct ElementHeader {
  std::size_t size = 1;
  unsigned id = 0;
  std::size_t length = 0;  // of the data
  bool stop = false;
};

ElementHeader element_header(const FieldReader& reader, bool one_byte) {
  constexpr unsigned kStopId = 15;
  if (!one_byte) {
    const std::uint64_t both = reader.peek(2);
    return {2, static_cast<unsigned>(both >> 8U), both & 0xffU, false};
  }
  const std::uint64_t octet = reader.peek(1);
  const auto id = static_cast<unsigned>(octet >> 4U);
  const std::size_t length = octet & 0x0fU;
  return {1, id, length + 1, id == kStopId || (id == 0 && length > 0)};
}

// False: what stands here ends the elements.
bool element(Field& to, FieldReader& reader, bool one_byte) {
  const ElementHeader header = element_header(reader, one_byte);
  const std::size_t at = reader.offset();
  if (header.stop) {
    reader.octets(to, "Ignored", reader.remaining());
    return false;
  }
  if (reader.take(to, "Element", header.size).empty())
    return false;
  Field field = make_field(fmt::format("Element {}", header.id), "", at, header.size);
  field.add("ID", std::to_string(header.id), at, 1);
  field.add("Length", std::to_string(header.length), at + header.size - 1U, 1);
  const Bytes data = header.length == 0 ? Bytes{} : reader.octets(field, "Data", header.length);
  const Field& last = field.children.back();
  field.value = reader.ok() ? short_hex(data) : last.value;
  field.length = last.offset + last.length - field.offset;
  to.children.push_back(std::move(field));
  return true;
}

// Octets of zero stand between elements and behind them.
void padding_bytes(Field& to, FieldReader& reader) {
  Field scratch;
  const std::size_t at = reader.offset();
  std::size_t size = 0;
  for (; reader.remaining() > 0 && reader.peek(1) == 0; ++size)
    reader.take(scratch, "", 1);
  to.add("Padding Bytes", counted(size, "byte"), at, size);
}

void elements(Field& field, FieldReader& reader, bool one_byte) {
  std::size_t count = 0;
  while (reader.remaining() > 0) {
    if (reader.peek(1) == 0)
      padding_bytes(field, reader);
    else if (element(field, reader, one_byte))
      ++count;
  }
  propagate_faults(field);
  field.value = field.fault ? "damaged" : counted(count, "element");
}

void extension(Field& to, FieldReader& reader) {
  Field field = make_field("Header Extension", "", reader.offset(), 0);
  const auto profile =
      static_cast<std::uint16_t>(reader.number(field, "Profile", 2, [](std::uint64_t v) {
        return profile_text(static_cast<std::uint16_t>(v));
      }));
  const std::uint64_t words =
      reader.number(field, "Length", 2, [](std::uint64_t v) { return counted(v, "word"); });
  const bool one_byte = profile == rtp::kOneByteProfile;
  field.value = fmt::format("{} bytes", words * 4);
  if (words > 0 && (one_byte || (profile & 0xfff0U) == rtp::kTwoByteProfile))
    reader.part(field, "Elements", words * 4,
                [&](FieldReader& inner) { elements(field, inner, one_byte); });
  else if (words > 0)
    reader.octets(field, "Data", words * 4);
  for (const Field& child : field.children)
    field.length = std::max(field.length, child.offset + child.length - field.offset);
  to.children.push_back(std::move(field));
}

// The first twelve octets, as far as they are there.
void fixed_header(Field& to, FieldReader& reader) {
  const std::size_t at = reader.offset();
  const auto first = dissect_first_octet(to, reader);
  if (!first)
    return;
  const unsigned sources = *first & 0x0fU;
  to.add("Extension", (*first & 0x10U) != 0 ? "yes" : "no", at, 1);
  to.add("CSRC Count", std::to_string(sources), at, 1);
  const std::uint64_t second = reader.number(to, "Marker", 1, [](std::uint64_t v) {
    return std::string((v & 0x80U) != 0 ? "yes" : "no");
  });
  if (reader.ok())
    to.add("Payload Type", std::to_string(second & 0x7fU), at + 1, 1);
  reader.number(to, "Sequence Number", 2);
  reader.number(to, "Timestamp", 4);
  dissect_ssrc(to, reader, "SSRC");
  for (unsigned i = 0; i < sources; ++i)
    dissect_ssrc(to, reader, "CSRC");
}

// RFC 3550 section 5.1: the last octet counts the padding. In SRTP it is encrypted with the
// payload, and whether this is SRTP does not show in the packet.
void payload(Field& to, const PacketView& view, bool srtp) {
  const Bytes octets = view.payload;
  const std::size_t at = view.payload_offset;
  if (srtp) {
    to.add("Encrypted Payload and Tag", fmt::format("{} bytes", octets.size()), at, octets.size());
    return;
  }
  const std::size_t count = view.padding ? load_u8(octets.data() + octets.size() - 1) : 0;
  const bool fits = count > 0 && count <= octets.size();
  const std::size_t padding = fits ? count : view.padding ? 1 : 0;
  const std::size_t size = octets.size() - padding;
  if (size > 0)
    to.add("Payload", fmt::format("{} bytes", size), at, size);
  if (padding > 1)
    to.add("Padding Bytes", short_hex(octets.subspan(size, padding - 1)), at + size, padding - 1);
  if (view.padding)
    to.add("Padding Length",
           fits ? fmt::format("{} (unless this is SRTP, where it is encrypted)", count)
                : fmt::format("{} (expected 1 to {}, unless this is SRTP, where it is encrypted)",
                              count, octets.size()),
           at + octets.size() - 1, 1);
}

std::string rtp_text(Bytes packet) {
  constexpr std::size_t kFixed = 12;
  if (packet.size() < kFixed)
    return {};
  return fmt::format("payload type {}, sequence number {}, SSRC {:#010x}",
                     load_u8(packet.data() + 1) & 0x7fU, load_u16(packet.data() + 2),
                     load_u32(packet.data() + 8));
}

}  // namespace

Field dissect_rtp(Bytes packet, const DissectOptions& options, std::size_t base,
                  std::size_t missing) {
  Field root = make_field(options.srtp ? "SRTP" : "RTP", rtp_text(packet), base, packet.size());
  FieldReader reader(packet, base, missing);
  fixed_header(root, reader);
  if (reader.ok() && (load_u8(packet.data()) & 0x10U) != 0)
    extension(root, reader);
  propagate_faults(root);
  const auto view = PacketView::decode(packet, base);
  if (!view && (missing == 0 || view.error().fault != WireFault::Truncated)) {
    root.value = to_string(view.error());
    root.fault = true;
  }
  if (missing > 0)
    root.value.append(root.value.empty() ? "" : ", ")
        .append(cut_text(packet.size(), packet.size() + missing));
  if (!view || view->payload.empty())
    return root;
  if (missing > 0)
    root.add("Payload", cut_text(view->payload.size(), view->payload.size() + missing),
             view->payload_offset, view->payload.size());
  else
    payload(root, *view, options.srtp);
  return root;
}

}  // namespace parley::analyzer

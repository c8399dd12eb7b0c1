#include "stack/wire/rtp.h"

#include <fmt/format.h>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/field_reader.h"

namespace parley::analyzer {
namespace {

using rtp::ExtensionElement;
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

void add_element(Field& to, const ExtensionElement& element) {
  Field field = make_field(fmt::format("Element {}", element.id), short_hex(element.data),
                           element.offset, element.header_size + element.data.size());
  field.add("ID", std::to_string(element.id), element.offset, 1);
  field.add("Length", std::to_string(element.data.size()),
            element.offset + element.header_size - 1U, 1);
  if (!element.data.empty())
    field.add("Data", short_hex(element.data), element.offset + element.header_size,
              element.data.size());
  to.children.push_back(std::move(field));
}

Field extension_field(const PacketView& view) {
  constexpr std::size_t kHeader = 4;
  const std::size_t at = view.extension_offset;
  Field field = make_field("Header Extension", "", at, kHeader + view.extension_data.size());
  field.add("Profile", profile_text(view.extension_profile), at, 2);
  field.add("Length", counted(view.extension_data.size() / 4, "word"), at + 2, 2);
  const auto elements = view.extension_elements();
  if (!elements) {
    field.children.push_back(
        make_fault("Element", to_string(elements.error()), elements.error().offset,
                   at + kHeader + view.extension_data.size() - elements.error().offset));
    field.value = "damaged";
    return field;
  }
  for (const ExtensionElement& element : *elements)
    add_element(field, element);
  field.value = elements->empty() ? fmt::format("{} bytes", view.extension_data.size())
                                  : counted(elements->size(), "element");
  if (elements->empty() && !view.extension_data.empty())
    field.add("Data", short_hex(view.extension_data), at + kHeader, view.extension_data.size());
  return field;
}

// The first twelve octets, as far as they are there.
void fixed_header(Field& to, FieldReader& reader) {
  const std::size_t at = reader.offset();
  const std::uint64_t first =
      reader.number(to, "Version", 1, [](std::uint64_t v) { return std::to_string(v >> 6U); });
  if (!reader.ok())
    return;
  to.children.back().fault = (first >> 6U) != 2;
  const auto flag = [&](std::string_view name, bool on) {
    to.add(std::string(name), on ? "yes" : "no", at, 1);
  };
  flag("Padding", (first & 0x20U) != 0);
  flag("Extension", (first & 0x10U) != 0);
  to.add("CSRC Count", std::to_string(first & 0x0fU), at, 1);
  const std::uint64_t second = reader.number(to, "Marker", 1, [](std::uint64_t v) {
    return std::string((v & 0x80U) != 0 ? "yes" : "no");
  });
  if (reader.ok())
    to.add("Payload Type", std::to_string(second & 0x7fU), at + 1, 1);
  reader.number(to, "Sequence Number", 2);
  reader.number(to, "Timestamp", 4);
  reader.number(to, "SSRC", 4, [](std::uint64_t v) { return fmt::format("{:#010x}", v); });
  for (std::uint64_t i = 0; i < (first & 0x0fU); ++i)
    reader.number(to, "CSRC", 4, [](std::uint64_t v) { return fmt::format("{:#010x}", v); });
}

}  // namespace

// Whether the packet is RTP or SRTP does not show in it: padding and payload are not opened.
Field dissect_rtp(Bytes packet, std::size_t base) {
  Field root = make_field("RTP", "", base, packet.size());
  FieldReader reader(packet, base);
  fixed_header(root, reader);
  const auto view = PacketView::decode(packet, base);
  if (!view) {
    root.value = to_string(view.error());
    root.fault = true;
    return root;
  }
  root.value = fmt::format("payload type {}, sequence number {}, SSRC {:#010x}", view->payload_type,
                           view->sequence, view->ssrc);
  if (view->extension)
    root.children.push_back(extension_field(*view));
  if (!view->payload.empty())
    root.add("Payload", fmt::format("{} bytes", view->payload.size()), view->payload_offset,
             view->payload.size());
  return root;
}

}  // namespace parley::analyzer

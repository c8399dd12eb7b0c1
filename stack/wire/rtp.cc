#include "stack/wire/rtp.h"

namespace parley::rtp {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kPaddingId = 0;
constexpr std::uint8_t kStopId = 15;

// Takes a one-byte extension block apart.
//    0
//    0 1 2 3 4 5 6 7
//   +-+-+-+-+-+-+-+-+
//   |  ID   |  len  |   len: octets of data minus one
//   +-+-+-+-+-+-+-+-+
Result<std::vector<ExtensionElement>> one_byte_elements(Bytes block, std::size_t base) {
  std::vector<ExtensionElement> elements;
  ByteReader reader(block, base);
  while (reader.remaining() > 0) {
    const std::size_t offset = reader.offset();
    const std::uint8_t header = reader.u8("extension element");
    const auto id = static_cast<std::uint8_t>(header >> 4U);
    const auto length = static_cast<std::uint8_t>(header & 0x0fU);
    // RFC 8285 section 4.2: id 15, and id 0 with a length, end the processing; 0 alone is padding.
    if (id == kStopId || (id == kPaddingId && length > 0))
      break;
    if (id == kPaddingId)
      continue;
    const Bytes data = reader.bytes(std::size_t{length} + 1, "extension element");
    elements.push_back({id, static_cast<std::uint32_t>(offset), 1, data});
  }
  if (!reader.ok())
    return reader.unexpected();
  return elements;
}

//    0                   1
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |       ID      |     length    |   RFC 8285 section 4.3
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
Result<std::vector<ExtensionElement>> two_byte_elements(Bytes block, std::size_t base) {
  std::vector<ExtensionElement> elements;
  ByteReader reader(block, base);
  while (reader.remaining() > 0) {
    const std::size_t offset = reader.offset();
    const std::uint8_t id = reader.u8("extension element");
    if (id == kPaddingId)
      continue;
    const std::uint8_t length = reader.u8("extension element length");
    const Bytes data = reader.bytes(length, "extension element");
    elements.push_back({id, static_cast<std::uint32_t>(offset), 2, data});
  }
  if (!reader.ok())
    return reader.unexpected();
  return elements;
}

}  // namespace

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                           timestamp                           |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |           synchronization source (SSRC) identifier            |
//   +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
//   |            contributing source (CSRC) identifiers             |
//   +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
//   |      defined by profile       |     length (32-bit words)     |   with X
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
Result<PacketView> PacketView::decode(Bytes packet, std::size_t base) {
  ByteReader reader(packet, base);
  PacketView view;
  const std::uint8_t first = reader.u8("version");
  if (reader.ok() && (first >> 6U) != kVersion)
    reader.fail(WireFault::BadValue, base, "version");
  view.padding = (first & 0x20U) != 0;
  view.extension = (first & 0x10U) != 0;
  view.csrc_count = first & 0x0fU;
  const std::uint8_t second = reader.u8("payload type");
  view.marker = (second & 0x80U) != 0;
  view.payload_type = second & 0x7fU;
  view.sequence = reader.u16("sequence number");
  view.timestamp = reader.u32("timestamp");
  view.ssrc = reader.u32("SSRC");
  view.csrcs = reader.bytes(std::size_t{view.csrc_count} * 4, "CSRC list");
  if (view.extension) {
    view.extension_offset = static_cast<std::uint32_t>(reader.offset());
    view.extension_profile = reader.u16("extension profile");
    const std::size_t words = reader.u16("extension length");
    view.extension_data = reader.bytes(words * 4, "header extension");
  }
  view.payload_offset = static_cast<std::uint32_t>(reader.offset());
  view.payload = reader.rest();
  if (!reader.ok())
    return reader.unexpected();
  return view;
}

Result<std::vector<ExtensionElement>> PacketView::extension_elements() const {
  constexpr std::size_t kExtensionHeader = 4;
  const std::size_t base = extension_offset + kExtensionHeader;
  if (extension && extension_profile == kOneByteProfile)
    return one_byte_elements(extension_data, base);
  if (extension && (extension_profile & 0xfff0U) == kTwoByteProfile)
    return two_byte_elements(extension_data, base);
  return std::vector<ExtensionElement>{};
}

Result<std::size_t> PacketView::padding_size() const {
  if (!padding)
    return std::size_t{0};
  if (payload.empty())
    return wire_error(WireFault::Truncated, payload_offset, "padding count");
  const std::size_t count = load_u8(payload.data() + payload.size() - 1);
  if (count == 0 || count > payload.size())
    return wire_error(WireFault::BadLength, payload_offset + payload.size() - 1, "padding count");
  return count;
}

}  // namespace parley::rtp

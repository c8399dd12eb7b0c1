#include "stack/wire/rtp_payload_vp8.h"

namespace parley::rtp {
namespace {

// RFC 6386 section 9.1: three octets of frame tag, then for a key frame
//   9d 01 2a, width (14 bits) and scale (2), height and scale; little-endian.
std::optional<Vp8Payload::KeyFrame> read_key_frame(ByteReader& reader) {
  constexpr std::uint32_t kStartCode = 0x9d012a;
  constexpr std::uint8_t kInterFrame = 0x01;
  constexpr unsigned kSizeMask = 0x3fff;
  if (reader.remaining() == 0 || (reader.u8("VP8 frame tag") & kInterFrame) != 0)
    return std::nullopt;
  reader.skip(2, "VP8 frame tag");
  const std::size_t at = reader.offset();
  const std::uint32_t start_code = reader.u24("VP8 start code");
  if (reader.ok() && start_code != kStartCode)
    reader.fail(WireFault::BadMagic, at, "VP8 start code");
  const auto little_endian = [&reader](std::string_view field) {
    const std::uint16_t v = reader.u16(field);
    return static_cast<std::uint16_t>(((v >> 8U) | ((v & 0xffU) << 8U)) & kSizeMask);
  };
  Vp8Payload::KeyFrame frame;
  frame.width = little_endian("VP8 width");
  frame.height = little_endian("VP8 height");
  return frame;
}

//      0 1 2 3 4 5 6 7
//     +-+-+-+-+-+-+-+-+
//     |X|R|N|S|R| PID |
//     +-+-+-+-+-+-+-+-+
//  X: |I|L|T|K| RSV   |
//     +-+-+-+-+-+-+-+-+
//  I: |M| PictureID   |   one more octet with M
//     +-+-+-+-+-+-+-+-+
//  L: |   TL0PICIDX   |
//     +-+-+-+-+-+-+-+-+
// T/K:|TID|Y| KEYIDX  |
//     +-+-+-+-+-+-+-+-+
void read_extension(ByteReader& reader, Vp8Payload& payload) {
  const std::uint8_t present = reader.u8("VP8 extension bits");
  const bool has_layer = (present & 0x20U) != 0;
  const bool has_key_index = (present & 0x10U) != 0;
  if ((present & 0x80U) != 0) {
    const std::uint8_t first = reader.u8("VP8 picture id");
    payload.long_picture_id = (first & 0x80U) != 0;
    payload.picture_id = static_cast<std::uint16_t>(first & 0x7fU);
    if (payload.long_picture_id)
      payload.picture_id =
          static_cast<std::uint16_t>((*payload.picture_id << 8U) | reader.u8("VP8 picture id"));
  }
  if ((present & 0x40U) != 0)
    payload.tl0_picture_index = reader.u8("VP8 TL0PICIDX");
  if (has_layer || has_key_index) {
    const std::uint8_t octet = reader.u8("VP8 TID, Y, KEYIDX");
    if (has_layer) {
      payload.temporal_layer = static_cast<std::uint8_t>(octet >> 6U);
      payload.layer_sync = (octet & 0x20U) != 0;
    }
    if (has_key_index)
      payload.key_index = static_cast<std::uint8_t>(octet & 0x1fU);
  }
}

}  // namespace

Result<Vp8Payload> Vp8Payload::decode(Bytes bytes, std::size_t base) {
  ByteReader reader(bytes, base);
  Vp8Payload payload;
  const std::uint8_t first = reader.u8("VP8 payload descriptor");
  payload.non_reference = (first & 0x20U) != 0;
  payload.partition_start = (first & 0x10U) != 0;
  payload.partition = first & 0x07U;
  if ((first & 0x80U) != 0)
    read_extension(reader, payload);
  payload.data_offset = static_cast<std::uint32_t>(reader.offset());
  if (reader.ok() && reader.remaining() == 0)
    reader.fail(WireFault::Truncated, reader.offset(), "VP8 data");
  if (!reader.ok())
    return reader.unexpected();
  payload.data = bytes.subspan(payload.data_offset - base);
  if (payload.starts_frame()) {
    payload.key_frame = read_key_frame(reader);
    if (!reader.ok())
      return reader.unexpected();
  }
  return payload;
}

}  // namespace parley::rtp

#include "stack/wire/rtp_payload_vp9.h"

namespace parley::rtp {
namespace {

constexpr std::size_t kMaxReferences = 3;

//     +-+-+-+-+-+-+-+-+
//  I: |M| PICTURE ID  |   one more octet with M
//     +-+-+-+-+-+-+-+-+
std::uint16_t read_picture_id(ByteReader& reader) {
  const std::uint8_t first = reader.u8("VP9 picture id");
  const auto id = static_cast<std::uint16_t>(first & 0x7fU);
  if ((first & 0x80U) == 0)
    return id;
  return static_cast<std::uint16_t>((id << 8U) | reader.u8("VP9 picture id"));
}

//     +-+-+-+-+-+-+-+-+
//  L: | TID |U| SID |D|
//     +-+-+-+-+-+-+-+-+
Vp9Payload::Layer read_layer(ByteReader& reader) {
  const std::uint8_t octet = reader.u8("VP9 layer indices");
  Vp9Payload::Layer layer;
  layer.temporal = static_cast<std::uint8_t>(octet >> 5U);
  layer.switching_up = (octet & 0x10U) != 0;
  layer.spatial = (octet >> 1U) & 0x07U;
  layer.inter_layer = (octet & 0x01U) != 0;
  return layer;
}

//     +-+-+-+-+-+-+-+-+
//     |   P_DIFF    |N|   up to three times, N: one more follows
//     +-+-+-+-+-+-+-+-+
void read_references(ByteReader& reader, Vp9Payload& payload) {
  bool more = true;
  while (more && reader.ok()) {
    const std::size_t at = reader.offset();
    if (payload.reference_differences.size() == kMaxReferences) {
      reader.fail(WireFault::BadValue, at, "VP9 reference index");
      return;
    }
    const std::uint8_t octet = reader.u8("VP9 reference index");
    payload.reference_differences.push_back(static_cast<std::uint8_t>(octet >> 1U));
    more = (octet & 0x01U) != 0;
  }
}

//     +-+-+-+-+-+-+-+-+
//  V: | N_S |Y|G|-|-|-|
//     +-+-+-+-+-+-+-+-+
//  Y: width, height in two octets each, N_S + 1 times
//  G: N_G, then N_G times | TID |U| R |-|-| and R octets of P_DIFF
void read_structure(ByteReader& reader, Vp9Payload& payload) {
  const std::uint8_t octet = reader.u8("VP9 scalability structure");
  payload.has_structure = true;
  if ((octet & 0x10U) != 0) {
    const unsigned layers = (octet >> 5U) + 1U;
    for (unsigned i = 0; i < layers && reader.ok(); ++i) {
      Vp9Payload::Resolution resolution;
      resolution.width = reader.u16("VP9 layer width");
      resolution.height = reader.u16("VP9 layer height");
      payload.resolutions.push_back(resolution);
    }
  }
  if ((octet & 0x08U) != 0) {
    const unsigned pictures = reader.u8("VP9 picture group");
    for (unsigned i = 0; i < pictures && reader.ok(); ++i)
      reader.skip((reader.u8("VP9 picture group") >> 2U) & 0x03U, "VP9 picture group");
  }
}

}  // namespace

//      0 1 2 3 4 5 6 7
//     +-+-+-+-+-+-+-+-+
//     |I|P|L|F|B|E|V|Z|
//     +-+-+-+-+-+-+-+-+
Result<Vp9Payload> Vp9Payload::decode(Bytes bytes, std::size_t base) {
  ByteReader reader(bytes, base);
  Vp9Payload payload;
  const std::uint8_t first = reader.u8("VP9 payload descriptor");
  payload.inter_predicted = (first & 0x40U) != 0;
  payload.flexible = (first & 0x10U) != 0;
  payload.frame_start = (first & 0x08U) != 0;
  payload.frame_end = (first & 0x04U) != 0;
  payload.not_reference_for_spatial = (first & 0x01U) != 0;
  if ((first & 0x80U) != 0)
    payload.picture_id = read_picture_id(reader);
  if ((first & 0x20U) != 0) {
    payload.layer = read_layer(reader);
    if (!payload.flexible)
      payload.tl0_picture_index = reader.u8("VP9 TL0PICIDX");
  }
  if (payload.flexible && payload.inter_predicted)
    read_references(reader, payload);
  if ((first & 0x02U) != 0)
    read_structure(reader, payload);
  payload.data_offset = static_cast<std::uint32_t>(reader.offset());
  payload.data = reader.rest();
  if (reader.ok() && payload.data.empty())
    reader.fail(WireFault::Truncated, payload.data_offset, "VP9 data");
  if (!reader.ok())
    return reader.unexpected();
  return payload;
}

}  // namespace parley::rtp

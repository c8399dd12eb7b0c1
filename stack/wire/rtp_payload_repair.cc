#include "stack/wire/rtp_payload_repair.h"

namespace parley::rtp {

//    0                   1                    2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3  4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |F|   block PT  |  timestamp offset         |   block length    |   F = 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |0|   block PT  |   the last
//   +-+-+-+-+-+-+-+-+
Result<RedPayload> RedPayload::decode(Bytes bytes, std::size_t base) {
  constexpr std::uint8_t kFollows = 0x80;
  constexpr unsigned kLengthBits = 10;
  ByteReader reader(bytes, base);
  RedPayload payload;
  std::vector<std::size_t> sizes;
  std::uint8_t first = reader.u8("RED block header");
  while (reader.ok() && (first & kFollows) != 0) {
    const std::uint32_t rest = reader.u24("RED block header");
    RedBlock block;
    block.payload_type = first & 0x7fU;
    block.timestamp_offset = static_cast<std::uint16_t>(rest >> kLengthBits);
    payload.blocks.push_back(block);
    sizes.push_back(rest & 0x3ffU);
    first = reader.u8("RED block header");
  }
  RedBlock primary;
  primary.payload_type = first;
  payload.blocks.push_back(primary);
  for (std::size_t i = 0; i < payload.blocks.size(); ++i) {
    RedBlock& block = payload.blocks[i];
    block.offset = static_cast<std::uint32_t>(reader.offset());
    block.data = i < sizes.size() ? reader.bytes(sizes[i], "RED block") : reader.rest();
  }
  if (!reader.ok())
    return reader.unexpected();
  return payload;
}

Result<RtxPayload> RtxPayload::decode(Bytes bytes, std::size_t base) {
  ByteReader reader(bytes, base);
  RtxPayload payload;
  payload.original_sequence = reader.u16("original sequence number");
  payload.data = reader.rest();
  if (!reader.ok())
    return reader.unexpected();
  return payload;
}

}  // namespace parley::rtp

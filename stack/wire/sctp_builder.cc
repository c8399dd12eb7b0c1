#include "stack/wire/sctp_chunks.h"

namespace parley::sctp {
namespace {

constexpr std::size_t kLongestValue = 0xffff - kTlvHeaderSize;

std::uint8_t flags_of(const Data& data) {
  return static_cast<std::uint8_t>(
      (data.immediate ? kImmediate : 0U) | (data.unordered ? kUnordered : 0U) |
      (data.beginning ? kBeginning : 0U) | (data.ending ? kEnding : 0U));
}

}  // namespace

PacketBuilder::PacketBuilder(ByteBuffer& out, const Header& header)
    : out_(out), start_(out.size()) {
  ByteWriter writer(out_);
  writer.u16(header.source_port);
  writer.u16(header.destination_port);
  writer.u32(header.verification_tag);
  writer.u32(0);
}

PacketBuilder& PacketBuilder::chunk(ChunkType type, std::uint8_t flags, Bytes value) {
  if (too_long_ || value.size() > kLongestValue) {
    too_long_ = true;
    return *this;
  }
  ByteWriter writer(out_);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u8(flags);
  writer.u16(static_cast<std::uint16_t>(kTlvHeaderSize + value.size()));
  writer.bytes(value);
  writer.zeros(padded(value.size()) - value.size());
  return *this;
}

PacketBuilder& PacketBuilder::data(const Data& data) {
  ByteBuffer value;
  ByteWriter writer(value);
  writer.u32(data.tsn);
  writer.u16(data.stream);
  if (data.interleaved) {
    writer.u16(0);
    writer.u32(data.sequence);
    writer.u32(data.beginning ? data.ppid : data.fragment);
  } else {
    writer.u16(static_cast<std::uint16_t>(data.sequence));
    writer.u32(data.ppid);
  }
  writer.bytes(data.payload);
  return chunk(data.interleaved ? ChunkType::IData : ChunkType::Data, flags_of(data), value);
}

PacketBuilder& PacketBuilder::init(ChunkType type, const Init& init) {
  ByteBuffer value;
  ByteWriter writer(value);
  writer.u32(init.initiate_tag);
  writer.u32(init.a_rwnd);
  writer.u16(init.outbound_streams);
  writer.u16(init.inbound_streams);
  writer.u32(init.initial_tsn);
  writer.bytes(init.parameters);
  return chunk(type, 0, value);
}

PacketBuilder& PacketBuilder::sack(std::uint32_t cumulative_tsn, std::uint32_t a_rwnd,
                                   const std::vector<GapBlock>& gaps,
                                   const std::vector<std::uint32_t>& duplicates) {
  ByteBuffer value;
  ByteWriter writer(value);
  writer.u32(cumulative_tsn);
  writer.u32(a_rwnd);
  writer.u16(static_cast<std::uint16_t>(gaps.size()));
  writer.u16(static_cast<std::uint16_t>(duplicates.size()));
  for (const GapBlock& gap : gaps) {
    writer.u16(gap.start);
    writer.u16(gap.end);
  }
  for (const std::uint32_t tsn : duplicates)
    writer.u32(tsn);
  return chunk(ChunkType::Sack, 0, value);
}

PacketBuilder& PacketBuilder::heartbeat(ChunkType type, Bytes info) {
  ByteBuffer value;
  TlvBuilder(value).add(ParameterType::HeartbeatInfo, info);
  return chunk(type, 0, value);
}

PacketBuilder& PacketBuilder::tsn(ChunkType type, std::uint32_t tsn) {
  ByteBuffer value;
  ByteWriter(value).u32(tsn);
  return chunk(type, 0, value);
}

PacketBuilder& PacketBuilder::forward_tsn(bool interleaved, std::uint32_t new_cumulative_tsn,
                                          const std::vector<ForwardTsn::Stream>& streams) {
  ByteBuffer value;
  ByteWriter writer(value);
  writer.u32(new_cumulative_tsn);
  for (const ForwardTsn::Stream& entry : streams) {
    writer.u16(entry.stream);
    if (interleaved) {
      writer.u16(entry.unordered ? 1 : 0);
      writer.u32(entry.sequence);
    } else {
      writer.u16(static_cast<std::uint16_t>(entry.sequence));
    }
  }
  return chunk(interleaved ? ChunkType::IForwardTsn : ChunkType::ForwardTsn, 0, value);
}

PacketBuilder& PacketBuilder::asconf(ChunkType type, const Asconf& asconf) {
  ByteBuffer value;
  ByteWriter writer(value);
  writer.u32(asconf.serial);
  writer.bytes(asconf.parameters);
  return chunk(type, 0, value);
}

PacketBuilder& PacketBuilder::auth(const Auth& auth) {
  ByteBuffer value;
  ByteWriter writer(value);
  writer.u16(auth.shared_key);
  writer.u16(auth.hmac_algorithm);
  writer.bytes(auth.hmac);
  return chunk(ChunkType::Auth, 0, value);
}

Bytes PacketBuilder::finish(bool zero_checksum) {
  if (too_long_)
    return {};
  const Bytes packet = Bytes(out_).subspan(start_);
  if (!zero_checksum) {
    const std::uint32_t checksum = packet_checksum(packet);
    ByteWriter writer(out_);
    writer.patch_u16(start_ + 8, static_cast<std::uint16_t>(checksum >> 16U));
    writer.patch_u16(start_ + 10, static_cast<std::uint16_t>(checksum & 0xffffU));
  }
  return packet;
}

}  // namespace parley::sctp

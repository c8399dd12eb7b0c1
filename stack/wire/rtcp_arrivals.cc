// Feedback that tells of every packet whether and when it arrived.

#include <algorithm>

#include "stack/wire/rtcp_feedback.h"

namespace parley::rtcp {
namespace {

constexpr std::size_t kWord = 4;
constexpr unsigned kReserved = 3;

// Octets of deltas that the first `packets` of a chunk have; empty with a reserved symbol.
std::optional<std::size_t> delta_size(const StatusChunk& chunk, std::size_t packets) {
  if (packets == 0)
    return 0;
  if (chunk.kind == StatusChunk::Kind::RunLength)
    return chunk.symbol(0) == kReserved ? std::nullopt : std::optional(chunk.symbol(0) * packets);
  std::size_t size = 0;
  for (std::size_t i = 0; i < packets; ++i) {
    if (chunk.symbol(i) == kReserved)
      return std::nullopt;
    size += chunk.symbol(i);
  }
  return size;
}

}  // namespace

// A run of one symbol, fourteen symbols of one bit, or seven of two:
//    0                   1              0                   1              0                   1
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5    0 1 2 3 4 5 6 7 8 9 0 1
//    2 3 4 5
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+ |0| S |       run length        |  |1|0|        symbols |
//   |1|1|        symbols            |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
StatusChunk::StatusChunk(std::uint16_t chunk) : bits(chunk) {
  if ((chunk & 0x8000U) != 0)
    kind = (chunk & 0x4000U) != 0 ? Kind::TwoBitVector : Kind::OneBitVector;
}

std::size_t StatusChunk::packets() const {
  switch (kind) {
    case Kind::RunLength:
      return bits & 0x1fffU;
    case Kind::OneBitVector:
      return 14;
    case Kind::TwoBitVector:
      break;
  }
  return 7;
}

unsigned StatusChunk::symbol(std::size_t i) const {
  switch (kind) {
    case Kind::RunLength:
      return (bits >> 13U) & 3U;
    case Kind::OneBitVector:
      return (static_cast<unsigned>(bits) >> (13U - static_cast<unsigned>(i))) & 1U;
    case Kind::TwoBitVector:
      break;
  }
  return (static_cast<unsigned>(bits) >> (12U - 2U * static_cast<unsigned>(i))) & 3U;
}

Result<TransportWide> TransportWide::decode(const PacketView& packet) {
  const Result<Feedback> common = Feedback::decode(packet);
  if (!common)
    return tl::unexpected(common.error());
  constexpr std::int32_t kCycle = 0x1000000;
  ByteReader reader(common->fci, common->offset);
  TransportWide feedback;
  feedback.sender_ssrc = common->sender_ssrc;
  feedback.media_ssrc = common->media_ssrc;
  feedback.base_sequence = reader.u16("base sequence number");
  feedback.status_count = reader.u16("packet status count");
  const auto time = static_cast<std::int32_t>(reader.u24("reference time"));
  feedback.reference_time = time >= kCycle / 2 ? time - kCycle : time;
  feedback.feedback_count = reader.u8("feedback packet count");
  const std::size_t start = reader.offset();
  std::size_t deltas = 0;
  for (std::size_t packets = 0; packets < feedback.status_count && reader.ok();) {
    const std::size_t at = reader.offset();
    const StatusChunk chunk(reader.u16("packet chunk"));
    const std::size_t of_chunk =
        std::min<std::size_t>(chunk.packets(), feedback.status_count - packets);
    const auto size = delta_size(chunk, of_chunk);
    if (!size)
      reader.fail(WireFault::BadValue, at, "status symbol that is not reserved");
    deltas += size.value_or(0);
    packets += of_chunk;
  }
  const std::size_t chunks = reader.ok() ? reader.offset() - start : 0;
  feedback.chunks =
      common->fci.subspan(std::min(common->fci.size(), start - common->offset), chunks);
  feedback.deltas = reader.bytes(deltas, "receive delta");
  if (reader.remaining() >= kWord)
    reader.fail(WireFault::BadLength, reader.offset(), "end of the packet");
  if (!reader.ok())
    return reader.unexpected();
  return feedback;
}

StatusReader::StatusReader(const TransportWide& feedback) : feedback_(feedback) {}

std::optional<PacketStatus> StatusReader::next() {
  if (packet_ >= feedback_.status_count)
    return std::nullopt;
  while (in_chunk_ == 0 || in_chunk_ >= chunk_.packets()) {
    if (chunk_at_ + 2 > feedback_.chunks.size())
      return std::nullopt;
    chunk_ = StatusChunk(load_u16(feedback_.chunks.data() + chunk_at_));
    chunk_at_ += 2;
    in_chunk_ = 0;
    if (chunk_.packets() > 0)
      break;
  }
  const unsigned symbol = chunk_.symbol(in_chunk_++);
  PacketStatus status;
  status.sequence = static_cast<std::uint16_t>(feedback_.base_sequence + packet_++);
  if (symbol == 0 || delta_at_ + symbol > feedback_.deltas.size())
    return status;
  status.received = true;
  const std::byte* delta = feedback_.deltas.data() + delta_at_;
  status.delta = symbol == 1 ? static_cast<std::int16_t>(load_u8(delta))
                             : static_cast<std::int16_t>(load_u16(delta));
  delta_at_ += symbol;
  return status;
}

//    0                   1
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |R|ECN|  Arrival time offset    |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
ArrivalMetric ArrivalMetric::load(const std::byte* p) {
  const std::uint16_t bits = load_u16(p);
  return {(bits & 0x8000U) != 0, static_cast<std::uint8_t>((bits >> 13U) & 3U),
          static_cast<std::uint16_t>(bits & 0x1fffU)};
}

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                 SSRC of RTCP packet sender                    |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                   SSRC of 1st RTP Stream                      |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |          begin_seq            |          num_reports          |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |R|ECN|  Arrival time offset    | ...                           .
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                 Report Timestamp (32 bits)                    |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
Result<CongestionControl> CongestionControl::decode(const PacketView& packet) {
  ByteReader reader(packet.body, packet.body_offset());
  CongestionControl feedback;
  feedback.sender_ssrc = reader.u32("SSRC of the packet's sender");
  while (reader.remaining() > kWord) {
    ArrivalBlock block;
    block.ssrc = reader.u32("SSRC of an RTP stream");
    block.begin_sequence = reader.u16("begin_seq");
    const std::size_t count = reader.u16("num_reports");
    block.metrics =
        Entries<ArrivalMetric>(reader.bytes(count * ArrivalMetric::kSize, "packet metric block"));
    if (count % 2 != 0)
      reader.skip(ArrivalMetric::kSize, "padding of the metric blocks");
    feedback.blocks.push_back(block);
  }
  feedback.timestamp = reader.u32("report timestamp");
  if (!reader.ok())
    return reader.unexpected();
  return feedback;
}

}  // namespace parley::rtcp

#include "stack/wire/rtcp_builder.h"

#include <algorithm>
#include <bit>

#include "stack/base/assert.h"

namespace parley::rtcp {
namespace {

constexpr std::size_t kWord = 4;
constexpr std::size_t kMaxText = 255;

// One packet of the buffer: the header at once, its length when everything stands behind it.
class PacketWriter {
 public:
  PacketWriter(ByteBuffer& out, PacketType type, std::size_t count)
      : writer(out), start_(out.size()) {
    PARLEY_ASSERT(count <= kMaxCount);
    writer.u8(static_cast<std::uint8_t>(0x80U | count));
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u16(0);
  }
  std::size_t size() const { return writer.size() - start_; }
  // Zeros up to the next word.
  void align() { writer.zeros((kWord - size() % kWord) % kWord); }
  void finish() {
    const std::size_t words = size() / kWord - 1;
    PARLEY_ASSERT(size() % kWord == 0 && words <= 0xffff);
    writer.patch_u16(start_ + 2, static_cast<std::uint16_t>(words));
  }

  ByteWriter writer;

 private:
  std::size_t start_;
};

PacketWriter feedback(ByteBuffer& out, TransportFormat format, std::uint32_t sender) {
  PacketWriter packet(out, PacketType::TransportFeedback, static_cast<std::size_t>(format));
  packet.writer.u32(sender);
  return packet;
}

PacketWriter feedback(ByteBuffer& out, PayloadFormat format, std::uint32_t sender,
                      std::uint32_t media) {
  PacketWriter packet(out, PacketType::PayloadFeedback, static_cast<std::size_t>(format));
  packet.writer.u32(sender);
  packet.writer.u32(media);
  return packet;
}

void write_blocks(ByteWriter& writer, std::span<const ReportBlock> blocks) {
  constexpr std::int32_t kMost = 0x7fffff;
  constexpr std::int32_t kLeast = -0x800000;
  for (const ReportBlock& block : blocks) {
    writer.u32(block.ssrc);
    writer.u8(block.fraction_lost);
    // RFC 3550 appendix A.3: what 24 bits cannot say is clamped.
    writer.u24(static_cast<std::uint32_t>(std::clamp(block.cumulative_lost, kLeast, kMost)) &
               0xffffffU);
    writer.u32(block.highest_sequence);
    writer.u32(block.jitter);
    writer.u32(block.last_sr);
    writer.u32(block.delay_since_last_sr);
  }
}

void write_text(ByteWriter& writer, Bytes text) {
  PARLEY_ASSERT(text.size() <= kMaxText);
  writer.u8(static_cast<std::uint8_t>(text.size()));
  writer.bytes(text);
}

void write_block_header(ByteWriter& writer, XrType type, std::size_t size) {
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u8(0);
  writer.u16(static_cast<std::uint16_t>(size / kWord));
}

unsigned symbol_of(const PacketStatus& status) {
  if (!status.received)
    return 0;
  return status.delta >= 0 && status.delta <= 0xff ? 1U : 2U;
}

// How many of the next packets have symbols that `fits` allows, at most `limit`.
template <class Fits>
std::size_t reach(std::span<const PacketStatus> left, std::size_t limit, Fits fits) {
  std::size_t count = 0;
  while (count < std::min(left.size(), limit) && fits(symbol_of(left[count])))
    ++count;
  return count;
}

// The symbols of the next packets as one chunk, of the kind that reaches farthest, and how many
// packets it speaks of. A vector that no large delta cuts short is whole, or the last.
std::pair<std::uint16_t, std::size_t> next_chunk(std::span<const PacketStatus> left) {
  constexpr std::size_t kLongestRun = 0x1fff;
  constexpr std::size_t kOneBit = 14;
  constexpr std::size_t kTwoBit = 7;
  const unsigned first = symbol_of(left.front());
  const std::size_t run = reach(left, kLongestRun, [&](unsigned s) { return s == first; });
  const std::size_t small = reach(left, kOneBit, [](unsigned s) { return s < 2; });
  const bool one_bit = small == std::min(left.size(), kOneBit);
  const std::size_t vector = one_bit ? small : std::min(left.size(), kTwoBit);
  if (run >= vector)
    return {static_cast<std::uint16_t>((first << 13U) | run), run};
  unsigned bits = one_bit ? 0x8000U : 0xc000U;
  for (std::size_t i = 0; i < vector; ++i) {
    const auto place = static_cast<unsigned>(i);
    bits |= symbol_of(left[i]) << (one_bit ? 13U - place : 12U - 2U * place);
  }
  return {static_cast<std::uint16_t>(bits), vector};
}

}  // namespace

void write_sender_report(ByteBuffer& out, std::uint32_t ssrc, const SenderInfo& info,
                         std::span<const ReportBlock> blocks) {
  PacketWriter packet(out, PacketType::SenderReport, blocks.size());
  packet.writer.u32(ssrc);
  packet.writer.u64(info.ntp);
  packet.writer.u32(info.rtp_timestamp);
  packet.writer.u32(info.packet_count);
  packet.writer.u32(info.octet_count);
  write_blocks(packet.writer, blocks);
  packet.finish();
}

void write_receiver_report(ByteBuffer& out, std::uint32_t ssrc,
                           std::span<const ReportBlock> blocks) {
  PacketWriter packet(out, PacketType::ReceiverReport, blocks.size());
  packet.writer.u32(ssrc);
  write_blocks(packet.writer, blocks);
  packet.finish();
}

void write_source_description(ByteBuffer& out, std::span<const SdesChunk> chunks) {
  PacketWriter packet(out, PacketType::SourceDescription, chunks.size());
  for (const SdesChunk& chunk : chunks) {
    packet.writer.u32(chunk.ssrc);
    for (const SdesItem& item : chunk.items) {
      packet.writer.u8(item.type);
      write_text(packet.writer, item.text);
    }
    // RFC 3550 section 6.5: at least one octet of zero ends the list.
    packet.writer.u8(static_cast<std::uint8_t>(SdesType::End));
    packet.align();
  }
  packet.finish();
}

void write_goodbye(ByteBuffer& out, std::span<const std::uint32_t> sources,
                   std::string_view reason) {
  PacketWriter packet(out, PacketType::Goodbye, sources.size());
  for (const std::uint32_t ssrc : sources)
    packet.writer.u32(ssrc);
  if (!reason.empty())
    write_text(packet.writer, as_bytes(reason));
  packet.align();
  packet.finish();
}

void write_nack(ByteBuffer& out, std::uint32_t sender, std::uint32_t media,
                std::span<const std::uint16_t> sequences) {
  PARLEY_ASSERT(!sequences.empty());
  constexpr unsigned kFollowing = 16;
  PacketWriter packet = feedback(out, TransportFormat::Nack, sender);
  packet.writer.u32(media);
  for (std::size_t i = 0; i < sequences.size();) {
    const std::uint16_t first = sequences[i++];
    unsigned following = 0;
    for (; i < sequences.size(); ++i) {
      const unsigned distance = static_cast<std::uint16_t>(sequences[i] - first);
      if (distance > kFollowing)
        break;
      if (distance > 0)
        following |= 1U << (distance - 1);
    }
    packet.writer.u16(first);
    packet.writer.u16(static_cast<std::uint16_t>(following));
  }
  packet.finish();
}

void write_picture_loss(ByteBuffer& out, std::uint32_t sender, std::uint32_t media) {
  feedback(out, PayloadFormat::PictureLoss, sender, media).finish();
}

// RFC 5104 section 4.3.1.2: the media source of the common header is 0, each entry names its own.
void write_full_intra(ByteBuffer& out, std::uint32_t sender,
                      std::span<const FullIntraEntry> entries) {
  PARLEY_ASSERT(!entries.empty());
  PacketWriter packet = feedback(out, PayloadFormat::FullIntra, sender, 0);
  for (const FullIntraEntry& entry : entries) {
    packet.writer.u32(entry.ssrc);
    packet.writer.u8(entry.sequence);
    packet.writer.u24(0);
  }
  packet.finish();
}

void write_receiver_bitrate(ByteBuffer& out, std::uint32_t sender, std::uint64_t bitrate,
                            std::span<const std::uint32_t> sources) {
  constexpr int kMantissaBits = 18;
  PARLEY_ASSERT(sources.size() <= 0xff);
  PacketWriter packet = feedback(out, PayloadFormat::Application, sender, 0);
  const int width = static_cast<int>(std::bit_width(bitrate));
  const auto exponent = static_cast<unsigned>(std::max(0, width - kMantissaBits));
  packet.writer.text("REMB");
  packet.writer.u8(static_cast<std::uint8_t>(sources.size()));
  packet.writer.u24((exponent << 18U) | static_cast<std::uint32_t>(bitrate >> exponent));
  for (const std::uint32_t ssrc : sources)
    packet.writer.u32(ssrc);
  packet.finish();
}

void write_transport_wide(ByteBuffer& out, const TransportWideHeader& header,
                          std::span<const PacketStatus> statuses) {
  PARLEY_ASSERT(!statuses.empty() && statuses.size() <= 0xffff);
  PacketWriter packet = feedback(out, TransportFormat::TransportWide, header.sender_ssrc);
  packet.writer.u32(header.media_ssrc);
  packet.writer.u16(header.base_sequence);
  packet.writer.u16(static_cast<std::uint16_t>(statuses.size()));
  packet.writer.u24(static_cast<std::uint32_t>(header.reference_time) & 0xffffffU);
  packet.writer.u8(header.feedback_count);
  for (std::span<const PacketStatus> left = statuses; !left.empty();) {
    const auto [chunk, packets] = next_chunk(left);
    packet.writer.u16(chunk);
    left = left.subspan(packets);
  }
  for (const PacketStatus& status : statuses) {
    if (symbol_of(status) == 1)
      packet.writer.u8(static_cast<std::uint8_t>(status.delta));
    else if (symbol_of(status) == 2)
      packet.writer.u16(static_cast<std::uint16_t>(status.delta));
  }
  packet.align();
  packet.finish();
}

void write_congestion_control(ByteBuffer& out, std::uint32_t sender,
                              std::span<const ArrivalReport> reports, std::uint32_t timestamp) {
  PacketWriter packet = feedback(out, TransportFormat::CongestionControl, sender);
  for (const ArrivalReport& report : reports) {
    PARLEY_ASSERT(report.metrics.size() <= kMaxArrivalMetrics);
    packet.writer.u32(report.ssrc);
    packet.writer.u16(report.begin_sequence);
    packet.writer.u16(static_cast<std::uint16_t>(report.metrics.size()));
    for (const ArrivalMetric& metric : report.metrics) {
      const unsigned bits =
          0x8000U | ((metric.ecn & 3U) << 13U) | (metric.arrival_offset & 0x1fffU);
      packet.writer.u16(static_cast<std::uint16_t>(metric.received ? bits : 0U));
    }
    packet.align();
  }
  packet.writer.u32(timestamp);
  packet.finish();
}

void write_reference_time(ByteBuffer& out, std::uint32_t ssrc, std::uint64_t ntp) {
  PacketWriter packet(out, PacketType::ExtendedReport, 0);
  packet.writer.u32(ssrc);
  write_block_header(packet.writer, XrType::ReceiverReferenceTime, 8);
  packet.writer.u64(ntp);
  packet.finish();
}

void write_dlrr(ByteBuffer& out, std::uint32_t ssrc, std::span<const DlrrEntry> entries) {
  PacketWriter packet(out, PacketType::ExtendedReport, 0);
  packet.writer.u32(ssrc);
  write_block_header(packet.writer, XrType::Dlrr, entries.size() * DlrrEntry::kSize);
  for (const DlrrEntry& entry : entries) {
    packet.writer.u32(entry.ssrc);
    packet.writer.u32(entry.last_rr);
    packet.writer.u32(entry.delay_since_last_rr);
  }
  packet.finish();
}

}  // namespace parley::rtcp

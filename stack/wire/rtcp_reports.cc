// The packets of RFC 3550 section 6.

#include <algorithm>

#include "stack/wire/rtcp.h"

namespace parley::rtcp {
namespace {

constexpr std::size_t kWord = 4;

Entries<ReportBlock> read_blocks(ByteReader& reader, std::uint8_t count) {
  return Entries<ReportBlock>(reader.bytes(count * ReportBlock::kSize, "report block"));
}

}  // namespace

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
//   |                 SSRC_1 (SSRC of first source)                 |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   | fraction lost |       cumulative number of packets lost       |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |           extended highest sequence number received           |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                      interarrival jitter                      |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                         last SR (LSR)                         |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                   delay since last SR (DLSR)                  |
//   +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
ReportBlock ReportBlock::load(const std::byte* p) {
  constexpr std::uint32_t kSign = 0x800000;
  ReportBlock block;
  block.ssrc = load_u32(p);
  block.fraction_lost = load_u8(p + 4);
  const std::uint32_t lost = load_u32(p + 4) & 0xffffffU;
  block.cumulative_lost = static_cast<std::int32_t>(lost) - ((lost & kSign) != 0 ? 0x1000000 : 0);
  block.highest_sequence = load_u32(p + 8);
  block.jitter = load_u32(p + 12);
  block.last_sr = load_u32(p + 16);
  block.delay_since_last_sr = load_u32(p + 20);
  return block;
}

Result<SenderReport> SenderReport::decode(const PacketView& packet) {
  ByteReader reader(packet.body, packet.body_offset());
  SenderReport report;
  report.ssrc = reader.u32("sender SSRC");
  report.info.ntp = reader.u64("NTP timestamp");
  report.info.rtp_timestamp = reader.u32("RTP timestamp");
  report.info.packet_count = reader.u32("sender's packet count");
  report.info.octet_count = reader.u32("sender's octet count");
  report.blocks = read_blocks(reader, packet.count);
  report.extension = reader.rest();
  if (!reader.ok())
    return reader.unexpected();
  return report;
}

Result<ReceiverReport> ReceiverReport::decode(const PacketView& packet) {
  ByteReader reader(packet.body, packet.body_offset());
  ReceiverReport report;
  report.ssrc = reader.u32("sender SSRC");
  report.blocks = read_blocks(reader, packet.count);
  report.extension = reader.rest();
  if (!reader.ok())
    return reader.unexpected();
  return report;
}

std::optional<std::uint32_t> round_trip(std::uint32_t arrival, std::uint32_t last_sr,
                                        std::uint32_t delay_since_last_sr) {
  if (last_sr == 0)
    return std::nullopt;
  const std::uint32_t time = arrival - last_sr - delay_since_last_sr;
  // The clock wraps after 18 hours: more than half of that is a time before zero.
  if (time > 0x7fffffffU)
    return std::nullopt;
  return time;
}

const SdesItem* SdesChunk::find(SdesType type) const {
  const auto item =
      std::find_if(items.begin(), items.end(), [&](const SdesItem& i) { return i.is(type); });
  return item == items.end() ? nullptr : &*item;
}

// RFC 3550 section 6.5: items follow one another without padding; an octet of zero ends the list,
// and more of them fill the chunk up to a word.
Result<SourceDescription> SourceDescription::decode(const PacketView& packet) {
  ByteReader reader(packet.body, packet.body_offset());
  SourceDescription description;
  for (unsigned i = 0; i < packet.count && reader.ok(); ++i) {
    SdesChunk chunk;
    const std::size_t start = reader.offset();
    chunk.ssrc = reader.u32("SSRC of an SDES chunk");
    while (reader.ok()) {
      SdesItem item;
      item.offset = static_cast<std::uint32_t>(reader.offset());
      item.type = reader.u8("SDES item");
      if (item.is(SdesType::End))
        break;
      item.text = reader.bytes(reader.u8("SDES item length"), "SDES item text");
      chunk.items.push_back(item);
    }
    reader.skip((kWord - (reader.offset() - start) % kWord) % kWord, "end of an SDES chunk");
    description.chunks.push_back(std::move(chunk));
  }
  if (reader.ok() && reader.remaining() > 0)
    reader.fail(WireFault::BadLength, reader.offset(), "end of the packet");
  if (!reader.ok())
    return reader.unexpected();
  return description;
}

Result<Goodbye> Goodbye::decode(const PacketView& packet) {
  ByteReader reader(packet.body, packet.body_offset());
  Goodbye goodbye;
  goodbye.sources = Entries<Source>(reader.bytes(packet.count * Source::kSize, "SSRC"));
  if (reader.remaining() > 0) {
    goodbye.reason = reader.bytes(reader.u8("length of the reason"), "reason for leaving");
    if (reader.remaining() >= kWord)
      reader.fail(WireFault::BadLength, reader.offset(), "end of the packet");
  }
  if (!reader.ok())
    return reader.unexpected();
  return goodbye;
}

Result<ApplicationDefined> ApplicationDefined::decode(const PacketView& packet) {
  ByteReader reader(packet.body, packet.body_offset());
  ApplicationDefined application;
  application.subtype = packet.count;
  application.ssrc = reader.u32("SSRC");
  application.name = reader.bytes(4, "name");
  application.data = reader.rest();
  if (!reader.ok())
    return reader.unexpected();
  return application;
}

}  // namespace parley::rtcp

#include "stack/wire/rtcp_xr.h"

#include <array>

#include "stack/wire/name_table.h"

namespace parley::rtcp {
namespace {

constexpr std::size_t kBlockHeader = 4;

ByteReader reader_of(const XrBlock& block) {
  return ByteReader(block.contents, block.offset + kBlockHeader);
}

void expect_end(ByteReader& reader) {
  if (reader.ok() && reader.remaining() > 0)
    reader.fail(WireFault::BadLength, reader.offset(), "end of the block");
}

// What the blocks about a range of packets begin with.
template <class Block>
void read_range(ByteReader& reader, Block& block) {
  block.ssrc = reader.u32("SSRC of the source");
  block.begin_sequence = reader.u16("begin_seq");
  block.end_sequence = reader.u16("end_seq");
}

template <class Block>
std::optional<WireError> fault_of(const XrBlock& block) {
  const Result<Block> decoded = Block::decode(block);
  return decoded ? std::nullopt : std::optional(decoded.error());
}

}  // namespace

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |      BT       | type-specific |         block length          |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
Result<ExtendedReport> ExtendedReport::decode(const PacketView& packet) {
  ByteReader reader(packet.body, packet.body_offset());
  ExtendedReport report;
  report.ssrc = reader.u32("sender SSRC");
  while (reader.remaining() > 0) {
    XrBlock block;
    block.offset = static_cast<std::uint32_t>(reader.offset());
    block.type = reader.u8("block type");
    block.specific = reader.u8("type-specific octet");
    const std::size_t words = reader.u16("block length");
    block.contents = reader.bytes(words * 4, "report block");
    report.blocks.push_back(block);
  }
  if (!reader.ok())
    return reader.unexpected();
  return report;
}

std::optional<WireError> check_block(const XrBlock& block) {
  switch (static_cast<XrType>(block.type)) {
    case XrType::LossRle:
    case XrType::DuplicateRle:
      return fault_of<XrRle>(block);
    case XrType::PacketReceiptTimes:
      return fault_of<XrReceiptTimes>(block);
    case XrType::ReceiverReferenceTime:
      return fault_of<XrReferenceTime>(block);
    case XrType::Dlrr:
      return fault_of<XrDlrr>(block);
    case XrType::StatisticsSummary:
      return fault_of<XrStatistics>(block);
    case XrType::VoipMetrics:
      return fault_of<XrVoip>(block);
  }
  return std::nullopt;
}

Result<XrRle> XrRle::decode(const XrBlock& block) {
  ByteReader reader = reader_of(block);
  XrRle rle;
  rle.thinning = block.specific & 0x0fU;
  read_range(reader, rle);
  rle.chunks = Entries<RleChunk>(reader.rest());
  if (!reader.ok())
    return reader.unexpected();
  return rle;
}

Result<XrReceiptTimes> XrReceiptTimes::decode(const XrBlock& block) {
  ByteReader reader = reader_of(block);
  XrReceiptTimes times;
  times.thinning = block.specific & 0x0fU;
  read_range(reader, times);
  times.times = Entries<ReceiptTime>(reader.rest());
  if (!reader.ok())
    return reader.unexpected();
  return times;
}

Result<XrReferenceTime> XrReferenceTime::decode(const XrBlock& block) {
  ByteReader reader = reader_of(block);
  XrReferenceTime time;
  time.ntp = reader.u64("NTP timestamp");
  expect_end(reader);
  if (!reader.ok())
    return reader.unexpected();
  return time;
}

Result<XrDlrr> XrDlrr::decode(const XrBlock& block) {
  const std::size_t size = block.contents.size();
  if (size % DlrrEntry::kSize != 0)
    return wire_error(WireFault::BadLength,
                      block.offset + kBlockHeader + size - size % DlrrEntry::kSize,
                      "sub-block of three words");
  return XrDlrr{Entries<DlrrEntry>(block.contents)};
}

Result<XrStatistics> XrStatistics::decode(const XrBlock& block) {
  ByteReader reader = reader_of(block);
  XrStatistics summary;
  summary.has_loss = (block.specific & 0x80U) != 0;
  summary.has_duplicates = (block.specific & 0x40U) != 0;
  summary.has_jitter = (block.specific & 0x20U) != 0;
  summary.hop_limit = static_cast<HopLimit>((block.specific >> 3U) & 3U);
  read_range(reader, summary);
  summary.lost = reader.u32("lost packets");
  summary.duplicates = reader.u32("duplicate packets");
  summary.min_jitter = reader.u32("minimum jitter");
  summary.max_jitter = reader.u32("maximum jitter");
  summary.mean_jitter = reader.u32("mean jitter");
  summary.jitter_deviation = reader.u32("standard deviation of jitter");
  summary.min_ttl = reader.u8("minimum TTL or hop limit");
  summary.max_ttl = reader.u8("maximum TTL or hop limit");
  summary.mean_ttl = reader.u8("mean TTL or hop limit");
  summary.ttl_deviation = reader.u8("standard deviation of TTL or hop limit");
  expect_end(reader);
  if (!reader.ok())
    return reader.unexpected();
  return summary;
}

Result<XrVoip> XrVoip::decode(const XrBlock& block) {
  ByteReader reader = reader_of(block);
  XrVoip metrics;
  metrics.ssrc = reader.u32("SSRC of the source");
  metrics.loss_rate = reader.u8("loss rate");
  metrics.discard_rate = reader.u8("discard rate");
  metrics.burst_density = reader.u8("burst density");
  metrics.gap_density = reader.u8("gap density");
  metrics.burst_duration = reader.u16("burst duration");
  metrics.gap_duration = reader.u16("gap duration");
  metrics.round_trip_delay = reader.u16("round trip delay");
  metrics.end_system_delay = reader.u16("end system delay");
  metrics.signal_level = static_cast<std::int8_t>(reader.u8("signal level"));
  metrics.noise_level = static_cast<std::int8_t>(reader.u8("noise level"));
  metrics.echo_return_loss = reader.u8("residual echo return loss");
  metrics.gmin = reader.u8("Gmin");
  metrics.r_factor = reader.u8("R factor");
  metrics.external_r_factor = reader.u8("external R factor");
  metrics.mos_lq = reader.u8("MOS-LQ");
  metrics.mos_cq = reader.u8("MOS-CQ");
  metrics.receiver_configuration = reader.u8("receiver configuration");
  reader.skip(1, "reserved");
  metrics.jitter_buffer_nominal = reader.u16("jitter buffer nominal delay");
  metrics.jitter_buffer_maximum = reader.u16("jitter buffer maximum delay");
  metrics.jitter_buffer_absolute_maximum = reader.u16("jitter buffer absolute maximum delay");
  expect_end(reader);
  if (!reader.ok())
    return reader.unexpected();
  return metrics;
}

std::string xr_name(std::uint8_t type) {
  static constexpr std::array<CodeName, 7> kNames{{{1, "Loss RLE"},
                                                   {2, "Duplicate RLE"},
                                                   {3, "Packet Receipt Times"},
                                                   {4, "Receiver Reference Time"},
                                                   {5, "DLRR"},
                                                   {6, "Statistics Summary"},
                                                   {7, "VoIP Metrics"}}};
  static_assert(sorted_by_code(kNames));
  const auto name = find_name(kNames, type);
  return name ? std::string(*name) : "block type " + std::to_string(type);
}

}  // namespace parley::rtcp

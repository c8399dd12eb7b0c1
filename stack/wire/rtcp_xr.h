#pragma once

// Extended reports, RFC 3611 section 4.

#include "stack/wire/rtcp.h"

namespace parley::rtcp {

enum class XrType : std::uint8_t {
  LossRle = 1,
  DuplicateRle = 2,
  PacketReceiptTimes = 3,
  ReceiverReferenceTime = 4,
  Dlrr = 5,
  StatisticsSummary = 6,
  VoipMetrics = 7
};

struct XrBlock {
  std::uint8_t type = 0;
  std::uint8_t specific = 0;  // what the type makes of the second octet
  std::uint32_t offset = 0;   // of the block's type
  Bytes contents;             // behind the four octets of its header
  bool is(XrType t) const { return type == static_cast<std::uint8_t>(t); }
};
struct ExtendedReport {
  std::uint32_t ssrc = 0;
  std::vector<XrBlock> blocks;
  static Result<ExtendedReport> decode(const PacketView& packet);
};
// The fault in a block of one of the seven types of RFC 3611; none for others.
std::optional<WireError> check_block(const XrBlock& block);

// Sections 4.1 and 4.2: packets lost, or received more than once, as runs and bit vectors.
struct RleChunk {
  static constexpr std::size_t kSize = 2;
  std::uint16_t bits = 0;
  static RleChunk load(const std::byte* p) { return {load_u16(p)}; }
  bool is_null() const { return bits == 0; }  // fills the block up to a word
  bool is_vector() const { return (bits & 0x8000U) != 0; }
  bool run_of_ones() const { return (bits & 0x4000U) != 0; }
  std::uint16_t run_length() const { return bits & 0x3fffU; }
  std::uint16_t vector() const { return bits & 0x7fffU; }  // the first packet is the highest bit
};
struct XrRle {
  std::uint8_t thinning = 0;  // every 2^thinning-th packet is reported
  std::uint32_t ssrc = 0;
  std::uint16_t begin_sequence = 0, end_sequence = 0;  // the last is one behind the last packet
  Entries<RleChunk> chunks;
  static Result<XrRle> decode(const XrBlock& block);
};

// Section 4.3
struct ReceiptTime {
  static constexpr std::size_t kSize = 4;
  std::uint32_t timestamp = 0;  // RTP timestamp units
  static ReceiptTime load(const std::byte* p) { return {load_u32(p)}; }
};
struct XrReceiptTimes {
  std::uint8_t thinning = 0;
  std::uint32_t ssrc = 0;
  std::uint16_t begin_sequence = 0, end_sequence = 0;
  Entries<ReceiptTime> times;
  static Result<XrReceiptTimes> decode(const XrBlock& block);
};

// Section 4.4
struct XrReferenceTime {
  std::uint64_t ntp = 0;
  static Result<XrReferenceTime> decode(const XrBlock& block);
};

// Section 4.5; times as in ReportBlock.
struct DlrrEntry {
  static constexpr std::size_t kSize = 12;
  std::uint32_t ssrc = 0;
  std::uint32_t last_rr = 0;
  std::uint32_t delay_since_last_rr = 0;
  static DlrrEntry load(const std::byte* p) {
    return {load_u32(p), load_u32(p + 4), load_u32(p + 8)};
  }
};
struct XrDlrr {
  Entries<DlrrEntry> entries;
  static Result<XrDlrr> decode(const XrBlock& block);
};

// Section 4.6
struct XrStatistics {
  enum class HopLimit : std::uint8_t { None = 0, Ipv4 = 1, Ipv6 = 2, Reserved = 3 };
  bool has_loss = false, has_duplicates = false, has_jitter = false;
  HopLimit hop_limit = HopLimit::None;
  std::uint32_t ssrc = 0;
  std::uint16_t begin_sequence = 0, end_sequence = 0;
  std::uint32_t lost = 0, duplicates = 0;
  std::uint32_t min_jitter = 0, max_jitter = 0, mean_jitter = 0, jitter_deviation = 0;
  std::uint8_t min_ttl = 0, max_ttl = 0, mean_ttl = 0, ttl_deviation = 0;
  static Result<XrStatistics> decode(const XrBlock& block);
};

// Section 4.7
struct XrVoip {
  std::uint32_t ssrc = 0;
  std::uint8_t loss_rate = 0, discard_rate = 0;              // of 256
  std::uint8_t burst_density = 0, gap_density = 0;           // of 256
  std::uint16_t burst_duration = 0, gap_duration = 0;        // ms
  std::uint16_t round_trip_delay = 0, end_system_delay = 0;  // ms
  std::int8_t signal_level = 0, noise_level = 0;             // dBm; 127: not known
  std::uint8_t echo_return_loss = 0, gmin = 0;
  std::uint8_t r_factor = 0, external_r_factor = 0, mos_lq = 0, mos_cq = 0;  // 127: not known
  std::uint8_t receiver_configuration = 0;
  std::uint16_t jitter_buffer_nominal = 0, jitter_buffer_maximum = 0;  // ms
  std::uint16_t jitter_buffer_absolute_maximum = 0;
  static Result<XrVoip> decode(const XrBlock& block);
};

// "Loss RLE", "DLRR"; "block type 99"
std::string xr_name(std::uint8_t type);

}  // namespace parley::rtcp

#pragma once

// RTCP feedback: RFC 4585 section 6, RFC 5104 section 4, RFC 8888, transport-wide congestion
// control (draft-holmer-rmcat-transport-wide-cc-extensions-01) and REMB
// (draft-alvestrand-rmcat-remb-03).

#include "stack/wire/rtcp.h"

namespace parley::rtcp {

// FMT of packet type 205
enum class TransportFormat : std::uint8_t {
  Nack = 1,
  Tmmbr = 3,
  Tmmbn = 4,
  CongestionControl = 11,
  TransportWide = 15
};
// FMT of packet type 206
enum class PayloadFormat : std::uint8_t {
  PictureLoss = 1,
  SliceLoss = 2,
  ReferenceSelection = 3,
  FullIntra = 4,
  Application = 15
};

inline bool is_feedback(const PacketView& p, TransportFormat format) {
  return p.is(PacketType::TransportFeedback) && p.count == static_cast<std::uint8_t>(format);
}
inline bool is_feedback(const PacketView& p, PayloadFormat format) {
  return p.is(PacketType::PayloadFeedback) && p.count == static_cast<std::uint8_t>(format);
}

// RFC 4585 section 6.1: what every feedback packet begins with, those of RFC 8888 apart, which have
// no media source.
struct Feedback {
  std::uint32_t sender_ssrc = 0, media_ssrc = 0;
  std::uint32_t offset = 0;  // of the feedback control information
  Bytes fci;
  static Result<Feedback> decode(const PacketView& packet);
};

// Entries of the control information, at least one, and nothing behind them. Each names the format
// that it belongs to and how many entries may be missing.
template <class T>
struct EntryList {
  std::uint32_t sender_ssrc = 0, media_ssrc = 0;
  Entries<T> entries;
  static Result<EntryList> decode(const PacketView& packet);
};

// Generic NACK, RFC 4585 section 6.2.1
struct NackEntry {
  static constexpr std::size_t kSize = 4;
  std::uint16_t packet_id = 0;
  std::uint16_t following = 0;  // BLP: bit n asks for packet_id + n + 1
  static NackEntry load(const std::byte* p) { return {load_u16(p), load_u16(p + 2)}; }
  std::size_t packets() const;  // asked for
};
// SLI, RFC 4585 section 6.3.2
struct SliceEntry {
  static constexpr std::size_t kSize = 4;
  std::uint16_t first = 0, number = 0;  // macroblocks, 13 bits each
  std::uint8_t picture_id = 0;          // 6 bits
  static SliceEntry load(const std::byte* p);
};
// FIR, RFC 5104 section 4.3.1
struct FullIntraEntry {
  static constexpr std::size_t kSize = 8;
  std::uint32_t ssrc = 0;
  std::uint8_t sequence = 0;  // of the command: a repeated one has the same
  static FullIntraEntry load(const std::byte* p) { return {load_u32(p), load_u8(p + 4)}; }
};
// TMMBR and TMMBN, RFC 5104 section 4.2.1
struct BitrateEntry {
  static constexpr std::size_t kSize = 8;
  std::uint32_t ssrc = 0;
  std::uint8_t exponent = 0;   // 6 bits
  std::uint32_t mantissa = 0;  // 17 bits
  std::uint16_t overhead = 0;  // octets a packet, 9 bits
  static BitrateEntry load(const std::byte* p);
  // Bits a second; empty when 64 bits do not hold it.
  std::optional<std::uint64_t> bitrate() const;
};

using Nack = EntryList<NackEntry>;
using SliceLoss = EntryList<SliceEntry>;
using FullIntra = EntryList<FullIntraEntry>;
// TMMBN may be without any entry, TMMBR may not.
using MaxBitrate = EntryList<BitrateEntry>;

// PLI, RFC 4585 section 6.3.1: no control information at all.
struct PictureLoss {
  std::uint32_t sender_ssrc = 0, media_ssrc = 0;
  static Result<PictureLoss> decode(const PacketView& packet);
};

// RPSI, RFC 4585 section 6.3.3
struct ReferenceSelection {
  std::uint32_t sender_ssrc = 0, media_ssrc = 0;
  std::uint8_t padding_bits = 0;
  std::uint8_t payload_type = 0;
  Bytes bit_string;  // whole octets: the last ones may hold padding bits
  static Result<ReferenceSelection> decode(const PacketView& packet);
};

// REMB, draft-alvestrand-rmcat-remb-03 section 2.2: application layer feedback named "REMB".
struct ReceiverBitrate {
  std::uint32_t sender_ssrc = 0, media_ssrc = 0;
  std::uint64_t bitrate = 0;  // bits a second
  Entries<Source> sources;
  // BadMagic for application layer feedback of another name.
  static Result<ReceiverBitrate> decode(const PacketView& packet);
};
bool is_receiver_bitrate(const PacketView& packet);

// Transport-wide feedback. Arrival times count from reference_time.
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |      base sequence number     |      packet status count      |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                 reference time                | fb pkt. count |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |          packet chunk         |         packet chunk          |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
struct TransportWide {
  std::uint32_t sender_ssrc = 0, media_ssrc = 0;
  std::uint16_t base_sequence = 0, status_count = 0;
  std::int32_t reference_time = 0;  // units of 64 ms, 24 bits with a sign
  std::uint8_t feedback_count = 0;
  Bytes chunks, deltas;
  static Result<TransportWide> decode(const PacketView& packet);
};

// What a chunk says of its packets. The last chunk may speak of more than there are.
struct StatusChunk {
  enum class Kind : std::uint8_t { RunLength, OneBitVector, TwoBitVector };
  Kind kind = Kind::RunLength;
  std::uint16_t bits = 0;
  explicit StatusChunk(std::uint16_t chunk);
  std::size_t packets() const;
  // 0: not received; 1: a delta of one octet; 2: of two octets; 3: reserved.
  unsigned symbol(std::size_t i) const;
};

struct PacketStatus {
  std::uint16_t sequence = 0;
  bool received = false;
  // Since the packet before it that was received, the first one since the reference time; units of
  // 250 us.
  std::int16_t delta = 0;
};
// Goes over the packets of a feedback that decode() accepted, without memory of its own.
class StatusReader {
 public:
  explicit StatusReader(const TransportWide& feedback);
  std::optional<PacketStatus> next();

 private:
  const TransportWide& feedback_;
  StatusChunk chunk_{0};
  std::size_t chunk_at_ = 0, in_chunk_ = 0, delta_at_ = 0;
  std::size_t packet_ = 0;
};

// RFC 8888 section 3.1
struct ArrivalMetric {
  static constexpr std::size_t kSize = 2;
  static constexpr std::uint16_t kTooLong = 0x1ffe;   // 8189/1024 s and more
  static constexpr std::uint16_t kNotKnown = 0x1fff;  // no arrival time can be given
  bool received = false;
  std::uint8_t ecn = 0;
  std::uint16_t arrival_offset = 0;  // before the report's time, units of 1/1024 s
  static ArrivalMetric load(const std::byte* p);
};
struct ArrivalBlock {
  std::uint32_t ssrc = 0;
  std::uint16_t begin_sequence = 0;
  Entries<ArrivalMetric> metrics;
};
struct CongestionControl {
  std::uint32_t sender_ssrc = 0;
  std::vector<ArrivalBlock> blocks;
  std::uint32_t timestamp = 0;  // middle 32 bits of NTP
  static Result<CongestionControl> decode(const PacketView& packet);
};

}  // namespace parley::rtcp

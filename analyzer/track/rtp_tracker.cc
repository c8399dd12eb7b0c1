#include "analyzer/track/rtp_tracker.h"

#include <algorithm>

namespace parley::analyzer {

namespace {

constexpr std::uint8_t kContinuity = 5;
constexpr std::size_t kFixedHeader = 12;
constexpr std::size_t kRtcpHeader = 8;
constexpr std::int64_t kWindow = 64;
// A jump larger than this is a new start of the numbers, not loss (RFC 3550 appendix A.1,
// MAX_DROPOUT).
constexpr std::int64_t kMaxDropout = 3000;

void start_sequence(RtpStream& s, std::int64_t extended) {
  s.first_sequence = s.highest_sequence = extended;
  s.window = 1;
  ++s.unique;
}

void advance(RtpStream& s, std::int64_t step) {
  s.highest_sequence += step;
  s.window = step >= kWindow ? 1 : (s.window << static_cast<unsigned>(step)) | 1U;
  ++s.unique;
}

void late(RtpStream& s, std::int64_t behind) {
  if (behind >= kWindow) {
    // Too old to tell a late packet from a second copy.
    ++s.reordered;
    ++s.unique;
    return;
  }
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(behind);
  if ((s.window & bit) != 0) {
    ++s.duplicated;
    return;
  }
  s.window |= bit;
  ++s.reordered;
  ++s.unique;
  s.first_sequence = std::min(s.first_sequence, s.highest_sequence - behind);
}

void count_sequence(RtpStream& s, std::uint16_t sequence) {
  if (s.packets == 0) {
    // One cycle up, so that a packet just before the first stays positive.
    start_sequence(s, 0x10000 + std::int64_t{sequence});
    return;
  }
  const auto step =
      static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(s.highest_sequence));
  if (step > 0 && step <= kMaxDropout) {
    if (s.after_hole)
      s.uncaptured += static_cast<std::uint64_t>(step - 1);
    advance(s, step);
  } else if (step <= 0 && -step <= kMaxDropout) {
    late(s, -std::int64_t{step});
  } else {
    // The sender began anew: what lies between was never sent.
    const std::int64_t span = s.highest_sequence - s.first_sequence;
    const std::int64_t extended = s.highest_sequence + 1;
    s.highest_sequence = (extended & ~std::int64_t{0xffff}) + 0x10000 + sequence;
    s.first_sequence = s.highest_sequence - span - 1;
    s.window = 1;
    ++s.unique;
  }
}

void count_run(RtpStream& s, std::uint8_t payload_type, bool advanced) {
  const bool same = s.packets == 0 || (payload_type == s.last_payload_type && advanced);
  s.run = same ? static_cast<std::uint8_t>(std::min(s.run + 1, int{kContinuity})) : std::uint8_t{1};
  s.last_payload_type = payload_type;
  s.continuous = s.continuous || s.run >= kContinuity;
}

// The same packet again, with another hop limit than the stream came with.
bool is_copy(const RtpStream& s, const Packet& packet, std::uint16_t sequence) {
  if (s.packets == 0 || packet.hop_limit == s.hop_limit)
    return false;
  const auto behind =
      static_cast<std::int16_t>(static_cast<std::uint16_t>(s.highest_sequence) - sequence);
  return behind >= 0 && behind < kWindow &&
         (s.window & (std::uint64_t{1} << static_cast<unsigned>(behind))) != 0;
}

}  // namespace

std::uint64_t RtpStream::lost() const {
  if (packets == 0)
    return 0;
  const auto expected = static_cast<std::uint64_t>(highest_sequence - first_sequence + 1);
  return expected > unique + uncaptured ? expected - unique - uncaptured : 0;
}

std::vector<std::uint8_t> RtpStream::payload_type_list() const {
  std::vector<std::uint8_t> list;
  for (unsigned pt = 0; pt < 128; ++pt)
    if (((payload_types[pt / 64] >> (pt % 64)) & 1U) != 0)
      list.push_back(static_cast<std::uint8_t>(pt));
  return list;
}

RtpStream* RtpTracker::stream(FlowRecord& flow, FlowId id, Direction direction,
                              std::uint32_t ssrc) {
  std::uint32_t& cached = flow.last_stream[direction];
  if (cached != kNone && streams_[cached].ssrc == ssrc)
    return &streams_[cached];
  for (const std::uint32_t i : flow.streams) {
    if (streams_[i].ssrc == ssrc && streams_[i].direction == direction) {
      cached = i;
      return &streams_[i];
    }
  }
  const std::size_t limit = flow.proof == FlowProof::None && !believable(flow)
                                ? kMaxStreamsOfUnprovenFlow
                                : kMaxStreamsOfFlow;
  if (flow.streams.size() >= limit || streams_.size() - free_.size() >= kMaxStreams)
    return nullptr;
  std::uint32_t index = static_cast<std::uint32_t>(streams_.size());
  if (free_.empty()) {
    streams_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
    streams_[index] = RtpStream{};
  }
  streams_[index].ssrc = ssrc;
  streams_[index].flow = id;
  streams_[index].direction = direction;
  flow.streams.push_back(index);
  cached = index;
  return &streams_[index];
}

bool RtpTracker::on_rtp(FlowRecord& flow, FlowId id, Direction direction, const Packet& packet) {
  if (packet.payload.size() < kFixedHeader)
    return true;
  const std::byte* p = packet.payload.data();
  RtpStream* s = stream(flow, id, direction, load_u32(p + 8));
  if (s == nullptr)
    return true;
  const std::uint16_t sequence = load_u16(p + 2);
  if (is_copy(*s, packet, sequence))
    return false;
  const auto payload_type = static_cast<std::uint8_t>(load_u8(p + 1) & 0x7fU);
  const std::uint64_t unique_before = s->unique;
  const std::uint64_t reordered_before = s->reordered;
  count_sequence(*s, sequence);
  s->after_hole = false;
  count_run(*s, payload_type, s->unique > unique_before && s->reordered == reordered_before);
  s->payload_types[payload_type / 64U] |= std::uint64_t{1} << (payload_type % 64U);
  if (s->packets == 0) {
    s->first = {packet.ref, packet.at};
    s->hop_limit = packet.hop_limit;
  }
  s->last = {packet.ref, packet.at};
  ++s->packets;
  s->bytes += packet.wire_payload_size;
  return true;
}

void RtpTracker::on_rtcp(FlowRecord& flow, FlowId id, Direction direction, const Packet& packet) {
  if (packet.payload.size() < kRtcpHeader)
    return;
  // The sender's SSRC stands in clear in SRTCP too (RFC 3711 section 3.4).
  if (RtpStream* s = stream(flow, id, direction, load_u32(packet.payload.data() + 4)))
    ++s->rtcp_packets;
}

void RtpTracker::after_hole(FlowRecord& flow, Direction direction) {
  for (const std::uint32_t i : flow.streams)
    if (streams_[i].direction == direction)
      streams_[i].after_hole = true;
}

void RtpTracker::forget(FlowRecord& flow) {
  free_.insert(free_.end(), flow.streams.begin(), flow.streams.end());
  for (const std::uint32_t i : flow.streams)
    streams_[i] = RtpStream{};
  flow.streams.clear();
  flow.last_stream = {kNone, kNone};
}

bool RtpTracker::believable(const FlowRecord& flow) const {
  return std::any_of(flow.streams.begin(), flow.streams.end(),
                     [&](std::uint32_t i) { return streams_[i].continuous; });
}

}  // namespace parley::analyzer

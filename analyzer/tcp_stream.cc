#include "analyzer/tcp_stream.h"

#include <algorithm>

#include "stack/wire/ip.h"

namespace parley::analyzer {
namespace {

// RFC 9293 section 3.4: sequence numbers are compared on their circle.
std::int64_t sequence_distance(std::uint32_t from, std::uint32_t to) {
  return static_cast<std::int32_t>(to - from);
}

std::uint32_t first_data_sequence(const Packet& segment) {
  const bool syn = (segment.tcp_flags & ip::kTcpSyn) != 0;
  return segment.tcp_sequence + (syn ? 1U : 0U);
}

}  // namespace

void TcpStream::start(std::uint32_t first_sequence, bool syn) {
  new_connection_ = started_;
  started_ = true;
  reset_ = false;
  finished_ = false;
  initial_sequence_.reset();
  if (syn)
    initial_sequence_ = first_sequence;
  next_sequence_ = first_sequence;
  for (const auto& [offset, segment] : kept_)
    bytes_skipped_ += segment.bytes.size();
  kept_.clear();
  kept_bytes_ = 0;
  skipped_ = 0;
  fin_offset_.reset();
  gap_acknowledged_at_.reset();
  strays_ = 0;
}

void TcpStream::begin_if_needed(const Packet& segment) {
  const bool syn = (segment.tcp_flags & ip::kTcpSyn) != 0;
  const std::uint32_t first = first_data_sequence(segment);
  if (!started_ || (syn && first != initial_sequence_ && first != next_sequence_)) {
    start(first, syn);
    return;
  }
  if (syn)
    initial_sequence_ = first;
  const std::int64_t distance = sequence_distance(next_sequence_, first);
  const bool stray = distance > kMaxWindow || distance < -kMaxWindow;
  strays_ = stray ? strays_ + 1 : 0;
  if (strays_ == kMaxStrays)
    start(first, false);
}

void TcpStream::push(const Packet& segment) {
  direct_.reset();
  now_ = segment.at;
  begin_if_needed(segment);
  if (strays_ != 0)
    return;
  const std::int64_t distance = sequence_distance(next_sequence_, first_data_sequence(segment));
  if ((segment.tcp_flags & ip::kTcpFin) != 0 && !fin_offset_)
    fin_offset_ = static_cast<std::uint64_t>(
        std::max<std::int64_t>(static_cast<std::int64_t>(next_offset_) + distance, 0) +
        segment.wire_payload_size);
  if ((segment.tcp_flags & ip::kTcpRst) != 0)
    reset_ = true;
  else if (segment.wire_payload_size != 0)
    place(segment, distance);
}

void TcpStream::place(const Packet& segment, std::int64_t distance) {
  if (distance > 0) {
    keep(segment, next_offset_ + static_cast<std::uint64_t>(distance));
    return;
  }
  const auto overlap = static_cast<std::uint64_t>(-distance);
  bytes_retransmitted_ += std::min<std::uint64_t>(overlap, segment.wire_payload_size);
  if (overlap >= segment.wire_payload_size)
    return;
  const Bytes fresh =
      segment.payload.subspan(std::min<std::size_t>(overlap, segment.payload.size()));
  const std::uint64_t size = segment.wire_payload_size - overlap;
  if (!fresh.empty())
    direct_ = piece(fresh, size, segment.ref, segment.at);
  advance(fresh.size(), size);
}

void TcpStream::keep(const Packet& segment, std::uint64_t begin) {
  const auto [it, added] = kept_.try_emplace(begin);
  Segment& kept = it->second;
  if (!added && kept.bytes.size() >= segment.payload.size()) {
    bytes_retransmitted_ += segment.payload.size();
    return;
  }
  kept_bytes_ += segment.payload.size() - kept.bytes.size();
  kept = {to_buffer(segment.payload), segment.wire_payload_size, segment.ref, segment.at};
}

void TcpStream::acknowledged(std::uint32_t acknowledgment, Instant at) {
  direct_.reset();
  now_ = at;
  if (kept_.empty() || gap_acknowledged_at_)
    return;
  const std::int64_t distance = sequence_distance(next_sequence_, acknowledgment);
  const auto gap = static_cast<std::int64_t>(kept_.begin()->first - next_offset_);
  if (distance >= gap && distance <= kMaxWindow)
    gap_acknowledged_at_ = at;
}

bool TcpStream::gap_is_lost() const {
  return finished_ || closed() || kept_bytes_ > kMaxBufferedBytes ||
         kept_.size() > kMaxBufferedSegments ||
         (gap_acknowledged_at_ && now_ - *gap_acknowledged_at_ >= kAcknowledgedGapWait);
}

TcpPiece TcpStream::piece(Bytes bytes, std::uint64_t size, PacketRef ref, Instant at) {
  TcpPiece result;
  result.bytes = bytes;
  result.ref = ref;
  result.at = at;
  result.offset = next_offset_;
  result.skipped = skipped_;
  result.cut = size - bytes.size();
  result.new_connection = new_connection_;
  skipped_ = 0;
  new_connection_ = false;
  return result;
}

void TcpStream::advance(std::uint64_t captured, std::uint64_t size) {
  next_offset_ += size;
  next_sequence_ += static_cast<std::uint32_t>(size);
  skipped_ += size - captured;
  bytes_skipped_ += size - captured;
}

bool TcpStream::pop(TcpPiece& out) {
  if (direct_) {
    out = *direct_;
    direct_.reset();
    return true;
  }
  while (!kept_.empty()) {
    const auto first = kept_.begin();
    if (first->first > next_offset_) {
      if (!gap_is_lost())
        return false;
      advance(0, first->first - next_offset_);
      gap_acknowledged_at_.reset();
    }
    const std::uint64_t overlap = next_offset_ - first->first;
    popped_ = std::move(first->second);
    kept_bytes_ -= popped_.bytes.size();
    kept_.erase(first);
    bytes_retransmitted_ += std::min(overlap, popped_.wire_size);
    if (overlap >= popped_.wire_size)
      continue;
    const Bytes fresh =
        Bytes(popped_.bytes).subspan(std::min<std::size_t>(overlap, popped_.bytes.size()));
    const std::uint64_t size = popped_.wire_size - overlap;
    if (!fresh.empty())
      out = piece(fresh, size, popped_.ref, popped_.at);
    advance(fresh.size(), size);
    if (!fresh.empty())
      return true;
  }
  gap_acknowledged_at_.reset();
  return false;
}

}  // namespace parley::analyzer

#include "analyzer/track/turn_stream.h"

#include "stack/wire/ip.h"
#include "stack/wire/stun.h"

namespace parley::analyzer {

namespace {

constexpr std::size_t kChannelHeader = 4;

// Calls `each(channel, data)` for the ChannelData that fill `segment` exactly, the last one perhaps
// cut; false when something else stands there or `each` says no.
template <class F>
bool walk_channel_data(Bytes segment, std::uint64_t cut, F&& each) {
  bool any = false;
  while (!segment.empty()) {
    if (segment.size() < kChannelHeader)
      return any && cut > 0;
    const turn::StreamFrame frame = turn::next_stream_frame(segment);
    if (load_u8(segment.data()) >> 6U != 1 || frame.kind == turn::FrameKind::NotTurn)
      return false;
    const bool whole = frame.kind == turn::FrameKind::ChannelData;
    if (!whole && frame.size > segment.size() + cut)
      return false;
    const std::size_t size = std::min(frame.size, segment.size());
    if (!each(load_u16(segment.data()), segment.subspan(kChannelHeader, size - kChannelHeader)))
      return false;
    any = true;
    segment = segment.subspan(size);
  }
  return any;
}

}  // namespace

bool TurnStream::shows_turn(Bytes segment) {
  if (stun::MessageView::looks_like(segment))
    return true;
  bool check_inside = false;
  const bool filled = walk_channel_data(segment, 0, [&](std::uint16_t, Bytes data) {
    check_inside = check_inside || stun::MessageView::looks_like(data);
    return true;
  });
  return filled && check_inside;
}

bool TurnStream::moves_stream(const Packet& segment) {
  return (segment.tcp_flags & (ip::kTcpSyn | ip::kTcpFin | ip::kTcpRst)) != 0;
}

bool TurnStream::leaves_hole(const Half& half, const TcpPiece& piece) {
  return half.in_step && !piece.new_connection &&
         piece.offset > half.next + (half.pending.size() - half.begin);
}

void TurnStream::append(Half& half, const TcpPiece& piece) {
  half.pending.erase(half.pending.begin(),
                     half.pending.begin() + static_cast<std::ptrdiff_t>(half.begin));
  half.begin = 0;
  const bool lost = piece.new_connection || half.pending.size() > kMaxPending ||
                    (half.in_step && piece.offset > half.next + half.pending.size());
  if (lost) {
    half.pending.clear();
    half.in_step = false;
    half.any = half.any && !piece.new_connection;
    half.holes += piece.new_connection ? 0 : 1;
  }
  if (!half.in_step)
    find_step(half, piece);
  half.any = true;
  const std::uint64_t end = piece.offset + piece.bytes.size();
  if (!half.in_step || end <= half.next)
    return;
  const std::uint64_t from = half.next + half.pending.size();
  const std::size_t known = from > piece.offset ? static_cast<std::size_t>(from - piece.offset) : 0;
  const Bytes fresh = piece.bytes.subspan(std::min(known, piece.bytes.size()));
  half.pending.insert(half.pending.end(), fresh.begin(), fresh.end());
  half.last = {piece.ref, piece.at};
}

void TurnStream::find_step(Half& half, const TcpPiece& piece) {
  half.pending.clear();
  half.next = piece.offset;
  // A connection that is seen from its SYN on begins with a frame, however small its segments are.
  const bool first = !half.any && half.stream.from_the_start() && piece.skipped == 0;
  if (first && load_u8(piece.bytes.data()) >> 6U != 0)
    half.foreign = true;
  half.in_step = (first && !half.foreign) || shows_turn(piece.bytes) ||
                 walk_channel_data(piece.bytes, piece.cut,
                                   [&](std::uint16_t channel, Bytes) { return is_known(channel); });
}

bool TurnStream::next_frame(Half& half, Frame& frame) {
  if (!half.in_step)
    return false;
  const Bytes rest = Bytes(half.pending).subspan(half.begin);
  const turn::StreamFrame next = turn::next_stream_frame(rest);
  if (next.kind == turn::FrameKind::NotTurn) {
    half.in_step = false;
    half.foreign = half.foreign || half.next == 0;
    ++half.holes;
  }
  if (next.kind == turn::FrameKind::NotTurn || next.kind == turn::FrameKind::NeedMore)
    return false;
  frame = {next.kind, rest.subspan(0, next.size), next.size, half.last};
  half.begin += next.size;
  half.next += next.size;
  if (next.kind == turn::FrameKind::ChannelData && channels_.size() < kMaxChannels &&
      !is_known(load_u16(rest.data())))
    channels_.push_back(load_u16(rest.data()));
  return true;
}

bool TurnStream::cut_frame(Half& half, Frame& frame) {
  const Bytes rest = Bytes(half.pending).subspan(half.begin);
  if (!half.in_step || rest.empty())
    return false;
  const turn::StreamFrame next = turn::next_stream_frame(rest);
  if (next.kind != turn::FrameKind::NeedMore || next.size == 0)
    return false;
  const bool message = load_u8(rest.data()) >> 6U == 0;
  frame = {message ? turn::FrameKind::Stun : turn::FrameKind::ChannelData, rest, next.size,
           half.last};
  half.begin = half.pending.size();
  half.next += next.size;
  const bool readable = !message || rest.size() >= stun::kHeaderSize;
  half.holes += readable ? 0 : 1;
  return readable;
}

}  // namespace parley::analyzer

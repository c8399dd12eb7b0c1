#include "analyzer/track/turn_stream.h"

#include "stack/wire/stun.h"

namespace parley::analyzer {

void TurnStream::append(Half& half, const TcpPiece& piece) {
  half.pending.erase(half.pending.begin(),
                     half.pending.begin() + static_cast<std::ptrdiff_t>(half.begin));
  half.begin = 0;
  if (piece.skipped > 0 || piece.new_connection || half.pending.size() > kMaxPending) {
    half.pending.clear();
    half.in_step = false;
  }
  if (!half.in_step) {
    half.pending.clear();
    half.in_step = stun::MessageView::looks_like(piece.bytes);
    if (!half.in_step)
      return;
  }
  half.pending.insert(half.pending.end(), piece.bytes.begin(), piece.bytes.end());
  half.last = {piece.ref, piece.at};
}

bool TurnStream::next_frame(Half& half, Frame& frame) {
  if (!half.in_step)
    return false;
  const Bytes rest = Bytes(half.pending).subspan(half.begin);
  const turn::StreamFrame next = turn::next_stream_frame(rest);
  if (next.kind == turn::FrameKind::NotTurn)
    half.in_step = false;
  if (next.kind == turn::FrameKind::NotTurn || next.kind == turn::FrameKind::NeedMore)
    return false;
  frame = {next.kind, rest.subspan(0, next.size), half.last};
  half.begin += next.size;
  return true;
}

}  // namespace parley::analyzer

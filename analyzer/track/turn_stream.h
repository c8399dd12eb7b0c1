#pragma once

// TURN over one TCP connection (RFC 8656 section 12.5): both directions put in order and cut into
// STUN messages and ChannelData by their own length fields. After bytes that the capture does not
// hold it looks for the next STUN message that begins a segment. It does not read the messages.

#include <array>
#include <cstdint>

#include "analyzer/flow_table.h"
#include "analyzer/packet.h"
#include "analyzer/tcp_stream.h"
#include "stack/wire/turn.h"

namespace parley::analyzer {

class TurnStream {
 public:
  // The largest STUN message or ChannelData with padding; more than that is never kept.
  static constexpr std::size_t kMaxPending = 0x10000 + 24;

  struct Frame {
    turn::FrameKind kind = turn::FrameKind::NeedMore;
    Bytes bytes;  // borrowed for the call
    Sighting seen;
  };

  // Gives every frame that `segment` completes to `take(direction, frame)`.
  template <class F>
  void on_segment(Direction direction, const Packet& segment, F&& take) {
    Half& half = halves_[direction];
    halves_[reverse(direction)].stream.acknowledged(segment.tcp_acknowledgment, segment.at);
    half.stream.push(segment);
    TcpPiece piece;
    while (half.stream.pop(piece)) {
      append(half, piece);
      Frame frame;
      while (next_frame(half, frame))
        take(direction, frame);
    }
  }

 private:
  struct Half {
    TcpStream stream;
    ByteBuffer pending;
    std::size_t begin = 0;  // of the frame that is not complete yet
    bool in_step = false;   // `pending` begins where a frame begins
    Sighting last;
  };
  static void append(Half& half, const TcpPiece& piece);
  static bool next_frame(Half& half, Frame& frame);

  std::array<Half, 2> halves_;
};

}  // namespace parley::analyzer

#pragma once

// TURN over one TCP connection (RFC 8656 section 12.5): both directions put in order and cut into
// STUN messages and ChannelData by their own length fields. A frame whose end a snap length cut off
// is handed out as far as it goes. After bytes that the capture does not hold it looks for the next
// segment that begins with a STUN message, or that frames of channels known here fill exactly. It
// does not read the messages.

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/flow_table.h"
#include "analyzer/packet.h"
#include "analyzer/tcp_stream.h"
#include "stack/wire/turn.h"

namespace parley::analyzer {

class TurnStream {
 public:
  // The largest STUN message or ChannelData with padding; more than that is never kept.
  static constexpr std::size_t kMaxPending = 0x10000 + 24;
  static constexpr std::size_t kMaxChannels = 64;

  struct Frame {
    turn::FrameKind kind = turn::FrameKind::NeedMore;
    Bytes bytes;                // borrowed for the call; fewer than wire_size when cut
    std::size_t wire_size = 0;  // of the whole frame
    Sighting seen;
  };

  // Whether a segment of a connection that is not known yet shows TURN: it begins with a STUN
  // message, or ChannelData fills it and one of them holds a STUN message.
  static bool shows_turn(Bytes segment);

  // Gives every frame that `segment` completes to `take(direction, frame)`.
  template <class F>
  void on_segment(Direction direction, const Packet& segment, F&& take) {
    Half& back = halves_[reverse(direction)];
    back.stream.acknowledged(segment.tcp_acknowledgment, segment.at);
    drain(reverse(direction), take);
    // A segment without data may be a keep-alive, whose sequence number is one too low.
    if (segment.wire_payload_size == 0 && !moves_stream(segment))
      return;
    halves_[direction].stream.push(segment);
    drain(direction, take);
  }
  // Nothing more will come.
  template <class F>
  void finish(F&& take) {
    for (const Direction direction : {Direction{0}, Direction{1}}) {
      halves_[direction].stream.finish();
      drain(direction, take);
    }
  }

  // The first bytes of a direction, seen from its SYN on, are not those of TURN.
  bool is_foreign() const { return halves_[0].foreign || halves_[1].foreign; }
  // How often bytes were missing that may have held whole frames.
  std::uint32_t holes(Direction direction) const { return halves_[direction].holes; }

 private:
  struct Half {
    TcpStream stream;
    ByteBuffer pending;
    std::size_t begin = 0;   // of the frame that is not complete yet, in `pending`
    std::uint64_t next = 0;  // its offset in the stream; may lie beyond what has arrived
    bool in_step = false;    // a frame begins at `next`
    bool foreign = false;
    bool any = false;  // a piece has come
    std::uint32_t holes = 0;
    Sighting last;
  };

  template <class F>
  void drain(Direction direction, F& take) {
    Half& half = halves_[direction];
    TcpPiece piece;
    while (half.stream.pop(piece)) {
      Frame frame;
      if (leaves_hole(half, piece) && cut_frame(half, frame))
        take(direction, frame);
      append(half, piece);
      while (next_frame(half, frame))
        take(direction, frame);
      if (piece.cut > 0 && cut_frame(half, frame))
        take(direction, frame);
    }
  }

  static bool moves_stream(const Packet& segment);
  static bool leaves_hole(const Half& half, const TcpPiece& piece);
  void append(Half& half, const TcpPiece& piece);
  void find_step(Half& half, const TcpPiece& piece);
  bool next_frame(Half& half, Frame& frame);
  // The frame that has begun, as far as it was captured; what is missing of it is passed over.
  static bool cut_frame(Half& half, Frame& frame);
  bool is_known(std::uint16_t channel) const {
    return std::find(channels_.begin(), channels_.end(), channel) != channels_.end();
  }

  std::array<Half, 2> halves_;
  std::vector<std::uint16_t> channels_;  // of the frames so far, either way
};

}  // namespace parley::analyzer

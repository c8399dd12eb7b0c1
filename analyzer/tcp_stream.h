#pragma once

// One direction of a TCP connection as a stream of bytes (RFC 9293): segments may come in any
// order, overlap, be sent again, begin in the middle of a connection and be missing from the
// capture. What was captured is handed out in order, each piece with the packet that carried it. It
// does not know what the bytes mean.

#include <cstdint>
#include <map>
#include <optional>

#include "analyzer/packet.h"
#include "stack/base/bytes.h"
#include "stack/base/time.h"

namespace parley::analyzer {

struct TcpPiece {
  Bytes bytes;               // never empty; borrowed until the next call of push() or pop()
  PacketRef ref;             // the packet that carried them
  Instant at;                // its time
  std::uint64_t offset = 0;  // of the first byte in the stream, skipped bytes counted
  // Bytes right before this piece that the capture does not hold. Framing has to be found anew.
  std::uint64_t skipped = 0;
  // Bytes right behind this piece that its segment carried and a snap length cut off.
  std::uint64_t cut = 0;
  // The first piece of another connection with the same addresses and ports.
  bool new_connection = false;
};

class TcpStream {
 public:
  // Bytes and segments kept while a gap before them is open. When either is exceeded the gap is
  // skipped.
  static constexpr std::size_t kMaxBufferedBytes = std::size_t{256} << 10U;
  static constexpr std::size_t kMaxBufferedSegments = 256;
  // A gap that the receiver has acknowledged (so the capture lost it) is skipped this much later:
  // multi-queue captures may show an acknowledgment before the data.
  static constexpr Duration kAcknowledgedGapWait = std::chrono::milliseconds(100);
  // The largest window there is (RFC 7323 section 2.3). Segments farther off are strays; when this
  // many come in a row they are another connection whose SYN was not captured.
  static constexpr std::int64_t kMaxWindow = std::int64_t{1} << 30U;
  static constexpr unsigned kMaxStrays = 4;

  // A segment of this direction. Take all that pop() has before the next push().
  void push(const Packet& segment);
  // The acknowledgment that a segment of the other direction carries. May make pieces due.
  void acknowledged(std::uint32_t acknowledgment, Instant at);
  // Nothing more will come: gaps that are open will be skipped.
  void finish() { finished_ = true; }
  // The next piece that is due; false when there is none for now.
  bool pop(TcpPiece& out);

  bool started() const { return started_; }
  // FIN was reached, or RST seen.
  bool closed() const { return reset_ || (fin_offset_ && next_offset_ >= *fin_offset_); }
  // False when the capture holds no SYN of this direction: bytes before the first piece are
  // unknown.
  bool from_the_start() const { return initial_sequence_.has_value(); }
  std::uint64_t bytes_skipped() const { return bytes_skipped_; }
  std::uint64_t bytes_retransmitted() const { return bytes_retransmitted_; }

 private:
  struct Segment {
    ByteBuffer bytes;
    std::uint64_t wire_size = 0;  // more than bytes.size() when a snap length cut it
    PacketRef ref;
    Instant at;
  };

  void start(std::uint32_t first_sequence, bool syn);
  void begin_if_needed(const Packet& segment);
  void place(const Packet& segment, std::int64_t distance);
  void keep(const Packet& segment, std::uint64_t begin);
  // Whether the gap before the first kept segment will not be filled any more.
  bool gap_is_lost() const;
  // Of a segment that has `size` new bytes, of which `bytes` were captured.
  TcpPiece piece(Bytes bytes, std::uint64_t size, PacketRef ref, Instant at);
  // The next `size` bytes of the stream are done with; the first `captured` of them were captured.
  void advance(std::uint64_t captured, std::uint64_t size);

  bool started_ = false, finished_ = false, reset_ = false, new_connection_ = false;
  std::optional<std::uint32_t> initial_sequence_;  // of the first byte, when SYN was seen
  std::uint32_t next_sequence_ = 0;                // of the byte at next_offset_
  std::uint64_t next_offset_ = 0;
  std::uint64_t skipped_ = 0;              // not yet told by a piece
  std::optional<TcpPiece> direct_;         // due at once, borrowed from the segment
  std::map<std::uint64_t, Segment> kept_;  // by offset
  std::size_t kept_bytes_ = 0;
  Segment popped_;  // what the last piece borrows
  std::optional<std::uint64_t> fin_offset_;
  std::optional<Instant> gap_acknowledged_at_;
  Instant now_;
  unsigned strays_ = 0;
  std::uint64_t bytes_skipped_ = 0, bytes_retransmitted_ = 0;
};

}  // namespace parley::analyzer

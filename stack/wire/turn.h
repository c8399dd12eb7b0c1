#pragma once

// ChannelData (RFC 8656 section 12.4) and the framing of STUN and ChannelData over TCP and TLS
// (RFC 8489 section 6.2.2, RFC 8656 section 12.5).

#include <cstdint>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::turn {

// RFC 8656 narrowed the range to 0x4fff; RFC 5766 servers and coturn's own client use more.
inline constexpr std::uint16_t kFirstChannel = 0x4000;
inline constexpr std::uint16_t kLastChannel = 0x4fff;
inline constexpr std::uint16_t kLastChannelRfc5766 = 0x7ffe;

struct ChannelDataView {
  std::uint16_t channel = 0;
  std::uint16_t length = 0;  // as the header says
  Bytes data;                // `length` bytes, fewer when cut
  std::size_t padding = 0;   // bytes after the data
  static Result<ChannelDataView> decode(Bytes datagram, std::size_t base = 0);
  // The first bytes of a message of `wire_size` bytes whose end a snap length cut off.
  static Result<ChannelDataView> decode_cut(Bytes prefix, std::size_t wire_size,
                                            std::size_t base = 0);
};

// Appends header, data and (over TCP and TLS) the padding to a multiple of 4.
void append_channel_data(ByteBuffer& out, std::uint16_t channel, Bytes data, bool pad);

enum class FrameKind : std::uint8_t { Stun, ChannelData, NeedMore, NotTurn };
struct StreamFrame {
  FrameKind kind = FrameKind::NeedMore;
  std::size_t size = 0;  // of the whole frame, padding included; 0 while it is not known
};
// What begins at the start of `stream`. NotTurn: these bytes cannot be TURN over TCP.
StreamFrame next_stream_frame(Bytes stream);

}  // namespace parley::turn

#include "stack/wire/turn.h"

#include <algorithm>

#include "stack/wire/stun.h"

// RFC 8656 section 12.4, ChannelData; over TCP and TLS padding brings it to a multiple of four,
// which the length does not count:
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |         Channel Number        |            Length             |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   /                       Application Data                        /
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

namespace parley::turn {
namespace {

constexpr std::size_t kChannelHeaderSize = 4;

std::size_t padding_of(std::size_t size) {
  return (4U - size % 4U) % 4U;
}

bool is_channel(std::uint16_t number) {
  return number >= kFirstChannel && number <= kLastChannelRfc5766;
}

StreamFrame whole_or_more(FrameKind kind, std::size_t size, Bytes stream) {
  return {stream.size() >= size ? kind : FrameKind::NeedMore, size};
}

StreamFrame stun_frame(Bytes stream) {
  // Decides as early as the bytes allow, so that a foreign stream is not buffered.
  if (stream.size() < 4)
    return {FrameKind::NeedMore, 0};
  if (load_u8(stream.data() + 3) % 4 != 0)
    return {FrameKind::NotTurn, 0};
  if (stream.size() >= 8 && load_u32(stream.data() + 4) != stun::kMagicCookie)
    return {FrameKind::NotTurn, 0};
  return whole_or_more(FrameKind::Stun, stun::MessageView::message_size(stream), stream);
}

StreamFrame channel_frame(Bytes stream) {
  if (stream.size() >= 2 && !is_channel(load_u16(stream.data())))
    return {FrameKind::NotTurn, 0};
  if (stream.size() < kChannelHeaderSize)
    return {FrameKind::NeedMore, 0};
  const std::size_t size = kChannelHeaderSize + load_u16(stream.data() + 2);
  return whole_or_more(FrameKind::ChannelData, size + padding_of(size), stream);
}

}  // namespace

Result<ChannelDataView> ChannelDataView::decode(Bytes datagram, std::size_t base) {
  ByteReader reader(datagram, base);
  ChannelDataView view;
  view.channel = reader.u16("channel number");
  if (reader.ok() && !is_channel(view.channel))
    reader.fail(WireFault::BadValue, base, "channel number from 0x4000 to 0x7ffe");
  view.length = reader.u16("length");
  view.data = reader.bytes(view.length, "application data");
  if (!reader.ok())
    return reader.unexpected();
  view.padding = reader.remaining();
  return view;
}

Result<ChannelDataView> ChannelDataView::decode_cut(Bytes prefix, std::size_t wire_size,
                                                    std::size_t base) {
  if (prefix.size() >= wire_size)
    return decode(prefix.first(wire_size), base);
  ByteReader reader(prefix, base);
  ChannelDataView view;
  view.channel = reader.u16("channel number");
  if (reader.ok() && !is_channel(view.channel))
    reader.fail(WireFault::BadValue, base, "channel number from 0x4000 to 0x7ffe");
  view.length = reader.u16("length");
  if (reader.ok() && kChannelHeaderSize + view.length > wire_size)
    reader.fail(WireFault::BadLength, base + 2, "length within the datagram");
  if (!reader.ok())
    return reader.unexpected();
  const Bytes rest = prefix.subspan(kChannelHeaderSize);
  view.data = rest.first(std::min<std::size_t>(view.length, rest.size()));
  view.padding = wire_size - kChannelHeaderSize - view.length;
  return view;
}

void append_channel_data(ByteBuffer& out, std::uint16_t channel, Bytes data, bool pad) {
  ByteWriter writer(out);
  writer.u16(channel);
  writer.u16(static_cast<std::uint16_t>(data.size()));
  writer.bytes(data);
  if (pad)
    writer.zeros(padding_of(data.size()));
}

StreamFrame next_stream_frame(Bytes stream) {
  if (stream.empty())
    return {FrameKind::NeedMore, 0};
  switch (load_u8(stream.data()) >> 6U) {
    case 0:
      return stun_frame(stream);
    case 1:
      return channel_frame(stream);
    default:
      return {FrameKind::NotTurn, 0};
  }
}

}  // namespace parley::turn

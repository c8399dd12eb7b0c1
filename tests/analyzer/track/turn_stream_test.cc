#include "analyzer/track/turn_stream.h"

#include <gtest/gtest.h>

#include "stack/wire/ip.h"
#include "tests/analyzer/packet_script.h"

namespace parley::analyzer {
namespace {

// Feeds one direction of a TCP connection and keeps what comes out.
class TurnStreamTest : public testing::Test {
 protected:
  struct Seen {
    turn::FrameKind kind;
    ByteBuffer bytes;
    std::uint64_t packet;
  };

  static ByteBuffer stun_message(std::uint32_t n) { return PacketScript::request({.id = n}); }
  // RFC 8656 section 12.5: over TCP ChannelData is padded to a multiple of four.
  static ByteBuffer channel_data(std::uint16_t channel, std::size_t size) {
    ByteBuffer out;
    ByteWriter w(out);
    w.u16(channel);
    w.u16(static_cast<std::uint16_t>(size));
    for (std::size_t i = 0; i < (size + 3) / 4 * 4; ++i)
      w.u8(i < size ? 0x55 : 0);
    return out;
  }
  void segment(Bytes data, std::uint32_t sequence, std::size_t cut = 0,
               std::uint8_t flags = ip::kTcpAck) {
    Packet p;
    p.ref = {0, ++number};
    p.at = Instant{} + std::chrono::milliseconds(number);
    p.protocol = TransportProtocol::Tcp;
    p.tcp_flags = flags;
    p.tcp_sequence = sequence;
    p.payload = data.first(data.size() - cut);
    p.wire_payload_size = static_cast<std::uint32_t>(data.size());
    p.cut_short = cut > 0;
    stream.on_segment(0, p, [&](Direction, const TurnStream::Frame& f) {
      frames.push_back({f.kind, ByteBuffer(f.bytes.begin(), f.bytes.end()), f.seen.ref.packet});
    });
  }
  // All of `data` in segments of `size` bytes.
  void send(const ByteBuffer& data, std::size_t size) {
    for (std::size_t at = 0; at < data.size(); at += size) {
      const Bytes part = Bytes(data).subspan(at, std::min(size, data.size() - at));
      segment(part, next + static_cast<std::uint32_t>(at));
    }
    next += static_cast<std::uint32_t>(data.size());
  }

  TurnStream stream;
  std::vector<Seen> frames;
  std::uint64_t number = 0;
  std::uint32_t next = 1000;
};

ByteBuffer operator+(ByteBuffer x, const ByteBuffer& y) {
  x.insert(x.end(), y.begin(), y.end());
  return x;
}

TEST_F(TurnStreamTest, FramesComeOutWholeHoweverTheSegmentsCutThem) {
  const ByteBuffer first = stun_message(1);
  const ByteBuffer second = channel_data(0x4001, 5);
  const ByteBuffer third = stun_message(2);
  for (const std::size_t size :
       {std::size_t{7}, std::size_t{20}, std::size_t{64}, first.size(), std::size_t{4096}}) {
    SCOPED_TRACE(size);
    stream = {};
    frames.clear();
    // The first segment of a stream that began before the capture shows a whole STUN header.
    send(first, std::max<std::size_t>(size, 20));
    send(second + third, size);
    ASSERT_EQ(frames.size(), 3U);
    EXPECT_EQ(frames[0].bytes, first);
    EXPECT_EQ(frames[1].kind, turn::FrameKind::ChannelData);
    EXPECT_EQ(frames[1].bytes.size(), second.size());
    EXPECT_EQ(frames[2].bytes, third);
    EXPECT_EQ(frames[2].packet, number) << "a frame is seen in the packet that completes it";
  }
}

TEST_F(TurnStreamTest, AStreamThatIsNotTurnGivesNothing) {
  const std::string http = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
  const Bytes text = as_bytes(http);
  send(ByteBuffer(text.begin(), text.end()), 10);
  EXPECT_TRUE(frames.empty());
}

TEST_F(TurnStreamTest, AfterBytesThatAreNoFrameItWaitsForTheNextStunMessage) {
  send(stun_message(1), 4096);
  send(ByteBuffer(40, std::byte{0xff}), 4096);
  send(channel_data(0x4001, 8), 4096);
  EXPECT_EQ(frames.size(), 1U) << "where a frame begins is not known yet";
  send(stun_message(2), 4096);
  send(channel_data(0x4001, 8), 4096);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[1].bytes, stun_message(2));
  EXPECT_EQ(frames[2].kind, turn::FrameKind::ChannelData);
}

TEST_F(TurnStreamTest, SegmentsThatASnapLengthCutKeepTheStreamInStep) {
  const ByteBuffer message = stun_message(1);
  segment(message, 1000, message.size() - 30);
  const auto second = static_cast<std::uint32_t>(1000 + message.size());
  segment(channel_data(0x4001, 200), second, 150);
  segment(stun_message(2), second + 204);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[0].bytes, to_buffer(Bytes(message).first(30)));
  EXPECT_EQ(frames[1].kind, turn::FrameKind::ChannelData);
  EXPECT_EQ(frames[1].bytes.size(), 54U);
  EXPECT_EQ(frames[2].bytes, stun_message(2));
  EXPECT_EQ(stream.holes(0), 0U) << "no frame is missing, only ends of frames";
}

TEST_F(TurnStreamTest, BehindAHoleChannelDataOfAKnownChannelIsAFrameAgain) {
  const ByteBuffer message = stun_message(1);
  const ByteBuffer data = channel_data(0x4001, 60);
  const auto after = static_cast<std::uint32_t>(1000 + message.size());
  segment(message, 1000);
  segment(data, after);
  segment(channel_data(0x4002, 60), after + 128);  // not seen before: nothing shows what this is
  segment(data + data, after + 192);
  Packet answer;
  answer.at = Instant{} + std::chrono::seconds(1);
  answer.tcp_flags = ip::kTcpAck;
  answer.tcp_acknowledgment = after + 320;
  const auto keep = [&](Direction, const TurnStream::Frame& f) {
    frames.push_back({f.kind, to_buffer(f.bytes), f.seen.ref.packet});
  };
  stream.on_segment(1, answer, keep);
  answer.at += std::chrono::seconds(1);
  stream.on_segment(1, answer, keep);
  ASSERT_EQ(frames.size(), 4U);
  EXPECT_EQ(frames[2].bytes, data);
  EXPECT_EQ(frames[3].packet, 4U);
  EXPECT_EQ(stream.holes(0), 1U);
}

TEST_F(TurnStreamTest, AConnectionSeenFromItsSynNeedsNoWholeHeaderInItsFirstSegment) {
  segment({}, 999, 0, ip::kTcpSyn);
  send(stun_message(1) + stun_message(2), 7);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[1].bytes, stun_message(2));
}

TEST_F(TurnStreamTest, FirstSegmentsInTheWrongOrderLoseNothing) {
  const ByteBuffer message = stun_message(1);
  segment({}, 999, 0, ip::kTcpSyn);
  segment(Bytes(message).subspan(10), 1010);
  segment(Bytes(message).first(10), 1000);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].bytes, message);
}

TEST_F(TurnStreamTest, ChannelDataShowsTurnOnlyWhereACheckIsInIt) {
  ByteBuffer with_check;
  turn::append_channel_data(with_check, 0x4001, PacketScript::request({.id = 4}), true);
  EXPECT_TRUE(TurnStream::shows_turn(with_check));
  EXPECT_TRUE(TurnStream::shows_turn(channel_data(0x4001, 8) + with_check));
  EXPECT_FALSE(TurnStream::shows_turn(channel_data(0x4001, 100)));
  EXPECT_FALSE(TurnStream::shows_turn(with_check + ByteBuffer(4, std::byte{0x16})));
}

TEST_F(TurnStreamTest, TheTwoDirectionsDoNotMix) {
  const ByteBuffer message = stun_message(1);
  segment(Bytes(message).first(30), 1000);
  Packet other;
  other.ref = {0, 50};
  other.tcp_flags = ip::kTcpAck;
  other.tcp_sequence = 77;
  const ByteBuffer answer = PacketScript::success(1, "192.0.2.1:5");
  other.payload = answer;
  other.wire_payload_size = static_cast<std::uint32_t>(answer.size());
  std::vector<Direction> directions;
  stream.on_segment(1, other,
                    [&](Direction d, const TurnStream::Frame&) { directions.push_back(d); });
  segment(Bytes(message).subspan(30), 1030);
  EXPECT_EQ(directions, std::vector<Direction>{1});
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].bytes, message);
}

}  // namespace
}  // namespace parley::analyzer

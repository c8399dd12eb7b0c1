#include "analyzer/tcp_stream.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "analyzer/capture_file.h"
#include "analyzer/frame.h"
#include "stack/base/random.h"
#include "stack/wire/ip.h"
#include "stack/wire/turn.h"
#include "tests/support/files.h"

namespace parley::analyzer {
namespace {

class TcpStreamTest : public testing::Test {
 protected:
  void push(std::uint32_t sequence, std::string_view text, std::uint8_t flags = ip::kTcpAck,
            std::int64_t millisecond = 0, std::size_t wire_size = 0) {
    Packet segment;
    segment.ref = {0, ++next_number};
    segment.at = Instant(std::chrono::milliseconds(millisecond));
    segment.protocol = TransportProtocol::Tcp;
    segment.payload = as_bytes(text);
    segment.wire_payload_size = static_cast<std::uint32_t>(std::max(wire_size, text.size()));
    segment.tcp_flags = flags;
    segment.tcp_sequence = sequence;
    stream.push(segment);
    take();
  }
  // "text@packet", with what was skipped before it.
  void take() {
    TcpPiece piece;
    while (stream.pop(piece)) {
      if (piece.new_connection)
        delivered += "{new}";
      if (piece.skipped != 0)
        delivered += "{" + std::to_string(piece.skipped) + "}";
      delivered += as_text(piece.bytes);
      packets.push_back(piece.ref.packet);
      offsets.push_back(piece.offset);
    }
  }

  TcpStream stream;
  std::string delivered;
  std::vector<std::uint64_t> packets;
  std::vector<std::uint64_t> offsets;
  std::uint64_t next_number = 0;
};

TEST_F(TcpStreamTest, InOrderFromSynToFin) {
  push(999, "", ip::kTcpSyn);
  push(1000, "hello ");
  push(1006, "world", ip::kTcpAck | ip::kTcpFin);
  EXPECT_EQ(delivered, "hello world");
  EXPECT_EQ(packets, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(offsets, (std::vector<std::uint64_t>{0, 6}));
  EXPECT_TRUE(stream.from_the_start());
  EXPECT_TRUE(stream.closed());
}

TEST_F(TcpStreamTest, OutOfOrderSegmentsWaitForTheGapToFill) {
  push(999, "", ip::kTcpSyn);
  push(1008, "ij");
  push(1004, "efgh");
  EXPECT_EQ(delivered, "");
  push(1000, "abcd");
  EXPECT_EQ(delivered, "abcdefghij");
  EXPECT_EQ(packets, (std::vector<std::uint64_t>{4, 3, 2}));
}

TEST_F(TcpStreamTest, RetransmissionsAndOverlapsGiveEachByteOnce) {
  push(1000, "abcd");
  push(1000, "abcd");
  push(1002, "cdef");
  push(1008, "ijkl");
  push(1007, "hijklm");
  push(1006, "gh");
  EXPECT_EQ(delivered, "abcdefghijklm");
  EXPECT_FALSE(stream.from_the_start());
  EXPECT_GT(stream.bytes_retransmitted(), 0U);
  EXPECT_EQ(stream.bytes_skipped(), 0U);
}

TEST_F(TcpStreamTest, SequenceNumbersWrap) {
  push(0xfffffffd, "", ip::kTcpSyn);
  push(2, "ef");
  push(0xfffffffe, "abcd");
  push(4, "gh");
  EXPECT_EQ(delivered, "abcdefgh");
}

TEST_F(TcpStreamTest, AKeepAliveIsNoData) {
  push(1000, "abcd");
  push(1003, "x");
  push(1004, "ef");
  EXPECT_EQ(delivered, "abcdef");
}

TEST_F(TcpStreamTest, AGapThatTheReceiverAcknowledgedWasLostByTheCapture) {
  push(1000, "abcd");
  push(1008, "ijkl", ip::kTcpAck, 10);
  stream.acknowledged(1004, Instant(std::chrono::milliseconds(15)));  // not yet
  take();
  stream.acknowledged(1012, Instant(std::chrono::milliseconds(20)));
  take();
  EXPECT_EQ(delivered, "abcd");
  push(1012, "mn", ip::kTcpAck, 119);
  EXPECT_EQ(delivered, "abcd") << "the data may still follow its acknowledgment";
  push(1014, "op", ip::kTcpAck, 120);
  EXPECT_EQ(delivered, "abcd{4}ijklmnop");
  EXPECT_EQ(offsets.at(1), 8U);
  EXPECT_EQ(stream.bytes_skipped(), 4U);
}

TEST_F(TcpStreamTest, LateDataFillsTheGapBeforeItIsGivenUp) {
  push(1000, "abcd");
  push(1008, "ijkl", ip::kTcpAck, 10);
  stream.acknowledged(1012, Instant(std::chrono::milliseconds(20)));
  take();
  push(1004, "efgh", ip::kTcpAck, 30);
  push(1012, "mn", ip::kTcpAck, 500);
  EXPECT_EQ(delivered, "abcdefghijklmn");
}

TEST_F(TcpStreamTest, BufferingIsBoundedInBytesAndSegments) {
  push(1000, "a");
  const std::string large(TcpStream::kMaxBufferedBytes / 2, 'x');
  push(2000, large);
  push(2000 + static_cast<std::uint32_t>(large.size()), large);
  EXPECT_EQ(delivered, "a");
  push(2000 + 2 * static_cast<std::uint32_t>(large.size()), "y");
  EXPECT_EQ(delivered, "a{999}" + large + large + "y");

  delivered.clear();
  const std::uint32_t next = 2001 + 2 * static_cast<std::uint32_t>(large.size());
  for (std::uint32_t i = 0; i <= TcpStream::kMaxBufferedSegments; ++i)
    push(next + 10 + i * 2, "z");
  EXPECT_EQ(delivered.substr(0, 5), "{10}z");
}

TEST_F(TcpStreamTest, TheEndSkipsWhatIsStillMissing) {
  push(1000, "ab");
  push(1004, "ef");
  push(1008, "ij");
  stream.finish();
  take();
  EXPECT_EQ(delivered, "ab{2}ef{2}ij");
}

TEST_F(TcpStreamTest, WhatASnapLengthCutOffIsSkippedAtOnce) {
  push(1000, "ab", ip::kTcpAck, 0, 100);
  push(1100, "cd");
  EXPECT_EQ(delivered, "ab{98}cd");
}

TEST_F(TcpStreamTest, AnotherSynIsAnotherConnection) {
  push(999, "", ip::kTcpSyn);
  push(1000, "one", ip::kTcpAck | ip::kTcpFin);
  push(999, "", ip::kTcpSyn);  // sent again: the same connection
  push(500'000, "", ip::kTcpSyn);
  EXPECT_FALSE(stream.closed());
  push(500'001, "two");
  EXPECT_EQ(delivered, "one{new}two");
}

TEST_F(TcpStreamTest, StraysAreIgnoredUntilTheyAreAConnection) {
  push(1000, "a");
  push(0x90000000, "junk");
  push(1001, "b");
  EXPECT_EQ(delivered, "ab");
  for (std::uint32_t i = 0; i < TcpStream::kMaxStrays; ++i)
    push(0x90000000 + i, "z");
  EXPECT_EQ(delivered, "ab{new}z");
}

TEST_F(TcpStreamTest, ResetCloses) {
  push(1000, "a");
  push(1001, "", ip::kTcpRst);
  EXPECT_TRUE(stream.closed());
}

TEST_F(TcpStreamTest, AnyCutAnyOrderGivesTheSameStream) {
  std::string whole;
  for (int i = 0; i < 2000; ++i)
    whole += static_cast<char>('a' + i % 26);
  SeededRandom random(11, "tcp");
  for (int run = 0; run < 100; ++run) {
    stream = TcpStream();
    delivered.clear();
    const auto first = static_cast<std::uint32_t>(random.next_u32());
    std::vector<std::pair<std::size_t, std::size_t>> parts;
    for (std::size_t at = 0; at < whole.size();) {
      const std::size_t size = std::min<std::size_t>(1 + random.below(60), whole.size() - at);
      parts.emplace_back(at, size);
      at += size;
    }
    for (int i = 0; i < 20; ++i) {  // overlapping retransmissions
      const std::size_t at = random.below(whole.size());
      parts.emplace_back(at, std::min<std::size_t>(1 + random.below(90), whole.size() - at));
    }
    for (std::size_t i = parts.size(); i > 1; --i)
      std::swap(parts[i - 1], parts[random.below(i)]);
    push(first - 1, "", ip::kTcpSyn);
    for (const auto& [at, size] : parts)
      push(first + static_cast<std::uint32_t>(at), std::string_view(whole).substr(at, size));
    EXPECT_EQ(delivered, whole);
    EXPECT_EQ(stream.bytes_skipped(), 0U);
  }
}

// A real TURN connection: its bytes are STUN and ChannelData frames without a gap.
TEST_F(TcpStreamTest, ARealTurnConnectionIsFramesFromEndToEnd) {
  const auto file = CaptureFile::open(
      test::source_path("captures/c13-udp-blocked-turn-tcp/peerA.pcapng").string());
  FrameDecoder decoder;
  RawPacket raw;
  Packet packet;
  TcpStream from_client;
  ByteBuffer bytes;
  while (file->next(raw)) {
    if (decoder.decode(raw, {0, raw.number}, 0, packet) != FrameVerdict::Decoded ||
        packet.protocol != TransportProtocol::Tcp || packet.destination.port != 3478)
      continue;
    from_client.push(packet);
    TcpPiece piece;
    while (from_client.pop(piece)) {
      EXPECT_EQ(piece.skipped, 0U);
      bytes.insert(bytes.end(), piece.bytes.begin(), piece.bytes.end());
    }
  }
  EXPECT_TRUE(from_client.from_the_start());
  std::size_t frames = 0;
  Bytes rest = bytes;
  while (!rest.empty()) {
    const turn::StreamFrame frame = turn::next_stream_frame(rest);
    ASSERT_TRUE(frame.kind == turn::FrameKind::Stun || frame.kind == turn::FrameKind::ChannelData);
    rest = rest.subspan(frame.size);
    ++frames;
  }
  EXPECT_GT(frames, 100U);
}

}  // namespace
}  // namespace parley::analyzer

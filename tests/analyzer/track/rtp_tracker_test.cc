#include "analyzer/track/rtp_tracker.h"

#include <gtest/gtest.h>

#include "tests/analyzer/packet_script.h"

namespace parley::analyzer {
namespace {

class RtpTrackerTest : public testing::Test {
 protected:
  void send(std::uint16_t sequence, std::uint32_t ssrc = 1, std::uint8_t pt = 111) {
    bytes = PacketScript::rtp(ssrc, sequence, pt);
    Packet p;
    p.payload = bytes;
    p.wire_payload_size = static_cast<std::uint32_t>(bytes.size());
    tracker.on_rtp(flow, 0, 0, p);
  }
  void send_all(const std::vector<std::uint16_t>& sequences) {
    for (const std::uint16_t s : sequences)
      send(s);
  }
  const RtpStream& stream() const { return tracker[flow.streams.at(0)]; }

  RtpTracker tracker;
  FlowRecord flow;
  ByteBuffer bytes;
};

TEST_F(RtpTrackerTest, GapsAreLossUntilALatePacketFillsThem) {
  send_all({10, 11, 14, 15});
  EXPECT_EQ(stream().lost(), 2U);
  send(12);
  EXPECT_EQ(stream().lost(), 1U);
  EXPECT_EQ(stream().reordered, 1U);
  EXPECT_EQ(stream().duplicated, 0U);
}

TEST_F(RtpTrackerTest, ASecondCopyIsADuplicateAndNoGain) {
  send_all({10, 11, 11, 13, 10});
  EXPECT_EQ(stream().duplicated, 2U);
  EXPECT_EQ(stream().lost(), 1U);
  EXPECT_EQ(stream().packets, 5U);
}

TEST_F(RtpTrackerTest, SequenceNumbersGoOnBeyondTheirWrap) {
  send_all({65534, 65535, 0, 2});
  EXPECT_EQ(stream().lost(), 1U);
  EXPECT_EQ(stream().reordered, 0U);
}

TEST_F(RtpTrackerTest, APacketJustBeforeTheFirstBelongsToTheStream) {
  send_all({1, 0, 65535, 2});
  EXPECT_EQ(stream().lost(), 0U);
  EXPECT_EQ(stream().reordered, 2U);
}

TEST_F(RtpTrackerTest, AJumpIsANewStartAndNotLoss) {
  send_all({100, 101, 40000, 40001, 40003});
  EXPECT_EQ(stream().lost(), 1U);
}

TEST_F(RtpTrackerTest, FivePacketsInARowShowASource) {
  send_all({1, 2, 3, 4});
  EXPECT_FALSE(tracker.believable(flow));
  send(5);
  EXPECT_TRUE(tracker.believable(flow));
}

TEST_F(RtpTrackerTest, AnotherPayloadTypeOrSsrcEachTimeShowsNone) {
  for (std::uint16_t s = 1; s < 40; ++s)
    send(s, s % 7U, static_cast<std::uint8_t>(s));
  EXPECT_FALSE(tracker.believable(flow));
  EXPECT_LE(tracker.size(), RtpTracker::kMaxStreamsOfUnprovenFlow);
}

TEST_F(RtpTrackerTest, PayloadTypesAreListedOnceAndInOrder) {
  flow.proof = FlowProof::Ice;
  for (const std::uint8_t pt : std::vector<std::uint8_t>{119, 97, 119, 0})
    send(pt, 9, pt);
  EXPECT_EQ(stream().payload_type_list(), (std::vector<std::uint8_t>{0, 97, 119}));
}

}  // namespace
}  // namespace parley::analyzer

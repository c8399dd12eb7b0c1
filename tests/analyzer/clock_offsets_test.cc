#include "analyzer/clock_offsets.h"

#include <gtest/gtest.h>

#include "tests/analyzer/packet_script.h"

namespace parley::analyzer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Checks and answers between B and A as captures near A (0) and near B (1) show them, 10 ms apart.
class Clocks : public testing::Test {
 protected:
  static constexpr Duration kWay = milliseconds(10);

  void seen(std::uint32_t capture, Duration at, const ByteBuffer& bytes) {
    const auto message = stun::MessageView::decode(bytes);
    ASSERT_TRUE(message);
    Packet packet;
    packet.ref = {capture, ++next_number};
    packet.at = Instant{} + at;
    packet.source = PacketScript::at("10.0.0.1:1000");
    packet.destination = PacketScript::at("10.0.0.2:3478");
    clocks.on_message(packet, *message);
  }
  // `near`: the capture of the one that asks.
  void exchange(Duration at, std::uint32_t near, const std::string& username) {
    const std::uint32_t far = 1 - near;
    const ByteBuffer request = PacketScript::request({++last_id, username});
    const ByteBuffer answer = PacketScript::success(last_id, "10.0.0.1:1000");
    seen(near, at + clock_ahead[near], request);
    seen(far, at + kWay + clock_ahead[far], request);
    seen(far, at + kWay + clock_ahead[far], answer);
    seen(near, at + 2 * kWay + clock_ahead[near], answer);
  }

  ClockOffsets clocks;
  std::array<Duration, 2> clock_ahead{};
  std::uint32_t last_id = 0;
  std::uint64_t next_number = 0;
};

TEST_F(Clocks, ThatAgreeHaveNoOffset) {
  exchange(seconds(1), 0, "b:a");
  exchange(seconds(2), 1, "a:b");
  const auto offsets = clocks.estimate(2);
  ASSERT_TRUE(offsets[0] && offsets[1]);
  EXPECT_EQ(offsets[1]->ahead, Duration{});
  EXPECT_EQ(offsets[1]->reference, 0U);
}

TEST_F(Clocks, ThatDifferAreKnownToHalfAWay) {
  for (const Duration ahead : {Duration(seconds(2)), Duration(seconds(-3)), Duration(seconds(7200)),
                               Duration(milliseconds(60))}) {
    clocks = {};
    clock_ahead[1] = ahead;
    exchange(seconds(10'000), 0, "b:a");
    exchange(seconds(10'002), 1, "a:b");
    const auto offsets = clocks.estimate(2);
    ASSERT_TRUE(offsets[1]);
    EXPECT_LE(std::chrono::abs(offsets[1]->ahead - ahead), kWay);
  }
}

TEST_F(Clocks, AreComparedByChecksOfBothSidesWithoutAnyAnswer) {
  clock_ahead[1] = seconds(5);
  const ByteBuffer forth = PacketScript::request({1, "b:a"});
  const ByteBuffer back = PacketScript::request({2, "a:b"});
  seen(0, seconds(1), forth);
  seen(1, seconds(6) + kWay, forth);
  seen(1, seconds(7), back);
  seen(0, seconds(2) + kWay, back);
  ASSERT_TRUE(clocks.estimate(2)[1]);
  EXPECT_EQ(clocks.estimate(2)[1]->ahead, seconds(5));
}

TEST_F(Clocks, AreNotComparedByPacketsThatGoOneWay) {
  const ByteBuffer forth = PacketScript::request({1, "b:a"});
  seen(0, seconds(1), forth);
  seen(1, seconds(6), forth);
  for (const auto& offset : clocks.estimate(2))
    EXPECT_FALSE(offset);
}

TEST_F(Clocks, AreNotComparedByWhatWasSentAgain) {
  const ByteBuffer request = PacketScript::request({1, "b:a"});
  const ByteBuffer answer = PacketScript::success(1, "10.0.0.1:1000");
  for (const Duration at : {Duration(seconds(1)), Duration(milliseconds(1500))})
    seen(0, at, request);
  seen(1, milliseconds(1510), request);
  seen(1, milliseconds(1510), answer);
  seen(0, milliseconds(1520), answer);
  EXPECT_FALSE(clocks.estimate(2)[1]) << "which of the two requests came is not known";
}

TEST_F(Clocks, ThatDriftHaveTheirMeanOffset) {
  clock_ahead[1] = seconds(2);
  exchange(seconds(1), 0, "b:a");
  clock_ahead[1] += milliseconds(50);
  exchange(seconds(1000), 0, "b:a");
  const auto offsets = clocks.estimate(2);
  ASSERT_TRUE(offsets[1]);
  EXPECT_LE(std::chrono::abs(offsets[1]->ahead - milliseconds(2025)), kWay);
}

TEST_F(Clocks, AreTiedTogetherThroughThirdCaptures) {
  const auto pass = [&](std::uint32_t x, std::uint32_t y, Duration apart) {
    const ByteBuffer request = PacketScript::request({++last_id, "b:a"});
    const ByteBuffer answer = PacketScript::success(last_id, "10.0.0.1:1000");
    seen(x, seconds(1), request);
    seen(y, seconds(1) + apart + kWay, request);
    seen(y, seconds(1) + apart + kWay, answer);
    seen(x, seconds(1) + 2 * kWay, answer);
  };
  pass(0, 2, seconds(3));
  pass(2, 1, seconds(-1));
  const auto offsets = clocks.estimate(4);
  ASSERT_TRUE(offsets[1] && offsets[2]);
  EXPECT_EQ(offsets[2]->ahead, seconds(3));
  EXPECT_EQ(offsets[1]->ahead, seconds(2));
  EXPECT_EQ(offsets[1]->reference, 0U);
  EXPECT_FALSE(offsets[3]) << "shows nothing that another shows";
}

TEST_F(Clocks, LookAtABoundedNumberOfTransactions) {
  const ByteBuffer first = PacketScript::request({1, "b:a"});
  seen(0, seconds(1), first);
  for (std::uint32_t i = 2; i < ClockOffsets::kMaxTransactions + 10; ++i)
    seen(0, seconds(1), PacketScript::request({i, ""}));
  last_id = 1'000'000;
  exchange(seconds(2), 0, "b:a");
  EXPECT_FALSE(clocks.estimate(2)[1]);
}

}  // namespace
}  // namespace parley::analyzer

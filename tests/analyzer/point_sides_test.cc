// Whose side a capture stands on, and what follows from it.

#include "analyzer/point_sides.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/analyzer/packet_script.h"

namespace parley::analyzer {
namespace {

constexpr const char* kA = "192.0.2.2:5000";
constexpr const char* kB = "198.51.100.3:6000";
constexpr const char* kServer = "203.0.113.10:3478";
constexpr std::uint8_t kBesideIt = 64, kBehindRouters = 57;

PacketScript::Check check(std::uint32_t id, const std::string& username, bool controlling) {
  PacketScript::Check c;
  c.id = id;
  c.username = username;
  c.controlling = controlling;
  c.use_candidate = controlling;
  return c;
}

struct Way {
  int a_answers_in = 0, b_answers_in = 0;  // milliseconds
  std::uint8_t hops_of_a = kBesideIt, hops_of_b = kBesideIt;
  std::uint32_t checks = 4;
};

// Checks of both sides, and of each side RTP with a gap of one.
void talk(PacketScript& s, const Way& way) {
  for (std::uint32_t i = 1; i <= way.checks; ++i) {
    const int t = 100 * static_cast<int>(i);
    s.hops(way.hops_of_a).time(t).udp(kA, kB, PacketScript::request(check(i, "bbbb:aaaa", true)));
    s.hops(way.hops_of_b).time(t + way.b_answers_in).udp(kB, kA, PacketScript::success(i, kA));
    s.time(t + 50).udp(kB, kA, PacketScript::request(check(50 + i, "aaaa:bbbb", false)));
    s.hops(way.hops_of_a).time(t + 50 + way.a_answers_in);
    s.udp(kA, kB, PacketScript::success(50 + i, kB));
  }
  for (std::uint16_t n = 0; n < 20; ++n) {
    if (n == 10)
      continue;
    s.time(2000 + n * 20).hops(way.hops_of_a).udp(kA, kB, PacketScript::rtp(5, n));
    s.hops(way.hops_of_b).udp(kB, kA, PacketScript::rtp(6, n));
  }
}

const Stream& stream_of(const Call& call, Side side) {
  return call.streams.at(call.streams.at(0).from == side ? 0 : 1);
}

const Pair& pair_of(const Call& call, Side side) {
  const std::vector<Pair>& pairs = call.transports.at(0).pairs;
  return pairs.at(pairs.at(0).agent == side ? 0 : 1);
}

bool inferred(const Inferred& list, const std::string& member) {
  return std::find(list.begin(), list.end(), member) != list.end();
}

void expect_not_known(const Call& call) {
  EXPECT_FALSE(call.traffic.at(0).beside.has_value());
  for (const Side side : {Side::A, Side::B}) {
    const Stream& s = stream_of(call, side);
    EXPECT_FALSE(s.lost || s.sent || s.arrived || s.not_captured) << to_string(side);
    EXPECT_TRUE(s.inferred.empty());
    EXPECT_FALSE(pair_of(call, side).rtt.has_value()) << to_string(side);
  }
}

void expect_beside(const Call& call, Side side, bool is_inferred) {
  EXPECT_EQ(call.traffic.at(0).beside, side);
  EXPECT_EQ(call.traffic.at(0).beside_inferred, is_inferred);
  const Stream& own = stream_of(call, side);
  EXPECT_EQ(own.lost, std::nullopt);
  EXPECT_EQ(own.arrived, std::nullopt);
  EXPECT_EQ(own.sent, 19U);
  EXPECT_EQ(own.not_captured, 1U);
  EXPECT_EQ(inferred(own.inferred, "sent"), is_inferred);
  EXPECT_EQ(inferred(own.inferred, "not_captured"), is_inferred);
  const Stream& theirs = stream_of(call, other(side));
  EXPECT_EQ(theirs.lost, 1U);
  EXPECT_EQ(theirs.arrived, 19U);
  EXPECT_EQ(theirs.sent, std::nullopt);
  EXPECT_EQ(inferred(theirs.inferred, "lost"), is_inferred);
  EXPECT_FALSE(pair_of(call, other(side)).rtt.has_value());
}

TEST(PointSides, OneSlowAnswerTellsNoSide) {
  PacketScript s;
  talk(s, {0, 40, kBesideIt, kBesideIt, 1});
  expect_not_known(s.calls().at(0));
}

TEST(PointSides, AnswersThatBothComeAtOnceTellNoSide) {
  PacketScript s;
  talk(s, {0, 4});
  expect_not_known(s.calls().at(0));
}

TEST(PointSides, TheSideWhoseAnswersAllComeAtOnceIsInferred) {
  PacketScript s;
  talk(s, {30, 1});
  const Call call = s.calls().at(0);
  expect_beside(call, Side::B, true);
  EXPECT_TRUE(pair_of(call, Side::B).rtt.has_value());
  EXPECT_TRUE(inferred(pair_of(call, Side::B).inferred, "rtt_ms"));
}

TEST(PointSides, RoutersBeforeOneSideOnlyTellTheOtherOne) {
  PacketScript s;
  talk(s, {1, 1, kBehindRouters, kBesideIt});
  const Call call = s.calls().at(0);
  expect_beside(call, Side::B, true);
  EXPECT_TRUE(pair_of(call, Side::B).rtt.has_value());
}

TEST(PointSides, HopLimitsAndAnswersThatDisagreeTellNoSide) {
  PacketScript s;
  talk(s, {30, 1, kBesideIt, kBehindRouters});
  expect_not_known(s.calls().at(0));
}

TEST(PointSides, QuestionsToServersTellWhoseSideItIs) {
  PacketScript s;
  s.time(0).udp(kB, kServer, PacketScript::request(check(99, "", false)));
  talk(s, {1, 1, kBehindRouters, kBehindRouters});
  const Call call = s.calls().at(0);
  expect_beside(call, Side::B, false);
  EXPECT_FALSE(pair_of(call, Side::B).rtt.has_value()) << "a router stands between it and B";
}

TEST(PointSides, QuestionsOfOneSideBesideTheOtherTellNoSide) {
  PacketScript s;
  s.time(0).udp(kA, kServer, PacketScript::request(check(99, "", false)));
  talk(s, {30, 1, kBehindRouters, kBesideIt});
  expect_not_known(s.calls().at(0));
}

// Even though B answers at once: two sides are not at one point.
TEST(PointSides, InsideOneSidesNatNothingIsBesideTheOther) {
  PacketScript s;
  constexpr const char* kOutside = "203.0.113.1:40000";
  s.time(0).udp(kA, kServer, PacketScript::request(check(99, "", false)));
  s.time(1).udp(kServer, kA, PacketScript::success(99, kOutside));
  talk(s, {9, 1});
  const Call call = s.calls().at(0);
  expect_beside(call, Side::A, false);
  EXPECT_TRUE(pair_of(call, Side::A).rtt.has_value());
  EXPECT_FALSE(inferred(pair_of(call, Side::A).inferred, "rtt_ms"));
}

}  // namespace
}  // namespace parley::analyzer

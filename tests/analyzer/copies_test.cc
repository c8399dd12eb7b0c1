#include <gtest/gtest.h>

#include "analyzer/analyze.h"
#include "tests/analyzer/packet_script.h"

namespace parley::analyzer {
namespace {

constexpr const char* kA = "192.168.1.2:5000";
constexpr const char* kOutside = "203.0.113.9:5000";
constexpr const char* kB = "192.168.1.3:6000";

PacketScript::Check check(std::uint32_t id) {
  PacketScript::Check c;
  c.id = id;
  c.username = "bbbb:aaaa";
  return c;
}

TEST(Copies, ARouterThatHandsAPacketOnDoesNotMakeItTwo) {
  PacketScript s;
  s.hops(64).time(0).udp(kA, kB, PacketScript::request(check(1)));
  s.hops(63).time(2).udp(kA, kB, PacketScript::request(check(1)));
  s.hops(64).time(10).udp(kB, kA, PacketScript::success(1, kOutside));
  s.hops(63).time(12).udp(kB, kA, PacketScript::success(1, kOutside));
  const Call call = s.calls().at(0);
  const Pair& pair = call.transports.at(0).pairs.at(0);
  EXPECT_EQ(pair.requests, 1U);
  EXPECT_EQ(pair.responses, 1U);
  ASSERT_TRUE(pair.rtt.has_value());
  EXPECT_DOUBLE_EQ(pair.rtt->median, 10.0);
  EXPECT_EQ(s.pipeline.counts(0).stun, 4U) << "the capture holds four packets all the same";
}

TEST(Copies, WhatIsSentAgainIsCounted) {
  PacketScript s;
  s.time(0).udp(kA, kB, PacketScript::request(check(1)));
  s.time(100).udp(kA, kB, PacketScript::request(check(1)));
  EXPECT_EQ(s.calls().at(0).transports.at(0).pairs.at(0).requests, 2U);
}

TEST(Copies, RtpThatARouterHandsOnIsNoDuplicateAndRtpThatComesTwiceIsOne) {
  PacketScript s;
  s.time(0).answered_check(kA, kB, check(1));
  for (std::uint16_t n = 0; n < 10; ++n) {
    s.time(100 + n * 20).hops(64).udp(kA, kB, PacketScript::rtp(5, n));
    s.time(101 + n * 20).hops(63).udp(kA, kB, PacketScript::rtp(5, n));
    s.time(102 + n * 20).hops(64).udp(kB, kA, PacketScript::rtp(6, n));
    s.time(103 + n * 20).hops(64).udp(kB, kA, PacketScript::rtp(6, n));
  }
  const Call call = s.calls().at(0);
  ASSERT_EQ(call.streams.size(), 2U);
  EXPECT_EQ(call.streams[0].packets, 10U);
  EXPECT_EQ(call.streams[0].duplicated, 0U);
  EXPECT_EQ(call.streams[1].packets, 20U);
  EXPECT_EQ(call.streams[1].duplicated, 10U);
  EXPECT_EQ(call.transports.at(0).srtp_packets[0], 10U);
  EXPECT_EQ(s.pipeline.counts(0).srtp, 40U);
}

TEST(Order, AResponseThatStandsBeforeItsRequestAnswersIt) {
  PacketScript s;
  s.time(1).udp(kB, kA, PacketScript::success(1, kA));
  s.time(1).udp(kA, kB, PacketScript::request(check(1)));
  const Pair pair = s.calls().at(0).transports.at(0).pairs.at(0);
  EXPECT_EQ(pair.requests, 1U);
  EXPECT_EQ(pair.responses, 1U);
  EXPECT_EQ(pair.unanswered, 0U);
}

TEST(Order, AResponseThatIsMuchEarlierAnswersNothing) {
  PacketScript s;
  s.time(0).udp(kB, kA, PacketScript::success(1, kA));
  s.time(1500).udp(kA, kB, PacketScript::request(check(1)));
  EXPECT_EQ(s.calls().at(0).transports.at(0).pairs.at(0).responses, 0U);
}

TEST(LooseFlows, EverySourceOfEitherDirectionIsAnEntry) {
  PacketScript s;
  PacketRef first_back;
  for (std::uint16_t n = 0; n < 8; ++n) {
    s.time(n * 20).udp(kA, kB, PacketScript::rtp(5, n));
    s.udp(kA, kB, PacketScript::rtp(6, n, 96));
    const PacketRef back = s.udp(kB, kA, PacketScript::rtp(7, n));
    if (n == 0)
      first_back = back;
  }
  s.pipeline.finish();
  const auto& loose = s.pipeline.loose();
  ASSERT_EQ(loose.size(), 3U);
  for (const LooseFlow& flow : loose)
    EXPECT_EQ(flow.packets, 8U);
  EXPECT_EQ(loose[2].ssrc, 7U);
  EXPECT_EQ(loose[2].a, PacketScript::at(kB));
  EXPECT_EQ(loose[2].first, first_back);
}

TEST(Icmp, SeenAtSeveralPointsIsOnePacket) {
  const std::string base = std::string(PARLEY_SOURCE_DIR) + "/captures/c02-two-cone-stun/";
  const auto reports = [&](const std::vector<std::string>& names) {
    std::vector<std::string> files;
    files.reserve(names.size());
    for (const std::string& name : names)
      files.push_back(base + name);
    return analyze_captures(files, {}).calls.at(0).icmp_reports.size();
  };
  const std::size_t at_a = reports({"peerA.pcapng"});
  EXPECT_GT(at_a, 0U);
  EXPECT_EQ(reports({"peerA.pcapng", "natA-wan.pcapng", "peerB.pcapng"}), at_a);
}

}  // namespace
}  // namespace parley::analyzer

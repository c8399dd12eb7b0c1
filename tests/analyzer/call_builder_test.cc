#include "analyzer/call_builder.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/analyzer/packet_script.h"

namespace parley::analyzer {
namespace {

constexpr const char* kA = "192.168.1.2:5000";
constexpr const char* kB = "192.168.1.3:6000";

PacketScript::Check check(std::uint32_t id, const std::string& username, bool controlling,
                          bool use_candidate = false) {
  PacketScript::Check c;
  c.id = id;
  c.username = username;
  c.controlling = controlling;
  c.use_candidate = use_candidate;
  return c;
}

TEST(CallBuilder, TheControllingAgentIsAWhoeverSendsFirst) {
  PacketScript s;
  s.time(0).answered_check(kB, kA, check(1, "aaaa:bbbb", false));
  s.time(50).answered_check(kA, kB, check(2, "bbbb:aaaa", true, true));
  const std::vector<Call> calls = s.calls();
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].peers[0].ufrags.at(0).ufrag, "aaaa");
  EXPECT_EQ(calls[0].peers[0].ice_role, trace::IceRole::Controlling);
  EXPECT_EQ(calls[0].peers[1].ice_role, trace::IceRole::Controlled);
  ASSERT_EQ(calls[0].transports.size(), 1U);
  EXPECT_EQ(calls[0].transports[0].pairs.size(), 2U);
  EXPECT_EQ(calls[0].transports[0].agents[0].nominates, trace::Nomination::Aggressive);
}

TEST(CallBuilder, BothDirectionsOfAPathAreOneRouteWhicheverPointSawMostOfEach) {
  PacketScript s;
  constexpr const char* kOutside = "203.0.113.1:40000";
  constexpr const char* kFar = "198.51.100.9:6000";
  s.point(0).time(0).udp(kA, kFar, PacketScript::request(check(1, "bbbb:aaaa", true, true)));
  s.point(1).time(1).udp(kOutside, kFar, PacketScript::request(check(1, "bbbb:aaaa", true, true)));
  s.point(1).time(20).udp(kFar, kOutside, PacketScript::success(1, kOutside));
  s.point(0).time(21).udp(kFar, kA, PacketScript::success(1, kOutside));
  for (std::uint16_t n = 0; n < 8; ++n) {
    s.point(0).udp(kA, kFar, PacketScript::rtp(5, n));
    s.point(1).udp(kFar, kOutside, PacketScript::rtp(6, n));
    if (n == 3)
      continue;  // lost between the points, both ways
    s.point(1).udp(kOutside, kFar, PacketScript::rtp(5, n));
    s.point(0).udp(kFar, kA, PacketScript::rtp(6, n));
  }
  const std::vector<Flow> flows = s.calls().at(0).transports.at(0).flows;
  ASSERT_EQ(flows.size(), 2U);
  EXPECT_EQ(flows[0].source, PacketScript::at(kA));
  EXPECT_EQ(flows[1].destination, PacketScript::at(kOutside))
      << "as the point that saw most has it";
  EXPECT_EQ(flows[0].route, flows[1].route);
}

TEST(CallBuilder, OneRetransmittedTransactionIsTwoRequestsAndOneAnswer) {
  PacketScript s;
  s.time(0).udp(kA, kB, PacketScript::request(check(1, "bbbb:aaaa", true)));
  s.time(500).udp(kA, kB, PacketScript::request(check(1, "bbbb:aaaa", true)));
  s.time(510).udp(kB, kA, PacketScript::success(1, kA));
  const Pair pair = s.calls().at(0).transports.at(0).pairs.at(0);
  EXPECT_EQ(pair.requests, 2U);
  EXPECT_EQ(pair.responses, 1U);
  EXPECT_EQ(pair.unanswered, 0U);
  EXPECT_EQ(pair.state, trace::PairState::Succeeded);
  EXPECT_FALSE(pair.rtt.has_value()) << "which request was answered does not show";
}

TEST(CallBuilder, TwoPointsOfOneCallCountEachTransactionOnce) {
  PacketScript s;
  constexpr const char* kOutside = "203.0.113.1:40000";
  constexpr const char* kFar = "198.51.100.9:6000";
  for (std::uint32_t i = 1; i <= 3; ++i) {
    const int t = static_cast<int>(i) * 100;
    s.point(0).time(t).udp(kA, kFar, PacketScript::request(check(i, "bbbb:aaaa", true, true)));
    s.point(1).time(t + 1).udp(kOutside, kFar,
                               PacketScript::request(check(i, "bbbb:aaaa", true, true)));
    s.point(1).time(t + 20).udp(kFar, kOutside, PacketScript::success(i, kOutside));
    s.point(0).time(t + 21).udp(kFar, kA, PacketScript::success(i, kOutside));
  }
  for (std::uint16_t n = 0; n < 8; ++n) {
    s.point(0).udp(kA, kFar, PacketScript::rtp(5, n));
    s.point(1).udp(kOutside, kFar, PacketScript::rtp(5, n));
  }
  const std::vector<Call> calls = s.calls();
  ASSERT_EQ(calls.size(), 1U);
  const Transport& t = calls[0].transports.at(0);
  ASSERT_EQ(t.pairs.size(), 1U);
  EXPECT_EQ(t.pairs[0].requests, 3U);
  EXPECT_EQ(t.pairs[0].responses, 3U);
  EXPECT_EQ(t.pairs[0].local.address, PacketScript::at(kA)) << "the base, as its own side shows it";
  EXPECT_EQ(t.pairs[0].local.type, trace::CandidateType::Host);
  ASSERT_TRUE(t.pairs[0].rtt.has_value());
  EXPECT_DOUBLE_EQ(t.pairs[0].rtt->median, 21.0);
  EXPECT_EQ(t.srtp_packets[0], 8U);
  EXPECT_EQ(calls[0].streams.at(0).packets, 8U);
  ASSERT_TRUE(t.agents[0].selected_pair.has_value());
  EXPECT_EQ(t.agents[0].selected_pair->local.address, PacketScript::at(kOutside));
}

TEST(CallBuilder, ARequestLostBetweenThePointsIsStillOneRequest) {
  PacketScript s;
  s.point(0).time(0).udp(kA, kB, PacketScript::request(check(1, "bbbb:aaaa", true)));
  s.point(0).time(500).udp(kA, kB, PacketScript::request(check(1, "bbbb:aaaa", true)));
  s.point(1).time(501).udp(kA, kB, PacketScript::request(check(1, "bbbb:aaaa", true)));
  const Pair pair = s.calls().at(0).transports.at(0).pairs.at(0);
  EXPECT_EQ(pair.requests, 2U);
  EXPECT_EQ(pair.unanswered, 1U);
}

TEST(CallBuilder, ARestartOfBothUfragsOnNewSocketsIsKnownByItsMedia) {
  PacketScript s;
  s.time(0).answered_check(kA, kB, check(1, "bbbb:aaaa", true, true));
  for (std::uint16_t n = 0; n < 10; ++n)
    s.time(100 + n * 20).udp(kA, kB, PacketScript::rtp(5, n));
  constexpr const char* kNewA = "192.168.1.2:5002";
  constexpr const char* kNewB = "192.168.1.3:6002";
  s.time(5000).answered_check(kNewA, kNewB, check(2, "dddd:cccc", true, true));
  for (std::uint16_t n = 10; n < 20; ++n)
    s.time(5100 + n * 20).udp(kNewA, kNewB, PacketScript::rtp(5, n));
  const std::vector<Call> calls = s.calls();
  ASSERT_EQ(calls.size(), 1U);
  ASSERT_EQ(calls[0].transports.size(), 1U);
  EXPECT_EQ(calls[0].transports[0].restarts, 1U);
  EXPECT_EQ(calls[0].peers[0].ufrags.at(1).generation, 1U);
  ASSERT_EQ(calls[0].streams.size(), 1U);
  EXPECT_EQ(calls[0].streams[0].packets, 20U);
  EXPECT_EQ(calls[0].streams[0].lost, std::nullopt) << "whose side was captured is not known";
}

constexpr const char* kOtherA = "192.168.1.2:5002";
constexpr const char* kOtherB = "192.168.1.3:6002";

// Media of each side on a path of its own: those of B begin, and are checked, at the times given.
void two_paths(PacketScript& s, int checked, int other_checked, int other_media) {
  for (int ms = 0; ms < 12'000; ms += 20) {
    const auto number = static_cast<std::uint16_t>(ms / 20);
    s.time(ms).udp(kA, kB, PacketScript::rtp(5, number));
    if (ms >= other_media)
      s.udp(kOtherB, kOtherA, PacketScript::rtp(6, number));
    if (ms == checked)
      s.answered_check(kA, kB, check(1, "bbbb:aaaa", true, true));
    if (ms != other_checked)
      continue;
    s.answered_check(kOtherB, kOtherA, check(2, "cccc:dddd", false));
    s.answered_check(kOtherB, kA, check(3, "aaaa:dddd", false));
  }
}

TEST(CallBuilder, UfragsThatWereInUseBeforeTheCaptureHaveNoOrder) {
  PacketScript s;
  two_paths(s, 2000, 300, 0);
  const std::vector<Call> calls = s.calls();
  ASSERT_EQ(calls.size(), 1U);
  ASSERT_EQ(calls[0].transports.size(), 1U);
  EXPECT_EQ(calls[0].transports[0].restarts, 0U);
  EXPECT_TRUE(calls[0].transports[0].restart_list.empty());
  for (const Peer& peer : calls[0].peers) {
    ASSERT_EQ(peer.ufrags.size(), 2U);
    for (const Ufrag& ufrag : peer.ufrags)
      EXPECT_EQ(ufrag.generation, std::nullopt) << ufrag.ufrag;
  }
}

TEST(CallBuilder, ARestartThatALateCaptureShowsIsAfterWhatItsMediaWasOnBefore) {
  // The old path is checked after the new one.
  PacketScript s;
  two_paths(s, 4000, 3000, 3100);
  const std::vector<Call> calls = s.calls();
  ASSERT_EQ(calls.size(), 1U);
  ASSERT_EQ(calls[0].transports.size(), 1U);
  EXPECT_EQ(calls[0].transports[0].restarts, 1U);
  const std::vector<Ufrag>& ufrags = calls[0].peers[0].ufrags;
  ASSERT_EQ(ufrags.size(), 2U);
  EXPECT_EQ(ufrags[0].ufrag, "aaaa");
  EXPECT_EQ(ufrags[0].generation, 0U);
  EXPECT_EQ(ufrags[1].generation, 1U);
}

TEST(CallBuilder, TwoClientsOfOneServerAreTwoCalls) {
  PacketScript s;
  constexpr const char* kServer = "203.0.113.30:10000";
  s.answered_check("192.0.2.1:1111", kServer, check(1, "srv1:cli1", true, true));
  s.answered_check("192.0.2.2:1111", kServer, check(2, "srv2:cli2", true, true));
  for (std::uint16_t n = 0; n < 10; ++n) {
    s.udp(kServer, "192.0.2.1:1111", PacketScript::rtp(5, n));
    s.udp(kServer, "192.0.2.2:1111", PacketScript::rtp(5, n));
  }
  EXPECT_EQ(s.calls().size(), 2U) << "a server sends one SSRC to many";
}

TEST(CallBuilder, AServerWithOneUfragForAllHasACallForEachClient) {
  PacketScript s;
  s.answered_check("192.0.2.1:1111", "203.0.113.30:10000", check(1, "lite:cli1", true, true));
  s.answered_check("192.0.2.2:1111", "203.0.113.30:10000", check(2, "lite:cli2", true, true));
  EXPECT_EQ(s.calls().size(), 2U);
}

TEST(CallBuilder, A487BelongsToOneConflictUntilTheRoleChanges) {
  PacketScript s;
  s.time(0).udp(kA, kB, PacketScript::request(check(1, "bbbb:aaaa", true)));
  s.time(5).udp(kA, kB, PacketScript::request(check(2, "bbbb:aaaa", true)));
  s.time(10).udp(kB, kA, PacketScript::error(1, 487));
  s.time(15).udp(kB, kA, PacketScript::error(2, 487));
  s.time(40).answered_check(kA, kB, check(3, "bbbb:aaaa", false));
  const Transport t = s.calls().at(0).transports.at(0);
  EXPECT_EQ(t.role_conflicts, 1U);
  ASSERT_EQ(t.conflicts.size(), 1U);
  EXPECT_EQ(t.conflicts[0].claimed, trace::IceRole::Controlling);
  ASSERT_TRUE(t.conflicts[0].settled_at.has_value());
  EXPECT_EQ(*t.conflicts[0].settled_at - t.conflicts[0].request_at, std::chrono::milliseconds(40));
  ASSERT_EQ(t.pairs.at(0).errors.size(), 1U);
  EXPECT_EQ(t.pairs[0].errors[0].count, 2U);
}

TEST(CallBuilder, AnAgentThatOnlyAnswersIsIceLite) {
  PacketScript s;
  for (std::uint32_t i = 1; i <= 3; ++i)
    s.time(static_cast<int>(i) * 1000).answered_check(kA, kB, check(i, "bbbb:aaaa", true, i > 1));
  const Call call = s.calls().at(0);
  EXPECT_EQ(call.peers[1].ice_lite, true);
  const auto& used = call.transports.at(0).pairs.at(0).remote;
  EXPECT_EQ(used.type, trace::CandidateType::Host) << "a lite agent has no other candidates";
  EXPECT_EQ(used.inferred, Inferred{"type"});
  EXPECT_EQ(call.peers[1].ice_role, trace::IceRole::Controlled);
  EXPECT_FALSE(call.peers[0].ice_lite.has_value());
  EXPECT_EQ(call.transports.at(0).agents[0].nominates, trace::Nomination::Regular);
}

TEST(CallBuilder, ThirtySecondsOfUnansweredChecksLoseConsent) {
  PacketScript s;
  s.time(0).answered_check(kA, kB, check(1, "bbbb:aaaa", true, true));
  for (std::uint32_t i = 0; i < 14; ++i)
    s.time(2500 * static_cast<int>(i + 1))
        .udp(kA, kB, PacketScript::request(check(10 + i, "bbbb:aaaa", true, true)));
  const Transport t = s.calls().at(0).transports.at(0);
  EXPECT_EQ(t.agents[0].state, trace::IceState::Failed);
  ASSERT_TRUE(t.agents[0].consent_lost.has_value());
  EXPECT_EQ(*t.agents[0].consent_lost, Instant{} + std::chrono::milliseconds(30010));
  EXPECT_EQ(t.pairs.at(0).requests_after_last_response, 14U);
}

TEST(CallBuilder, ANominationThatNothingAnswersSelectsNothing) {
  constexpr const char* kFar = "198.51.100.9:6000";
  PacketScript s;
  s.time(0).udp(kA, kFar, PacketScript::request(check(1, "bbbb:aaaa", true)));
  s.time(40).udp(kFar, kA, PacketScript::success(1, "203.0.113.1:5000"));
  int at = 50;
  for (const int pause : {500, 1000, 2000, 4000, 8000, 16000, 0}) {
    s.time(at).udp(kA, kFar, PacketScript::request(check(2, "bbbb:aaaa", true, true)));
    at += pause;
  }
  const Transport t = s.calls().at(0).transports.at(0);
  EXPECT_FALSE(t.agents[0].selected_pair.has_value());
  EXPECT_FALSE(t.agents[0].connected.has_value());
  EXPECT_FALSE(t.agents[0].consent_lost.has_value()) << "consent begins with the selection";
  EXPECT_EQ(t.pairs.at(0).state, trace::PairState::Failed) << "although it was valid before";
  EXPECT_FALSE(t.pairs.at(0).selected);
}

TEST(CallBuilder, OneUnansweredRequestIsNoFailedPair) {
  PacketScript s;
  s.time(0).udp(kA, kB, PacketScript::request(check(1, "bbbb:aaaa", true)));
  s.time(5).answered_check(kA, "192.168.1.4:6000", check(2, "bbbb:aaaa", true, true));
  s.time(20000).answered_check(kA, "192.168.1.4:6000", check(3, "bbbb:aaaa", true));
  const Transport t = s.calls().at(0).transports.at(0);
  ASSERT_EQ(t.pairs.size(), 2U);
  EXPECT_EQ(t.pairs[0].state, trace::PairState::InProgress);
}

TEST(CallBuilder, AnAgentSeenFromAfarHasNoTimeOfItsOwn) {
  constexpr const char* kFar = "198.51.100.9:6000";
  constexpr const char* kOutside = "203.0.113.1:5000";
  PacketScript s;
  s.time(0).udp(kA, kFar, PacketScript::request(check(1, "bbbb:aaaa", true, true)));
  s.time(40).udp(kFar, kA, PacketScript::success(1, kOutside));
  s.time(45).udp(kFar, kA, PacketScript::request(check(2, "aaaa:bbbb", false)));
  s.time(45).udp(kA, kFar, PacketScript::success(2, kFar));
  const Transport t = s.calls().at(0).transports.at(0);
  EXPECT_EQ(t.agents[0].connected, Instant(std::chrono::milliseconds(40)));
  EXPECT_FALSE(t.agents[1].connected.has_value());
}

constexpr const char* kFar = "198.51.100.9:6000";
constexpr const char* kOutside = "203.0.113.1:5000";

// At B's socket, behind a NAT: B's checks are answered, A's check nominates.
void nominate_from_afar(PacketScript& s) {
  s.time(0).udp(kA, kFar, PacketScript::request(check(1, "aaaa:bbbb", false)));
  s.time(40).udp(kFar, kA, PacketScript::success(1, kOutside));
  s.time(45).udp(kFar, kA, PacketScript::request(check(2, "bbbb:aaaa", true, true)));
  s.time(45).udp(kA, kFar, PacketScript::success(2, kFar));
}

TEST(CallBuilder, ANominationFromAfarSelectsNothingUntilItsAnswerShowsToHaveArrived) {
  PacketScript silent;
  nominate_from_afar(silent);
  const Transport waits = silent.calls().at(0).transports.at(0);
  EXPECT_FALSE(waits.agents[0].selected_pair.has_value()) << "the answer may be lost";
  EXPECT_TRUE(waits.agents[1].selected_pair.has_value());

  PacketScript again;
  nominate_from_afar(again);
  again.time(545).udp(kFar, kA, PacketScript::request(check(2, "bbbb:aaaa", true, true)));
  again.time(545).udp(kA, kFar, PacketScript::success(2, kFar));
  EXPECT_FALSE(again.calls().at(0).transports.at(0).agents[0].selected_pair.has_value());

  PacketScript next;
  nominate_from_afar(next);
  next.time(5000).udp(kFar, kA, PacketScript::request(check(3, "bbbb:aaaa", true)));
  EXPECT_TRUE(next.calls().at(0).transports.at(0).agents[0].selected_pair.has_value());
}

TEST(CallBuilder, TheStateOfAnAgentSeenFromAfarIsNotKnownWhereThePathLosesPackets) {
  const auto state_of_a = [](bool answered, bool media) {
    PacketScript s;
    nominate_from_afar(s);
    s.time(5000).udp(kFar, kA, PacketScript::request(check(3, "bbbb:aaaa", true)));
    s.time(5000).udp(kA, kFar, PacketScript::success(3, kFar));
    for (std::uint32_t i = 0; i < 2; ++i) {
      s.time(5100 + 500 * static_cast<int>(i))
          .udp(kA, kFar, PacketScript::request(check(4 + i, "aaaa:bbbb", false)));
      if (answered)
        s.time(5140 + 500 * static_cast<int>(i))
            .udp(kFar, kA, PacketScript::success(4 + i, kOutside));
    }
    for (std::uint16_t i = 0; media && i < 8; ++i)
      s.time(6300 + 20 * i).udp(kFar, kA, PacketScript::rtp(7, i));
    return s.calls().at(0).transports.at(0).agents[0].state;
  };
  EXPECT_EQ(state_of_a(true, false), trace::IceState::Connected);
  EXPECT_EQ(state_of_a(false, false), std::nullopt) << "B's answers may be lost like its checks";
  EXPECT_EQ(state_of_a(false, true), trace::IceState::Connected) << "media takes consent";
}

TEST(CallBuilder, WhatAnAgentSeenFromAfarCountsIsInferred) {
  PacketScript s;
  nominate_from_afar(s);
  const Transport t = s.calls().at(0).transports.at(0);
  ASSERT_EQ(t.pairs.size(), 2U);
  for (const Pair& pair : t.pairs)
    for (const char* member : {"requests", "responses", "nominated", "state"})
      EXPECT_EQ(std::count(pair.inferred.begin(), pair.inferred.end(), member),
                pair.agent == Side::A ? 1 : 0)
          << member;
}

TEST(CallBuilder, ACheckThatStillWaitsWhenAnotherPairIsNominatedHasNotFailed) {
  const auto state_at = [](int nominated) {
    PacketScript s;
    for (const int at : {0, 500, 1500, 3500, 7500, 15500, 31500})
      s.time(at).udp(kA, kB, PacketScript::request(check(1, "bbbb:aaaa", true)));
    s.time(nominated).udp(kA, kFar, PacketScript::request(check(2, "bbbb:aaaa", true, true)));
    s.time(nominated + 40).udp(kFar, kA, PacketScript::success(2, kOutside));
    return s.calls().at(0).transports.at(0).pairs.at(0).state;
  };
  EXPECT_EQ(state_at(35000), trace::PairState::InProgress);
  EXPECT_EQ(state_at(39600), trace::PairState::Failed);
}

TEST(CallBuilder, QuestionsToAStunServerAreNoPairs) {
  PacketScript s;
  constexpr const char* kStun = "203.0.113.10:3478";
  PacketScript::Check question = check(1, "", true);
  s.time(0).udp(kA, kStun, PacketScript::request(question));
  s.time(30).udp(kStun, kA, PacketScript::success(1, "198.51.100.1:7777"));
  s.time(100).answered_check(kA, kB, check(2, "bbbb:aaaa", true, true));
  const Call call = s.calls().at(0);
  EXPECT_EQ(call.transports.at(0).pairs.size(), 1U);
  ASSERT_EQ(call.stun_servers.size(), 1U);
  EXPECT_EQ(call.stun_servers[0].of, Side::A);
  EXPECT_EQ(call.stun_servers[0].mapped.at(0), PacketScript::at("198.51.100.1:7777"));
  const auto& candidates = call.peers[0].candidates;
  EXPECT_TRUE(std::any_of(candidates.begin(), candidates.end(), [](const Candidate& c) {
    return c.type == trace::CandidateType::ServerReflexive &&
           c.address == PacketScript::at("198.51.100.1:7777");
  }));
}

}  // namespace
}  // namespace parley::analyzer

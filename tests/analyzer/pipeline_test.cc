#include "analyzer/pipeline.h"

#include <gtest/gtest.h>

#include "tests/analyzer/packet_script.h"

namespace parley::analyzer {
namespace {

constexpr const char* kA = "192.168.1.2:5000";
constexpr const char* kB = "192.168.1.3:6000";

TEST(Pipeline, DnsThatLooksLikeRtpOrDtlsIsDns) {
  PacketScript s;
  for (std::uint16_t i = 0; i < 20; ++i)
    s.udp(kA, "192.168.1.1:53", PacketScript::rtp(7, i));
  s.udp(kA, "192.168.1.1:53", *parse_hex("16fefd0000000000000000000100"));
  s.pipeline.finish();
  EXPECT_EQ(s.pipeline.counts(0).dns, 21U);
  EXPECT_EQ(s.pipeline.counts(0).rtp + s.pipeline.counts(0).dtls, 0U);
  EXPECT_TRUE(s.pipeline.loose().empty());
}

TEST(Pipeline, RtpBeforeTheFirstCheckIsCountedOnceTheFlowIsProven) {
  PacketScript s;
  for (std::uint16_t i = 0; i < 3; ++i)
    s.udp(kA, kB, PacketScript::rtp(7, i));
  s.answered_check(kB, kA, {});
  s.udp(kA, kB, PacketScript::rtp(7, 3));
  s.pipeline.finish();
  EXPECT_EQ(s.pipeline.counts(0).srtp, 4U);
  EXPECT_EQ(s.pipeline.counts(0).stun, 2U);
  EXPECT_EQ(s.pipeline.counts(0).other, 0U);
}

TEST(Pipeline, AFlowThatGoesOnInAnotherFileIsCountedWhereEachPacketIs) {
  PacketScript s;
  for (std::uint16_t i = 0; i < 3; ++i)
    s.file(0).udp(kA, kB, PacketScript::rtp(7, i));
  s.file(1).answered_check(kB, kA, {});
  for (std::uint16_t i = 0; i < 4; ++i)  // one file for each direction
    s.file(1 + i % 2).udp(i % 2 == 0 ? kA : kB, i % 2 == 0 ? kB : kA, PacketScript::rtp(i % 2, i));
  s.pipeline.finish();
  EXPECT_EQ(s.pipeline.counts(0).srtp, 3U) << "proven by what the next file holds";
  EXPECT_EQ(s.pipeline.counts(1).srtp, 2U);
  EXPECT_EQ(s.pipeline.counts(1).stun, 2U);
  EXPECT_EQ(s.pipeline.counts(2).srtp, 2U);
  EXPECT_EQ(s.pipeline.counts(0).other + s.pipeline.counts(1).other, 0U);
}

TEST(Pipeline, RtpWithoutIceIsALooseFlowOnlyWithContinuity) {
  PacketScript s;
  for (std::uint16_t i = 0; i < 6; ++i)
    s.udp(kA, kB, PacketScript::rtp(7, i));
  for (std::uint16_t i = 0; i < 6; ++i)
    s.udp(kA, "192.168.1.9:7000", PacketScript::rtp(i, i));
  s.pipeline.finish();
  ASSERT_EQ(s.pipeline.loose().size(), 1U);
  EXPECT_EQ(s.pipeline.loose()[0].protocol, "rtp");
  EXPECT_EQ(s.pipeline.loose()[0].ssrc, 7U);
  EXPECT_EQ(s.pipeline.counts(0).rtp, 6U);
  EXPECT_EQ(s.pipeline.counts(0).other, 6U);
}

TEST(Pipeline, ACheckWithABadFingerprintProvesNothing) {
  PacketScript s;
  ByteBuffer bad = PacketScript::request({});
  bad.back() ^= std::byte{1};
  s.udp(kA, kB, bad);
  for (std::uint16_t i = 0; i < 3; ++i)
    s.udp(kA, kB, PacketScript::rtp(7, i));
  EXPECT_TRUE(s.calls().empty());
  EXPECT_EQ(s.pipeline.counts(0).srtp, 0U);
}

class Turn : public testing::Test {
 protected:
  static constexpr const char* kClient = "10.0.0.2:4000";
  static constexpr const char* kServer = "203.0.113.10:3478";
  static constexpr const char* kRelayed = "203.0.113.10:50000";
  static constexpr const char* kPeer = "198.51.100.7:6000";

  ByteBuffer message(stun::Class c, stun::Method m, std::uint32_t id) {
    ByteBuffer out;
    stun::MessageBuilder b(out, c, m, PacketScript::id(id));
    if (c == stun::Class::Error)
      b.error_code(401, "Unauthorized");
    if (m == stun::Method::Allocate && c == stun::Class::Success) {
      b.address(stun::Attribute::XorRelayedAddress, PacketScript::at(kRelayed));
      b.address(stun::Attribute::XorMappedAddress, PacketScript::at("192.0.2.9:4000"));
      b.u32(stun::Attribute::Lifetime, 600);
    }
    if (m == stun::Method::ChannelBind && c == stun::Class::Request) {
      b.u32(stun::Attribute::ChannelNumber, 0x40010000);
      b.address(stun::Attribute::XorPeerAddress, PacketScript::at(kPeer));
    }
    b.finish();
    return out;
  }
  void allocate() {
    script.udp(kClient, kServer, message(stun::Class::Request, stun::Method::Allocate, 1));
    script.udp(kServer, kClient, message(stun::Class::Error, stun::Method::Allocate, 1));
    script.udp(kClient, kServer, message(stun::Class::Request, stun::Method::Allocate, 2));
    script.udp(kServer, kClient, message(stun::Class::Success, stun::Method::Allocate, 2));
    script.udp(kClient, kServer, message(stun::Class::Request, stun::Method::ChannelBind, 3));
    script.udp(kServer, kClient, message(stun::Class::Success, stun::Method::ChannelBind, 3));
  }
  void channel(bool to_server, const ByteBuffer& inner) {
    ByteBuffer out;
    turn::append_channel_data(out, 0x4001, inner, false);
    script.udp(to_server ? kClient : kServer, to_server ? kServer : kClient, out);
  }

  PacketScript script;
};

TEST_F(Turn, ChecksAndMediaInsideChannelsBelongToTheCall) {
  allocate();
  PacketScript::Check check;
  check.use_candidate = true;
  channel(true, PacketScript::request(check));
  channel(false, PacketScript::success(check.id, kRelayed));
  for (std::uint16_t i = 0; i < 5; ++i)
    channel(true, PacketScript::rtp(7, i));
  const std::vector<Call> calls = script.calls();
  ASSERT_EQ(calls.size(), 1U);
  const Pair& pair = calls[0].transports.at(0).pairs.at(0);
  EXPECT_TRUE(pair.through_turn);
  EXPECT_EQ(pair.local.type, trace::CandidateType::Relayed);
  EXPECT_EQ(pair.local.address, PacketScript::at(kRelayed));
  EXPECT_EQ(pair.remote.address, PacketScript::at(kPeer));
  EXPECT_EQ(pair.channel_or_relay, 0x4001);
  EXPECT_TRUE(pair.selected);
  EXPECT_EQ(calls[0].streams.at(0).packets, 5U);
  EXPECT_EQ(script.pipeline.counts(0).turn, 6U);
  EXPECT_EQ(script.pipeline.counts(0).srtp, 5U);
  EXPECT_EQ(script.pipeline.counts(0).stun, 2U);
}

TEST_F(Turn, AnAnswerThatASnapLengthCutIsAnAnswer) {
  script.udp(kClient, kServer, message(stun::Class::Request, stun::Method::Allocate, 1));
  const ByteBuffer refusal = message(stun::Class::Error, stun::Method::Allocate, 1);
  script.udp(kServer, kClient, refusal, refusal.size() - 28);
  const std::vector<Call> calls = script.calls();
  ASSERT_EQ(calls.size(), 1U);
  const TurnAllocation& a = calls[0].turn.at(0);
  EXPECT_EQ(a.requests, 1U);
  EXPECT_EQ(a.responses, 1U);
  EXPECT_EQ(a.cut_short, 1U);
  ASSERT_EQ(a.refusals.size(), 1U) << "the code stands before the cut, its reason does not";
  EXPECT_EQ(a.refusals[0].code, 401);
}

TEST_F(Turn, AChannelThatWasBoundBeforeTheCaptureHasNoPeerAddress) {
  PacketScript::Check check;
  check.use_candidate = true;
  script.udp(kClient, kServer, message(stun::Class::Request, stun::Method::Refresh, 1));
  script.udp(kServer, kClient, message(stun::Class::Success, stun::Method::Refresh, 1));
  channel(true, PacketScript::request(check));
  channel(false, PacketScript::success(check.id, kRelayed));
  const std::vector<Call> calls = script.calls();
  ASSERT_EQ(calls.size(), 1U);
  const Pair& pair = calls[0].transports.at(0).pairs.at(0);
  EXPECT_EQ(pair.remote.address, std::nullopt);
  EXPECT_EQ(pair.remote.channel, 0x4001);
  const TurnAllocation& a = calls[0].turn.at(0);
  EXPECT_EQ(a.channels.at(0).peer, std::nullopt);
  EXPECT_TRUE(a.made_before);
  EXPECT_EQ(a.state, "allocated");
  EXPECT_EQ(a.inferred, Inferred{"state"});
  for (const Peer& peer : calls[0].peers)
    for (const Candidate& candidate : peer.candidates)
      EXPECT_NE(candidate.address->address.family(), AddressFamily::None);
}

TEST_F(Turn, WhatTheChannelCarriedBeforeItsPeerBecameKnownIsOnePathWithTheRest) {
  PacketScript::Check check;
  script.udp(kClient, kServer, message(stun::Class::Request, stun::Method::Refresh, 1));
  channel(true, PacketScript::request(check));
  script.udp(kClient, kServer, message(stun::Class::Request, stun::Method::ChannelBind, 3));
  script.udp(kServer, kClient, message(stun::Class::Success, stun::Method::ChannelBind, 3));
  channel(false, PacketScript::success(check.id, kRelayed));
  const std::vector<Call> calls = script.calls();
  ASSERT_EQ(calls.size(), 1U);
  ASSERT_EQ(calls[0].transports.at(0).pairs.size(), 1U);
  EXPECT_EQ(calls[0].transports[0].pairs[0].remote.address, PacketScript::at(kPeer));
  EXPECT_EQ(calls[0].transports[0].pairs[0].responses, 1U);
}

TEST_F(Turn, ChannelDataBeforeTheFirstTurnMessageIsReadOnceTheFlowIsKnown) {
  for (std::uint16_t i = 0; i < 6; ++i) {
    channel(true, PacketScript::rtp(7, i));
    channel(false, PacketScript::rtp(8, i));
  }
  allocate();
  PacketScript::Check check;
  channel(true, PacketScript::request(check));
  const std::vector<Call> calls = script.calls();
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(script.pipeline.counts(0).other, 0U);
  EXPECT_EQ(script.pipeline.counts(0).srtp, 12U);
}

// What was kept and read makes room for the next flow.
TEST_F(Turn, EarlyChannelDataOfOneFlowAfterAnotherIsKeptAndRead) {
  constexpr std::size_t kRounds =
      2 * Pipeline::kMaxEarlyBytes / (1000 * Pipeline::kMaxEarlyPackets);
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    const std::string client = "10.0.0.2:" + std::to_string(5000 + round);
    ByteBuffer data;
    turn::append_channel_data(data, 0x4001, ByteBuffer(1000, std::byte{0x80}), false);
    for (std::size_t i = 0; i < Pipeline::kMaxEarlyPackets; ++i)
      script.udp(client, kServer, data);
    script.udp(client, kServer, message(stun::Class::Request, stun::Method::Allocate, 100 + round));
  }
  ASSERT_EQ(script.pipeline.turn().size(), kRounds);
  for (std::uint32_t i = 0; i < kRounds; ++i)
    EXPECT_EQ(script.pipeline.turn()[i].relayed_packets[0], Pipeline::kMaxEarlyPackets) << i;
}

TEST_F(Turn, MediaThroughAChannelWithoutACheckBelongsToTheCallOfItsClient) {
  allocate();
  PacketScript::Check check;
  channel(true, PacketScript::request(check));
  for (std::uint16_t i = 0; i < 6; ++i) {
    ByteBuffer data;
    turn::append_channel_data(data, 0x4003, PacketScript::rtp(8, i), false);
    script.udp(kServer, kClient, data);
  }
  const std::vector<Call> calls = script.calls();
  ASSERT_EQ(calls.size(), 1U);
  ASSERT_EQ(calls[0].streams.size(), 1U);
  EXPECT_EQ(calls[0].streams[0].from, Side::B);
  EXPECT_EQ(calls[0].packets_from[1], 6U);
  EXPECT_EQ(calls[0].turn.at(0).hidden_packets, (PerSide{0, 6}));
}

TEST_F(Turn, ChannelDataAloneWithoutTurnIsNotBelieved) {
  for (std::uint16_t i = 0; i < 6; ++i)
    channel(true, PacketScript::rtp(7, i));
  EXPECT_TRUE(script.calls().empty());
  EXPECT_EQ(script.pipeline.counts(0).other, 6U);
}

TEST_F(Turn, TwoClientsOfAServerThatMeantEachOtherAreOneCall) {
  allocate();
  ByteBuffer answer;
  stun::MessageBuilder b(answer, stun::Class::Success, stun::Method::Allocate, PacketScript::id(9));
  b.address(stun::Attribute::XorRelayedAddress, PacketScript::at(kPeer)).finish();
  script.udp("198.51.100.99:1000", kServer,
             message(stun::Class::Request, stun::Method::Allocate, 9));
  script.udp(kServer, "198.51.100.99:1000", answer);
  script.udp("198.51.100.55:1000", kServer,
             message(stun::Class::Request, stun::Method::Allocate, 10));
  const std::vector<Call> calls = script.calls();
  ASSERT_EQ(calls.size(), 2U) << "the third client meant nobody";
  EXPECT_TRUE(calls[0].server_only);
  ASSERT_EQ(calls[0].turn.size(), 2U);
  EXPECT_EQ(calls[0].turn[0].of, Side::A);
  EXPECT_EQ(calls[0].turn[1].of, Side::B);
  EXPECT_EQ(calls[1].turn.size(), 1U);
}

TEST_F(Turn, AnAllocationKeepsItsRefusalAndItsGrant) {
  allocate();
  const std::vector<Call> calls = script.calls();
  ASSERT_EQ(calls.size(), 1U);
  ASSERT_EQ(calls[0].turn.size(), 1U);
  const TurnAllocation& a = calls[0].turn[0];
  EXPECT_EQ(a.state, "allocated");
  EXPECT_EQ(a.relayed, PacketScript::at(kRelayed));
  EXPECT_EQ(a.lifetime_s, 600U);
  ASSERT_EQ(a.errors.size(), 1U);
  EXPECT_EQ(a.errors[0].code, 401);
  ASSERT_EQ(a.channels.size(), 1U);
  EXPECT_EQ(a.channels[0].number, 0x4001);
  EXPECT_TRUE(a.channels[0].bound.has_value());
  ASSERT_EQ(a.permissions.size(), 1U);
}

TEST_F(Turn, AServerThatNeverAnswersIsSilent) {
  for (int i = 0; i < 3; ++i)
    script.time(i * 500).udp(kClient, kServer,
                             message(stun::Class::Request, stun::Method::Allocate, 1));
  const std::vector<Call> calls = script.calls();
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].turn.at(0).state, "silent");
  EXPECT_EQ(calls[0].turn.at(0).requests, 3U);
}

}  // namespace
}  // namespace parley::analyzer

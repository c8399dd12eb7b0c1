#include "analyzer/analyze.h"

#include <algorithm>

#include <gtest/gtest.h>

// Expected values are those of truth.json beside each capture, unless a comment says where else
// they come from.

namespace parley::analyzer {
namespace {

std::string capture(const std::string& name) {
  return std::string(PARLEY_SOURCE_DIR) + "/captures/" + name;
}

Analysis analyze(const std::vector<std::string>& names) {
  std::vector<std::string> files;
  files.reserve(names.size());
  for (const std::string& name : names)
    files.push_back(capture(name));
  return analyze_captures(files, {});
}

TEST(Analyze, FivePointsOfAFailedCallAreJoinedIntoOne) {
  const std::string base = "c04-symmetric-no-turn-fails/";
  const Analysis a =
      analyze({base + "peerA.pcapng", base + "natA-wan.pcapng", base + "natB-wan.pcapng",
               base + "peerB.pcapng", base + "turn.pcapng"});
  ASSERT_EQ(a.captures.size(), 5U);
  ASSERT_EQ(a.calls.size(), 1U);
  ASSERT_EQ(a.calls[0].transports.size(), 1U);
  const auto& pairs = a.calls[0].transports[0].pairs;
  ASSERT_EQ(pairs.size(), 4U);
  std::array<std::vector<std::uint64_t>, 2> requests;
  for (const Pair& pair : pairs) {
    requests[index_of(pair.agent)].push_back(pair.requests);
    EXPECT_EQ(pair.responses, 0U);
  }
  for (auto& r : requests)
    std::sort(r.begin(), r.end());
  EXPECT_EQ(requests[0], (std::vector<std::uint64_t>{121, 121}));
  EXPECT_EQ(requests[1], (std::vector<std::uint64_t>{120, 122}));
  EXPECT_EQ(pairs[0].local.address, Endpoint::parse("10.1.0.2:36615"));
}

TEST(Analyze, ARestartInMidCallKeepsOneTransportAndTwoSelectedPairs) {
  const Analysis a = analyze({"c09b-ice-restart/peerA.pcapng"});
  ASSERT_EQ(a.calls.size(), 1U);
  ASSERT_EQ(a.calls[0].transports.size(), 1U);
  const Transport& t = a.calls[0].transports[0];
  EXPECT_EQ(t.restarts, 1U);
  EXPECT_EQ(t.role_conflicts, 2U);
  EXPECT_EQ(t.agents[0].selected_pair->local.address, Endpoint::parse("192.168.50.11:57012"));
  EXPECT_EQ(t.agents[1].selected_pair->local.address, Endpoint::parse("192.168.50.12:53005"));
  for (const Stream& s : a.calls[0].streams) {
    EXPECT_EQ(s.packets, 462U);
    // Both answer checks at once, and no NAT, server or router tells one side from the other.
    EXPECT_EQ(s.lost, std::nullopt);
    EXPECT_EQ(s.sent, std::nullopt);
    EXPECT_EQ(s.arrived, std::nullopt);
  }
}

TEST(Analyze, WhatIsMissingBesideItsSenderIsNotCapturedAndNotLost) {
  const Analysis a = analyze({"c02-two-cone-stun/peerA.pcapng"});
  ASSERT_EQ(a.calls.size(), 1U);
  ASSERT_EQ(a.calls[0].streams.size(), 4U);
  for (const Stream& s : a.calls[0].streams) {
    const bool here = s.from == Side::A;
    EXPECT_EQ(s.lost, here ? std::nullopt : std::optional<std::uint64_t>(0));
    EXPECT_EQ(s.not_captured, here ? std::optional<std::uint64_t>(0) : std::nullopt);
  }
}

TEST(Analyze, MLinesThatAreNotBundledAreTransportsOfOneCall) {
  const Analysis a = analyze({"c15-no-bundle/peerB.pcapng"});
  ASSERT_EQ(a.calls.size(), 1U);
  EXPECT_EQ(a.calls[0].transports.size(), 3U);
  EXPECT_EQ(a.calls[0].streams.size(), 6U);
  for (const Transport& t : a.calls[0].transports)
    EXPECT_EQ(t.dtls.version, "DTLS 1.3");
}

TEST(Analyze, ACallInsideTurnOverTcpIsSeenWhole) {
  const Analysis a = analyze({"c13-udp-blocked-turn-tcp/peerA.pcapng"});
  ASSERT_EQ(a.calls.size(), 1U);
  const Call& call = a.calls[0];
  ASSERT_FALSE(call.turn.empty());
  EXPECT_TRUE(std::any_of(call.turn.begin(), call.turn.end(), [](const TurnAllocation& t) {
    return t.transport == "tcp" && t.relayed == Endpoint::parse("203.0.113.10:49201");
  }));
  const auto& selected = call.transports.at(0).agents[0].selected_pair;
  ASSERT_TRUE(selected.has_value());
  EXPECT_EQ(selected->local.type, trace::CandidateType::Relayed);
  EXPECT_EQ(selected->remote.address, Endpoint::parse("203.0.113.22:52681"));
  // As the capture at the TURN server counts them on the UDP side.
  ASSERT_EQ(call.streams.size(), 2U);
  EXPECT_EQ(call.streams[0].packets, 253U);
  EXPECT_EQ(call.streams[1].packets, 253U);
  EXPECT_EQ(call.transports[0].dtls.cipher_suite, "TLS_AES_128_GCM_SHA256");
}

TEST(Analyze, ADtls12HandshakeIsReadWholeWithItsRetransmissions) {
  const Analysis a = analyze({"c16-pion-av-data/peerB.pcapng"});
  const Dtls& d = a.calls.at(0).transports.at(0).dtls;
  EXPECT_EQ(d.state, trace::DtlsState::Connected);
  EXPECT_EQ(d.version, "DTLS 1.2");
  EXPECT_EQ(d.cipher_suite, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  EXPECT_EQ(d.srtp_profile, "SRTP_AES128_CM_HMAC_SHA1_80");
  EXPECT_EQ(d.client, Side::B);
  EXPECT_EQ(d.retransmissions, 3U) << "of a ClientHello in two datagrams";
  EXPECT_EQ(d.certificates.size(), 2U);
  EXPECT_EQ(d.client_hello_datagrams.size(), 2U);
}

TEST(Analyze, AServerCaptureWithoutChecksHoldsNoCall) {
  const Analysis a = analyze({"c02-two-cone-stun/turn.pcapng"});
  EXPECT_TRUE(a.calls.empty());
  EXPECT_EQ(a.captures.at(0).by_protocol.at("stun"), 6U);
}

TEST(Analyze, ClearRtpWithoutIceIsALooseFlow) {
  const Analysis a = analyze({"c07-firefox-av-keylog-loss/peerB-decrypted-rtp.pcap"});
  EXPECT_TRUE(a.calls.empty());
  EXPECT_FALSE(a.loose.empty());
}

TEST(Analyze, TheSameFilesGiveTheSameAnalysis) {
  const std::string base = "c03-two-symmetric-turn/";
  const std::vector<std::string> files{base + "peerA.pcapng", base + "turn.pcapng",
                                       base + "peerB.pcapng"};
  const Analysis x = analyze(files);
  const Analysis y = analyze(files);
  ASSERT_EQ(x.calls.size(), 1U);
  ASSERT_EQ(x.calls[0].transports.at(0).pairs.size(), y.calls.at(0).transports.at(0).pairs.size());
  for (std::size_t i = 0; i < x.calls[0].transports[0].pairs.size(); ++i)
    EXPECT_EQ(x.calls[0].transports[0].pairs[i].first, y.calls[0].transports[0].pairs[i].first);
}

}  // namespace
}  // namespace parley::analyzer

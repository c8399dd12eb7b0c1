#include "analyzer/model/from_trace.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analyzer/report/json.h"

namespace parley::analyzer {
namespace {

using std::chrono::milliseconds;
using trace::ActorId;
using trace::CandidateType;
using trace::PairId;
using trace::Record;

constexpr ActorId kAlice{0};
constexpr ActorId kBob{1};
constexpr ActorId kNat{2};

Endpoint endpoint(const char* text) {
  return Endpoint::parse(text).value_or(Endpoint{});
}

class FromTrace : public testing::Test {
 protected:
  template <class Event>
  void add(int ms, ActorId actor, Event event) {
    written.push_back({Instant(milliseconds(ms)), actor, std::move(event)});
  }

  Call call() const {
    RunTrace run;
    run.records = &written;
    run.nodes = {"alice", "bob", "home-a"};
    // Bob first: the roles, not the order, make A.
    run.peers = {RunPeer{kBob, "bob", {}}, RunPeer{kAlice, "alice", {}}};
    return call_from_trace(run);
  }

  void add_agent(ActorId actor, trace::IceRole role, const char* own, const char* peer, int up_ms) {
    const Endpoint local = endpoint(own);
    const Endpoint remote = endpoint(peer);
    add(0, actor, trace::IceCredentials{actor == kAlice ? "aaaa" : "bbbb", 0});
    add(0, actor, trace::IceRoleChanged{role, "offer"});
    add(1, actor, trace::IceCandidate{false, CandidateType::Host, local, local, 2130706431, "1"});
    add(50, actor,
        trace::IcePairCreated{PairId(0), local, remote, CandidateType::Host,
                              CandidateType::ServerReflexive, 1});
    add(60, actor, trace::IceCheckSent{PairId(0), "01", 1, false, false});
    add(up_ms - 2, actor, trace::IceCheckAnswered{PairId(0), "01", 0, milliseconds(20)});
    add(up_ms - 2, actor,
        trace::IcePairState{PairId(0), trace::PairState::InProgress, trace::PairState::Succeeded,
                            "response"});
    add(up_ms - 1, actor, trace::IceNominated{PairId(0)});
    add(up_ms, actor,
        trace::IceSelectedPair{PairId(0), endpoint("198.51.100.1:50000"), local, remote,
                               CandidateType::ServerReflexive, CandidateType::ServerReflexive, 5,
                               6});
    add(up_ms, actor,
        trace::IceStateChanged{trace::IceState::Checking, trace::IceState::Connected, "selected"});
  }

  void connect() {
    add_agent(kAlice, trace::IceRole::Controlling, "192.168.0.204:50000", "198.51.100.2:50000",
              316);
    add_agent(kBob, trace::IceRole::Controlled, "10.0.0.7:50000", "198.51.100.1:50000", 273);
  }

  void finish_dtls() {
    add(320, kBob,
        trace::DtlsStateChanged{trace::DtlsState::None, trace::DtlsState::Handshaking, ""});
    add(320, kBob, trace::DtlsFlightSent{"ClientHello", 1, 1});
    add(1320, kBob, trace::DtlsFlightSent{"ClientHello", 1, 2});
    for (const ActorId actor : {kAlice, kBob}) {
      add(1500, actor,
          trace::DtlsConnected{actor == kBob, "DTLS 1.2", "TLS_X", "x25519",
                               "SRTP_AES128_CM_HMAC_SHA1_80", "sha-256 AA:BB"});
      add(1500, actor,
          trace::DtlsStateChanged{trace::DtlsState::Handshaking, trace::DtlsState::Connected, ""});
    }
  }

  std::vector<Record> written;
};

TEST_F(FromTrace, TheControllingPeerIsAWhateverTheOrder) {
  connect();
  const Call result = call();
  EXPECT_EQ(result.peers[0].name, "alice");
  EXPECT_EQ(result.peers[1].name, "bob");
  EXPECT_EQ(result.peers[0].ice_role, trace::IceRole::Controlling);
  EXPECT_EQ(result.peers[1].ufrags.at(0).ufrag, "bbbb");
}

TEST_F(FromTrace, PairsCarryTheirCountsTimesAndTypes) {
  connect();
  const Call result = call();
  ASSERT_EQ(result.transports.size(), 1U);
  ASSERT_EQ(result.transports[0].pairs.size(), 2U);
  const Pair& pair = result.transports[0].pairs[0];
  EXPECT_EQ(pair.agent, Side::A);
  EXPECT_EQ(pair.requests, 1U);
  EXPECT_EQ(pair.responses, 1U);
  EXPECT_EQ(pair.unanswered, 0U);
  EXPECT_TRUE(pair.nominated && pair.selected);
  EXPECT_EQ(pair.state, trace::PairState::Succeeded);
  ASSERT_TRUE(pair.rtt);
  EXPECT_DOUBLE_EQ(pair.rtt->median, 20);
}

TEST_F(FromTrace, ConnectedTimesAndSelectedPairsAreThoseOfTheRun) {
  connect();
  const Call result = call();
  const auto& agents = result.transports[0].agents;
  EXPECT_EQ(agents[0].connected, Instant(milliseconds(316)));
  EXPECT_EQ(agents[1].connected, Instant(milliseconds(273)));
  ASSERT_TRUE(agents[0].selected_pair);
  EXPECT_EQ(agents[0].selected_pair->local.type, CandidateType::ServerReflexive);
  EXPECT_EQ(agents[0].selected_pair->local.related, endpoint("192.168.0.204:50000"));
}

TEST_F(FromTrace, ICEWithoutDtlsIsNotYetConnected) {
  connect();
  EXPECT_EQ(call().outcome, Outcome::InProgress);
  EXPECT_EQ(call().reached, "ice");
}

TEST_F(FromTrace, DtlsFactsAreThoseOfTheHandshake) {
  connect();
  finish_dtls();
  const Call result = call();
  EXPECT_EQ(result.outcome, Outcome::Connected);
  EXPECT_EQ(result.verdict.code, "ok");
  const Dtls& dtls = result.transports[0].dtls;
  EXPECT_EQ(dtls.state, trace::DtlsState::Connected);
  EXPECT_EQ(dtls.version, "DTLS 1.2");
  EXPECT_EQ(dtls.client, Side::B);
  EXPECT_EQ(dtls.retransmissions, 1U);
  ASSERT_TRUE(dtls.handshake_ms);
  EXPECT_DOUBLE_EQ(*dtls.handshake_ms, 1180);
  ASSERT_EQ(dtls.certificates.size(), 2U);
  EXPECT_EQ(dtls.certificates[0].peer, Side::A);
}

TEST_F(FromTrace, WhatTheNatDidStandsInTheTimelineWithItsName) {
  connect();
  add(142, kNat,
      trace::NatPermission{endpoint("10.0.0.7:50000"), endpoint("198.51.100.2:50000"),
                           endpoint("198.51.100.1:50000")});
  add(400, kNat,
      trace::PacketDropped{"nat-filtered", endpoint("203.0.113.9:1"),
                           endpoint("198.51.100.2:50000"), 100, ""});
  const Call result = call();
  const auto said = [&](std::string_view text) {
    return std::any_of(result.timeline.begin(), result.timeline.end(),
                       [&](const TimelineEntry& e) { return e.what == text; });
  };
  EXPECT_TRUE(said("home-a lets 10.0.0.7:50000 out to 198.51.100.1:50000: it may now come in"));
  EXPECT_TRUE(said("home-a drops a packet of 203.0.113.9:1 to 198.51.100.2:50000: nat-filtered"));
}

TEST_F(FromTrace, ASwitchedRoleIsAConflict) {
  connect();
  add(500, kBob, trace::IceRoleChanged{trace::IceRole::Controlling, "487"});
  EXPECT_EQ(call().transports[0].role_conflicts, 1U);
  EXPECT_EQ(call().peers[1].ice_role, trace::IceRole::Controlled);  // the one at the start
}

TEST_F(FromTrace, ACandidateThatIsSignaledAfterItsCheckHasTheSignaledType) {
  connect();
  const Endpoint found = endpoint("198.51.100.77:50000");
  add(400, kAlice, trace::IceCandidate{true, CandidateType::PeerReflexive, found, found, 111, "p"});
  add(400, kAlice,
      trace::IcePairCreated{PairId(1), endpoint("192.168.0.204:50000"), found, CandidateType::Host,
                            CandidateType::PeerReflexive, 1});
  add(410, kAlice,
      trace::IceSelectedPair{PairId(1), endpoint("192.168.0.204:50000"),
                             endpoint("192.168.0.204:50000"), found, CandidateType::Host,
                             CandidateType::PeerReflexive, 5, 111});
  add(420, kAlice, trace::IceCandidate{true, CandidateType::Host, found, found, 222, "1"});
  const Call result = call();
  const Transport& t = result.transports[0];
  const auto pair = std::find_if(t.pairs.begin(), t.pairs.end(),
                                 [&](const Pair& p) { return p.remote.address == found; });
  ASSERT_NE(pair, t.pairs.end());
  EXPECT_EQ(pair->remote.type, CandidateType::Host);
  EXPECT_EQ(pair->remote.priority, 222U);
  EXPECT_EQ(pair->local.priority, 2130706431U);
  EXPECT_EQ(t.agents[0].selected_pair->remote.type, CandidateType::Host);
}

TEST_F(FromTrace, WhatNoEventCountsIsNotZero) {
  connect();
  finish_dtls();
  EXPECT_FALSE(call().transports[0].dtls.records.has_value());
  EXPECT_FALSE(call().transports[0].dtls.undecrypted.has_value());
}

TEST_F(FromTrace, TheHandshakeIsTheClientsFromItsFirstHelloOn) {
  connect();
  add(300, kAlice,
      trace::DtlsStateChanged{trace::DtlsState::None, trace::DtlsState::Handshaking, "waits"});
  finish_dtls();
  EXPECT_DOUBLE_EQ(call().transports[0].dtls.handshake_ms.value_or(0), 1180);
}

TEST_F(FromTrace, ALoggedLossOfConsentIsCertainAndItsTextHasNoGaps) {
  connect();
  finish_dtls();
  for (int ms = 5000; ms < 30'000; ms += 5000)
    add(ms, kAlice, trace::IceCheckSent{PairId(0), std::to_string(ms), 1, false, true});
  add(30'314, kAlice, trace::IceConsentLost{PairId(0)});
  add(30'314, kAlice,
      trace::IceStateChanged{trace::IceState::Connected, trace::IceState::Failed, "consent"});
  const Call result = call();
  EXPECT_EQ(result.outcome, Outcome::Lost);
  EXPECT_EQ(result.verdict.code, "ice-consent-lost");
  EXPECT_EQ(result.verdict.confidence, Confidence::Certain);
  for (const Finding& finding : result.findings) {
    EXPECT_EQ(finding.because.find(" ."), std::string::npos) << finding.because;
    EXPECT_EQ(finding.because.find("  "), std::string::npos) << finding.because;
    for (const PacketRef& packet : finding.evidence)
      EXPECT_GT(packet.packet, 0U) << finding.code;
  }
}

TEST_F(FromTrace, AnEmptyRunIsACallInProgressAndValidJson) {
  const Call result = call();
  EXPECT_EQ(result.outcome, Outcome::InProgress);
  EXPECT_TRUE(nlohmann::json::accept(call_json(result, Instant{})));
}

}  // namespace
}  // namespace parley::analyzer

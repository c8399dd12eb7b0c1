#include <gtest/gtest.h>

#include "analyzer/diagnose/diagnose.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;
using test::endpoint;
using test::find;
using test::packet;
using trace::CandidateType;

std::string everything_said(const Call& call) {
  std::string text = call.verdict.text;
  for (const Finding& finding : call.findings) {
    text += finding.summary + finding.because;
    for (const std::string& line : finding.open)
      text += line;
  }
  return text;
}

TEST(NoPath, WithoutARelayIsTheVerdictAndNotCertain) {
  Analysis analysis = test::unanswered_call();
  diagnose(analysis);
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.outcome, Outcome::Failed);
  EXPECT_EQ(call.verdict.code, "ice-no-relay");
  EXPECT_EQ(call.verdict.confidence, Confidence::Likely);
  EXPECT_TRUE(call.verdict.would_decide);
  const Finding* finding = find(call, "ice-no-relay");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->level, Level::Error);
  EXPECT_NE(finding->because.find("121 + 121 checks"), std::string::npos);
  EXPECT_EQ(finding->evidence.front(), packet(3));
}

TEST(NoPath, OneCaptureNeverClaimsThatBothNatsAreSymmetric) {
  Analysis analysis = test::unanswered_call();
  diagnose(analysis);
  const Call& call = analysis.calls[0];
  // The word stands only among what is open.
  for (const Finding& finding : call.findings) {
    EXPECT_EQ(finding.because.find("symmetric"), std::string::npos);
    EXPECT_EQ(finding.summary.find("symmetric"), std::string::npos);
  }
  EXPECT_EQ(call.verdict.text.find("symmetric"), std::string::npos);
  EXPECT_NE(everything_said(call).find("from one server only"), std::string::npos);
}

TEST(NoPath, ARelayThatCarriedChecksTurnsItIntoASilentPeer) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  TurnAllocation allocation;
  allocation.of = Side::A;
  allocation.relayed = test::endpoint("203.0.113.10:50000");
  allocation.requests = allocation.responses = 2;
  call.turn.push_back(allocation);
  Pair relayed = test::pair(Side::A, test::candidate(CandidateType::Relayed, "203.0.113.10:50000"),
                            test::candidate(CandidateType::Host, "10.2.0.2:56134", true), 20, 0);
  relayed.through_turn = true;
  call.transports[0].pairs.push_back(relayed);
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "ice-one-side-silent");
}

TEST(NoPath, WithChecksOfBothSidesItDoesNotSayThatOneIsGone) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  call.transports[0].pairs.push_back(
      test::pair(Side::B, test::candidate(CandidateType::Host, "10.2.0.2:56134"),
                 test::candidate(CandidateType::Host, "10.1.0.2:36615", true), 120, 0));
  diagnose(analysis);
  EXPECT_EQ(everything_said(call).find("B is gone"), std::string::npos);
  EXPECT_NE(call.verdict.text.find("checks of A (242) and B (120)"), std::string::npos);
}

TEST(NoPath, AnsweringWithoutBeingAnsweredIsNotTakenForAMissingRelay) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  call.transports[0].pairs.push_back(
      test::pair(Side::B, test::candidate(CandidateType::Host, "10.2.0.2:56134"),
                 test::candidate(CandidateType::Host, "10.1.0.2:36615", true), 50, 50));
  diagnose(analysis);
  EXPECT_EQ(find(call, "ice-no-relay"), nullptr);
  EXPECT_NE(find(call, "ice-no-answer"), nullptr);
}

TEST(NoPath, IsNotReportedForACallThatConnected) {
  Analysis analysis = test::analysis_with(test::connected_call());
  diagnose(analysis);
  EXPECT_EQ(analysis.calls[0].verdict.code, "ok");
  EXPECT_EQ(find(analysis.calls[0], "ice-no-relay"), nullptr);
}

// Captures of c04: at both peers and outside of both NATs, in this order of the files.
constexpr std::uint32_t kPeerA = 0;
constexpr std::uint32_t kNatA = 1;
constexpr std::uint32_t kNatB = 2;
constexpr std::uint32_t kPeerB = 3;

SeenAt seen(std::uint32_t capture, std::uint64_t count, std::uint64_t first, std::uint64_t last) {
  return {count, {capture, first}, {capture, last}, at(1.3), at(16)};
}

void name_captures(Analysis& analysis) {
  const Capture first = analysis.captures.front();
  analysis.captures.clear();
  for (const char* file : {"peerA.pcapng", "natA-wan.pcapng", "natB-wan.pcapng", "peerB.pcapng"}) {
    Capture capture = first;
    capture.file = file;
    capture.index = static_cast<std::uint32_t>(analysis.captures.size());
    analysis.captures.push_back(capture);
  }
}

void give_nat(Call& call, Side side, const char* inside, const char* server_sees, const char* peer,
              const char* peer_sees) {
  const std::uint32_t wan = side == Side::A ? kNatA : kNatB;
  Nat& nat = call.peers[index_of(side)].nat;
  nat.mapping = "not-endpoint-independent";
  nat.mappings = {
      {endpoint(inside), endpoint("203.0.113.10:3478"), endpoint(server_sees), {wan, 3}},
      {endpoint(inside), endpoint(peer), endpoint(peer_sees), {wan, 10}}};
}

// The four captures of c04: each side checks the port that the other's NAT opened for the server.
Analysis symmetric_call() {
  Analysis analysis = test::unanswered_call();
  name_captures(analysis);
  Call& call = analysis.calls[0];
  Pair& forth = call.transports[0].pairs[1];
  forth.requests_seen_at = {seen(kPeerA, 121, 6, 250), seen(kNatA, 121, 10, 496),
                            seen(kNatB, 121, 10, 496)};
  Pair& host = call.transports[0].pairs[0];
  host.requests_seen_at = {seen(kPeerA, 121, 5, 249), seen(kNatA, 121, 7, 494)};
  Pair back =
      test::pair(Side::B, test::candidate(CandidateType::Host, "10.2.0.2:56134"),
                 test::candidate(CandidateType::ServerReflexive, "203.0.113.21:60156"), 122, 0);
  back.first = PacketRef{kPeerB, 6};
  back.first_at = at(1.4);
  back.last = PacketRef{kPeerB, 250};
  back.last_at = at(16.3);
  back.requests_seen_at = {seen(kPeerB, 122, 6, 250), seen(kNatB, 122, 11, 497),
                           seen(kNatA, 122, 11, 497)};
  call.transports[0].pairs.push_back(back);
  StunServerUse use = call.stun_servers[0];
  use.of = Side::B;
  use.client = endpoint("10.2.0.2:56134");
  use.mapped = {endpoint("203.0.113.22:43776")};
  call.stun_servers.push_back(use);
  give_nat(call, Side::A, "10.1.0.2:36615", "203.0.113.21:60156", "203.0.113.22:43776",
           "203.0.113.21:16715");
  give_nat(call, Side::B, "10.2.0.2:56134", "203.0.113.22:43776", "203.0.113.21:60156",
           "203.0.113.22:8317");
  return analysis;
}

TEST(BothSymmetric, IsCertainWhereTheChecksAreSeenToEndAtTheNats) {
  Analysis analysis = symmetric_call();
  diagnose(analysis);
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.verdict.code, "ice-symmetric-both-no-relay");
  EXPECT_EQ(call.verdict.confidence, Confidence::Certain);
  EXPECT_EQ(find(call, "ice-no-relay"), nullptr);
  const Finding* finding = find(call, "ice-symmetric-both-no-relay");
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->because.find(":60156 to the STUN server 203.0.113.10:3478 and :16715 to "
                                  "203.0.113.22:43776 [natA-wan 3, 10]"),
            std::string::npos)
      << finding->because;
  EXPECT_NE(finding->because.find("121 of 121 seen last at natB-wan [natB-wan 10..496], none at "
                                  "peerB"),
            std::string::npos)
      << finding->because;
}

TEST(BothSymmetric, IsLikelyWhereNoCaptureShowsThatTheChecksEnd) {
  Analysis analysis = symmetric_call();
  Call& call = analysis.calls[0];
  for (Pair& pair : call.transports[0].pairs)
    pair.requests_seen_at.clear();
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "ice-symmetric-both-no-relay");
  EXPECT_EQ(call.verdict.confidence, Confidence::Likely);
}

TEST(BothSymmetric, IsNotClaimedWhenOneMappingIsUnknown) {
  Analysis analysis = symmetric_call();
  Call& call = analysis.calls[0];
  call.peers[1].nat = {};
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "ice-no-relay");
  EXPECT_NE(find(call, "ice-no-relay")->because.find("for each destination"), std::string::npos);
}

TEST(BothSymmetric, IsNotClaimedWhenThePeerChecksThePortThatTheChecksComeFrom) {
  Analysis analysis = symmetric_call();
  Call& call = analysis.calls[0];
  call.peers[0].nat.mappings[1].outside = endpoint("203.0.113.21:60156");
  diagnose(analysis);
  EXPECT_NE(call.verdict.code, "ice-symmetric-both-no-relay");
}

TEST(BothSymmetric, WithARefusedRelayTheVerdictNamesBoth) {
  Analysis analysis = symmetric_call();
  Call& call = analysis.calls[0];
  TurnAllocation allocation;
  allocation.of = Side::A;
  allocation.server = endpoint("203.0.113.10:3478");
  allocation.requests = allocation.responses = 2;
  TurnRefusal refusal;
  refusal.method = "Allocate";
  refusal.code = 401;
  refusal.authenticated = true;
  refusal.count = 1;
  allocation.refusals = {refusal};
  call.turn = {allocation};
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "turn-401");
  EXPECT_EQ(call.verdict.confidence, Confidence::Certain);
  EXPECT_NE(call.verdict.text.find("Both NATs give each destination another port"),
            std::string::npos);
  // The relay has its own advice: a second one would say the same.
  EXPECT_TRUE(find(call, "ice-symmetric-both-no-relay")->try_this.empty());
}

TEST(NoPath, OutsideOfANatThePortsThatNobodyChecksAreAFact) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  call.stun_servers[0].client = endpoint("203.0.113.21:60156");
  call.transports[0].pairs.resize(1);
  call.transports[0].pairs[0].local.address = endpoint("203.0.113.21:16715");
  call.transports[0].pairs.push_back(
      test::pair(Side::B, test::candidate(CandidateType::ServerReflexive, "203.0.113.22:8317"),
                 test::candidate(CandidateType::ServerReflexive, "203.0.113.21:60156"), 122, 0));
  diagnose(analysis);
  EXPECT_NE(find(call, "ice-no-relay")
                ->because.find("B's checks go to 203.0.113.21:60156, and A's checks come from "
                               "203.0.113.21:16715"),
            std::string::npos);
  EXPECT_EQ(call.verdict.confidence, Confidence::Likely);
  // The capture lies outside of A's NAT already.
  EXPECT_EQ(call.verdict.would_decide->find("NAT"), std::string::npos);
}

TEST(NoPath, ARelayIsDeniedOnlyToASideWhoseServerTrafficIsCaptured) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  call.transports[0].pairs.push_back(
      test::pair(Side::B, test::candidate(CandidateType::Host, "10.2.0.2:56134"),
                 test::candidate(CandidateType::Host, "10.1.0.2:36615", true), 120, 0));
  diagnose(analysis);
  const Finding* finding = find(call, "ice-no-relay");
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->summary.find("A had no relay"), std::string::npos);
  EXPECT_NE(finding->because.find("Whether B has a relay cannot be seen here"), std::string::npos);
  EXPECT_EQ(call.verdict.text.find("there was no relay"), std::string::npos);
}

TEST(NoPath, ARelayIsNotDeniedWhereTheCaptureBeginsAfterGathering) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  const Instant first = *call.transports[0].pairs[0].first_at;
  call.stun_servers[0].first_at = first + std::chrono::seconds(10);  // a keepalive
  analysis.captures[0].first_time = first;
  diagnose(analysis);
  const Finding* finding = find(call, "ice-no-relay");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->summary.find("had no relay"), std::string::npos);
  EXPECT_NE(finding->because.find("No relay of A was seen"), std::string::npos);
  EXPECT_EQ(call.verdict.text.find("relay"), std::string::npos);
  EXPECT_NE(find(call, "capture-begins-late"), nullptr);
}

TEST(NoPath, AOneWayCaptureLeavesOpenWhetherSomethingCameBack) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  HostTraffic point;
  point.sent = {249, 0};
  point.received = {0, 242};
  call.traffic = {point};
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "capture-one-direction");
  for (const Finding& finding : call.findings)
    EXPECT_NE(finding.level, Level::Error) << finding.code;
  for (const TimelineEntry& entry : call.timeline)
    EXPECT_EQ(entry.what.find("no answer"), std::string::npos) << entry.what;
}

TEST(NoPath, IsNotReportedWhileTheNextPacketMayBeTheAnswer) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  for (Pair& pair : call.transports[0].pairs) {
    pair.requests = 1;
    pair.last = pair.first;
    pair.last_at = pair.first_at;
  }
  call.last_at = at(1.4);
  analysis.captures[0].last_time = at(1.4);
  diagnose(analysis);
  EXPECT_EQ(call.outcome, Outcome::InProgress);
  EXPECT_EQ(call.verdict.code, "capture-ends-early");
  EXPECT_EQ(find(call, "ice-no-relay"), nullptr);
  EXPECT_FALSE(find(call, "capture-ends-early")->evidence.empty());
  for (const TimelineEntry& entry : call.timeline)
    EXPECT_EQ(entry.what.find("last check"), std::string::npos);
}

TEST(NoPath, ACaptureOfOtherCallsChangesNothing) {
  Analysis alone = test::unanswered_call();
  diagnose(alone);
  Analysis analysis = test::unanswered_call();
  Capture unrelated = analysis.captures.front();
  unrelated.index = 1;
  unrelated.file = "other.pcapng";
  unrelated.last_time = at(500);
  analysis.captures.push_back(unrelated);
  analysis.calls[0].captures = {0};
  diagnose(analysis);
  EXPECT_EQ(analysis.calls[0].verdict.text, alone.calls[0].verdict.text);
  EXPECT_EQ(find(analysis.calls[0], "ice-no-relay")->open,
            find(alone.calls[0], "ice-no-relay")->open);
}

// Two homes behind one NAT of their provider, seen at A.
Analysis hairpin_call() {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  call.stun_servers[0].mapped = {endpoint("203.0.113.22:60156")};
  return analysis;
}

TEST(NoHairpin, IsLikelyWhereACheckGoesToTheOwnPublicAddress) {
  Analysis analysis = hairpin_call();
  diagnose(analysis);
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.verdict.code, "nat-no-hairpin");
  EXPECT_EQ(call.verdict.confidence, Confidence::Likely);
  EXPECT_NE(call.verdict.text.find("A and B have the same public address, 203.0.113.22"),
            std::string::npos)
      << call.verdict.text;
  const Finding* finding = find(call, "nat-no-hairpin");
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->because.find("A is 203.0.113.22:60156 outside of its NAT"), std::string::npos)
      << finding->because;
  EXPECT_NE(finding->because.find("and checks 203.0.113.22:43776"), std::string::npos);
  EXPECT_EQ(find(call, "ice-no-relay"), nullptr);
  EXPECT_EQ(everything_said(call).find("symmetric"), std::string::npos);
}

TEST(NoHairpin, IsNotClaimedWhereAnotherPublicAddressWasCheckedToo) {
  Analysis analysis = hairpin_call();
  Call& call = analysis.calls[0];
  Pair elsewhere = call.transports[0].pairs[1];
  elsewhere.remote.address = endpoint("203.0.113.99:43776");
  call.transports[0].pairs.push_back(elsewhere);
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "ice-no-relay");
}

TEST(NoHairpin, IsNotClaimedWithoutANat) {
  Analysis analysis = hairpin_call();
  Call& call = analysis.calls[0];
  call.stun_servers[0].client = endpoint("203.0.113.22:60156");
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "ice-no-relay");
}

TEST(NoHairpin, IsNotClaimedWhereChecksOfThePeerCome) {
  Analysis analysis = hairpin_call();
  Call& call = analysis.calls[0];
  Pair back =
      test::pair(Side::B, test::candidate(CandidateType::PeerReflexive, "203.0.113.22:43776"),
                 test::candidate(CandidateType::Host, "10.1.0.2:36615"), 20, 0);
  call.transports[0].pairs.push_back(back);
  diagnose(analysis);
  EXPECT_NE(call.verdict.code, "nat-no-hairpin");
}

}  // namespace
}  // namespace parley::analyzer

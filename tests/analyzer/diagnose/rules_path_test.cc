#include <algorithm>

#include <gtest/gtest.h>

#include "analyzer/diagnose/diagnose.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;
using test::endpoint;
using test::find;
using test::flow;
using test::packet;

TEST(DifferingPaths, AreAWarningWithBothWaysNamed) {
  Analysis analysis = test::restarted_call();
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "ice-paths-differ");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->level, Level::Warning);
  EXPECT_EQ(finding->confidence, Confidence::Certain);
  EXPECT_NE(finding->because.find("252 RTP packets [646..1282]"), std::string::npos);
  EXPECT_EQ(analysis.calls[0].findings.front().code, "ice-paths-differ");
  EXPECT_NE(finding->summary.find("A on the new pair, B still on the old one"), std::string::npos);
}

TEST(DifferingPaths, HaveNoOrderInACaptureThatBeginsOnBoth) {
  Analysis analysis = test::restarted_call();
  Transport& transport = analysis.calls[0].transports[0];
  std::erase_if(transport.flows,
                [](const Flow& f) { return f.source == test::endpoint("192.168.50.11:36975"); });
  transport.dtls_steps.clear();
  transport.dtls.client_hello.reset();
  for (Flow& f : transport.flows)
    f.first_at = at(2);
  for (Flow& f : transport.flows)
    f.first_rtp_at = at(2);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "ice-paths-differ");
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->summary.find("which of the two is older was not captured"), std::string::npos)
      << finding->summary;
}

TEST(DifferingPaths, CountFromTheirFirstMediaAndNotFromTheHandshake) {
  Analysis analysis = test::restarted_call();
  Flow& old = analysis.calls[0].transports[0].flows.back();
  old.first = packet(13);
  old.first_rtp = packet(36);
  old.last_rtp = packet(1283);
  old.first_rtp_at = at(2.790);
  old.last_rtp_at = at(11.945);
  diagnose(analysis);
  EXPECT_NE(find(analysis.calls[0], "ice-paths-differ")->because.find("[36..1283]"),
            std::string::npos);
}

TEST(DifferingPaths, AreNotSeenInAnOrdinarySwitch) {
  Analysis analysis = test::restarted_call();
  Call& call = analysis.calls[0];
  Flow& back = call.transports[0].flows.back();
  back.last_at = at(7.0);
  call.transports[0].flows.push_back(
      flow(Side::B, "192.168.50.12:48765", "192.168.50.11:57012", 7.0, 11.9));
  diagnose(analysis);
  EXPECT_EQ(find(call, "ice-paths-differ"), nullptr);
}

TEST(DifferingPaths, AreNotSeenWhereOnePathIsSeenFromBothSidesOfItsNats) {
  Call call = test::connected_call();
  Flow a = flow(Side::A, "10.1.0.2:46335", "203.0.113.22:40755", 1, 9);
  Flow b = flow(Side::B, "10.2.0.2:40755", "203.0.113.21:46335", 1, 9);
  a.route = b.route = 3;
  call.transports[0].flows = {a, b};
  call.transports[0].srtp_packets = {100, 100};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "ice-paths-differ"), nullptr);
  analysis.calls[0].transports[0].flows[1].route = 4;
  diagnose(analysis);
  EXPECT_NE(find(analysis.calls[0], "ice-paths-differ"), nullptr);
}

TEST(ConsentLost, WithNothingHeardLeavesOpenWhetherThePeerWentAway) {
  Call call = test::connected_call();
  Pair& pair = call.transports[0].pairs[0];
  pair.last_response_at = at(4);
  pair.requests_after_last_response = 100;
  call.last_packet_from_at = {at(19.5), at(5)};
  call.last_packet_from = {packet(90), packet(50)};
  call.packets_from = {100, 20};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "ice-consent-lost");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->confidence, Confidence::Likely);
  ASSERT_FALSE(finding->open.empty());
  EXPECT_NE(finding->open.front().find("Whether B went away"), std::string::npos);
}

TEST(ConsentLost, WithThePeerStillHeardNamesTheOtherDirection) {
  Call call = test::connected_call();
  Pair& pair = call.transports[0].pairs[0];
  pair.last_response_at = at(4);
  pair.requests_after_last_response = 100;
  call.last_packet_from_at = {at(19.5), at(19.4)};
  call.packets_from = {100, 90};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "ice-consent-lost");
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->open.front().find("so B lives"), std::string::npos);
  EXPECT_EQ(analysis.calls[0].verdict.code, "ice-consent-lost");
}

// A side's checks from a capture's middle on, of which not one is answered.
Call call_without_any_answer(double lasted) {
  Call call = test::connected_call();
  Transport& transport = call.transports[0];
  Pair& pair = transport.pairs[0];
  pair.responses = 0;
  pair.requests = pair.unanswered = 50;
  pair.last_response.reset();
  pair.last_response_at.reset();
  pair.first_response_at.reset();
  pair.first_at = at(0.1);
  pair.last_at = at(0.1 + lasted);
  transport.pairs.resize(1);
  transport.flows = {flow(Side::A, "192.0.2.1:5000", "192.0.2.2:6000", 0, 8)};
  call.last_packet_from_at = {at(0.1 + lasted), std::nullopt};
  call.packets_from = {150, 0};
  return call;
}

TEST(ConsentLost, WithoutAnyAnswerInTheCaptureIsNoPathThatIsUp) {
  Analysis analysis = test::analysis_with(call_without_any_answer(8));
  diagnose(analysis);
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.outcome, Outcome::Lost);
  EXPECT_EQ(call.verdict.code, "ice-consent-lost");
  const Finding* finding = find(call, "ice-consent-lost");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->summary,
            "A sends data, and got no answer to 50 checks in 8.0 s; nothing of B was heard.");
  EXPECT_EQ(find(call, "media-one-way"), nullptr);
}

TEST(ConsentLost, OfOneDirectionSaysNothing) {
  Call call = call_without_any_answer(8);
  call.transports[0].heard_only = Side::A;
  for (Pair& pair : call.transports[0].pairs)
    pair.answers_hidden = true;
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "ice-consent-lost"), nullptr);
  EXPECT_NE(analysis.calls[0].outcome, Outcome::Lost);
}

// c09: B answers every check, its answers pass outside of A's NAT and do not come in.
Call call_with_a_broken_way() {
  Call call = test::connected_call();
  Pair& forth = call.transports[0].pairs[0];
  forth.last_response_at = at(4);
  forth.requests_after_last_response = forth.unanswered = 100;
  forth.answered_elsewhere = {{100, {1, 50}, {1, 900}, at(4.1), at(19)}};
  forth.since_answer = {100, forth.answered_elsewhere, {}};
  Pair& back = call.transports[0].pairs[1];
  back.first = PacketRef{2, 3};
  back.last_response_at = at(5);
  back.requests_after_last_response = back.unanswered = 90;
  back.requests_seen_at = {{90, {2, 60}, {2, 800}, at(5.1), at(19)},
                           {90, {1, 61}, {1, 801}, at(5.1), at(19)}};
  back.since_answer = {90, {}, back.requests_seen_at};
  call.transports[0].last_arrival[1] = SeenPacket{{0, 44}, at(5.5), 0};
  return call;
}

Analysis seen_at_three_points(const Call& call) {
  Analysis analysis = test::analysis_with(call);
  for (const char* file : {"natA-wan.pcapng", "peerB.pcapng"}) {
    analysis.captures.push_back(analysis.captures.front());
    analysis.captures.back().file = file;
    analysis.captures.back().index = static_cast<std::uint32_t>(analysis.captures.size() - 1);
  }
  return analysis;
}

TEST(BrokenWay, IsOneFindingForTheDirectionThatFailsBothSides) {
  Analysis analysis = seen_at_three_points(call_with_a_broken_way());
  diagnose(analysis);
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.outcome, Outcome::Lost);
  EXPECT_EQ(call.verdict.code, "ice-path-broken");
  EXPECT_EQ(find(call, "ice-consent-lost"), nullptr);
  EXPECT_EQ(std::count_if(call.findings.begin(), call.findings.end(),
                          [](const Finding& f) { return f.code == "ice-path-broken"; }),
            1);
  const Finding* finding = find(call, "ice-path-broken");
  EXPECT_EQ(finding->summary,
            "From 5.500 on packets of B no longer reach A: they are lost between natA-wan and "
            "peerA.");
  for (const char* fact :
       {"The last packet of B that reached peerA came at 5.500 [peerA 44].",
        "B answered 100 of A's checks after it [natA-wan 50..900]; none of these answers reached "
        "peerA.",
        "90 of these were seen last at natA-wan [natA-wan 61..801], none at peerA."})
    EXPECT_NE(finding->because.find(fact), std::string::npos) << fact << "\n" << finding->because;
  EXPECT_TRUE(std::any_of(call.timeline.begin(), call.timeline.end(), [](const auto& entry) {
    return entry.what == "the last packet of B that reaches peerA" && entry.at == at(5.5);
  }));
}

TEST(BrokenWay, BeginsWithTheLastAnswerWhereOtherPacketsStillComeThrough) {
  Call broken = call_with_a_broken_way();
  broken.transports[0].last_arrival[1]->at = at(19.5);
  Analysis analysis = seen_at_three_points(broken);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "ice-path-broken")->summary,
            "From 4.000 on answers to checks of B no longer reach A: they are lost between "
            "natA-wan and peerA.");
}

TEST(BrokenWay, IsNotClaimedWhereOnlySomePacketsAreLost) {
  Call call = call_with_a_broken_way();
  Pair& back = call.transports[0].pairs[1];
  back.last_response_at = at(18);
  back.requests_after_last_response = 1;
  back.requests_seen_at.clear();
  back.since_answer = {};
  Analysis analysis = seen_at_three_points(call);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "ice-path-broken"), nullptr) << "B's checks still reach A";
  EXPECT_NE(find(analysis.calls[0], "ice-consent-lost"), nullptr);
}

TEST(BrokenWay, IsNotClaimedOnAPathThatLostPacketsAllTheTime) {
  Call call = call_with_a_broken_way();
  for (Pair& pair : call.transports[0].pairs)
    pair.unanswered *= 2;
  Analysis analysis = seen_at_three_points(call);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "ice-path-broken"), nullptr);
  EXPECT_NE(find(analysis.calls[0], "ice-consent-lost"), nullptr);
}

TEST(BrokenWay, IsNotClaimedWhereTheAnswersWereNotSeenAnywhere) {
  Call call = call_with_a_broken_way();
  for (Pair& pair : call.transports[0].pairs) {
    pair.answered_elsewhere.clear();
    pair.requests_seen_at.clear();
    pair.since_answer = {};
  }
  Analysis analysis = seen_at_three_points(call);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "ice-path-broken"), nullptr);
  EXPECT_NE(find(analysis.calls[0], "ice-consent-lost"), nullptr);
}

TEST(RelayedPath, IsToldWithTheDirectChecksThatFailed) {
  Call call = test::connected_call();
  Transport& transport = call.transports[0];
  const Candidate relay = test::candidate(trace::CandidateType::Relayed, "203.0.113.10:49201");
  transport.pairs[0].local = relay;
  transport.pairs[1].remote = relay;
  transport.agents[0].selected_pair->local = relay;
  transport.pairs.push_back(
      test::pair(Side::A, test::candidate(trace::CandidateType::Host, "192.0.2.1:5000"),
                 test::candidate(trace::CandidateType::Host, "192.0.2.2:6000"), 13, 0));
  TurnAllocation allocation;
  allocation.of = Side::A;
  allocation.transport = "tcp";
  allocation.relayed = relay.address;
  allocation.requests = allocation.responses = 2;
  call.turn = {allocation};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "ice-relayed");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->level, Level::Note);
  EXPECT_TRUE(finding->because.starts_with("1 direct pair, 13 checks: 0 answers"));
  EXPECT_NE(analysis.calls[0].verdict.text.find("through A's relay (TURN over TCP)"),
            std::string::npos);
  EXPECT_EQ(analysis.calls[0].verdict.code, "ok");
}

TEST(RelayedPath, IsNoNewsWhenADirectCheckWasAnswered) {
  Analysis analysis = test::analysis_with(test::connected_call());
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "ice-relayed"), nullptr);
}

// c17: A's only pair leads to where B's checks came from.
TEST(RemoteOnlyReflexive, IsANoteThatLeavesTheCauseOpen) {
  Call call = test::connected_call();
  Transport& transport = call.transports[0];
  Candidate unknown;
  unknown.address = endpoint("203.0.113.22:45516");
  transport.pairs[0].remote = unknown;
  transport.pairs[1].local = unknown;
  transport.pairs[0].heard_first = true;
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "ice-remote-only-reflexive");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->peer, Side::A);
  EXPECT_EQ(finding->level, Level::Note);
  EXPECT_EQ(finding->confidence, Confidence::Possible);
  // A check of A that came first shows that it knew the address.
  analysis.calls[0].transports[0].pairs[0].heard_first = false;
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "ice-remote-only-reflexive"), nullptr);
}

TEST(Unreachable, PortsThatWereNeverOpenAreApartFromTheOneThatCloses) {
  Analysis analysis = test::restarted_call();
  Call& call = analysis.calls[0];
  IcmpReport early = call.icmp_reports.front();
  early.refused.port = 9;
  early.at = at(2.8);
  early.packet = packet(20);
  call.icmp_reports.insert(call.icmp_reports.begin(), early);
  diagnose(analysis);
  std::vector<std::string> said;
  for (const Finding& finding : call.findings)
    if (finding.code == "ice-icmp-unreachable")
      said.push_back(finding.summary);
  ASSERT_EQ(said.size(), 2U);
  EXPECT_TRUE(said[0].starts_with("A's port was closed at 11.949")) << said[0];
  EXPECT_EQ(said[1], "1 ICMP message for an address of A.");
}

TEST(Unreachable, ARelayThatItsOwnerGaveUpIsNoFinding) {
  Analysis analysis = test::restarted_call();
  Call& call = analysis.calls[0];
  TurnAllocation allocation;
  allocation.of = Side::A;
  allocation.relayed = call.icmp_reports.front().refused;
  call.turn = {allocation};
  for (IcmpReport& report : call.icmp_reports) {
    report.refused = *allocation.relayed;
    report.owner.reset();
    report.relay_of = Side::A;
  }
  diagnose(analysis);
  const Finding* kept = find(call, "ice-icmp-unreachable");
  ASSERT_NE(kept, nullptr);
  EXPECT_TRUE(kept->summary.starts_with("A's relay was gone at 11.949, after A's last packet"))
      << kept->summary;
  for (IcmpReport& report : call.icmp_reports)
    report.relay_released = true;
  diagnose(analysis);
  EXPECT_EQ(find(call, "ice-icmp-unreachable"), nullptr);
}

TEST(Unreachable, APortThatClosesAfterTheLastPacketMeansThatThePeerIsGone) {
  Analysis analysis = test::restarted_call();
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "ice-icmp-unreachable");
  ASSERT_NE(finding, nullptr);
  EXPECT_TRUE(finding->summary.starts_with("A's port was closed at 11.949, after its last packet"))
      << finding->summary;
  EXPECT_EQ(analysis.calls[0].verdict.text.find("gone"), std::string::npos);
}

}  // namespace
}  // namespace parley::analyzer

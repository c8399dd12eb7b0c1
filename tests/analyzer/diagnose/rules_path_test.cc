#include <algorithm>
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/diagnose/diagnose.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;
using test::endpoint;
using test::packet;

const Finding* find(const Call& call, std::string_view code) {
  const auto found = std::find_if(call.findings.begin(), call.findings.end(),
                                  [&](const Finding& f) { return f.code == code; });
  return found == call.findings.end() ? nullptr : &*found;
}

Flow flow(Side from, const char* source, const char* destination, double first, double last) {
  Flow f;
  f.from = from;
  f.source = endpoint(source);
  f.destination = endpoint(destination);
  f.rtp = 100;
  f.first_at = at(first);
  f.last_at = at(last);
  return f;
}

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

TEST(LostPackets, AreANoteWithAllStreamsAndTheOneThatLostMostFirst) {
  Call call = test::connected_call();
  Stream stream;
  stream.ssrc = 1234;
  stream.from = Side::B;
  stream.packets = 722;
  stream.lost = 38;
  call.streams = {stream};
  stream.ssrc = 99;
  stream.packets = 16;
  stream.lost = 2;
  call.streams.insert(call.streams.begin(), stream);
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "rtp-loss");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->level, Level::Note);
  EXPECT_EQ(finding->stream, 1234U);
  EXPECT_EQ(finding->summary,
            "2 RTP streams lost packets; most were lost of SSRC 1234 of B: 38 of 760 (5.0 %).");
  EXPECT_TRUE(finding->because.starts_with("SSRC 1234 of B: 38 of 760 packets lost"));
  EXPECT_NE(finding->because.find("SSRC 99 of B: 2 of 18 packets lost"), std::string::npos);
}

TEST(LostPackets, OfAFewInAShortStreamAloneAreNoNews) {
  Call call = test::connected_call();
  Stream stream;
  stream.packets = 16;
  stream.lost = 2;
  call.streams = {stream};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "rtp-loss"), nullptr);
}

TEST(LostPackets, AreAShareOfWhatTheSenderSent) {
  Call call = test::connected_call();
  Stream stream;
  stream.ssrc = 1234;
  stream.from = Side::B;
  stream.packets = stream.sent.emplace(322);
  stream.lost = 16;
  call.streams = {stream};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "rtp-loss");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->summary, "1 RTP stream lost 5.0 % of its packets: SSRC 1234 of B.");
  EXPECT_TRUE(finding->because.starts_with("SSRC 1234 of B: 16 of 322 packets lost"));
}

// What the capture beside the sender lacks was lost by no network.
TEST(LostPackets, AtTheSendersOwnCaptureAreNotLost) {
  Call call = test::connected_call();
  Stream stream;
  stream.ssrc = 1234;
  stream.from = Side::A;
  stream.packets = stream.sent.emplace(143);
  stream.not_captured = 47;
  call.streams = {stream};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "rtp-loss"), nullptr);
  const Finding* finding = find(analysis.calls[0], "rtp-not-captured");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->summary, testing::HasSubstr("24.7 % of A's own RTP packets (47 of 190)"));
}

TEST(LostPackets, MayBeMissedByACaptureThatMissesOthers) {
  Call call = test::connected_call();
  Stream stream;
  stream.ssrc = 1234;
  stream.from = Side::A;
  stream.packets = stream.sent.emplace(143);
  stream.not_captured = 47;
  call.streams = {stream};
  stream = {};
  stream.ssrc = 99;
  stream.from = Side::B;
  stream.packets = stream.arrived.emplace(165);
  stream.lost = 40;
  call.streams.push_back(stream);
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "rtp-loss");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->confidence, Confidence::Possible);
  EXPECT_EQ(finding->open.size(), 1U);
  EXPECT_THAT(finding->summary,
              testing::EndsWith("of B; or the capture missed them, as it did some of A."));
  EXPECT_THAT(finding->because, testing::HasSubstr("SSRC 99 of B: 40 of 205 packets lost"));
}

TEST(LostPackets, AreNotToldAgainWhereNoMediaArrivesAtAll) {
  Call call = test::connected_call();
  Stream stream;
  stream.from = Side::B;
  stream.packets = stream.sent.emplace(322);
  stream.lost = 322;
  call.streams = {stream};
  call.transports[0].media_arrived[1] = MediaSeen{};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "rtp-loss"), nullptr);
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

TEST(Dtls, AFatalAlertBeforeTheEndOfTheHandshakeIsTheVerdict) {
  Call call = test::connected_call();
  Dtls& dtls = call.transports[0].dtls;
  dtls.state = trace::DtlsState::Failed;
  dtls.connected_at.reset();
  dtls.alerts = {{"fatal", "bad_certificate", Side::B, packet(20), at(0.4)}};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(analysis.calls[0].outcome, Outcome::Failed);
  EXPECT_EQ(analysis.calls[0].verdict.code, "dtls-alert");
  EXPECT_EQ(analysis.calls[0].verdict.confidence, Confidence::Certain);
}

TEST(Dtls, AHandshakeThatHangsIsToldWithTheLastMessageOfEachSide) {
  Call call = test::connected_call();
  Transport& transport = call.transports[0];
  transport.dtls.state = trace::DtlsState::Handshaking;
  transport.dtls.connected_at.reset();
  transport.dtls_steps = {{Side::B, "ClientHello", packet(20), at(0.2), 5}};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "dtls-stuck");
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->because.find("No DTLS packet of A was seen."), std::string::npos);
  EXPECT_NE(finding->because.find("ClientHello, sent 5 times"), std::string::npos);
}

// Both sides are captured; what a side sent is cited where it left.
Analysis stuck_behind(std::vector<DtlsStep> steps) {
  Call call = test::connected_call();
  Transport& transport = call.transports[0];
  transport.dtls.state = trace::DtlsState::Handshaking;
  transport.dtls.connected_at.reset();
  transport.dtls_steps = std::move(steps);
  transport.pairs[1].first = PacketRef{1, 3};
  Analysis analysis = test::analysis_with(call);
  analysis.captures.push_back(analysis.captures.front());
  analysis.captures.back().file = "bob.pcapng";
  analysis.captures.back().index = 1;
  diagnose(analysis);
  return analysis;
}

TEST(Dtls, MessagesThatDoNotComeToTheOtherSideAreNamed) {
  DtlsStep done{Side::A, "ServerHelloDone", packet(20), at(0.2)};
  done.arrived = true;
  DtlsStep certificate{Side::B, "Certificate", {1, 18}, at(0.3), 5};
  certificate.arrived = true;
  DtlsStep finished{Side::B, "Finished (encrypted)", {1, 18}, at(0.3), 5};
  finished.arrived = false;
  finished.last = PacketRef{1, 52};
  finished.seen_last = 1;
  const Analysis analysis = stuck_behind({done, certificate, finished});
  const Finding* finding = find(analysis.calls[0], "dtls-stuck");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->confidence, Confidence::Certain);
  EXPECT_NE(
      finding->because.find("Finished (encrypted), sent 5 times, first at 0.300 [bob 18..52]"),
      std::string::npos)
      << finding->because;
  EXPECT_NE(finding->because.find("Finished (encrypted) of B never came whole to A (at "),
            std::string::npos)
      << finding->because;
  EXPECT_EQ(finding->because.find("Certificate of B"), std::string::npos);
  EXPECT_EQ(finding->try_this, "Look at the way from B to A: MTU, packet filters, rate limits.");
}

TEST(Dtls, ASideThatHasItAllAndDoesNotGoOnIsNamed) {
  DtlsStep hello{Side::B, "ClientHello", {1, 18}, at(0.2), 5};
  hello.arrived = true;
  const Analysis analysis = stuck_behind({hello});
  const Finding* finding = find(analysis.calls[0], "dtls-stuck");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->confidence, Confidence::Likely);
  EXPECT_NE(finding->because.find("came to A, which sent nothing new after it"), std::string::npos);
  EXPECT_TRUE(finding->try_this.starts_with("Look at the log of A")) << finding->try_this;
}

TEST(Dtls, APathWithoutAnyDtlsIsNamed) {
  Call call = test::connected_call();
  call.transports[0].dtls = {};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(analysis.calls[0].verdict.code, "dtls-not-started");
}

TEST(Dtls, ASideThatSendsNothingAfterTheHandshakeDidNotAcceptIt) {
  Call call = test::connected_call();
  Flow a = flow(Side::A, "192.0.2.1:5000", "192.0.2.2:6000", 0.2, 8);
  Flow b = flow(Side::B, "192.0.2.2:6000", "192.0.2.1:5000", 0.2, 0.29);
  a.rtp = b.rtp = 0;
  a.dtls = 6;
  b.dtls = 2;
  call.transports[0].flows = {a, b};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(analysis.calls[0].outcome, Outcome::Failed);
  EXPECT_EQ(analysis.calls[0].verdict.code, "dtls-peer-silent");
  EXPECT_EQ(analysis.calls[0].verdict.confidence, Confidence::Likely);
}

TEST(Dtls, UnreadCertificatesAreANote) {
  Analysis analysis = test::restarted_call();
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "dtls-fingerprint-unverified");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->level, Level::Note);
}

Call talking_call(std::uint64_t rtp_back, std::uint64_t rtcp_back) {
  Call call = test::connected_call();
  call.transports[0].srtp_packets = {400, rtp_back};
  call.transports[0].srtcp_packets = {20, rtcp_back};
  Stream stream;
  stream.from = Side::A;
  stream.first_at = at(1);
  stream.last_at = at(9);
  stream.first = packet(30);
  stream.last = packet(80);
  call.streams = {stream};
  return call;
}

TEST(OneWayMedia, WithoutEvenRtcpIsAnErrorThatIsLikely) {
  Analysis analysis = test::analysis_with(talking_call(0, 0));
  diagnose(analysis);
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.outcome, Outcome::Connected);
  EXPECT_EQ(call.verdict.code, "media-one-way");
  EXPECT_EQ(call.verdict.confidence, Confidence::Likely);
  EXPECT_EQ(call.findings.front().peer, Side::B);
}

TEST(OneWayMedia, AReceiverThatReportsIsAnOrdinaryOneWayCall) {
  Analysis analysis = test::analysis_with(talking_call(0, 5));
  diagnose(analysis);
  EXPECT_EQ(analysis.calls[0].verdict.code, "ok");
}

MediaSeen media_at(PointId point, std::uint64_t rtp) {
  MediaSeen seen;
  seen.point = point;
  seen.rtp = rtp;
  if (rtp > 0) {
    seen.first = PacketRef{point, 30};
    seen.last = PacketRef{point, 80};
    seen.first_at = at(1);
    seen.last_at = at(9);
  }
  return seen;
}

// B sends to A: as the captures at B, between and at A show it.
Call lossy_call(std::uint64_t sent_by_a) {
  Call call = talking_call(300, 10);
  Transport& t = call.transports[0];
  t.media_sent = {media_at(0, sent_by_a), media_at(2, 300)};
  t.media_seen_last[1] = media_at(1, 300);
  t.media_arrived[1] = media_at(0, 0);
  return call;
}

Analysis three_captures(const Call& call) {
  Analysis analysis = test::analysis_with(call);
  analysis.captures.assign(3, analysis.captures.front());
  for (std::uint32_t i = 0; i < 3; ++i) {
    analysis.captures[i].index = i;
    analysis.captures[i].file = std::array{"at-a.pcap", "wan.pcap", "at-b.pcap"}[i];
  }
  diagnose(analysis);
  return analysis;
}

TEST(OneWayMedia, ThatLeavesAndDoesNotArriveIsCertainAndNamesTheSegment) {
  const Analysis analysis = three_captures(lossy_call(400));
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.verdict.code, "media-one-way");
  const Finding* finding = find(call, "media-one-way");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->confidence, Confidence::Certain);
  EXPECT_EQ(finding->peer, Side::B);
  EXPECT_NE(finding->because.find("[wan 30..80]"), std::string::npos) << finding->because;
  EXPECT_NE(finding->because.find("At at-a arrived 0 RTP"), std::string::npos) << finding->because;
}

TEST(OneWayMedia, IsOnlyLikelyWhereTheReceiversCaptureShowsNoMediaAtAll) {
  const Analysis analysis = three_captures(lossy_call(0));
  const Finding* finding = find(analysis.calls[0], "media-one-way");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->confidence, Confidence::Likely);
}

TEST(OneWayMedia, SomeMediaThatArrivesIsLossOnly) {
  Call call = lossy_call(400);
  call.transports[0].media_arrived[1] = media_at(0, 2);
  EXPECT_EQ(three_captures(call).calls[0].verdict.code, "ok");
}

TEST(OneWayMedia, AShortCaptureDecidesNothing) {
  Call call = talking_call(0, 0);
  call.streams[0].last_at = at(3);
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(analysis.calls[0].verdict.code, "ok");
}

}  // namespace
}  // namespace parley::analyzer

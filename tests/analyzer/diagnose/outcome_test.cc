#include "analyzer/diagnose/outcome.h"

#include <gtest/gtest.h>

#include "analyzer/diagnose/call_end.h"
#include "analyzer/diagnose/diagnose.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;
using test::packet;

Ending ending(const Call& call) {
  return ending_of(call, call.last_at);
}

TEST(Outcome, ACallWithAFinishedHandshakeIsConnected) {
  const Call call = test::connected_call();
  EXPECT_EQ(ending(call).outcome, Outcome::Connected);
  EXPECT_EQ(ending(call).reached, "dtls");
}

TEST(Outcome, ProtectedPacketsOnASelectedPairAreEnough) {
  Call call = test::connected_call();
  call.transports[0].dtls = {};
  call.transports[0].srtp_packets = {10, 0};
  EXPECT_EQ(ending(call).outcome, Outcome::Connected);
  EXPECT_EQ(ending(call).reached, "media");
}

TEST(Outcome, UnansweredChecksThatStoppedLongAgoHaveFailed) {
  const Analysis analysis = test::unanswered_call();
  EXPECT_EQ(ending(analysis.calls[0]).outcome, Outcome::Failed);
  EXPECT_EQ(ending(analysis.calls[0]).reached, "signaling");
}

TEST(Outcome, TheSameChecksCutOffInTheMiddleAreInProgress) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  for (Pair& pair : call.transports[0].pairs)
    pair.last_at = at(5);
  call.last_at = at(5);
  analysis.captures[0].last_time = at(5);
  diagnose(analysis);
  EXPECT_EQ(call.outcome, Outcome::InProgress);
  EXPECT_EQ(call.verdict.code, "capture-ends-early");
}

TEST(Outcome, ACaptureThatEndsInTheHandshakeShowsNoStuckOne) {
  Call call = test::connected_call();
  call.transports[0].dtls = {};
  call.transports[0].dtls.state = trace::DtlsState::Handshaking;
  call.transports[0].dtls.started_at = call.last_at = at(2);
  diagnose(call, {}, Instant{});
  EXPECT_EQ(call.outcome, Outcome::InProgress);
  EXPECT_EQ(call.verdict.text, "ICE found a path; the packets end in the DTLS handshake.");
  for (const Finding& finding : call.findings)
    EXPECT_NE(finding.code, "dtls-stuck") << finding.summary;
  call.last_at = at(5.5);
  diagnose(call, {}, Instant{});
  EXPECT_TRUE(std::any_of(call.findings.begin(), call.findings.end(),
                          [](const Finding& finding) { return finding.code == "dtls-stuck"; }));
}

TEST(Outcome, ChecksThatAreSentAgainFailAfterTheirWholeSchedule) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  for (Pair& pair : call.transports[0].pairs)
    pair.unanswered = 1;  // one transaction, sent again and again
  EXPECT_EQ(ending_of(call, at(35)).outcome, Outcome::InProgress);
  EXPECT_EQ(ending_of(call, at(60)).outcome, Outcome::Failed);
}

TEST(Outcome, AnEncryptedAlertAtTheEndIsAnOrderlyEnd) {
  Call call = test::connected_call();
  call.transports[0].dtls.sealed_alert[0] = packet(99);
  call.transports[0].dtls.sealed_alert_at[0] = at(19.9);
  EXPECT_EQ(ending(call).outcome, Outcome::Closed);
  EXPECT_TRUE(ending(call).inferred);
}

TEST(Outcome, AnAlertFollowedByMediaEndsNothing) {
  Call call = test::connected_call();
  call.transports[0].dtls.sealed_alert[0] = packet(20);
  call.transports[0].dtls.sealed_alert_at[0] = at(5);
  Flow flow;
  flow.rtp = 100;
  flow.first_at = at(1);
  flow.last_at = at(19);
  call.transports[0].flows = {flow};
  EXPECT_EQ(ending(call).outcome, Outcome::Connected);
}

TEST(Outcome, ACloseNotifyInClearIsAnOrderlyEndThatNeedsNoInference) {
  Call call = test::connected_call();
  call.transports[0].dtls.alerts = {{"warning", "close_notify", Side::A, packet(99), at(19)}};
  EXPECT_EQ(ending(call).outcome, Outcome::Closed);
  EXPECT_FALSE(ending(call).inferred);
}

// A's selected pair sends from the relay that it gives up at 19.5 s.
Call relayed_call() {
  Call call = test::connected_call();
  SelectedPair used;
  used.local = test::candidate(trace::CandidateType::Relayed, "203.0.113.10:49201");
  used.remote = test::candidate(trace::CandidateType::Host, "192.0.2.2:6000");
  call.transports[0].agents[0].selected_pair = used;
  call.last_packet_from_at = {at(19.4), at(19.9)};
  call.transports[0].pairs[1].rtt = RttSummary{1, 1, 2};
  TurnAllocation allocation;
  allocation.of = Side::A;
  allocation.relayed = used.local.address;
  allocation.released = packet(920);
  allocation.released_at = at(19.5);
  call.turn = {allocation};
  return call;
}

TEST(Outcome, ARelayThatIsGivenUpWhileItCarriesTheCallEndsItInOrder) {
  Call call = relayed_call();
  EXPECT_EQ(ending(call).outcome, Outcome::Closed);
  EXPECT_TRUE(ending(call).inferred);
  diagnose(call, {}, at(0));
  EXPECT_NE(call.verdict.text.find("A hung up at 19.500 (inferred)."), std::string::npos)
      << call.verdict.text;
}

// c03 at A: its alert leaves, B's comes 2.5 ms later, both give up their relays.
Call call_that_both_end() {
  Call call = relayed_call();
  Dtls& dtls = call.transports[0].dtls;
  dtls.version = "DTLS 1.3";
  dtls.sealed_alert = {packet(1153), packet(1154)};
  dtls.sealed_alert_at = {at(19.3), at(19.4)};
  TurnAllocation of_b = call.turn[0];
  of_b.of = Side::B;
  call.turn = {of_b, call.turn[0]};
  call.turn[1].released_at = at(19.6);
  call.last_packet_from_at = {at(19.3), at(19.4)};
  for (Pair& pair : call.transports[0].pairs) {
    pair.rtt.reset();
    pair.selected = true;
  }
  call.transports[0].pairs[0].rtt = RttSummary{1, 1, 50};
  return call;
}

TEST(FirstToLeave, IsWhoEndedBeforeItCouldHaveHeardOfTheOthersEnd) {
  const auto leaving = first_to_leave(call_that_both_end());
  ASSERT_TRUE(leaving);
  EXPECT_EQ(leaving->side, Side::A);
  EXPECT_EQ(leaving->at, at(19.3));
  EXPECT_TRUE(leaving->inferred);
}

TEST(FirstToLeave, IsNotKnownWhereTheEndsMayHaveCrossed) {
  Call call = call_that_both_end();
  call.transports[0].pairs[0].rtt->max = 150;
  EXPECT_FALSE(first_to_leave(call));
  call.transports[0].pairs[0].rtt.reset();
  EXPECT_FALSE(first_to_leave(call)) << "how long B's packets took is not known";
}

TEST(FirstToLeave, IsExactBesideBothSockets) {
  Call call = call_that_both_end();
  call.transports[0].pairs[0].rtt->max = 150;
  call.transports[0].pairs[1].rtt = RttSummary{1, 1, 150};
  ASSERT_TRUE(first_to_leave(call));
  EXPECT_EQ(first_to_leave(call)->side, Side::A);
}

TEST(FirstToLeave, IsNobodyWhereTheOtherSideWasGoneBefore) {
  Call call = relayed_call();
  call.last_packet_from_at[1] = at(3);
  EXPECT_FALSE(first_to_leave(call));
}

TEST(FirstToLeave, IsNobodyWhereTheOtherSideIsNotSeenAfterIt) {
  Call call = relayed_call();
  call.last_packet_from_at[1] = at(19.55);
  EXPECT_FALSE(first_to_leave(call)) << "its own end may be what the capture lacks";
  call.last_packet_from_at[1] = at(19.9);
  EXPECT_TRUE(first_to_leave(call));
  call.transports[0].pairs[1].rtt.reset();
  call.transports[0].pairs[0].rtt.reset();
  EXPECT_FALSE(first_to_leave(call)) << "how long its packets took is not known";
}

// c03 at A without its alert: what is left of A's end is the relay that it gives up after it.
TEST(FirstToLeave, IsNotTurnedRoundByAnAlertThatTheCaptureLacks) {
  Call call = call_that_both_end();
  call.transports[0].dtls.sealed_alert[0].reset();
  call.transports[0].dtls.sealed_alert_at[0].reset();
  call.transports[0].pairs[0].rtt = RttSummary{1, 1, 2};
  call.turn[0].of = Side::A;
  call.turn[0].released_at = at(19.45);
  call.turn.resize(1);
  EXPECT_FALSE(first_to_leave(call));
}

TEST(FirstToLeave, IsNotKnownFromOneDirection) {
  Call call = relayed_call();
  ASSERT_TRUE(first_to_leave(call));
  HostTraffic point;
  point.sent = {50, 0};
  call.traffic = {point};
  EXPECT_FALSE(first_to_leave(call));
}

TEST(Outcome, ARelayThatNoLongerCarriesTheCallEndsNothing) {
  Call moved = relayed_call();
  moved.turn[0].relayed = test::endpoint("203.0.113.10:49225");
  EXPECT_EQ(ending(moved).outcome, Outcome::Connected);
  Call heard = relayed_call();
  heard.last_packet_from_at[0] = at(19.9);
  EXPECT_EQ(ending(heard).outcome, Outcome::Connected);
  Call kept = relayed_call();
  kept.turn[0].released_at.reset();
  EXPECT_EQ(ending(kept).outcome, Outcome::Connected);
}

TEST(Outcome, ManyUnansweredChecksOnTheSelectedPairLoseTheCall) {
  Call call = test::connected_call();
  Pair& pair = call.transports[0].pairs[0];
  pair.last_response_at = at(4);
  pair.last_at = at(19.5);
  pair.requests_after_last_response = 40;
  EXPECT_EQ(ending(call).outcome, Outcome::Lost);
}

TEST(Outcome, TwoChecksLostInARowDoNot) {
  Call call = test::connected_call();
  Pair& pair = call.transports[0].pairs[0];
  pair.last_response_at = at(7);
  pair.last_at = at(19.5);
  pair.requests_after_last_response = 2;
  EXPECT_EQ(ending(call).outcome, Outcome::Connected);
}

TEST(Outcome, AHandshakeCutOffByTheEndOfTheCaptureIsInProgress) {
  Call call = test::connected_call();
  Dtls& dtls = call.transports[0].dtls;
  dtls.state = trace::DtlsState::Handshaking;
  dtls.connected_at.reset();
  dtls.started_at = at(18);
  EXPECT_EQ(ending(call).outcome, Outcome::InProgress);
  dtls.started_at = at(2);
  EXPECT_EQ(ending(call).outcome, Outcome::Failed);
  EXPECT_EQ(ending(call).reached, "ice");
}

TEST(Outcome, OneTransportThatWorksMakesACallThatWorks) {
  Call call = test::connected_call();
  call.transports.push_back(test::unanswered_call().calls[0].transports[0]);
  EXPECT_EQ(ending(call).outcome, Outcome::Connected);
}

TEST(Outcome, ACallOfNothingReachesNothing) {
  EXPECT_EQ(ending(Call{}).outcome, Outcome::InProgress);
  EXPECT_FALSE(ending(Call{}).reached);
}

}  // namespace
}  // namespace parley::analyzer

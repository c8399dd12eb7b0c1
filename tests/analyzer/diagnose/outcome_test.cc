#include "analyzer/diagnose/outcome.h"

#include <gtest/gtest.h>

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

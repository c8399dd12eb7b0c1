#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/diagnose/diagnose.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;
using test::find;
using test::flow;
using test::packet;

Call slow_handshake(double milliseconds, std::uint64_t again) {
  Call call = test::connected_call();
  Transport& transport = call.transports[0];
  transport.dtls.state = trace::DtlsState::Connected;
  transport.dtls.version = "DTLS 1.2";
  transport.dtls.handshake_ms = milliseconds;
  transport.dtls.retransmissions = again;
  transport.dtls_steps = {{Side::A, "ClientHello", packet(20), at(3), again + 1}};
  return call;
}

TEST(SlowHandshake, NamesWhatWasSentAgain) {
  Analysis analysis = test::analysis_with(slow_handshake(3120, 2));
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "dtls-slow");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->level, Level::Note);
  EXPECT_EQ(finding->summary, "The DTLS handshake took 3.1 s: parts of it were sent again.");
  EXPECT_THAT(finding->because, testing::HasSubstr("ClientHello of A was sent 3 times"));
  EXPECT_EQ(finding->open.size(), 1U);
}

TEST(SlowHandshake, IsNoneWithoutARepetitionOrWithoutADelay) {
  for (const auto& [milliseconds, again] : {std::pair(3120.0, 0), std::pair(80.0, 2)}) {
    Analysis analysis =
        test::analysis_with(slow_handshake(milliseconds, static_cast<std::uint64_t>(again)));
    diagnose(analysis);
    EXPECT_EQ(find(analysis.calls[0], "dtls-slow"), nullptr) << milliseconds;
  }
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

// As B's capture shows it: A's flight comes five times, its end once.
TEST(Dtls, WhatCameFromAfarIsNotToldAsWhatWasSent) {
  Call call = test::connected_call();
  Transport& transport = call.transports[0];
  transport.dtls.state = trace::DtlsState::Handshaking;
  transport.dtls.connected_at.reset();
  DtlsStep hello{Side::A, "ServerHello", packet(17), at(0.792), 5};
  hello.far = true;
  hello.last = packet(47);
  DtlsStep done{Side::A, "ServerHelloDone", packet(17), at(1.46), 1};
  done.far = true;
  const DtlsStep finished{Side::B, "Finished (encrypted)", packet(18), at(1.47), 5};
  transport.dtls_steps = {hello, done, finished};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "dtls-stuck");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->because,
              testing::HasSubstr("The last handshake message of A: ServerHelloDone, came once"));
  EXPECT_THAT(finding->because, testing::HasSubstr("A began that flight 5 times, first at 0.792 "
                                                   "[17..47]: 4 of 5 were lost on the way."));
  EXPECT_THAT(finding->because, testing::HasSubstr("Finished (encrypted), sent 5 times"));
  ASSERT_EQ(finding->open.size(), 1U);
  EXPECT_THAT(finding->open[0], testing::HasSubstr("Whether the last flight of B comes to A"));
}

// c16: the server is ICE's controlling agent, and reads DTLS when it has nominated.
Call call_that_waits_for_ice() {
  Call call = slow_handshake(568, 3);
  Transport& transport = call.transports[0];
  transport.dtls.client = Side::B;
  transport.agents[0].connected = at(0.691);
  DtlsStep hello{Side::B, "ClientHello", packet(14), at(0.127), 4};
  hello.far = true;
  hello.arrived = true;
  transport.dtls_steps = {hello, {Side::A, "ServerHello", packet(37), at(0.6918), 1}};
  return call;
}

TEST(SlowHandshake, ThatWaitsForIceOfTheServerIsNoLoss) {
  Analysis analysis = test::analysis_with(call_that_waits_for_ice());
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "dtls-slow");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->summary,
            "The DTLS handshake took 568 ms: A answered no ClientHello before its ICE was up.");
  EXPECT_TRUE(finding->open.empty());
}

TEST(SlowHandshake, LeavesLossOpenWhereNothingShowsThatTheHellosCame) {
  Call call = call_that_waits_for_ice();
  call.transports[0].dtls_steps[0].arrived.reset();
  Analysis far = test::analysis_with(call);
  diagnose(far);
  EXPECT_EQ(find(far.calls[0], "dtls-slow")->open.size(), 1U);
  call = call_that_waits_for_ice();
  call.transports[0].dtls_steps[1].at = at(1.2);
  Analysis late = test::analysis_with(call);
  diagnose(late);
  EXPECT_THAT(find(late.calls[0], "dtls-slow")->summary,
              testing::HasSubstr("parts of it were sent again"));
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

}  // namespace
}  // namespace parley::analyzer

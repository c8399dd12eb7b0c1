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

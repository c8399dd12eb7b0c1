#include <algorithm>

#include <gtest/gtest.h>

#include "analyzer/diagnose/diagnose.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;
using test::packet;
using trace::CandidateType;

const Finding* find(const Call& call, std::string_view code) {
  const auto found = std::find_if(call.findings.begin(), call.findings.end(),
                                  [&](const Finding& f) { return f.code == code; });
  return found == call.findings.end() ? nullptr : &*found;
}

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
  EXPECT_NE(call.verdict.text.find("242 + 120 checks"), std::string::npos);
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

TEST(WrongPassword, Error401FromThePeerSaysSo) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  call.transports[0].pairs[0].errors = {{401, 30, packet(7), packet(200), at(1.4), at(15)}};
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "ice-wrong-password");
  EXPECT_EQ(find(call, "ice-no-relay"), nullptr);
}

TEST(NotNominated, AnsweredChecksWithoutUseCandidateAreNamed) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  for (Pair& pair : call.transports[0].pairs) {
    pair.use_candidate = 0;
    pair.responses = 10;
  }
  call.transports[0].agents[0].state = trace::IceState::Failed;
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "ice-not-nominated");
}

TEST(RoleConflict, ThatWasSettledIsANote) {
  Analysis analysis = test::restarted_call();
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "ice-role-conflict");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->level, Level::Note);
  EXPECT_EQ(finding->summary, "2 role conflicts, 2 answers with 487; settled.");
}

TEST(RoleConflict, ThatNeverEndedIsAnError) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  call.transports[0].role_conflicts = 1;
  call.transports[0].pairs[0].errors = {{487, 50, packet(7), packet(200), at(1.4), at(15)}};
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "ice-role-conflict");
}

TEST(Restart, IsToldWithItsTimeAndDoesNotMakeACallFail) {
  Analysis analysis = test::restarted_call();
  diagnose(analysis);
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.outcome, Outcome::Connected);
  EXPECT_EQ(call.verdict.code, "ok");
  EXPECT_NE(call.verdict.text.find("1 ICE restart"), std::string::npos);
  const Finding* finding = find(call, "ice-restart");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->summary, "1 ICE restart at 6.885.");
}

}  // namespace
}  // namespace parley::analyzer

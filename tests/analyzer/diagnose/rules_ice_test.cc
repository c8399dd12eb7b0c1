#include <gtest/gtest.h>

#include "analyzer/diagnose/diagnose.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;
using test::find;
using test::packet;

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

#include <gtest/gtest.h>

#include "analyzer/diagnose/diagnose.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;
using test::endpoint;
using test::find;
using test::packet;

TurnAllocation refused(std::uint16_t code, bool authenticated) {
  TurnAllocation allocation;
  allocation.of = Side::A;
  allocation.server = endpoint("203.0.113.10:3478");
  allocation.client = endpoint("10.1.0.2:36615");
  allocation.requests = allocation.responses = 2;
  allocation.first_at = at(1.1);
  TurnRefusal refusal;
  refusal.method = "Allocate";
  refusal.code = code;
  refusal.reason = "Unauthorized";
  refusal.authenticated = authenticated;
  refusal.count = 1;
  refusal.first = refusal.last = packet(8);
  refusal.first_at = at(1.12);
  allocation.refusals = {refusal};
  return allocation;
}

TEST(TurnRefusal, WrongCredentialsExplainTheMissingRelay) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  call.turn = {refused(401, true)};
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "turn-401");
  // That the relay was refused is certain, that it would have saved the call is not.
  EXPECT_EQ(find(call, "turn-401")->confidence, Confidence::Certain);
  EXPECT_EQ(call.verdict.confidence, Confidence::Likely);
  EXPECT_NE(find(call, "ice-no-relay"), nullptr);
}

TEST(TurnRefusal, OneRefusalIsNoLoop) {
  Analysis analysis = test::unanswered_call();
  analysis.calls[0].turn = {refused(401, true)};
  analysis.calls[0].turn[0].refusals[0].count = 20;
  diagnose(analysis);
  EXPECT_EQ(analysis.calls[0].verdict.code, "turn-401-loop");
}

TEST(TurnRefusal, TheCredentialsThatWereSentAreNamed) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  call.turn = {refused(401, true)};
  TurnRefusal& refusal = call.turn[0].refusals[0];
  refusal.username = "alice";
  refusal.realm = "turn.example";
  refusal.current_realm = refusal.current_nonce = true;
  diagnose(analysis);
  const Finding* finding = find(call, "turn-401");
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(finding->because.find("A asked as 'alice' in realm 'turn.example' with the server's "
                                  "current nonce: user name or password is wrong."),
            std::string::npos);
  EXPECT_NE(finding->try_this.find("--password"), std::string::npos);
  EXPECT_EQ(finding->try_this.find("expires"), std::string::npos);
  refusal.username = "1795332269:alice";
  diagnose(analysis);
  EXPECT_NE(find(call, "turn-401")->try_this.find("expires"), std::string::npos);
}

TEST(TurnRefusal, TheFirst401BringsTheRealmAndIsNoFault) {
  Analysis analysis = test::unanswered_call();
  analysis.calls[0].turn = {refused(401, false)};
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "turn-401"), nullptr);
}

TEST(TurnRefusal, AForbiddenPeerIsNamedWithItsAddress) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  TurnAllocation allocation = refused(403, true);
  allocation.relayed = endpoint("203.0.113.10:50000");
  allocation.refusals[0].method = "CreatePermission";
  allocation.refusals[0].reason = "Forbidden IP";
  allocation.refusals[0].peers = {endpoint("10.2.0.2:1").address};
  call.turn = {allocation};
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "turn-403");
  EXPECT_NE(call.verdict.text.find("CreatePermission for 10.2.0.2 with 403 Forbidden IP"),
            std::string::npos);
  EXPECT_NE(find(call, "ice-no-relay")->summary.find("could not use its relay"), std::string::npos);
}

TEST(TurnRefusal, OtherCodesAreOneKindWithTheirOwnAdvice) {
  Analysis analysis = test::unanswered_call();
  analysis.calls[0].turn = {refused(486, true)};
  diagnose(analysis);
  EXPECT_EQ(analysis.calls[0].verdict.code, "turn-error");
  EXPECT_NE(find(analysis.calls[0], "turn-error")->try_this.find("quota"), std::string::npos);
}

TEST(TurnRefusal, InACallThatConnectedItIsAWarning) {
  Call call = test::connected_call();
  call.turn = {refused(403, true)};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(analysis.calls[0].verdict.code, "ok");
  EXPECT_EQ(find(analysis.calls[0], "turn-403")->level, Level::Warning);
}

TEST(SilentServer, AStunServerThatNeverAnswersIsNamed) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  call.stun_servers[0].responses = 0;
  call.stun_servers[0].mapped.clear();
  diagnose(analysis);
  ASSERT_NE(find(call, "stun-server-silent"), nullptr);
}

TEST(SilentServer, ATurnServerThatNeverAnswersIsAnErrorOfAFailedCall) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  TurnAllocation allocation = refused(401, false);
  allocation.refusals.clear();
  allocation.requests = 7;
  allocation.responses = 0;
  call.turn = {allocation};
  diagnose(analysis);
  EXPECT_EQ(call.verdict.code, "turn-server-silent");
}

TEST(BlockedUdp, ServersThatAnswerOverTcpOnlyShowIt) {
  Call call = test::connected_call();
  TurnAllocation silent = refused(401, false);
  silent.refusals.clear();
  silent.requests = 5;
  silent.responses = 0;
  TurnAllocation stream = refused(401, false);
  stream.transport = "tcp";
  call.turn = {silent, stream};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  ASSERT_NE(find(analysis.calls[0], "network-udp-blocked"), nullptr);
  EXPECT_EQ(find(analysis.calls[0], "turn-server-silent"), nullptr);
}

TEST(ServerView, WhatAServerSeesOfAFailureIsOnlyPossible) {
  Analysis analysis = test::unanswered_call();
  Call& call = analysis.calls[0];
  TurnAllocation a = refused(403, true);
  TurnAllocation b = refused(403, true);
  b.of = Side::B;
  call.turn = {a, b};
  diagnose(analysis);
  EXPECT_EQ(call.verdict.confidence, Confidence::Possible);
  EXPECT_EQ(call.verdict.text.find("As far as this server sees"), 0U);
}

TEST(Capture, DamageAndCutPacketsAreTold) {
  Analysis analysis = test::analysis_with(test::connected_call());
  analysis.captures[0].damage = {{1000, 7, "block length \x01 does not fit"}};
  analysis.captures[0].cut_short = 3;
  diagnose(analysis);
  ASSERT_NE(find(analysis.calls[0], "capture-damage"), nullptr);
  EXPECT_EQ(find(analysis.calls[0], "capture-damage")->because,
            "At byte 1000, behind packet 7: block length \\x01 does not fit.");
  EXPECT_NE(find(analysis.calls[0], "capture-cut-short"), nullptr);
}

}  // namespace
}  // namespace parley::analyzer

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/diagnose/diagnose.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;
using test::find;
using test::packet;

SeenAt seen(std::uint64_t count, PointId point) {
  return {count, {point, 5}, {point, 90}, at(1), at(19), point};
}

Call call_with_records(std::uint64_t lost, std::uint64_t receiver_missed) {
  Call call = test::connected_call();
  DtlsArrived arrived;
  arrived.lost = lost;
  arrived.came = 577;
  arrived.last_number = 576 + lost;
  arrived.first = packet(20);
  arrived.last = packet(900);
  arrived.receiver_missed = receiver_missed;
  call.transports[0].dtls.arrived[1] = arrived;
  return call;
}

TEST(LostRecords, AreToldByTheirNumbers) {
  Analysis analysis = test::analysis_with(call_with_records(14, 0));
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "dtls-loss");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->summary, "14 of 591 DTLS records of B (2.4 %) did not come to A.");
  EXPECT_EQ(finding->confidence, Confidence::Certain);
  EXPECT_EQ(finding->level, Level::Note);
  EXPECT_EQ(finding->peer, Side::B);
}

TEST(LostRecords, AreNoneWhenTheyAreFew) {
  Analysis analysis = test::analysis_with(call_with_records(4, 0));
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "dtls-loss"), nullptr);
}

TEST(LostRecords, ArePossibleWhereTheCaptureLacksTheReceiversOwnToo) {
  Analysis analysis = test::analysis_with(call_with_records(14, 3));
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "dtls-loss");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->confidence, Confidence::Possible);
  EXPECT_EQ(finding->open.size(), 1U);
}

// 13 of A's 22 checks between two answers; two more came before, and three after.
Call lossy_call() {
  Call call = test::connected_call();
  Pair& pair = call.transports[0].pairs[0];
  pair.responses = 9;
  pair.unanswered = 18;
  pair.before_answer.unanswered = 2;
  pair.since_answer.unanswered = 3;
  return call;
}

TEST(LostChecks, AreThoseBetweenTwoAnswers) {
  Analysis analysis = test::analysis_with(lossy_call());
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "ice-loss");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->summary, "13 of 22 checks of A on the pair in use went unanswered.");
  EXPECT_EQ(finding->level, Level::Note);
}

TEST(LostChecks, OfAnAgentWhoseSocketIsNotCapturedAreNotKnown) {
  Call call = lossy_call();
  call.transports[0].pairs[0].inferred = {"requests", "responses"};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "ice-loss"), nullptr);
}

TEST(LostChecks, TellTheirDirectionWhereTheOtherEndIsCaptured) {
  Call call = lossy_call();
  Pair& pair = call.transports[0].pairs[0];
  call.transports[0].pairs[1].at_point = 1;
  call.transports[0].pairs[1].first = PacketRef{1, 3};
  pair.at_point = 0;
  pair.requests_seen_at = {seen(18, 0), seen(8, 1)};
  pair.answered_elsewhere = {seen(8, 1)};
  pair.before_answer.requests_seen_at = {seen(2, 0)};
  pair.since_answer.requests_seen_at = {seen(3, 0), seen(1, 1)};
  pair.since_answer.answered_elsewhere = {seen(1, 1)};
  Analysis analysis = test::analysis_with(call);
  analysis.captures.push_back(analysis.captures.front());
  analysis.captures.back().file = "bob.pcapng";
  analysis.captures.back().index = 1;
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "ice-loss");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->because, testing::HasSubstr("6 did not come to bob, and 7 of the answers "
                                                   "that left there did not come back"));
}

}  // namespace
}  // namespace parley::analyzer

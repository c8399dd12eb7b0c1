#include "analyzer/diagnose/timeline.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;

std::vector<TimelineEntry> timeline(const Analysis& analysis) {
  const Citation cite(analysis.captures, analysis.origin);
  return timeline_of(analysis.calls[0], cite, analysis.calls[0].last_at);
}

const TimelineEntry* find(const std::vector<TimelineEntry>& entries, std::string_view start) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const TimelineEntry& e) {
    return e.what.starts_with(start);
  });
  return found == entries.end() ? nullptr : &*found;
}

TEST(TimelineOf, IsSortedByTime) {
  const auto entries = timeline(test::restarted_call());
  EXPECT_TRUE(
      std::is_sorted(entries.begin(), entries.end(),
                     [](const TimelineEntry& a, const TimelineEntry& b) { return a.at < b.at; }));
  EXPECT_GT(entries.size(), 10U);
}

TEST(TimelineOf, TellsOneEventOnce) {
  const auto entries = timeline(test::restarted_call());
  EXPECT_EQ(
      std::count_if(entries.begin(), entries.end(),
                    [](const TimelineEntry& e) { return e.what.starts_with("ICE of A is up"); }),
      1);
  EXPECT_EQ(find(entries, "A gets its first answer"), nullptr);  // it is what brings ICE up
  ASSERT_NE(find(entries, "ICE of A is up"), nullptr);
  EXPECT_EQ(find(entries, "ICE of A is up")->packet, test::packet(16));
}

TEST(TimelineOf, TellsTheNatThatAStunServerShows) {
  const auto entries = timeline(test::unanswered_call());
  ASSERT_NE(find(entries, "A is behind a NAT"), nullptr);
  EXPECT_EQ(find(entries, "A is behind a NAT")->what,
            "A is behind a NAT: 10.1.0.2:36615 is seen as 203.0.113.21:60156");
}

TEST(TimelineOf, DoesNotClaimThatAPeerHasNoNatWhenItIsSeenOutsideOfIt) {
  Analysis analysis = test::unanswered_call();
  analysis.calls[0].stun_servers[0].client = test::endpoint("203.0.113.21:60156");
  const auto entries = timeline(analysis);
  EXPECT_EQ(find(entries, "A is"), nullptr);
  ASSERT_NE(find(entries, "the server sees A"), nullptr);
}

TEST(TimelineOf, NamesTheMomentAtWhichMediaChangesItsPath) {
  Analysis analysis = test::restarted_call();
  for (Flow& flow : analysis.calls[0].transports[0].flows) {
    flow.first_rtp = flow.first;
    flow.last_rtp = flow.last;
    flow.first_rtp_at = flow.first_at;
    flow.last_rtp_at = flow.last_at;
  }
  const auto entries = timeline(analysis);
  const TimelineEntry* moved = find(entries, "RTP of A moves");
  ASSERT_NE(moved, nullptr);
  EXPECT_EQ(moved->packet, test::packet(646));
  EXPECT_EQ(moved->weight, Weight::Main);
  EXPECT_EQ(moved->what,
            "RTP of A moves to 192.168.50.11:57012 -> 192.168.50.12:48765, 22.0 ms after its last "
            "on the old path [639]");
  EXPECT_EQ(find(entries, "RTP of B moves"), nullptr);
}

TEST(TimelineOf, ACheckWhoseAnswerMayBeUnderWayIsNotCalledUnanswered) {
  Call call = test::connected_call();
  Pair& pair = call.transports[0].pairs[0];
  pair.rtt = RttSummary{80, 86, 90};
  pair.last_response_at = at(10);
  pair.last_at = at(19.92);
  pair.requests_after_last_response = 1;
  const auto young = timeline(test::analysis_with(call));
  EXPECT_EQ(find(young, "A gets its last answer"), nullptr);
  pair.last_at = at(19);
  const auto old = timeline(test::analysis_with(call));
  ASSERT_NE(find(old, "A gets its last answer"), nullptr);
  EXPECT_EQ(find(old, "A gets its last answer")->what,
            "A gets its last answer; 1 check after it got none");
}

TEST(TimelineOf, OneServerThatIsAskedFromTwoPortsIsOneLine) {
  Analysis analysis = test::unanswered_call();
  TurnAllocation allocation;
  allocation.of = Side::A;
  allocation.server = test::endpoint("203.0.113.10:3478");
  allocation.first_at = test::at(2);
  allocation.first = test::packet(7);
  analysis.calls[0].turn = {allocation, allocation};
  const auto entries = timeline(analysis);
  EXPECT_EQ(std::count_if(
                entries.begin(), entries.end(),
                [](const TimelineEntry& e) { return e.what.starts_with("A asks TURN server"); }),
            1);
  ASSERT_NE(find(entries, "A asks TURN"), nullptr);
  EXPECT_TRUE(find(entries, "A asks TURN")->what.ends_with("for a relay, from 2 ports"));
}

TEST(TimelineOf, IsBounded) {
  Analysis analysis = test::restarted_call();
  Transport& transport = analysis.calls[0].transports[0];
  for (int i = 0; i < 5000; ++i)
    transport.restart_list.push_back({Side::A, "x", test::packet(1), test::at(i)});
  EXPECT_LE(timeline(analysis).size(), 200U);
}

}  // namespace
}  // namespace parley::analyzer

#include "analyzer/diagnose/timeline.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

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
  EXPECT_EQ(find(entries, "A's first answer"), nullptr);  // it is what brings ICE up
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

TEST(TimelineOf, IsBounded) {
  Analysis analysis = test::restarted_call();
  Transport& transport = analysis.calls[0].transports[0];
  for (int i = 0; i < 5000; ++i)
    transport.restart_list.push_back({Side::A, "x", test::packet(1), test::at(i)});
  EXPECT_LE(timeline(analysis).size(), 200U);
}

}  // namespace
}  // namespace parley::analyzer

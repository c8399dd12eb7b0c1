#include "sim/link.h"

#include <vector>

#include <gtest/gtest.h>

namespace parley::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

Instant at(Duration d) {
  return Instant{d};
}
SeededRandom draws(std::string_view name = "link") {
  return {1, name};
}

TEST(Link, DelayAloneIsExact) {
  LinkConfig config;
  config.delay = microseconds(1500);
  LinkDirection link(config, draws());
  const Transit transit = link.transit(at(milliseconds(7)), 1200);
  EXPECT_EQ(transit.fate, TransitFate::Arrives);
  EXPECT_EQ(transit.at, at(microseconds(8500)));
}

TEST(Link, RateAddsTheTimeOfEachBitAndPacketsQueueBehindEachOther) {
  LinkConfig config;
  config.delay = milliseconds(15);
  config.rate = 20'000'000;
  LinkDirection link(config, draws());
  // 1000 bytes at 20 Mbit/s take 400 us.
  EXPECT_EQ(link.transit(at({}), 1000).at, at(microseconds(15'400)));
  EXPECT_EQ(link.transit(at({}), 1000).at, at(microseconds(15'800)));
  EXPECT_EQ(link.transit(at(microseconds(600)), 1000).at, at(microseconds(16'200)));
  // After a pause the link is idle again.
  EXPECT_EQ(link.transit(at(milliseconds(10)), 500).at, at(microseconds(25'200)));
}

TEST(Link, SerializationIsRoundedUpToANanosecond) {
  EXPECT_EQ(serialization_time(1, 3), nanoseconds(2'666'666'667));
  EXPECT_EQ(serialization_time(1500, 1'000'000'000), microseconds(12));
  EXPECT_EQ(serialization_time(65'535, 9'600), nanoseconds(54'612'500'000));
  EXPECT_EQ(serialization_time(1500, 0), Duration{0});
}

TEST(Link, QueueOfATimeHoldsExactlyThatMuchWaiting) {
  LinkConfig config;
  config.rate = 8'000;  // one byte a millisecond
  config.queue_time = milliseconds(100);
  LinkDirection link(config, draws());
  EXPECT_EQ(link.transit(at({}), 100).fate, TransitFate::Arrives);  // sent by 100 ms
  EXPECT_EQ(link.transit(at({}), 1).fate, TransitFate::Arrives);    // waits exactly 100 ms
  EXPECT_EQ(link.transit(at({}), 1).fate, TransitFate::QueueFull);  // would wait 101 ms
  EXPECT_EQ(link.transit(at(milliseconds(1)), 1).fate, TransitFate::Arrives);
}

TEST(Link, QueueOfASizeHoldsExactlyThatManyBytes) {
  LinkConfig config;
  config.rate = 8'000;
  config.queue_time.reset();
  config.queue_bytes = 300;
  LinkDirection link(config, draws());
  EXPECT_EQ(link.transit(at({}), 200).fate, TransitFate::Arrives);
  EXPECT_EQ(link.transit(at({}), 100).fate, TransitFate::Arrives);
  EXPECT_EQ(link.transit(at({}), 1).fate, TransitFate::QueueFull);
  EXPECT_EQ(link.transit(at(milliseconds(1)), 1).fate, TransitFate::Arrives);
}

TEST(Link, ARefusedPacketTakesNoTimeOnTheWire) {
  LinkConfig config;
  config.rate = 8'000;
  config.queue_time = milliseconds(10);
  LinkDirection link(config, draws());
  EXPECT_EQ(link.transit(at({}), 20).at, at(milliseconds(20)));
  EXPECT_EQ(link.transit(at({}), 20).fate, TransitFate::QueueFull);
  EXPECT_EQ(link.transit(at(milliseconds(15)), 20).at, at(milliseconds(40)));
}

TEST(Link, LossFollowsItsShareAndRepeatsForASeed) {
  LinkConfig config;
  config.loss = 0.01;
  const auto lost = [&](std::string_view name) {
    LinkDirection link(config, draws(name));
    std::vector<int> packets;
    for (int i = 0; i < 100'000; ++i)
      if (link.transit(at({}), 100).fate == TransitFate::Lost)
        packets.push_back(i);
    return packets;
  };
  const std::vector<int> first = lost("a");
  // 1000 expected; five standard deviations of sqrt(990) are 157.
  EXPECT_NEAR(static_cast<double>(first.size()), 1000, 157);
  EXPECT_EQ(first, lost("a"));
  EXPECT_NE(first, lost("b"));
}

TEST(Link, ALostPacketHasUsedTheWire) {
  LinkConfig config;
  config.rate = 8'000;
  config.loss = 1;
  LinkDirection link(config, draws());
  EXPECT_EQ(link.transit(at({}), 10).fate, TransitFate::Lost);
  EXPECT_EQ(link.transit(at({}), 10).at, at(milliseconds(20)));
}

}  // namespace
}  // namespace parley::sim

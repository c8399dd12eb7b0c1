#include "sim/scheduler.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "stack/base/random.h"

namespace parley::sim {
namespace {

using std::chrono::milliseconds;

Instant at(std::int64_t ms) {
  return Instant{milliseconds(ms)};
}

TEST(Scheduler, HandsOutEventsByTimeThenOriginThenTheOriginsOwnSequence) {
  Scheduler scheduler;
  scheduler.resize(3);
  scheduler.arrive(NodeId{2}, NodeId{0}, PortId{0}, PacketId{20}, at(5));
  scheduler.arrive(NodeId{1}, NodeId{0}, PortId{0}, PacketId{10}, at(5));
  scheduler.arrive(NodeId{1}, NodeId{0}, PortId{0}, PacketId{11}, at(5));
  scheduler.arrive(NodeId{2}, NodeId{0}, PortId{0}, PacketId{21}, at(4));
  std::vector<std::uint32_t> order;
  while (!scheduler.empty())
    order.push_back(scheduler.pop().packet.value());
  EXPECT_EQ(order, (std::vector<std::uint32_t>{21, 10, 11, 20}));
  EXPECT_EQ(scheduler.now(), at(5));
}

TEST(Scheduler, OrderDoesNotDependOnWhoPushedFirst) {
  const auto run = [](bool reversed) {
    Scheduler scheduler;
    scheduler.resize(8);
    for (std::uint32_t i = 0; i < 8; ++i) {
      const std::uint32_t node = reversed ? 7 - i : i;
      scheduler.arrive(NodeId{node}, NodeId{0}, PortId{0}, PacketId{node}, at(1));
    }
    std::vector<std::uint32_t> order;
    while (!scheduler.empty())
      order.push_back(scheduler.pop().packet.value());
    return order;
  };
  EXPECT_EQ(run(false), run(true));
}

TEST(Scheduler, ANodeHasOneWakeUpThatLaterWishesMove) {
  Scheduler scheduler;
  scheduler.resize(2);
  scheduler.wake(NodeId{0}, at(10));
  scheduler.wake(NodeId{0}, at(30));
  scheduler.wake(NodeId{1}, at(20));
  EXPECT_EQ(scheduler.pop().target, NodeId{1});
  EXPECT_EQ(scheduler.pop().target, NodeId{0});
  EXPECT_EQ(scheduler.now(), at(30));
  EXPECT_TRUE(scheduler.empty());
}

TEST(Scheduler, NeverTakesAWakeUpBackAndThePastMeansNow) {
  Scheduler scheduler;
  scheduler.resize(1);
  scheduler.wake(NodeId{0}, at(10));
  scheduler.wake(NodeId{0}, kNever);
  EXPECT_TRUE(scheduler.empty());
  scheduler.advance(at(50));
  scheduler.wake(NodeId{0}, at(10));
  EXPECT_EQ(scheduler.pop().key.at, at(50));
}

TEST(Scheduler, AgreesWithSortingOverManyRandomEvents) {
  SeededRandom random(7, "scheduler");
  Scheduler scheduler;
  constexpr std::uint32_t kNodes = 50;
  scheduler.resize(kNodes);
  std::vector<std::uint64_t> sequence(kNodes, 0);
  std::vector<EventKey> expected;
  // Wake-ups that are moved up and down among arrivals; only the last wish of a node counts.
  std::vector<EventKey> wakes(kNodes);
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const NodeId node{static_cast<std::uint32_t>(random.below(kNodes))};
    const Instant when = at(static_cast<std::int64_t>(random.below(5'000)));
    if (random.chance(0.5)) {
      scheduler.arrive(node, NodeId{0}, PortId{0}, PacketId{i}, when);
      expected.push_back({when, node, sequence[node.value()]++});
      continue;
    }
    EventKey& wake = wakes[node.value()];
    scheduler.wake(node, when);
    if (wake.origin == node && wake.at == when && wake.sequence != 0)
      continue;
    wake = {when, node, sequence[node.value()]++};
  }
  for (std::uint32_t n = 0; n < kNodes; ++n)
    expected.push_back(wakes[n]);
  std::sort(expected.begin(), expected.end());
  std::vector<EventKey> got;
  while (!scheduler.empty())
    got.push_back(scheduler.pop().key);
  EXPECT_EQ(got, expected);
}

TEST(Scheduler, AdvancesNeitherBackNorPastAnEvent) {
  Scheduler scheduler;
  scheduler.resize(1);
  scheduler.wake(NodeId{0}, at(10));
  scheduler.advance(at(20));
  EXPECT_EQ(scheduler.now(), at(10));
  scheduler.advance(at(5));
  EXPECT_EQ(scheduler.now(), at(10));
}

TEST(PacketPool, UsesBuffersAgain) {
  PacketPool pool;
  const PacketId first = pool.acquire();
  pool[first].bytes.resize(1500);
  pool.release(first);
  const PacketId second = pool.acquire();
  EXPECT_EQ(first, second);
  EXPECT_TRUE(pool[second].bytes.empty());
  EXPECT_GE(pool[second].bytes.capacity(), 1500U);
  EXPECT_EQ(pool.size(), 1U);
  EXPECT_EQ(pool.in_use(), 1U);
}

}  // namespace
}  // namespace parley::sim

#include "stack/ice/checklist.h"

#include <initializer_list>
#include <string>

#include <gtest/gtest.h>

#include "tests/stack/ice/support.h"

namespace parley::ice {
namespace {

using test::endpoint;
using test::events;
using test::host_candidate;

class ChecklistTest : public ::testing::Test {
 protected:
  Pair* add(std::uint16_t port, std::uint16_t preference, const std::string& foundation = "1") {
    Candidate remote = host_candidate("10.0.0.9:1", preference);
    remote.address.port = port;
    remote.base = remote.address;
    remote.foundation = foundation;
    return list.add(report, local, remote);
  }
  // Ids of all checks in the order in which they would go out.
  std::vector<std::uint32_t> order() {
    std::vector<std::uint32_t> ids;
    while (Pair* pair = list.next_check(report)) {
      ids.push_back(pair->id.value());
      list.step(report, *pair, PairInput::SendCheck, "");
    }
    return ids;
  }

  trace::RecordList records;
  Outbox out{&records};
  Reporter report{Instant{}, trace::ActorId(0), out};
  Candidate local = host_candidate("10.0.0.1:5000");
  Checklist list{IceRole::Controlling, 100};
};

TEST_F(ChecklistTest, SetsTheFirstPairOfAFoundationWaitingAndFreezesTheNext) {
  EXPECT_EQ(add(1, 100, "a")->state, PairState::Waiting);
  EXPECT_EQ(add(2, 200, "a")->state, PairState::Frozen);
  EXPECT_EQ(add(3, 300, "b")->state, PairState::Waiting);
}

TEST_F(ChecklistTest, ChecksWaitingPairsInOrderOfPriority) {
  add(1, 100, "a");
  add(2, 300, "b");
  add(3, 200, "c");
  EXPECT_EQ(order(), (std::vector<std::uint32_t>{1, 2, 0}));
}

TEST_F(ChecklistTest, PutsTriggeredChecksFirstAndEachOnce) {
  add(1, 100, "a");
  add(2, 300, "b");
  list.enqueue_triggered(PairId(0));
  list.enqueue_triggered(PairId(0));
  EXPECT_EQ(order(), (std::vector<std::uint32_t>{0, 1}));
}

TEST_F(ChecklistTest, KeepsFrozenPairsUntilTheirFoundationIsIdle) {
  add(1, 100, "a");
  add(2, 200, "a");
  EXPECT_EQ(order(), (std::vector<std::uint32_t>{0}));
  EXPECT_FALSE(list.has_work());
  list.step(report, *list.find(PairId(0)), PairInput::CheckFailed, "");
  EXPECT_TRUE(list.has_work());
  EXPECT_EQ(order(), (std::vector<std::uint32_t>{1}));
}

TEST_F(ChecklistTest, UnfreezesAllThatShareTheFoundationOfASuccess) {
  add(1, 100, "a");
  add(2, 200, "a");
  add(3, 200, "b");
  add(4, 200, "a");
  add(5, 200, "b");
  (void)order();
  list.unfreeze_like(report, *list.find(PairId(0)));
  EXPECT_EQ(list.find(PairId(1))->state, PairState::Waiting);
  EXPECT_EQ(list.find(PairId(3))->state, PairState::Waiting);
  EXPECT_EQ(list.find(PairId(4))->state, PairState::Frozen);
}

TEST_F(ChecklistTest, FormsAPathOnce) {
  EXPECT_NE(add(1, 100), nullptr);
  EXPECT_EQ(add(1, 200), nullptr);
  // A reflexive local candidate sends from its base, so its pair is the host's.
  Candidate reflexive = local;
  reflexive.type = CandidateType::ServerReflexive;
  reflexive.address = endpoint("198.51.100.1:5000");
  EXPECT_EQ(list.add(report, reflexive, list.pairs()[0].remote), nullptr);
  EXPECT_EQ(list.pairs().size(), 1U);
}

TEST_F(ChecklistTest, FullItDropsThePairOfLowestPriority) {
  Checklist small(IceRole::Controlling, 3);
  for (const std::uint16_t preference : std::initializer_list<std::uint16_t>{500, 100, 400}) {
    Candidate remote = host_candidate("10.0.0.9:1", preference);
    remote.address.port = preference;
    remote.base = remote.address;
    ASSERT_NE(small.add(report, local, remote), nullptr);
  }
  Candidate low = host_candidate("10.0.0.9:50", 50);
  EXPECT_EQ(small.add(report, local, low), nullptr);
  Candidate high = host_candidate("10.0.0.9:600", 600);
  EXPECT_NE(small.add(report, local, high), nullptr);
  EXPECT_EQ(small.pairs().size(), 3U);
  EXPECT_EQ(small.find(local.base, endpoint("10.0.0.9:100")), nullptr);
  EXPECT_EQ(small.broken_invariant(), "");
}

TEST_F(ChecklistTest, FullItKeepsWhatIsBeingChecked) {
  Checklist small(IceRole::Controlling, 1);
  Pair* pair = small.add(report, local, host_candidate("10.0.0.9:1", 1));
  small.step(report, *pair, PairInput::SendCheck, "");
  EXPECT_EQ(small.add(report, local, host_candidate("10.0.0.9:2", 60000)), nullptr);
}

TEST_F(ChecklistTest, RecomputesPrioritiesWhenTheRoleChanges) {
  Candidate remote = host_candidate("10.0.0.9:1", 1);
  list.add(report, local, remote);
  EXPECT_EQ(list.pairs()[0].priority, pair_priority(local.priority, remote.priority));
  list.set_role(IceRole::Controlled);
  EXPECT_EQ(list.pairs()[0].priority, pair_priority(remote.priority, local.priority));
  EXPECT_EQ(list.broken_invariant(), "");
}

TEST_F(ChecklistTest, ReportsStepsAndRefusesThoseThatTheTableDoesNotHave) {
  Pair* pair = add(1, 1);
  EXPECT_FALSE(list.step(report, *pair, PairInput::CheckFailed, "odd"));
  EXPECT_EQ(pair->state, PairState::Waiting);
  EXPECT_TRUE(list.step(report, *pair, PairInput::SendCheck, "check sent"));
  const auto steps = events<trace::IcePairState>(records);
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[1].from, PairState::Waiting);
  EXPECT_EQ(steps[1].to, PairState::InProgress);
  EXPECT_EQ(steps[1].reason, "check sent");
  ASSERT_EQ(events<trace::StackDiscarded>(records).size(), 1U);
}

TEST_F(ChecklistTest, PruningLeavesValidPairsAndForgetsTriggers) {
  Pair* valid = add(1, 1, "a");
  list.step(report, *valid, PairInput::SendCheck, "");
  list.step(report, *valid, PairInput::ValidResponse, "");
  valid->valid_local = local;
  add(2, 2, "b");
  list.enqueue_triggered(PairId(1));
  list.prune(report, [](const Pair&) { return false; });
  const auto removed = events<trace::IcePairRemoved>(records);
  ASSERT_EQ(removed.size(), 1U);
  EXPECT_EQ(removed[0].pair, PairId(1));
  EXPECT_EQ(removed[0].state, PairState::Waiting);
  ASSERT_EQ(list.pairs().size(), 1U);
  EXPECT_TRUE(list.pairs()[0].valid());
  EXPECT_FALSE(list.has_work());
  EXPECT_EQ(list.broken_invariant(), "");
}

}  // namespace
}  // namespace parley::ice

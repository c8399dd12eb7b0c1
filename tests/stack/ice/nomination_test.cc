#include "stack/ice/nomination.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/stack/ice/support.h"

namespace parley::ice {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::host_candidate;

class NominationTest : public ::testing::Test {
 protected:
  // A pair that waits; a higher preference is a higher priority.
  Pair& add(std::uint16_t preference) {
    Candidate remote = host_candidate("10.0.0.9:1", preference);
    remote.address.port = preference;
    remote.base = remote.address;
    remote.foundation = std::to_string(preference);
    return *list.add(report, local, remote);
  }
  void send(Pair& pair, Instant now) {
    list.step(report, pair, PairInput::SendCheck, "");
    pair.check_started = now;
  }
  void succeed(Pair& pair, Instant now, Duration rtt) {
    send(pair, now - rtt);
    list.step(report, pair, PairInput::ValidResponse, "");
    pair.valid_local = local;
    pair.valid_since = now;
    pair.rtt = rtt;
  }
  NominationChoice choose(Instant now) const { return choose_nomination(list, now, 200ms); }

  trace::RecordList records;
  Outbox out{&records};
  Reporter report{Instant{}, trace::ActorId(0), out};
  Candidate local = host_candidate("10.0.0.1:5000");
  Checklist list{IceRole::Controlling, 100};
};

TEST_F(NominationTest, WithoutAValidPairThereIsNothingToChoose) {
  send(add(100), at(0s));
  EXPECT_FALSE(choose(at(1s)).pair.has_value());
  EXPECT_EQ(choose(at(1s)).wait_until, kNever);
}

TEST_F(NominationTest, TheBestPairIsTakenAtOnce) {
  add(100);
  succeed(add(200), at(50ms), 20ms);
  EXPECT_EQ(choose(at(50ms)).pair, PairId(1));
}

TEST_F(NominationTest, ABetterPairThatWaitsForItsCheckHoldsItUpForTheDelayAtMost) {
  succeed(add(100), at(50ms), 20ms);
  add(200);
  EXPECT_FALSE(choose(at(50ms)).pair.has_value());
  EXPECT_EQ(choose(at(50ms)).wait_until, at(250ms));
  EXPECT_EQ(choose(at(250ms)).pair, PairId(0));
}

TEST_F(NominationTest, ABetterPairHasTheTimeThatTheValidOneTook) {
  succeed(add(100), at(50ms), 20ms);
  send(add(200), at(40ms));
  EXPECT_EQ(choose(at(50ms)).wait_until, at(60ms));
  EXPECT_EQ(choose(at(60ms)).pair, PairId(0));
}

TEST_F(NominationTest, AFailedPairIsNotWaitedFor) {
  succeed(add(100), at(50ms), 20ms);
  Pair& failed = add(200);
  send(failed, at(0s));
  list.step(report, failed, PairInput::CheckFailed, "");
  EXPECT_EQ(choose(at(50ms)).pair, PairId(0));
}

// From the first valid pair on: each new one would put it off again.
TEST_F(NominationTest, TheDelayCountsFromTheFirstValidPair) {
  succeed(add(100), at(50ms), 20ms);
  succeed(add(200), at(150ms), 20ms);
  add(300);
  EXPECT_EQ(choose(at(150ms)).wait_until, at(250ms));
  EXPECT_EQ(choose(at(250ms)).pair, PairId(1));
}

}  // namespace
}  // namespace parley::ice

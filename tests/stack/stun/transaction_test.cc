#include "stack/stun/transaction.h"

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace parley::stun {
namespace {

using namespace std::chrono_literals;

// noexcept: constants are made of it; a wrong text ends the test program.
Endpoint endpoint(std::string_view text) noexcept {
  return *Endpoint::parse(text);
}

const Endpoint kHere = endpoint("192.0.2.1:5000");
const Endpoint kThere = endpoint("198.51.100.1:3478");

Transaction make(const Retransmission& plan = {}) {
  return {TransactionId{}, kHere, kThere, to_buffer(as_bytes("request")), plan};
}

struct Timeline {
  std::vector<Duration> sends;
  Duration failed{};
};

// Serves every deadline at its time, from 2 s on.
Timeline run(Transaction& transaction) {
  Timeline timeline;
  Outbox out;
  const Instant start(2s);
  Instant now = start;
  transaction.start(now, out);
  for (;;) {
    out.take_datagrams([&](const Datagram& d) {
      EXPECT_EQ(d.local, kHere);
      EXPECT_EQ(d.remote, kThere);
      EXPECT_EQ(as_text(d.payload), "request");
      timeline.sends.push_back(now - start);
    });
    now = transaction.next_deadline();
    if (transaction.on_deadline(now, out) == Transaction::Outcome::TimedOut)
      break;
  }
  timeline.failed = now - start;
  return timeline;
}

TEST(Transaction, SendsSevenTimesAndFailsAfter39AndAHalfSeconds) {
  Transaction transaction = make();
  const Timeline timeline = run(transaction);
  const std::vector<Duration> times = {0ms, 500ms, 1500ms, 3500ms, 7500ms, 15500ms, 31500ms};
  EXPECT_EQ(timeline.sends, times);
  EXPECT_EQ(timeline.failed, 39500ms);
  EXPECT_EQ(transaction.next_deadline(), kNever);
}

TEST(Transaction, FollowsAnotherPlan) {
  Transaction transaction = make({100ms, 3, 4});
  const Timeline timeline = run(transaction);
  EXPECT_EQ(timeline.sends, (std::vector<Duration>{0ms, 100ms, 300ms}));
  EXPECT_EQ(timeline.failed, 700ms);
}

TEST(Transaction, CancelledItStaysSilentUntilItWouldHaveFailed) {
  for (const Duration when : {0ms, 600ms, 8000ms, 32000ms}) {
    Transaction transaction = make();
    Outbox out;
    const Instant start{};
    transaction.start(start, out);
    while (transaction.next_deadline() <= start + when)
      (void)transaction.on_deadline(transaction.next_deadline(), out);
    out.take_datagrams([](const Datagram&) {});
    transaction.cancel();
    transaction.cancel();
    EXPECT_EQ(transaction.next_deadline(), start + 39500ms) << to_seconds(when);
    EXPECT_EQ(transaction.on_deadline(start + 39499ms, out), Transaction::Outcome::Nothing);
    EXPECT_EQ(transaction.on_deadline(start + 39500ms, out), Transaction::Outcome::TimedOut);
    EXPECT_TRUE(out.empty());
  }
}

TEST(Transaction, ServedLateItSendsOnceAndWaitsFromThen) {
  Transaction transaction = make();
  Outbox out;
  transaction.start(Instant{}, out);
  EXPECT_EQ(transaction.on_deadline(Instant(20s), out), Transaction::Outcome::Retransmitted);
  EXPECT_EQ(transaction.attempts(), 2U);
  EXPECT_EQ(transaction.next_deadline(), Instant(21s));
}

TEST(Transaction, MeasuresTheRoundTripFromTheLatestTransmission) {
  Transaction transaction = make();
  Outbox out;
  transaction.start(Instant{}, out);
  EXPECT_EQ(transaction.rtt(Instant(40ms)), 40ms);
  (void)transaction.on_deadline(Instant(500ms), out);
  EXPECT_EQ(transaction.rtt(Instant(560ms)), 60ms);
}

TEST(Transaction, IdsAreDrawnFromTheGivenRandomness) {
  SeededRandom one(1, "ids"), same(1, "ids"), other(2, "ids");
  const TransactionId id = make_transaction_id(one);
  EXPECT_EQ(id, make_transaction_id(same));
  EXPECT_NE(id, make_transaction_id(other));
  EXPECT_NE(id, make_transaction_id(one));
}

}  // namespace
}  // namespace parley::stun

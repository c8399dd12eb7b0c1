#include "stack/ice/consent.h"

#include <gtest/gtest.h>

#include "tests/stack/ice/support.h"

namespace parley::ice {
namespace {

using namespace std::chrono_literals;
using test::at;

class ConsentTest : public ::testing::Test {
 protected:
  stun::TransactionId ask(Instant now) {
    const stun::TransactionId id = stun::make_transaction_id(random);
    consent.on_sent(now, id, random);
    return id;
  }

  SeededRandom random{1, "consent"};
  Consent consent{5s, 30s};
};

TEST_F(ConsentTest, DoesNotRunBeforeAPairIsSelected) {
  EXPECT_FALSE(consent.running());
  EXPECT_EQ(consent.next_deadline(), kNever);
}

// RFC 7675 section 5.1: 0.8 to 1.2 times the interval.
TEST_F(ConsentTest, AsksAtIntervalsThatVaryByAFifth) {
  consent.start(at(0s), random);
  Instant now = at(0s);
  Duration shortest = 10s;
  Duration longest = 0s;
  for (int i = 0; i < 200; ++i) {
    const Instant next = consent.next_deadline();
    EXPECT_FALSE(consent.due(next - 1ns));
    EXPECT_TRUE(consent.due(next));
    shortest = std::min(shortest, next - now);
    longest = std::max(longest, next - now);
    now = next;
    EXPECT_TRUE(consent.on_answer(now, ask(now)).has_value());
  }
  EXPECT_GE(shortest, 4s);
  EXPECT_LT(shortest, 4200ms);
  EXPECT_GT(longest, 5800ms);
  EXPECT_LE(longest, 6s);
}

TEST_F(ConsentTest, ExpiresThirtySecondsAfterTheLastAnswer) {
  consent.start(at(0s), random);
  EXPECT_EQ(consent.on_answer(at(5200ms), ask(at(5s))), Duration(200ms));
  for (int i = 2; i < 8; ++i)
    ask(at(5s * i));
  EXPECT_EQ(consent.unanswered(), 6U);
  EXPECT_FALSE(consent.expired(at(35199ms)));
  EXPECT_TRUE(consent.expired(at(35200ms)));
}

TEST_F(ConsentTest, ALateAnswerRenewsItAndASecondOneIsUnknown) {
  consent.start(at(0s), random);
  const stun::TransactionId first = ask(at(5s));
  ask(at(10s));
  EXPECT_TRUE(consent.owns(first));
  EXPECT_EQ(consent.on_answer(at(12s), first), Duration(7s));
  EXPECT_EQ(consent.unanswered(), 0U);
  EXPECT_FALSE(consent.expired(at(41s)));
  EXPECT_FALSE(consent.owns(first));
  EXPECT_FALSE(consent.on_answer(at(13s), first).has_value());
}

TEST_F(ConsentTest, AnotherPairStartsItAnew) {
  consent.start(at(0s), random);
  const stun::TransactionId old = ask(at(5s));
  consent.start(at(20s), random);
  EXPECT_FALSE(consent.owns(old));
  EXPECT_EQ(consent.unanswered(), 0U);
  EXPECT_FALSE(consent.expired(at(49s)));
  consent.stop();
  EXPECT_FALSE(consent.running());
}

}  // namespace
}  // namespace parley::ice

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
    const stun::TransactionId id = stun::make_transaction_id(random_);
    consent_.on_sent(now, id, random_);
    return id;
  }

  SeededRandom random_{1, "consent"};
  Consent consent_{5s, 30s};
};

TEST_F(ConsentTest, DoesNotRunBeforeAPairIsSelected) {
  EXPECT_FALSE(consent_.running());
  EXPECT_EQ(consent_.next_deadline(), kNever);
}

// RFC 7675 section 5.1: 0.8 to 1.2 times the interval.
TEST_F(ConsentTest, AsksAtIntervalsThatVaryByAFifth) {
  consent_.start(at(0s), random_);
  Instant now = at(0s);
  Duration shortest = 10s;
  Duration longest = 0s;
  for (int i = 0; i < 200; ++i) {
    const Instant next = consent_.next_deadline();
    EXPECT_FALSE(consent_.due(next - 1ns));
    EXPECT_TRUE(consent_.due(next));
    shortest = std::min(shortest, next - now);
    longest = std::max(longest, next - now);
    now = next;
    EXPECT_TRUE(consent_.on_answer(now, ask(now)).has_value());
  }
  EXPECT_GE(shortest, 4s);
  EXPECT_LT(shortest, 4200ms);
  EXPECT_GT(longest, 5800ms);
  EXPECT_LE(longest, 6s);
}

TEST_F(ConsentTest, ExpiresThirtySecondsAfterTheLastAnswer) {
  consent_.start(at(0s), random_);
  EXPECT_EQ(consent_.on_answer(at(5200ms), ask(at(5s))), Duration(200ms));
  for (int i = 2; i < 8; ++i)
    ask(at(5s * i));
  EXPECT_EQ(consent_.unanswered(), 6U);
  EXPECT_FALSE(consent_.expired(at(35199ms)));
  EXPECT_TRUE(consent_.expired(at(35200ms)));
}

TEST_F(ConsentTest, ALateAnswerRenewsItAndASecondOneIsUnknown) {
  consent_.start(at(0s), random_);
  const stun::TransactionId first = ask(at(5s));
  ask(at(10s));
  EXPECT_TRUE(consent_.owns(first));
  EXPECT_EQ(consent_.on_answer(at(12s), first), Duration(7s));
  EXPECT_EQ(consent_.unanswered(), 0U);
  EXPECT_FALSE(consent_.expired(at(41s)));
  EXPECT_FALSE(consent_.owns(first));
  EXPECT_FALSE(consent_.on_answer(at(13s), first).has_value());
}

TEST_F(ConsentTest, AnotherPairStartsItAnew) {
  consent_.start(at(0s), random_);
  const stun::TransactionId old = ask(at(5s));
  consent_.start(at(20s), random_);
  EXPECT_FALSE(consent_.owns(old));
  EXPECT_EQ(consent_.unanswered(), 0U);
  EXPECT_FALSE(consent_.expired(at(49s)));
  consent_.stop();
  EXPECT_FALSE(consent_.running());
}

}  // namespace
}  // namespace parley::ice

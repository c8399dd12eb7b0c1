#include "analyzer/stun_transactions.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/analyzer/packet_script.h"

namespace parley::analyzer {
namespace {

class StunTransactionsTest : public testing::Test {
 protected:
  static StunTransactions::Key key(std::uint32_t n, std::uint64_t salt = 0) {
    return {PacketScript::id(n), salt};
  }
  StunTransactions::Opened request(std::uint32_t n, PathId path, int milliseconds,
                                   std::uint64_t salt = 0) {
    Packet p;
    p.at = Instant{} + std::chrono::milliseconds(milliseconds);
    p.ref = {0, ++number};
    const auto opened = transactions.request(key(n, salt), path, p);
    if (opened.view != nullptr)
      ++opened.view->requests;
    return opened;
  }

  std::vector<Transaction> folded;
  StunTransactions transactions{[this](const Transaction& t) { folded.push_back(t); }};
  std::uint64_t number = 0;
};

TEST_F(StunTransactionsTest, RetransmissionsAreOneTransactionWithOneViewForEachPath) {
  request(1, 10, 0);
  request(1, 10, 500);
  request(1, 11, 501);
  transactions.finish();
  ASSERT_EQ(folded.size(), 1U);
  ASSERT_EQ(folded[0].views.size(), 2U);
  EXPECT_EQ(folded[0].views[0].requests, 2U);
  EXPECT_EQ(folded[0].views[0].first_request.ref.packet, 1U);
  EXPECT_EQ(folded[0].views[1].path, 11U);
}

TEST_F(StunTransactionsTest, OneIdTowardsTwoServersIsTwoTransactions) {
  request(1, 10, 0, 7);
  request(1, 11, 0, 8);
  EXPECT_NE(transactions.find(key(1, 7)), transactions.find(key(1, 8)));
  EXPECT_EQ(transactions.find(key(1)), nullptr);
  transactions.finish();
  EXPECT_EQ(folded.size(), 2U);
}

TEST_F(StunTransactionsTest, ATransactionIsOpenForALifetimeAndThenFoldedOnce) {
  request(1, 10, 0);
  const Instant end = Instant{} + StunTransactions::kLifetime;
  transactions.expire(end - std::chrono::milliseconds(1));
  EXPECT_NE(transactions.find(key(1)), nullptr);
  transactions.expire(end);
  EXPECT_EQ(transactions.find(key(1)), nullptr);
  transactions.finish();
  EXPECT_EQ(folded.size(), 1U);
}

TEST_F(StunTransactionsTest, AnIdThatComesBackLaterIsANewTransaction) {
  request(1, 10, 0);
  request(1, 10, 61'000);
  transactions.finish();
  ASSERT_EQ(folded.size(), 2U);
  EXPECT_EQ(folded[1].views[0].requests, 1U);
}

TEST_F(StunTransactionsTest, BeyondTheCapTheOldestIsFolded) {
  for (std::uint32_t n = 0; n <= StunTransactions::kMaxOpen; ++n)
    request(n, 10, 0);
  ASSERT_EQ(folded.size(), 1U);
  EXPECT_EQ(folded[0].views[0].first_request.ref.packet, 1U);
  EXPECT_NE(transactions.find(key(1)), nullptr);
}

TEST_F(StunTransactionsTest, ViewsAreCapped) {
  for (PathId path = 0; path < StunTransactions::kMaxViews; ++path)
    EXPECT_NE(request(1, path, 0).view, nullptr);
  EXPECT_EQ(request(1, 99, 0).view, nullptr);
  EXPECT_NE(request(1, 3, 0).view, nullptr) << "a known path is still counted";
}

}  // namespace
}  // namespace parley::analyzer

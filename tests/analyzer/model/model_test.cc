#include "analyzer/model/model.h"

#include <gtest/gtest.h>

namespace parley::analyzer {
namespace {

TEST(Model, SpellsItsValuesAsTheContractDoes) {
  EXPECT_EQ(to_string(Side::A), "A");
  EXPECT_EQ(to_string(other(Side::A)), "B");
  EXPECT_EQ(to_string(Outcome::InProgress), "in-progress");
  EXPECT_EQ(to_string(Outcome::Closed), "closed");
  EXPECT_EQ(to_string(Outcome::Lost), "lost");
  EXPECT_EQ(to_string(Outcome::Failed), "failed");
  EXPECT_EQ(to_string(Outcome::Connected), "connected");
  EXPECT_EQ(to_string(Confidence::Likely), "likely");
  EXPECT_EQ(to_string(Confidence::Possible), "possible");
  EXPECT_EQ(to_string(Level::Warning), "warning");
  EXPECT_EQ(to_string(Level::Error), "error");
}

}  // namespace
}  // namespace parley::analyzer

#include "stack/base/sequence.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(SerialAfter, FollowsRfc1982) {
  EXPECT_TRUE(serial_after<std::uint16_t>(1, 0));
  EXPECT_FALSE(serial_after<std::uint16_t>(0, 1));
  EXPECT_FALSE(serial_after<std::uint16_t>(7, 7));
  EXPECT_TRUE(serial_after<std::uint16_t>(0, 65535));
  EXPECT_FALSE(serial_after<std::uint16_t>(65535, 0));
  EXPECT_TRUE(serial_after<std::uint16_t>(32767, 0));
  EXPECT_FALSE(serial_after<std::uint16_t>(32769, 0));
  EXPECT_TRUE(serial_after<std::uint32_t>(5, 0xfffffff0U));
  EXPECT_TRUE(serial_after<std::uint8_t>(44, 255));
}

TEST(Unwrapper, CountsOnOverTheWrap) {
  Unwrapper<std::uint16_t> unwrapper;
  const std::int64_t first = unwrapper.unwrap(65534);
  EXPECT_EQ(unwrapper.unwrap(65535), first + 1);
  EXPECT_EQ(unwrapper.unwrap(0), first + 2);
  EXPECT_EQ(unwrapper.unwrap(2), first + 4);
}

TEST(Unwrapper, GoesBackForReorderedNumbers) {
  Unwrapper<std::uint16_t> unwrapper;
  const std::int64_t first = unwrapper.unwrap(1);
  EXPECT_EQ(unwrapper.unwrap(65535), first - 2);
  EXPECT_EQ(unwrapper.unwrap(1), first);
  EXPECT_GT(first - 2, 0);
}

TEST(Unwrapper, TakesTheNearestWay) {
  Unwrapper<std::uint16_t> unwrapper;
  const std::int64_t first = unwrapper.unwrap(0);
  EXPECT_EQ(unwrapper.unwrap(32767), first + 32767);
  Unwrapper<std::uint16_t> other;
  const std::int64_t zero = other.unwrap(0);
  EXPECT_EQ(other.unwrap(32769), zero - 32767);
}

TEST(Unwrapper, FollowsAMillionNumbers) {
  Unwrapper<std::uint16_t> unwrapper;
  std::int64_t expected = unwrapper.unwrap(100);
  for (std::uint32_t i = 1; i < 1'000'000; ++i) {
    const auto number = static_cast<std::uint16_t>(100 + i);
    ++expected;
    ASSERT_EQ(unwrapper.unwrap(number), expected);
  }
}

TEST(Unwrapper, Takes32BitNumbers) {
  Unwrapper<std::uint32_t> unwrapper;
  const std::int64_t first = unwrapper.unwrap(0xffffffffU);
  EXPECT_EQ(unwrapper.unwrap(0), first + 1);
  EXPECT_EQ(unwrapper.unwrap(0xfffffffeU), first - 1);
}

}  // namespace
}  // namespace parley

#include "analyzer/timestamp.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace parley::analyzer {
namespace {

std::int64_t nanoseconds(std::uint8_t resolution, std::uint64_t ticks, std::int64_t offset = 0) {
  return TimestampUnit(resolution, offset).at(ticks).time_since_epoch().count();
}

TEST(TimestampUnit, PowersOfTen) {
  EXPECT_EQ(nanoseconds(0, 7), 7'000'000'000);
  EXPECT_EQ(nanoseconds(3, 1'234), 1'234'000'000);
  EXPECT_EQ(nanoseconds(6, 1'700'000'000'123'456), 1'700'000'000'123'456'000);
  EXPECT_EQ(nanoseconds(9, 1'700'000'000'123'456'789), 1'700'000'000'123'456'789);
  EXPECT_EQ(nanoseconds(12, 5'000'000'999'999), 5'000'000'999);
  EXPECT_EQ(nanoseconds(19, 12'345'678'900'000'000'000U), 1'234'567'890);
  EXPECT_EQ(nanoseconds(20, 12'345'678'900'000'000'000U), 123'456'789);
}

TEST(TimestampUnit, PowersOfTwo) {
  EXPECT_EQ(nanoseconds(0x80, 7), 7'000'000'000);
  EXPECT_EQ(nanoseconds(0x80 | 1, 3), 1'500'000'000);
  EXPECT_EQ(nanoseconds(0x80 | 10, 1024 * 5 + 512), 5'500'000'000);
  EXPECT_EQ(nanoseconds(0x80 | 32, (std::uint64_t{3} << 32U) | 0x80000000U), 3'500'000'000);
  EXPECT_EQ(nanoseconds(0x80 | 63, std::uint64_t{3} << 62U), 1'500'000'000);
  EXPECT_EQ(nanoseconds(0x80 | 64, std::uint64_t{1} << 63U), 500'000'000);
}

TEST(TimestampUnit, AgreesWithFloatingPointForEveryResolution) {
  for (unsigned resolution = 0; resolution < 256; ++resolution) {
    const bool binary = resolution >= 0x80;
    const unsigned exponent = resolution & 0x7fU;
    for (const std::uint64_t ticks : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{999'999},
                                      std::uint64_t{1} << 40U, ~std::uint64_t{0}}) {
      const long double seconds =
          static_cast<long double>(ticks) *
          std::pow(binary ? 2.0L : 10.0L, -static_cast<long double>(exponent));
      const auto limit = static_cast<long double>(TimestampUnit::kMaxNanoseconds);
      const long double expected = std::min(seconds * 1e9L, limit);
      const auto found =
          static_cast<long double>(nanoseconds(static_cast<std::uint8_t>(resolution), ticks));
      EXPECT_NEAR(static_cast<double>(found), static_cast<double>(expected),
                  2.0 + 2e9 * (expected >= limit * 0.999L ? 1 : 0))
          << resolution << " " << ticks;
    }
  }
}

TEST(TimestampUnit, OffsetsAreSecondsAndMayBeNegative) {
  EXPECT_EQ(nanoseconds(6, 1'500'000, 10), 11'500'000'000);
  EXPECT_EQ(nanoseconds(6, 1'500'000, -10), -8'500'000'000);
}

TEST(TimestampUnit, TimesOutOfRangeBecomeTheNearest) {
  constexpr std::int64_t kMax = TimestampUnit::kMaxNanoseconds;
  EXPECT_EQ(nanoseconds(0, ~std::uint64_t{0}), kMax);
  EXPECT_EQ(nanoseconds(9, ~std::uint64_t{0}, 1), kMax);
  EXPECT_EQ(nanoseconds(6, 5, std::numeric_limits<std::int64_t>::max()), kMax);
  EXPECT_EQ(nanoseconds(0, ~std::uint64_t{0}, std::numeric_limits<std::int64_t>::max()), kMax);
  EXPECT_EQ(nanoseconds(6, 5, std::numeric_limits<std::int64_t>::min()), -kMax);
}

}  // namespace
}  // namespace parley::analyzer

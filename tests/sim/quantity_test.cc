#include "sim/quantity.h"

#include <gtest/gtest.h>

namespace parley::sim {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;

TEST(Quantity, DurationsAreExact) {
  EXPECT_EQ(parse_duration("250us"), microseconds(250));
  EXPECT_EQ(parse_duration("20ms"), milliseconds(20));
  EXPECT_EQ(parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(parse_duration("2min"), minutes(2));
  EXPECT_EQ(parse_duration("2h4min"), hours(2) + minutes(4));
  EXPECT_EQ(parse_duration("0.1ms"), microseconds(100));
  EXPECT_EQ(parse_duration("0.000000001s"), nanoseconds(1));
  EXPECT_EQ(parse_duration("0s"), Duration{0});
}

TEST(Quantity, ADurationWithoutItsUnitIsNone) {
  for (const char* text : {"20", "", "ms", "20 ms", "20m", "-1s", "1.s", ".5s", "1e3s", "20MS",
                           "0.1ns", "9999999999999999999s", "9223372036855s9223372036s", "1s2"})
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
}

TEST(Quantity, RatesSizesSharesAndCounts) {
  EXPECT_EQ(parse_rate("20Mbps"), 20'000'000U);
  EXPECT_EQ(parse_rate("64kbps"), 64'000U);
  EXPECT_EQ(parse_rate("1.5Gbps"), 1'500'000'000U);
  EXPECT_EQ(parse_size("1200B"), 1200U);
  EXPECT_EQ(parse_size("64KiB"), 65'536U);
  EXPECT_DOUBLE_EQ(parse_share("0.5%").value(), 0.005);
  EXPECT_DOUBLE_EQ(parse_share("100%").value(), 1.0);
  EXPECT_EQ(parse_count("3478"), 3478U);
}

TEST(Quantity, RefusesWhatIsNoRateSizeShareOrCount) {
  for (const char* text : {"20", "0Mbps", "20mbps", "20Mb", "20MBps", "1Mbps1Mbps"})
    EXPECT_FALSE(parse_rate(text).has_value()) << text;
  for (const char* text : {"1200", "1KB", "-1B", "0.5B"})
    EXPECT_FALSE(parse_size(text).has_value()) << text;
  for (const char* text : {"0.5", "101%", "100.1%", "%", "-1%", "1 %"})
    EXPECT_FALSE(parse_share(text).has_value()) << text;
  for (const char* text : {"", "1.0", "-1", "0x10", "1 ", "99999999999999999999"})
    EXPECT_FALSE(parse_count(text).has_value()) << text;
}

}  // namespace
}  // namespace parley::sim

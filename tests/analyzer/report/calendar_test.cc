#include "analyzer/report/calendar.h"

#include <gtest/gtest.h>

namespace parley::analyzer {
namespace {

Instant nanoseconds(std::int64_t count) {
  return Instant(Duration(count));
}

TEST(Calendar, WritesNanosecondsInUtc) {
  EXPECT_EQ(iso8601(nanoseconds(1'795'332'269'579'123'456)), "2026-11-22T07:24:29.579123456Z");
  EXPECT_EQ(readable_date(nanoseconds(1'795'332'269'579'123'456)), "2026-11-22 07:24:29.579 UTC");
}

TEST(Calendar, KnowsTheEpochAndLeapDays) {
  EXPECT_EQ(iso8601(nanoseconds(0)), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(iso8601(nanoseconds(1'709'164'800'000'000'000)), "2024-02-29T00:00:00.000000000Z");
}

TEST(Calendar, TimesBeforeTheEpochStayInTheirDay) {
  EXPECT_EQ(iso8601(nanoseconds(-1)), "1969-12-31T23:59:59.999999999Z");
}

}  // namespace
}  // namespace parley::analyzer

#include "analyzer/report/calendar.h"

#include <chrono>

#include <fmt/format.h>

namespace parley::analyzer {
namespace {

struct Date {
  int year = 1970;
  unsigned month = 1, day = 1;
  std::int64_t hour = 0, minute = 0, second = 0, nanosecond = 0;
};

Date date_of(Instant at) {
  using std::chrono::floor;
  using Days = std::chrono::duration<int, std::ratio<86400>>;
  const Duration since_epoch = at.time_since_epoch();
  const auto days = floor<Days>(since_epoch);
  const std::chrono::year_month_day calendar{std::chrono::sys_days{days}};
  const std::int64_t rest = (since_epoch - days).count();
  constexpr std::int64_t kSecond = 1'000'000'000;
  return {static_cast<int>(calendar.year()),
          static_cast<unsigned>(calendar.month()),
          static_cast<unsigned>(calendar.day()),
          rest / kSecond / 3600,
          rest / kSecond / 60 % 60,
          rest / kSecond % 60,
          rest % kSecond};
}

}  // namespace

std::string iso8601(Instant at) {
  const Date d = date_of(at);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", d.year, d.month, d.day, d.hour,
                     d.minute, d.second, d.nanosecond);
}

std::string readable_date(Instant at) {
  const Date d = date_of(at);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03} UTC", d.year, d.month, d.day,
                     d.hour, d.minute, d.second, d.nanosecond / 1'000'000);
}

}  // namespace parley::analyzer

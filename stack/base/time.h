#pragma once

#include <chrono>
#include <cstdint>

namespace parley {

// A clock type that has no now(): code that wants the time has to be given it. In the simulator an
// Instant counts from the start of the run, in the analyzer from the Unix epoch (capture time).
struct Timeline {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<Timeline>;
  // NOLINTNEXTLINE(readability-identifier-naming): the standard fixes this name
  static constexpr bool is_steady = true;
};

using Duration = Timeline::duration;
using Instant = Timeline::time_point;

// What next_deadline() answers when nothing is scheduled.
inline constexpr Instant kNever = Instant::max();

// Seconds as a floating-point number, for output only: nothing is computed from it.
constexpr double to_seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}
constexpr double to_seconds(Instant t) {
  return to_seconds(t.time_since_epoch());
}

}  // namespace parley

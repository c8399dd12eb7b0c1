#pragma once

// Quantities as scenarios write them: a decimal number with its unit, without a space. No unit, no
// guess. Exact: decimal digits are never turned into floating point on the way to nanoseconds.

#include <cstdint>
#include <optional>
#include <string_view>

#include "stack/base/time.h"

namespace parley::sim {

// "250us" "20ms" "1.5s" "2min" "2h4min"; nullopt for anything else, also for what a Duration
// cannot hold or a fraction of a nanosecond.
std::optional<Duration> parse_duration(std::string_view text);
// "64kbps" "20Mbps" "1.5Gbps" "9600bps": bits per second, not zero.
std::optional<std::uint64_t> parse_rate(std::string_view text);
// "1200B" "64KiB" "5MiB".
std::optional<std::uint64_t> parse_size(std::string_view text);
// "0.5%" is 0.005; 0% to 100%.
std::optional<double> parse_share(std::string_view text);
// A bare number: "3478".
std::optional<std::uint64_t> parse_count(std::string_view text);

inline constexpr std::string_view kDurationForm =
    "a duration with its unit (250us, 20ms, 1.5s, 2min)";
inline constexpr std::string_view kRateForm = "a rate with its unit (64kbps, 20Mbps)";
inline constexpr std::string_view kSizeForm = "a size with its unit (1200B, 64KiB)";
inline constexpr std::string_view kShareForm = "a share between 0% and 100% (0.5%)";

}  // namespace parley::sim

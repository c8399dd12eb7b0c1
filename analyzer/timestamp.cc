#include "analyzer/timestamp.h"

#include <algorithm>
#include <limits>

namespace parley::analyzer {
namespace {

constexpr std::uint64_t kNano = 1'000'000'000;
constexpr std::uint8_t kBinaryBit = 0x80;
// The largest power of 10 in 64 bits.
constexpr unsigned kMaxPower = 19;

std::uint64_t power_of_ten(unsigned exponent) {
  std::uint64_t result = 1;
  for (unsigned i = 0; i < exponent; ++i)
    result *= 10;
  return result;
}

}  // namespace

TimestampUnit::TimestampUnit(std::uint8_t resolution, std::int64_t offset_seconds)
    : binary_((resolution & kBinaryBit) != 0),
      exponent_(resolution & 0x7fU),
      offset_seconds_(offset_seconds) {
  if (!binary_ && exponent_ <= 9 && offset_seconds == 0) {
    fast_factor_ = power_of_ten(9U - exponent_);
    fast_limit_ = static_cast<std::uint64_t>(kMaxNanoseconds) / fast_factor_;
  }
}

TimestampUnit::Split TimestampUnit::split_decimal(std::uint64_t ticks) const {
  if (exponent_ <= kMaxPower) {
    const std::uint64_t per_second = power_of_ten(exponent_);
    const std::uint64_t rest = ticks % per_second;
    const std::uint64_t nanoseconds =
        exponent_ <= 9 ? rest * power_of_ten(9U - exponent_) : rest / power_of_ten(exponent_ - 9U);
    return {ticks / per_second, nanoseconds};
  }
  // A second has more ticks than 64 bits can count.
  const unsigned digits = exponent_ - 9U;
  return {0, digits <= kMaxPower ? ticks / power_of_ten(digits) : 0};
}

TimestampUnit::Split TimestampUnit::split_binary(std::uint64_t ticks) const {
  std::uint64_t seconds = 0;
  std::uint64_t fraction = ticks;
  if (exponent_ < 64) {
    seconds = ticks >> exponent_;
    fraction = ticks - (seconds << exponent_);
  }
  // 34 bits of fraction times 10^9 just fit 64 bits.
  constexpr unsigned kFractionBits = 34;
  unsigned bits = exponent_;
  if (bits > kFractionBits) {
    const unsigned drop = bits - kFractionBits;
    fraction = drop < 64 ? fraction >> drop : 0;
    bits = kFractionBits;
  }
  return {seconds, (fraction * kNano) >> bits};
}

Instant TimestampUnit::convert(std::uint64_t ticks) const {
  const Split split = binary_ ? split_binary(ticks) : split_decimal(ticks);
  constexpr std::int64_t kMaxSeconds = kMaxNanoseconds / static_cast<std::int64_t>(kNano) - 1;
  constexpr auto kMaxSigned = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const auto seconds = static_cast<std::int64_t>(std::min(split.seconds, kMaxSigned));
  std::int64_t total = 0;
  if (__builtin_add_overflow(seconds, offset_seconds_, &total) || total > kMaxSeconds)
    return Instant(Duration(kMaxNanoseconds));
  if (total < -kMaxSeconds)
    return Instant(Duration(-kMaxNanoseconds));
  return Instant(Duration(total * static_cast<std::int64_t>(kNano) +
                          static_cast<std::int64_t>(split.nanoseconds)));
}

}  // namespace parley::analyzer

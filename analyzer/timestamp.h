#pragma once

// Converts the time stamps of pcapng (if_tsresol, if_tsoffset: draft-ietf-opsawg-pcapng
// section 4.2) to nanoseconds since the Unix epoch, for every resolution a file may claim.

#include <cstdint>

#include "stack/base/time.h"

namespace parley::analyzer {

class TimestampUnit {
 public:
  static constexpr std::uint8_t kMicroseconds = 6;  // when a file does not say

  // `resolution`: a power of 10, or of 2 when the highest bit is set.
  explicit TimestampUnit(std::uint8_t resolution = kMicroseconds, std::int64_t offset_seconds = 0);

  // Times before 1824 or after 2116 become the nearest of these, so that the difference of any two
  // fits 64 bits of nanoseconds.
  static constexpr std::int64_t kMaxNanoseconds = (std::int64_t{1} << 62U) - 1;

  Instant at(std::uint64_t ticks) const {
    if (ticks <= fast_limit_)
      return Instant(Duration(static_cast<std::int64_t>(ticks * fast_factor_)));
    return convert(ticks);
  }

 private:
  struct Split {
    std::uint64_t seconds = 0, nanoseconds = 0;
  };
  Split split_decimal(std::uint64_t ticks) const;
  Split split_binary(std::uint64_t ticks) const;
  Instant convert(std::uint64_t ticks) const;

  bool binary_;
  std::uint8_t exponent_;
  std::int64_t offset_seconds_;
  std::uint64_t fast_factor_ = 0;  // nanoseconds of a tick, where one multiplication does
  std::uint64_t fast_limit_ = 0;   // the last tick it does for
};

}  // namespace parley::analyzer

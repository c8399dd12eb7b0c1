#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>

namespace parley {

// Serial number arithmetic, RFC 1982: whether `a` comes after `b` on a circle.
template <std::unsigned_integral T>
constexpr bool serial_after(T a, T b) {
  return a != b && static_cast<T>(a - b) <= std::numeric_limits<T>::max() / 2;
}

// Turns wrapping numbers (RTP sequence 16 bit, TSN 32 bit) into 64-bit ones that do not wrap, by
// taking the value nearest to the last one. The first value maps to itself plus one cycle, so
// that a packet just before the first stays positive.
template <std::unsigned_integral T>
class Unwrapper {
 public:
  constexpr std::int64_t unwrap(T value) {
    constexpr std::int64_t kCycle = std::int64_t{std::numeric_limits<T>::max()} + 1;
    if (!last_) {
      last_ = kCycle + value;
      return *last_;
    }
    const T previous = static_cast<T>(*last_);
    const T forward = static_cast<T>(value - previous);
    const std::int64_t step =
        forward <= std::numeric_limits<T>::max() / 2 ? forward : std::int64_t{forward} - kCycle;
    last_ = *last_ + step;
    return *last_;
  }

 private:
  std::optional<std::int64_t> last_;
};

}  // namespace parley

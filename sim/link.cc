#include "sim/link.h"

#include <algorithm>

namespace parley::sim {
namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

// Bytes that a rate still has to send in `left`, rounded up.
std::uint64_t backlog(Duration left, std::uint64_t rate) {
  __extension__ using Wide = unsigned __int128;
  const Wide bits = static_cast<Wide>(left.count()) * rate;
  const Wide per_byte = static_cast<Wide>(kNanosecondsPerSecond) * 8U;
  return static_cast<std::uint64_t>((bits + per_byte - 1) / per_byte);
}

}  // namespace

Duration serialization_time(std::uint64_t bytes, std::uint64_t rate) {
  if (rate == 0)
    return Duration{0};
  // 65535 bytes are 5e14 bit-nanoseconds: far from overflow.
  const std::uint64_t bits = bytes * 8U * kNanosecondsPerSecond;
  return Duration(static_cast<Duration::rep>((bits + rate - 1) / rate));
}

Transit LinkDirection::transit(Instant now, std::uint64_t bytes) {
  Instant sent = now;
  if (config_.rate != 0) {
    const Duration wait = std::max(busy_until_ - now, Duration{0});
    if (config_.queue_time && wait > *config_.queue_time)
      return {TransitFate::QueueFull, now};
    if (config_.queue_bytes && backlog(wait, config_.rate) + bytes > *config_.queue_bytes &&
        wait > Duration{0})
      return {TransitFate::QueueFull, now};
    sent = now + wait + serialization_time(bytes, config_.rate);
    busy_until_ = sent;
  }
  // No draw without a loss: a link that loses nothing does not depend on its generator.
  if (config_.loss > 0 && random_.chance(config_.loss))
    return {TransitFate::Lost, sent};
  return {TransitFate::Arrives, sent + config_.delay};
}

}  // namespace parley::sim

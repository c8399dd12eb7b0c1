#pragma once

// One direction of a link: a drop-tail queue in front of a constant rate, Bernoulli loss on the
// wire, a constant delay. A pure function of (configuration, its own state, now, size, random):
// knows neither packets nor nodes. Order on the way: queue, serialization, loss, delay; a packet
// that is lost has used the wire all the same. Sizes count from the IP header on.

#include <cstdint>
#include <optional>

#include "stack/base/random.h"
#include "stack/base/time.h"

namespace parley::sim {

struct LinkConfig {
  Duration delay{};
  std::uint64_t rate = 0;  // bits per second; 0: no limit
  // The queue is full for a packet that would wait longer than this, or that finds more than this
  // many bytes not yet sent. Exactly one of the two is set.
  std::optional<Duration> queue_time = std::chrono::milliseconds(100);
  std::optional<std::uint64_t> queue_bytes;
  double loss = 0;  // share of packets, 0 to 1

  friend bool operator==(const LinkConfig&, const LinkConfig&) = default;
};

enum class TransitFate : std::uint8_t { Arrives, Lost, QueueFull };

struct Transit {
  TransitFate fate = TransitFate::Arrives;
  Instant at;  // of the arrival, or when the packet was lost or refused
};

// Time that `bytes` take at `rate` bits per second, rounded up to a nanosecond: a link is never
// faster than it says.
Duration serialization_time(std::uint64_t bytes, std::uint64_t rate);

class LinkDirection {
 public:
  LinkDirection(const LinkConfig& config, const SeededRandom& random)
      : config_(config), random_(random) {}

  Transit transit(Instant now, std::uint64_t bytes);
  const LinkConfig& config() const { return config_; }

 private:
  LinkConfig config_;
  SeededRandom random_;
  Instant busy_until_{};
};

}  // namespace parley::sim

#pragma once

// What every part of the model is told in: sides, how sure a statement is, where a packet was seen.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/packet.h"
#include "stack/base/time.h"

namespace parley::analyzer {

// A is the agent that is controlling when the call starts, else the one that sends first.
enum class Side : std::uint8_t { A = 0, B = 1 };
constexpr Side other(Side s) {
  return s == Side::A ? Side::B : Side::A;
}
constexpr std::size_t index_of(Side s) {
  return static_cast<std::size_t>(s);
}

enum class Outcome : std::uint8_t { Connected, Closed, Lost, Failed, InProgress };
enum class Confidence : std::uint8_t { Certain, Likely, Possible };
enum class Level : std::uint8_t { Error, Warning, Note };

using PerSide = std::array<std::uint64_t, 2>;
using Inferred = std::vector<std::string>;  // JSON names of the members that were inferred

struct ErrorCount {
  std::uint16_t code = 0;
  std::uint64_t count = 0;
  // For the story: the first and the last of these responses.
  std::optional<PacketRef> first, last;
  std::optional<Instant> first_at, last_at;
};

// Round-trip times in milliseconds.
struct RttSummary {
  double min = 0, median = 0, max = 0;
};

// A capture point: a file, or one of several interfaces in it (analyzer/capture_points.h).
using PointId = std::uint32_t;

// What one capture point saw of something that several could see.
struct SeenAt {
  std::uint64_t count = 0;
  PacketRef first, last;  // both of the same capture
  Instant first_at, last_at;
  std::optional<PointId> at_point = std::nullopt;

  // A model without points has one for each capture.
  PointId point() const { return at_point.value_or(first.capture); }
};

// A packet at a capture point.
struct SeenPacket {
  PacketRef packet;
  Instant at;
  PointId point = 0;
};

}  // namespace parley::analyzer

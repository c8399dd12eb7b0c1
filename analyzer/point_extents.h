#pragma once

// How long each capture point was at work, as far as its packets show. Several captures of one call
// seldom begin and end together: what one of them lacks tells nothing of the time before its first
// packet and after its last.

#include <cstdint>
#include <map>

#include "analyzer/flow_table.h"

namespace parley::analyzer {

// The first and the last packet of any kind at a point.
struct Extent {
  Instant first, last;

  bool covers(Instant from, Instant to) const { return first <= from && to <= last; }
  // How much of that time lies within; zero where none does.
  Duration within(Instant from, Instant to) const;
};

class PointExtents {
 public:
  PointExtents() = default;
  // Of all flows that the table holds.
  explicit PointExtents(const FlowTable& flows);

  // nullptr: no flow was seen there.
  const Extent* of(std::uint32_t point) const;
  bool cover(std::uint32_t point, Instant from, Instant to) const;

 private:
  std::map<std::uint32_t, Extent> extents_;
};

}  // namespace parley::analyzer

#pragma once

// Of each route the flow at the capture point nearest to each side. With one point that is known
// where it shows a side's own socket; with two, each is nearer to the side whose checks it saw
// first.

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/call_layout.h"
#include "analyzer/pair_builder.h"

namespace parley::analyzer {

class RoutePoints {
 public:
  RoutePoints(const Pipeline& pipeline, const CallLayout& layout, const PairBuilder& pairs);

  // nullptr where no point is known to be nearer to that side than to the other.
  const FlowUse* nearest(std::uint32_t route, Side side) const {
    return nearest_[route][index_of(side)];
  }

 private:
  std::vector<std::array<const FlowUse*, 2>> nearest_;
};

// Packets passed there, in whichever direction, from about the first of these times to about the
// last, and some in this one: what else did not pass in between was not there.
bool captured_throughout(const FlowRecord& flow, Direction direction, Instant from, Instant to);

}  // namespace parley::analyzer

#pragma once

// Of each route the flow at the capture point nearest to each side. One point is nearest to the
// side that it stands on, if that is known; of two, each is nearer to the side whose checks it saw
// first.

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/call_layout.h"
#include "analyzer/point_sides.h"

namespace parley::analyzer {

class RoutePoints {
 public:
  RoutePoints(const Pipeline& pipeline, const CallLayout& layout, const PointSides& sides);

  // nullptr where no point is known to be nearer to that side than to the other.
  const FlowUse* nearest(std::uint32_t route, Side side) const {
    return routes_[route].nearest[index_of(side)];
  }
  // The same where that point stands on that side, as far as it shows: not beside the other one,
  // and not at a NAT or server in between.
  const FlowUse* beside(std::uint32_t route, Side side) const {
    return routes_[route].beside[index_of(side)];
  }
  // Packets pass there as the agent itself sends and receives them: no NAT or router of its own is
  // in between.
  bool own_socket(std::uint32_t route, Side side) const {
    return routes_[route].own_socket[index_of(side)];
  }
  // Which point is nearest to whom was inferred.
  bool is_inferred(std::uint32_t route) const { return routes_[route].inferred; }

 private:
  struct Route {
    std::array<const FlowUse*, 2> nearest{}, beside{};
    std::array<bool, 2> own_socket{};
    bool inferred = false;
  };
  // Whether the nearest point stands on that side.
  static void judge(const Pipeline& pipeline, const PointSides& sides, Side side, bool passed_on,
                    bool apart, Route& route);

  std::vector<Route> routes_;
};

// The point was at work all the while, and some packets of that side passed on the flow: what else
// of it did not pass in between was not there.
bool captured_throughout(const Pipeline& pipeline, const FlowUse& use, Side sender, Instant from,
                         Instant to);

}  // namespace parley::analyzer

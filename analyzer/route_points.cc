#include "analyzer/route_points.h"

#include <map>
#include <optional>

namespace parley::analyzer {

bool captured_throughout(const Pipeline& pipeline, const FlowUse& use, Side sender, Instant from,
                         Instant to) {
  const FlowRecord& flow = pipeline.flows()[use.flow];
  return flow.directions[direction_of(use, sender)].packets() > 0 &&
         pipeline.extents().cover(flow.key.point, from, to);
}

namespace {

std::uint32_t point_of(const Pipeline& pipeline, const FlowUse& use) {
  return pipeline.flows()[use.flow].key.point;
}

// Of one route, by side: the flow at the point that saw its checks first.
using FirstToSee = std::array<const FlowUse*, 2>;

std::vector<FirstToSee> first_to_see(const Pipeline& pipeline, const CallLayout& layout) {
  std::map<FlowId, const FlowUse*> uses;
  for (const FlowUse& use : layout.flows)
    uses[use.flow] = &use;
  std::vector<FirstToSee> best(layout.routes);
  std::vector<std::array<std::uint64_t, 2>> most(layout.routes);
  for (const PairSet& set : layout.pairs) {
    const CheckPath& path = pipeline.ice().paths()[set.nearest];
    const std::size_t s = index_of(set.side);
    if (best[set.route][s] != nullptr && path.sums.transactions <= most[set.route][s])
      continue;
    most[set.route][s] = path.sums.transactions;
    best[set.route][s] = uses[path.flow];
  }
  return best;
}

}  // namespace

RoutePoints::RoutePoints(const Pipeline& pipeline, const CallLayout& layout,
                         const PointSides& sides)
    : routes_(layout.routes) {
  for (const FlowUse& use : layout.flows) {
    // Without checks of both sides that say more. What does not come as far as a point beside the
    // agent is not nearest to it elsewhere.
    const std::optional<PointSide> here = sides.at(point_of(pipeline, use));
    if (!here || (!here->own_socket && sides.sees_socket(here->side)))
      continue;
    const FlowUse*& known = routes_[use.route].nearest[index_of(here->side)];
    if (known == nullptr)
      known = &use;
  }
  const std::vector<FirstToSee> best = first_to_see(pipeline, layout);
  for (std::uint32_t i = 0; i < layout.routes; ++i) {
    const auto& [a, b] = best[i];
    const bool apart = a != nullptr && b != nullptr && a != b;
    if (apart)
      routes_[i].nearest = best[i];
    // A NAT or a TURN server, which passes packets on from one flow to the other.
    const bool passed_on = apart && point_of(pipeline, *a) == point_of(pipeline, *b);
    for (const Side side : {Side::A, Side::B})
      judge(pipeline, sides, side, passed_on, apart, routes_[i]);
  }
}

void RoutePoints::judge(const Pipeline& pipeline, const PointSides& sides, Side side,
                        bool passed_on, bool apart, Route& route) {
  const FlowUse* here = route.nearest[index_of(side)];
  if (here == nullptr)
    return;
  const std::uint32_t point = point_of(pipeline, *here);
  if (sides.is_of(point, side) || (!passed_on && !sides.is_of(point, other(side))))
    route.beside[index_of(side)] = here;
  const std::optional<PointSide> known = sides.at(point);
  route.own_socket[index_of(side)] = known && known->side == side && known->own_socket;
  route.inferred = route.inferred || (!apart && sides.at(point)->inferred);
}

}  // namespace parley::analyzer

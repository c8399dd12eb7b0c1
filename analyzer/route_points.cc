#include "analyzer/route_points.h"

#include <map>
#include <optional>

namespace parley::analyzer {

bool captured_throughout(const FlowRecord& flow, Direction direction, Instant from, Instant to) {
  // Checks go on every 2.5 s or so (RFC 7675 section 5.1: 5 s, less by up to a fifth).
  constexpr Duration kBetweenChecks = std::chrono::seconds(6);
  return flow.directions[direction].packets() > 0 && flow.first.at <= from + kBetweenChecks &&
         flow.last_at + kBetweenChecks >= to;
}

RoutePoints::RoutePoints(const Pipeline& pipeline, const CallLayout& layout,
                         const PointSides& sides)
    : routes_(layout.routes) {
  std::map<FlowId, const FlowUse*> uses;
  const auto point_of = [&](const FlowUse* use) { return pipeline.flows()[use->flow].key.point; };
  for (const FlowUse& use : layout.flows) {
    uses[use.flow] = &use;
    // Without checks of both sides that say more. What does not come as far as a point beside the
    // agent is not nearest to it elsewhere.
    const std::optional<PointSide> here = sides.at(point_of(&use));
    if (!here || (!here->own_socket && sides.sees_socket(here->side)))
      continue;
    const FlowUse*& known = routes_[use.route].nearest[index_of(here->side)];
    if (known == nullptr)
      known = &use;
  }
  struct Best {
    std::uint64_t transactions = 0;
    const FlowUse* use = nullptr;
  };
  std::vector<std::array<Best, 2>> best(layout.routes);
  for (const PairSet& set : layout.pairs) {
    const CheckPath& path = pipeline.ice().paths()[set.nearest];
    Best& b = best[set.route][index_of(set.side)];
    if (b.use == nullptr || path.sums.transactions > b.transactions)
      b = {path.sums.transactions, uses[path.flow]};
  }
  for (std::uint32_t i = 0; i < layout.routes; ++i) {
    Route& route = routes_[i];
    const auto& [a, b] = best[i];
    const bool apart = a.use != nullptr && b.use != nullptr && a.use != b.use;
    // A NAT or a TURN server, which passes packets on from one flow to the other.
    const bool passed_on = apart && point_of(a.use) == point_of(b.use);
    for (const Side side : {Side::A, Side::B}) {
      const std::size_t s = index_of(side);
      if (apart)
        route.nearest[s] = best[i][s].use;
      const FlowUse* here = route.nearest[s];
      if (here == nullptr)
        continue;
      if (sides.is_of(point_of(here), side) ||
          (!passed_on && !sides.is_of(point_of(here), other(side))))
        route.beside[s] = here;
      route.inferred = route.inferred || (!apart && sides.at(point_of(here))->inferred);
    }
  }
}

}  // namespace parley::analyzer

#include "analyzer/route_points.h"

#include <map>

namespace parley::analyzer {

bool captured_throughout(const FlowRecord& flow, Direction direction, Instant from, Instant to) {
  // Checks go on every 2.5 s or so (RFC 7675 section 5.1: 5 s, less by up to a fifth).
  constexpr Duration kBetweenChecks = std::chrono::seconds(6);
  return flow.directions[direction].packets() > 0 && flow.first.at <= from + kBetweenChecks &&
         flow.last_at + kBetweenChecks >= to;
}

RoutePoints::RoutePoints(const Pipeline& pipeline, const CallLayout& layout,
                         const PairBuilder& pairs)
    : nearest_(layout.routes) {
  std::map<FlowId, const FlowUse*> uses;
  for (const FlowUse& use : layout.flows)
    uses[use.flow] = &use;
  struct Best {
    std::uint64_t transactions = 0;
    const FlowUse* use = nullptr;
    bool own = false;
  };
  std::vector<std::array<Best, 2>> best(layout.routes);
  for (const PairSet& set : layout.pairs) {
    const CheckPath& path = pipeline.ice().paths()[set.nearest];
    Best& b = best[set.route][index_of(set.side)];
    if (b.use == nullptr || path.sums.transactions > b.transactions)
      b = {path.sums.transactions, uses[path.flow], pairs.sees_own_socket(set)};
  }
  for (std::uint32_t route = 0; route < layout.routes; ++route) {
    const auto& [a, b] = best[route];
    const bool apart = a.use != nullptr && b.use != nullptr && a.use != b.use;
    for (const Side side : {Side::A, Side::B}) {
      const Best& here = best[route][index_of(side)];
      const Best& there = best[route][index_of(other(side))];
      if (apart || (here.own && !there.own))
        nearest_[route][index_of(side)] = here.use;
    }
  }
}

}  // namespace parley::analyzer

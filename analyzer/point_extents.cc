#include "analyzer/point_extents.h"

#include <algorithm>

namespace parley::analyzer {

Duration Extent::within(Instant from, Instant to) const {
  return std::max(std::min(to, last) - std::max(from, first), Duration::zero());
}

PointExtents::PointExtents(const FlowTable& flows) {
  for (FlowId id = 0; id < flows.size(); ++id) {
    const FlowRecord& flow = flows[id];
    if (!flow.in_use)
      continue;
    const auto [known, added] =
        extents_.try_emplace(flow.key.point, Extent{flow.first.at, flow.last_at});
    if (added)
      continue;
    known->second.first = std::min(known->second.first, flow.first.at);
    known->second.last = std::max(known->second.last, flow.last_at);
  }
}

const Extent* PointExtents::of(std::uint32_t point) const {
  const auto it = extents_.find(point);
  return it == extents_.end() ? nullptr : &it->second;
}

bool PointExtents::cover(std::uint32_t point, Instant from, Instant to) const {
  const Extent* extent = of(point);
  return extent != nullptr && extent->covers(from, to);
}

}  // namespace parley::analyzer

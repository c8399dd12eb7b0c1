// At which capture points the checks of a pair that got no answer were seen.

#include <algorithm>
#include <map>

#include "analyzer/pair_builder.h"

namespace parley::analyzer {

// Several paths of a set may lie at one point.
template <class Shares>
std::vector<SeenAt> PairBuilder::by_point(const PairSet& set, Shares&& shares) const {
  std::vector<SeenAt> list;
  for (const PathId id : set.paths) {
    std::map<PointId, std::uint64_t> most;
    for (const PathShare& share : shares(ice_.paths()[id].sums)) {
      const PointId point = flows_[ice_.paths()[share.path].flow].key.point;
      auto known = std::find_if(list.begin(), list.end(),
                                [&](const SeenAt& seen) { return seen.point() == point; });
      if (known == list.end())
        known = list.insert(list.end(), SeenAt{0, share.first.ref, share.last.ref, share.first.at,
                                               share.last.at, point});
      // A router at that point shows the same ones on two paths.
      std::uint64_t& counted = most[point];
      known->count += std::max(share.count, counted) - counted;
      counted = std::max(share.count, counted);
      if (share.first.at < known->first_at) {
        known->first = share.first.ref;
        known->first_at = share.first.at;
      }
      if (share.last.at > known->last_at) {
        known->last = share.last.ref;
        known->last_at = share.last.at;
      }
    }
  }
  return list;
}

void PairBuilder::fill_lost(const PairSet& set, Pair& pair) const {
  using Sums = CheckPath::Sums;
  pair.answered_elsewhere = by_point(
      set, [](const Sums& s) -> auto& { return s.answered_elsewhere; });
  pair.requests_seen_at = by_point(
      set, [](const Sums& s) -> auto& { return s.unanswered_requests; });
  const auto fill = [&](CheckPath::Sums::Since Sums::*part, LostSince& lost) {
    for (const PathId id : set.paths)
      lost.unanswered += (ice_.paths()[id].sums.*part).unanswered;
    lost.answered_elsewhere = by_point(
        set, [&](const Sums& s) -> auto& { return (s.*part).answered_elsewhere; });
    lost.requests_seen_at = by_point(
        set, [&](const Sums& s) -> auto& { return (s.*part).unanswered_requests; });
  };
  fill(&Sums::before_answer, pair.before_answer);
  fill(&Sums::since_answer, pair.since_answer);
}

}  // namespace parley::analyzer

#include "stack/ice/nomination.h"

#include <algorithm>

namespace parley::ice {

NominationChoice choose_nomination(const Checklist& checklist, Instant now, Duration delay) {
  const Pair* best = checklist.best_valid();
  if (best == nullptr)
    return {};
  Instant first_valid = best->valid_since;
  for (const Pair& pair : checklist.pairs())
    if (pair.valid())
      first_valid = std::min(first_valid, pair.valid_since);
  const Instant deadline = first_valid + delay;

  Instant likely_until = now;
  for (const Pair& pair : checklist.pairs()) {
    if (pair.priority <= best->priority)
      continue;
    if (pair.state == PairState::Frozen || pair.state == PairState::Waiting)
      likely_until = deadline;
    else if (pair.state == PairState::InProgress)
      likely_until = std::max(likely_until, pair.check_started + best->rtt);
  }
  likely_until = std::min(likely_until, deadline);
  if (likely_until > now)
    return {std::nullopt, likely_until};
  return {best->id, kNever};
}

}  // namespace parley::ice

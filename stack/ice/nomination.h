#pragma once

// Which pair a controlling agent nominates and when (the policy is described in agent.h). A pure
// function of the checklist and the time.

#include <optional>

#include "stack/base/time.h"
#include "stack/ice/checklist.h"

namespace parley::ice {

struct NominationChoice {
  std::optional<PairId> pair;   // nominate this one now
  Instant wait_until = kNever;  // or ask again then
};

NominationChoice choose_nomination(const Checklist& checklist, Instant now, Duration delay);

}  // namespace parley::ice

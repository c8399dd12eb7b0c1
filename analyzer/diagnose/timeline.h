#pragma once

// What happened, in order: the facts of a call that carry a time, one short sentence each. No
// judgement: that is the rules' part.

#include <vector>

#include "analyzer/diagnose/words.h"
#include "analyzer/model/model.h"

namespace parley::analyzer {

// By time; at most a few hundred entries for any call. `end` is the last packet of the captures.
std::vector<TimelineEntry> timeline_of(const Call& call, const Citation& cite, Instant end);

}  // namespace parley::analyzer

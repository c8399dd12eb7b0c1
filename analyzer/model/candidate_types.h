#pragma once

// One candidate is one candidate in every pair of an agent: what some pair shows of its type holds
// for all of them.

#include "analyzer/model/model.h"

namespace parley::analyzer {

// Fills in types that are not known, and replaces inferred ones by seen ones, from the same agent's
// pairs with the same address on the same end. Where pairs contradict each other nothing changes.
void share_candidate_types(Call& call);

}  // namespace parley::analyzer

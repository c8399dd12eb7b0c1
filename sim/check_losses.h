#pragma once

// Why an agent's checks went unanswered, as only the simulator can know: where their requests ended
// and where the answers did.

#include <cstddef>
#include <string>

#include "sim/run.h"

namespace parley::sim {

// Of the transactions that `agent` has begun since its last answered check, up to the record
// `until`: "the link home-a-internet lost 3 requests and 1 response". Empty when none of them is
// known to have ended anywhere.
std::string lost_since_last_answer(const RunResult& result, trace::ActorId agent,
                                   std::size_t until);

}  // namespace parley::sim

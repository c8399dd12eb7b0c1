#pragma once

// Why the packets of a call did not get through, as only the simulator can know: which NAT gave
// another port to each destination, whose filter the checks met, which link lost how many. Internal
// to sim/story*.cc.

#include <string>
#include <vector>

#include "sim/story_network.h"

namespace parley::sim {

struct Cause {
  std::vector<std::string> why;     // one sentence each, causes before consequences
  std::vector<std::string> losses;  // of the links; they stand among `why`, too
  std::vector<std::string> advice;  // what would change it
};

Cause cause_of(const Scenario& scenario, const RunResult& result, const CallSpec& call,
               const StoryNetwork& network);

// "NAT filter" for "nat-filtered".
std::string reason_text(const std::string& reason);

}  // namespace parley::sim

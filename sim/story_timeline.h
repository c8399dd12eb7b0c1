#pragma once

// What happened in a call, one line for each step, with cause and effect. Internal to
// sim/story*.cc.

#include <string>
#include <vector>

#include "sim/story_network.h"

namespace parley::sim {

struct StoryLine {
  Instant at;
  std::string who;
  std::string what;
};

std::vector<StoryLine> make_timeline(const RunResult& result, const CallSpec& call,
                                     const StoryNetwork& network);

}  // namespace parley::sim

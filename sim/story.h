#pragma once

// The story of a run for a person: verdict first, then the network, what happened with cause and
// effect, the pairs, what was expected, what was written and what to do next. Reads the result of
// the run alone; colours and terminals are the caller's.

#include <string>

#include "sim/run.h"
#include "sim/scenario.h"

namespace parley::sim {

struct StoryOptions {
  double wall_seconds = 0;  // what the run took; 0: not said
  bool quiet = false;       // the verdict and what failed only
  std::string scenario;     // what the user called it (a name or a path); empty: its identifier
};

std::string tell_story(const Scenario& scenario, const RunResult& result, const RunOptions& options,
                       const StoryOptions& story = {});

}  // namespace parley::sim

#pragma once

// The story of a run for a person: verdict first, then why and what to try where the call is not
// up, the network, what happened with cause and effect, the pairs, what was expected, what was
// written and what to do next. The verdict is the caller's: this reads the result of the run alone
// and knows no rules. Colours and terminals are the caller's, too.

#include <cstddef>
#include <string>
#include <vector>

#include "sim/run.h"
#include "sim/scenario.h"

namespace parley::sim {

// What a diagnosis says about one call.
struct StoryVerdict {
  std::string outcome;  // "connected", "in-progress"
  bool all_well = true;
  std::string text;                 // one sentence; told unless all is well
  std::vector<std::string> why;     // what it is certain of
  std::vector<std::string> advice;  // what to try
};

struct StoryOptions {
  double wall_seconds = 0;  // what the run took; 0: not said
  bool quiet = false;       // the verdict and what failed only
  std::string scenario;     // what the user called it (a name or a path); empty: its identifier
  std::vector<StoryVerdict> verdicts;  // of each call, in order; a call without one gets none
  std::size_t width = 100;             // columns
};

std::string tell_story(const Scenario& scenario, const RunResult& result, const RunOptions& options,
                       const StoryOptions& story = {});

}  // namespace parley::sim

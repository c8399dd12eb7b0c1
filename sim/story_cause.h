#pragma once

// Why the packets of a call did not get through, as only the simulator can know: which NAT gave
// another port to each destination, whose filter the checks met, which link lost how many.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/story_network.h"

namespace parley::sim {

struct Cause {
  std::vector<std::string> why;     // one sentence each, causes before consequences
  std::vector<std::string> losses;  // of the links; they stand among `why`, too
  std::vector<std::string> advice;  // what would change it; for most of what ended where it did
  // NATs on both sides gave each destination another port, and filters dropped what came from both.
  bool both_change_ports = false;
  // Where packets of the call would have had to turn back (RFC 4787 section 6), and most of what
  // ended did: the NAT.
  std::optional<std::string> no_hairpin;
  std::vector<std::string> loss_advice;  // of `advice`: about links
};

// Of one call of the run, by its index.
Cause cause_of(const Scenario& scenario, const RunResult& result, std::size_t call);
Cause cause_of(const Scenario& scenario, const RunResult& result, const CallSpec& call,
               const StoryNetwork& network);

// "NAT filter" for "nat-filtered".
std::string reason_text(const std::string& reason);

}  // namespace parley::sim

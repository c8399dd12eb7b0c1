#pragma once

// A Call from the records of a run: the truth in the shape of the inference, so that `run --json`
// and `analyze --json` can be compared word by word. Knows the vocabulary of stack/trace and no
// engine. Instants count from the start of the run.

#include <array>
#include <string>
#include <vector>

#include "analyzer/model/model.h"
#include "stack/trace/record.h"

namespace parley::analyzer {

struct RunPeer {
  trace::ActorId actor;
  std::string name;
  Nat nat;  // as the scenario says: a run knows it without evidence
};

struct RunTrace {
  const std::vector<trace::Record>* records = nullptr;
  std::vector<std::string> nodes;  // names, by ActorId
  std::array<RunPeer, 2> peers;    // in any order: A is the one that is controlling first
};

// Facts, outcome, findings and timeline.
Call call_from_trace(const RunTrace& run);

}  // namespace parley::analyzer

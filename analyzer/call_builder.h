#pragma once

// From what the trackers hold to the calls of the model: all facts, no judgement (that is
// diagnose's). Call after Pipeline::finish().

#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/pipeline.h"

namespace parley::analyzer {

std::vector<Call> build_calls(Pipeline& pipeline);

}  // namespace parley::analyzer

#pragma once

// The calls of a run in the words of the analyzer's model, and what the story says of their ends:
// one diagnosis for the text and for run.json.

#include <vector>

#include "analyzer/model/model.h"
#include "sim/run.h"
#include "sim/scenario.h"
#include "sim/story.h"

namespace parley::cli {

std::vector<analyzer::Call> calls_of(const sim::Scenario& scenario, const sim::RunResult& result);
sim::StoryVerdict story_verdict(const analyzer::Call& call);

}  // namespace parley::cli

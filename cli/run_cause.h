#pragma once

// Why a call of a run ended as it did. The rules of the analysis judge what packets show; a run
// knows where each of them ended, so nothing about it is likely and nothing is open.

#include <string_view>

#include "analyzer/model/model.h"
#include "sim/story_cause.h"

namespace parley::cli {

// Codes of findings whose facts are what reached a capture point; a run knows where it ended.
bool is_about_captures(std::string_view code);
// Gives the finding that the verdict rests on the run's own cause. A call that is well stays as it
// is.
void explain_from_run(analyzer::Call& call, const sim::Cause& cause);

}  // namespace parley::cli

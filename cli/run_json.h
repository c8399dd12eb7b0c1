#pragma once

// {"schema": "parley.run/1", ...}: the one place where a run of the simulator is put into the words
// of the analyzer's model.

#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/model.h"
#include "sim/run.h"
#include "sim/scenario.h"

namespace parley::cli {

// `wall_s` is null in the file that a run leaves, so that the file repeats byte for byte.
std::string run_json(const sim::Scenario& scenario, const sim::RunResult& result,
                     const std::vector<analyzer::Call>& calls, std::optional<double> wall_s);

}  // namespace parley::cli

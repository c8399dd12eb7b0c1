#pragma once

// What a run left on disk, and the command that comes next. Internal to sim/story*.cc.

#include <string>

#include "sim/run.h"

namespace parley::sim {

// `called`: the scenario as the user named it.
std::string files_text(const RunResult& result, const RunOptions& options,
                       const std::string& called);

}  // namespace parley::sim

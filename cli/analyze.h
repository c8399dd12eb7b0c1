#pragma once

// `parley analyze`.

#include "cli/options.h"

namespace parley::cli {

const CommandSpec& analyze_spec();
int run_analyze(const Options& options);

}  // namespace parley::cli

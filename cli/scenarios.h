#pragma once

// `parley scenarios`.

#include "cli/options.h"

namespace parley::cli {

const CommandSpec& scenarios_spec();
int run_scenarios(const Options& options);

}  // namespace parley::cli

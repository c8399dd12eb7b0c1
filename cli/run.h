#pragma once

// `parley run`.

#include "cli/options.h"

namespace parley::cli {

const CommandSpec& run_spec();
int run_run(const Options& options);

}  // namespace parley::cli

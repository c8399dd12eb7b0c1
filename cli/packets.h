#pragma once

// `parley packets`.

#include "cli/options.h"

namespace parley::cli {

const CommandSpec& packets_spec();
int run_packets(const Options& options);

}  // namespace parley::cli

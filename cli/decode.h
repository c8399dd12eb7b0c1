#pragma once

// `parley decode PROTOCOL HEX`: one message as a tree of fields.

#include "cli/options.h"

namespace parley::cli {

const CommandSpec& decode_spec();
int run_decode(const Options& options);

}  // namespace parley::cli

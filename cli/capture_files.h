#pragma once

// The capture files that a command line names, checked before anything is read.

#include <string>
#include <vector>

#include "cli/options.h"

namespace parley::cli {

// The files to read, each once: a file that is named again is left out with a warning, because its
// packets would count twice. Throws CommandError for a directory, and names the captures in it.
std::vector<std::string> capture_files(const Options& options);

}  // namespace parley::cli

#pragma once

#include <string>

namespace parley::cli {

// Parley's version and those of the libraries that this process runs with.
std::string version_text();

}  // namespace parley::cli

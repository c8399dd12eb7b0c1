#pragma once

// Sizes on the command line: 1200B, 64KiB, 512MiB, 1GiB.

#include <cstddef>
#include <string>
#include <string_view>

namespace parley::cli {

// Throws CommandError (exit code 2) that names `option` and what was expected.
std::size_t parse_size(const std::string& text, std::string_view option);

}  // namespace parley::cli

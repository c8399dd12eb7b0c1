#pragma once

// Lines that fit a width. Internal to sim/story*.cc.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley::sim {

// `first` and then the words of `text`, broken at `width`; what follows begins under the text.
// Ends with a newline. A word that is longer than the width stands alone.
std::string hanging(std::string_view first, std::string_view text, std::size_t width);

// "1 check", "3 checks".
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace parley::sim

#pragma once

#include <cstdint>

namespace parley::sim {

// A place in a scenario file, counted from 1.
struct SourceMark {
  std::uint32_t line = 1, column = 1;
};

}  // namespace parley::sim

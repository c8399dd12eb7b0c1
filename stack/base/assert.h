#pragma once

// PARLEY_ASSERT stops the program, in every build, when something that our own code promises is not
// so. What the network sends is never asserted.

#include <cstdio>
#include <cstdlib>

namespace parley {

[[noreturn]] inline void assertion_failed(const char* what, const char* file, int line) {
  (void)std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, what);
  std::abort();
}

}  // namespace parley

#define PARLEY_ASSERT(condition) \
  ((condition) ? void(0) : ::parley::assertion_failed(#condition, __FILE__, __LINE__))

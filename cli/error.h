#pragma once

// What ends a command early, with the exit code that the contract gives it. Thrown anywhere in the
// set-up code of cli/, caught once in main.

#include <stdexcept>
#include <string>

namespace parley::cli {

inline constexpr int kSuccess = 0;
inline constexpr int kFindingOrExpectation = 1;  // it ran; an expectation or --fail-on says no
inline constexpr int kBadInput = 2;              // usage, scenario, capture, hexadecimal text
inline constexpr int kSystemRefused = 3;         // a file, a permission, an interface
inline constexpr int kInternalFault = 4;

class CommandError : public std::runtime_error {
 public:
  CommandError(int exit_code, const std::string& what)
      : std::runtime_error(what), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

inline CommandError bad_input(const std::string& what) {
  return {kBadInput, what};
}
inline CommandError system_refused(const std::string& what) {
  return {kSystemRefused, what};
}

}  // namespace parley::cli

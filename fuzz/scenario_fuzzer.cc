// Scenario files: any text gives a scenario or an error with its place.

#include <cstdint>
#include <string_view>

#include "fuzz/check.h"
#include "sim/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    (void)parley::sim::parse_scenario(text, "input.yaml");
  } catch (const parley::sim::ScenarioError& error) {
    const std::string_view what = error.what();
    parley::fuzz::require(what.starts_with("input.yaml:") && error.mark().line > 0);
  }
  return 0;
}

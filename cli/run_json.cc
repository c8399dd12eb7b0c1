#include "cli/run_json.h"

#include <fmt/format.h>

#include "analyzer/report/json.h"
#include "stack/trace/json.h"

namespace parley::cli {
namespace {

using trace::json_string;

std::string calls_json(const std::vector<analyzer::Call>& calls) {
  std::string json;
  for (const analyzer::Call& call : calls)
    json += (json.empty() ? "" : ", ") + analyzer::call_json(call, Instant{});
  return json;
}

std::string files_json(const sim::RunResult& result) {
  std::string json;
  for (const std::string& file : result.files)
    json += (json.empty() ? "" : ", ") + json_string(file);
  return json;
}

std::string warnings_json(const sim::Scenario& scenario) {
  std::string json;
  for (const std::string& warning : scenario.warnings)
    json += (json.empty() ? "" : ", ") + json_string(warning);
  return json;
}

std::string expectations_json(const sim::RunResult& result) {
  std::string json;
  for (const sim::ExpectationResult& e : result.expectations) {
    json += json.empty() ? "" : ", ";
    json += fmt::format(R"({{"text": {}, "held": {}, "found": {}}})", json_string(e.text), e.held,
                        json_string(e.found));
  }
  return json;
}

}  // namespace

std::string run_json(const sim::Scenario& scenario, const sim::RunResult& result,
                     const std::vector<analyzer::Call>& calls, std::optional<double> wall_s) {
  return fmt::format(
      R"({{"schema": "parley.run/1", "scenario": {}, "seed": {}, "simulated_s": {:.9f}, "wall_s": {}, )"
      R"("events": {}, "packets": {}, "calls": [{}], "expectations": [{}], "files": [{}], "warnings": [{}]}})"
      "\n",
      json_string(scenario.name), result.seed, to_seconds(result.simulated),
      wall_s ? fmt::format("{:.6f}", *wall_s) : "null", result.events, result.packets,
      calls_json(calls), expectations_json(result), files_json(result), warnings_json(scenario));
}

}  // namespace parley::cli

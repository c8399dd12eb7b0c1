#include "cli/run_json.h"

#include <fmt/format.h>

#include "analyzer/model/from_trace.h"
#include "analyzer/report/json.h"
#include "stack/trace/json.h"

namespace parley::cli {
namespace {

using trace::json_string;

std::string calls_json(const sim::RunResult& result) {
  std::string json;
  for (std::size_t i = 0; i < result.calls.size(); ++i) {
    const auto& peers = result.calls[i].peers;
    const auto peer = [&](std::size_t n) {
      return analyzer::RunPeer{peers[n], result.nodes[peers[n].value()]};
    };
    analyzer::RunTrace run{&result.records, result.nodes, {peer(0), peer(1)}};
    analyzer::Call call = analyzer::call_from_trace(run);
    call.id = static_cast<std::uint32_t>(i + 1);
    json += (i == 0 ? "" : ", ") + analyzer::call_json(call, Instant{});
  }
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
                     std::optional<double> wall_s) {
  return fmt::format(
      R"({{"schema": "parley.run/1", "scenario": {}, "seed": {}, "simulated_s": {:.9f}, "wall_s": {}, )"
      R"("events": {}, "packets": {}, "calls": [{}], "expectations": [{}]}})"
      "\n",
      json_string(scenario.id), result.seed, to_seconds(result.simulated),
      wall_s ? fmt::format("{:.6f}", *wall_s) : "null", result.events, result.packets,
      calls_json(result), expectations_json(result));
}

}  // namespace parley::cli

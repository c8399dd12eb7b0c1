#include "cli/run.h"

#include <chrono>
#include <filesystem>
#include <limits>
#include <sstream>

#include "analyzer/model/from_trace.h"
#include "cli/error.h"
#include "cli/output.h"
#include "cli/run_json.h"
#include "sim/run.h"
#include "sim/scenario.h"
#include "sim/story.h"

namespace parley::cli {
namespace {

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');)
    if (!part.empty())
      parts.push_back(part);
  return parts;
}

sim::RunOptions run_options(const Options& options) {
  sim::RunOptions run;
  run.seed = options.number("seed");
  if (const auto points = options.value("capture"))
    run.capture = split_list(*points);
  run.directory = options.value("out").value_or("");
  run.pcap = options.value("pcap").value_or("");
  run.keys = options.value("keys").value_or("");
  run.events = options.value("events").value_or("");
  return run;
}

}  // namespace

const CommandSpec& run_spec() {
  static const CommandSpec kSpec{
      "run",
      "SCENARIO",
      "simulate a scenario and tell the story of its call",
      "SCENARIO is a file, or the name of one that comes with Parley (parley scenarios). The same\n"
      "scenario and seed give the same bytes. The exit code is 1 when an expectation does not "
      "hold.",
      {{"seed", "N", "another seed than the scenario's"},
       {"out", "DIR", "write run.json, events.jsonl, keys.log and a pcapng for each capture point"},
       {"pcap", "FILE", "write one pcapng with an interface for each capture point"},
       {"capture", "POINT,...", "only these capture points (default: all)"},
       {"keys", "FILE", "write the key log, in the format of SSLKEYLOGFILE"},
       {"events", "FILE", "write what happened as JSON lines (docs/trace.md)"}},
      {"parley run two-home-routers --out out", "parley run my-network.yaml --seed 7 --json"},
      1,
      1};
  return kSpec;
}

int run_run(const Options& options) {
  const sim::RunOptions settings = run_options(options);
  sim::Scenario scenario;
  try {
    scenario = sim::load_scenario(options.arguments()[0]);
  } catch (const std::filesystem::filesystem_error& error) {
    throw system_refused(options.arguments()[0] + ": " + error.code().message());
  }
  const auto started = std::chrono::steady_clock::now();
  sim::RunResult result;
  try {
    result = sim::run(scenario, settings);
  } catch (const sim::OutputError& error) {
    throw system_refused(error.what());
  } catch (const std::invalid_argument& error) {
    throw bad_input(error.what());
  }
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (!settings.directory.empty())
    write_file((settings.directory / "run.json").string(),
               run_json(scenario, result, std::nullopt));
  if (options.json())
    write_stdout(run_json(scenario, result, wall));
  else if (!options.quiet() || !result.all_held())
    write_stdout(sim::tell_story(scenario, result, settings,
                                 {wall, options.quiet(), options.arguments()[0]}));
  return result.all_held() ? kSuccess : kFindingOrExpectation;
}

}  // namespace parley::cli

#include "cli/run.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <utility>

#include <unistd.h>

#include "analyzer/capture_file.h"
#include "cli/error.h"
#include "cli/output.h"
#include "cli/run_calls.h"
#include "cli/run_folder.h"
#include "cli/run_json.h"
#include "sim/run.h"
#include "sim/scenario.h"
#include "sim/story.h"
#include "stack/base/bytes.h"

namespace parley::cli {
namespace {

// As much as the parser takes, and one byte more for it to refuse.
constexpr std::size_t kMaxScenarioText = (std::size_t{32} << 20U) + 1;

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

// Who writes to standard output; more than one would mix.
bool stdout_is_taken(const Options& options) {
  std::string taken;
  for (const char* name : {"pcap", "keys", "events"}) {
    if (options.value(name) != sim::kStandardOutput)
      continue;
    if (!taken.empty())
      throw bad_input("run: " + taken + " and --" + name + " both write to standard output");
    taken = std::string("--") + name;
  }
  if (!taken.empty() && options.json())
    throw bad_input("run: " + taken + " and --json both write to standard output");
  return !taken.empty();
}

bool is_capture(const std::string& path) {
  try {
    return path != "-" && analyzer::CaptureFile::open(path) != nullptr;
  } catch (const analyzer::CaptureError&) {
    return false;
  }
}

sim::Scenario load(const std::string& argument) {
  try {
    return argument == "-" ? sim::parse_scenario(read_stdin(kMaxScenarioText), "standard input")
                           : sim::load_scenario(argument);
  } catch (const sim::ScenarioError&) {
    if (is_capture(argument))
      throw bad_input(argument +
                      ": is a capture, expected a scenario; parley analyze reads captures");
    throw;
  } catch (const std::filesystem::filesystem_error& error) {
    throw system_refused(printable(argument) + ": " + error.code().message());
  }
}

void tell(const Options& options, const sim::Scenario& scenario, const sim::RunResult& result,
          const sim::RunOptions& settings, sim::StoryOptions how) {
  const bool to_stderr = stdout_is_taken(options);
  how.quiet = options.quiet();
  how.scenario = options.arguments()[0];
  how.width = text_width(to_stderr ? STDERR_FILENO : STDOUT_FILENO);
  const std::string text = sim::tell_story(scenario, result, settings, how);
  if (to_stderr)
    std::fputs(text.c_str(), stderr);
  else
    write_stdout(text);
}

}  // namespace

const CommandSpec& run_spec() {
  static const CommandSpec kSpec{
      "run",
      "SCENARIO",
      "simulate a scenario and tell the story of its call",
      "SCENARIO is a file, the name of one that comes with Parley (parley scenarios), or - for\n"
      "standard input. The same scenario and seed give the same bytes. FILE may be - for standard\n"
      "output; the story then goes to standard error. The exit code is 1 when an expectation does\n"
      "not hold.",
      {{"seed", "N", "another seed than the scenario's"},
       {"out", "DIR",
        "write run.json, events.jsonl, keys.log and a pcapng for each capture point, in place of "
        "what an older run left there"},
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
  (void)stdout_is_taken(options);
  const sim::Scenario scenario = load(options.arguments()[0]);
  if (!settings.directory.empty())
    prepare_run_folder(settings.directory, scenario);
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
  const std::vector<analyzer::Call> calls = calls_of(scenario, result);
  if (!settings.directory.empty())
    write_file((settings.directory / "run.json").string(),
               run_json(scenario, result, calls, std::nullopt));
  if (options.json())
    write_stdout(run_json(scenario, result, calls, wall));
  else if (!options.quiet() || !result.all_held()) {
    sim::StoryOptions how;
    how.wall_seconds = wall;
    for (const analyzer::Call& call : calls)
      how.verdicts.push_back(story_verdict(call));
    tell(options, scenario, result, settings, std::move(how));
  }
  return result.all_held() ? kSuccess : kFindingOrExpectation;
}

}  // namespace parley::cli

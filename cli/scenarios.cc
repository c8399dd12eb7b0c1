#include "cli/scenarios.h"

#include "cli/error.h"
#include "cli/output.h"
#include "sim/scenario.h"
#include "stack/trace/json.h"

namespace parley::cli {
namespace {

using trace::json_string;

std::string list_text() {
  std::string text;
  for (const sim::BuiltInScenario& scenario : sim::built_in_scenarios()) {
    const sim::Scenario parsed = sim::parse_scenario(scenario.text, std::string{scenario.name});
    std::string left{scenario.name};
    left.resize(std::max<std::size_t>(left.size() + 2, 24), ' ');
    text += left + parsed.name + "\n";
    if (!parsed.description.empty())
      text += std::string(24, ' ') + parsed.description + "\n";
  }
  return text;
}

std::string list_json() {
  std::string json;
  for (const sim::BuiltInScenario& scenario : sim::built_in_scenarios()) {
    const sim::Scenario parsed = sim::parse_scenario(scenario.text, std::string{scenario.name});
    json += json.empty() ? "" : ", ";
    json += "{\"scenario\": " + json_string(scenario.name) +
            ", \"name\": " + json_string(parsed.name) +
            ", \"description\": " + json_string(parsed.description) + "}";
  }
  return "{\"schema\": \"parley.scenarios/1\", \"scenarios\": [" + json + "]}\n";
}

std::string show(const std::string& name) {
  std::vector<std::string> known;
  for (const sim::BuiltInScenario& scenario : sim::built_in_scenarios()) {
    if (scenario.name == name)
      return std::string{scenario.text};
    known.emplace_back(scenario.name);
  }
  const auto near = nearest(name, known);
  throw bad_input("scenarios: no scenario is named '" + name + "'" +
                  (near ? ", did you mean " + *near + "?" : "; parley scenarios lists them"));
}

}  // namespace

const CommandSpec& scenarios_spec() {
  static const CommandSpec kSpec{
      "scenarios",
      "[show NAME]",
      "list the scenarios that come with Parley, or print one",
      "Without arguments lists the scenarios; show NAME prints one as it would stand in a file.",
      {},
      {"parley scenarios", "parley scenarios show two-home-routers > mine.yaml"},
      0,
      2};
  return kSpec;
}

int run_scenarios(const Options& options) {
  const std::vector<std::string>& words = options.arguments();
  if (words.empty()) {
    if (!options.quiet())
      write_stdout(options.json() ? list_json() : list_text());
    return kSuccess;
  }
  if (words[0] != "show" || words.size() != 2)
    throw bad_input("scenarios: expected show NAME; see parley scenarios --help");
  const std::string text = show(words[1]);
  if (options.json())
    write_stdout("{\"schema\": \"parley.scenario/1\", \"scenario\": " + json_string(words[1]) +
                 ", \"yaml\": " + json_string(text) + "}\n");
  else
    write_stdout(text);
  return kSuccess;
}

}  // namespace parley::cli

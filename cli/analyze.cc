#include "cli/analyze.h"

#include "analyzer/analyze.h"
#include "analyzer/diagnose/diagnose.h"
#include "analyzer/report/json.h"
#include "analyzer/report/text.h"
#include "cli/error.h"
#include "cli/output.h"
#include "cli/size.h"

namespace parley::cli {
namespace {

using analyzer::Analysis;
using analyzer::Level;

constexpr std::size_t kMaxCaptures = 64;

std::optional<Level> fail_level(const Options& options) {
  const std::optional<std::string> name = options.value("fail-on");
  if (!name)
    return std::nullopt;
  for (const Level level : {Level::Error, Level::Warning, Level::Note})
    if (*name == to_string(level))
      return level;
  throw bad_input("--fail-on: expected error, warning or note, not '" + *name + "'");
}

bool has_finding(const Analysis& analysis, Level at_least) {
  for (const analyzer::Call& call : analysis.calls)
    for (const analyzer::Finding& finding : call.findings)
      if (finding.level <= at_least)
        return true;
  return false;
}

}  // namespace

const CommandSpec& analyze_spec() {
  static const CommandSpec kSpec{
      "analyze",
      "CAPTURE...",
      "say what happened in every call of a capture, and why it failed",
      "Reads pcap and pcapng files (also .gz and .zst; - is standard input), finds the calls by "
      "ICE,\nrebuilds both agents' checklists and tells the story: verdict first, with the packets "
      "that\nprove it. Several captures of the same call are joined into one.",
      {{"fail-on", "LEVEL",
        "exit with 1 when a finding of at least this level exists: error, "
        "warning, note"},
       {"memory", "SIZE", "upper bound for what is kept, like 512MiB (default 1GiB)"}},
      {"parley analyze call.pcapng", "parley analyze --json peerA.pcapng natA-wan.pcapng",
       "dumpcap -i eth0 -w - | parley analyze -"},
      1,
      kMaxCaptures};
  return kSpec;
}

int run_analyze(const Options& options) {
  const std::optional<Level> fail_on = fail_level(options);
  analyzer::AnalyzeOptions settings;
  if (const auto memory = options.value("memory"))
    settings.memory_budget = parse_size(*memory, "--memory");
  Progress progress("reading", !options.quiet());
  settings.progress = [&](std::uint64_t done, std::uint64_t total) {
    progress.update(done, total);
  };
  const Analysis analysis = analyzer::analyze_captures(options.arguments(), settings);
  if (options.json()) {
    std::string json;
    analyzer::write_json(analysis, json);
    write_stdout(json);
  } else if (!options.quiet()) {
    write_stdout(analyzer::render_text(analysis, {options.color(1), text_width(1)}));
  }
  return fail_on && has_finding(analysis, *fail_on) ? kFindingOrExpectation : kSuccess;
}

}  // namespace parley::cli

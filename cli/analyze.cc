#include "cli/analyze.h"

#include <chrono>

#include <fmt/format.h>

#include "analyzer/analyze.h"
#include "analyzer/diagnose/diagnose.h"
#include "analyzer/link_types.h"
#include "analyzer/report/json.h"
#include "analyzer/report/text.h"
#include "cli/capture_files.h"
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

// It says what Parley was not given, an SDP, of every call whose handshake is complete.
constexpr std::string_view kNeverFails = "dtls-fingerprint-unverified";

bool has_finding(const Analysis& analysis, Level at_least) {
  for (const analyzer::Call& call : analysis.calls)
    for (const analyzer::Finding& finding : call.findings)
      if (finding.level <= at_least && finding.code != kNeverFails)
        return true;
  return false;
}

std::size_t memory_of(const std::string& text) {
  const std::size_t size = parse_size(text, "--memory");
  if (size < analyzer::AnalyzeOptions::kLeastMemory)
    throw bad_input(fmt::format("--memory: expected at least {}MiB, not '{}'",
                                analyzer::AnalyzeOptions::kLeastMemory / (std::size_t{1} << 20U),
                                text));
  return size;
}

void log_captures(const Options& options, const Analysis& analysis,
                  std::chrono::duration<double> took) {
  for (const analyzer::Capture& capture : analysis.captures) {
    options.log(LogLevel::Info, fmt::format("{}: {}, {} packets, {} bytes", capture.file,
                                            capture.format, capture.packets, capture.bytes));
    for (const analyzer::CaptureInterface& interface : capture.interfaces)
      options.log(LogLevel::Debug,
                  fmt::format("{}: interface '{}', {}", capture.file, interface.name,
                              analyzer::link_type_name(interface.link_type)));
  }
  options.log(LogLevel::Info,
              fmt::format("{} calls found in {:.3f} s", analysis.calls.size(), took.count()));
}

}  // namespace

const CommandSpec& analyze_spec() {
  static const CommandSpec kSpec{
      "analyze",
      "CAPTURE...",
      "say what happened in every call of a capture, and why it failed",
      "Reads pcap and pcapng files (also .gz and .zst; - is standard input), finds the calls by "
      "ICE,\nrebuilds both agents' checklists and tells the story: verdict first, with the packets "
      "that\nprove it. Several captures of the same call are joined into one.\n\n"
      "How to read it: [n] is packet n as Wireshark counts, [peerA 5] with several captures. A is "
      "the\nagent that is controlling when the call starts, else the one that sends first; behind "
      "'A =' stand\nits username fragments (a=ice-ufrag of its SDP) and its addresses. srflx? is a "
      "type that is inferred\nand not seen, ? one that these packets do not tell; 'over srflx - "
      "host' names the candidates of A and\nB as getStats does, PAIRS the base that an agent sends "
      "from. Under a finding 'certain' is what the\npackets prove, 'likely' and 'possible' how "
      "sure it is that this is the cause, and 'open' what they\ncannot tell. Words like "
      "ice-no-relay are the stable codes of findings: docs/findings.md. Times are\nseconds since "
      "the first packet; 'got' are success responses, +487 an error response with that code.\n"
      "DTLS 'is finished after' the time from ClientHello to the last flight at the client; 'after "
      "at\nleast' where the client's side was not captured, 'within' where DTLS 1.3 hides the last "
      "flight, 'on\nthe wire' where one side never shows that it accepted it.\n\n"
      "A capture tells most when it begins before the call, ends after it, and holds whole packets "
      "of\nboth directions without a filter: README.md says how to take one.",
      {{"all", "", "every pair, event and finding in full, however many"},
       {"fail-on", "LEVEL",
        "exit with 1 when a finding of at least this level exists: error, "
        "warning, note (dtls-fingerprint-unverified does not count)"},
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
    settings.memory_budget = memory_of(*memory);
  Progress progress("reading", !options.quiet());
  settings.progress = [&](std::uint64_t done, std::uint64_t total) {
    progress.update(done, total);
  };
  const std::vector<std::string> files = capture_files(options);
  const auto started = std::chrono::steady_clock::now();
  const Analysis analysis = analyzer::analyze_captures(files, settings);
  log_captures(options, analysis, std::chrono::steady_clock::now() - started);
  if (options.json()) {
    std::string json;
    analyzer::write_json(analysis, json);
    write_stdout(json);
  } else {
    const analyzer::TextOptions text{options.color(1), text_width(1), options.has("all")};
    write_stdout(options.quiet() ? analyzer::render_troubles(analysis, text)
                                 : analyzer::render_text(analysis, text));
  }
  return fail_on && has_finding(analysis, *fail_on) ? kFindingOrExpectation : kSuccess;
}

}  // namespace parley::cli

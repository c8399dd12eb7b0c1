#include "cli/run_cause.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/diagnose/catalogue.h"

namespace parley::cli {
namespace {

std::string joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences)
    text += (text.empty() ? "" : " ") + sentence;
  return text;
}

// RFC 4787 REQ-1, as the analysis names it where it sees all of it.
void name_both_nats(analyzer::Finding& finding) {
  analyzer::Finding known = analyzer::make_finding("ice-symmetric-both-no-relay");
  known.peer = finding.peer;
  known.transport = finding.transport;
  known.summary =
      "Both NATs give each destination another port, and neither peer had a relay candidate to "
      "fall back to.";
  finding = std::move(known);
}

void name_no_hairpin(analyzer::Finding& finding, const std::string& nat) {
  analyzer::Finding known = analyzer::make_finding("nat-no-hairpin");
  known.peer = finding.peer;
  known.transport = finding.transport;
  known.summary = "The checks would have to turn back at " + nat +
                  ", behind which both peers are, and it does not hairpin.";
  finding = std::move(known);
}

}  // namespace

bool is_about_captures(std::string_view code) {
  constexpr std::array<std::string_view, 3> kCodes{"ice-no-relay", "ice-one-side-silent",
                                                   "ice-no-answer"};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

void explain_from_run(analyzer::Call& call, const sim::Cause& cause) {
  if (call.verdict.code == "ok")
    return;
  const auto finding =
      std::find_if(call.findings.begin(), call.findings.end(),
                   [&](const analyzer::Finding& f) { return f.code == call.verdict.code; });
  if (finding == call.findings.end())
    return;
  const bool about_captures = is_about_captures(finding->code);
  std::vector<std::string> facts = cause.why;
  if (!about_captures || facts.empty())
    facts.insert(facts.end(), finding->facts.begin(), finding->facts.end());
  std::vector<std::string> advice = cause.advice;
  if (!about_captures && !finding->try_this.empty())
    advice.insert(advice.begin(), finding->try_this);
  if (about_captures && cause.no_hairpin)
    name_no_hairpin(*finding, *cause.no_hairpin);
  else if (about_captures && cause.both_change_ports)
    name_both_nats(*finding);
  if (about_captures && (cause.no_hairpin || cause.both_change_ports))
    call.verdict.text = finding->summary;
  finding->confidence = analyzer::Confidence::Certain;
  finding->open.clear();
  if (!facts.empty())
    finding->because = joined(facts);
  finding->facts = std::move(facts);
  finding->try_this = joined(advice);
  call.verdict = {finding->code, call.verdict.text, analyzer::Confidence::Certain, std::nullopt};
}

}  // namespace parley::cli

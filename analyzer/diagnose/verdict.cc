#include "analyzer/diagnose/verdict.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"

namespace parley::analyzer {
namespace {

// Causes before their consequences: a refused relay explains why none was there to fall back to.
constexpr std::array kCausesFirst = std::to_array<std::string_view>({
    "dtls-alert",
    "dtls-stuck",
    "dtls-not-started",
    "ice-wrong-password",
    "turn-401-loop",
    "turn-403",
    "turn-error",
    "turn-server-silent",
    "ice-role-conflict",
    "ice-not-nominated",
    "ice-no-relay",
    "ice-one-side-silent",
    "ice-no-answer",
    "ice-consent-lost",
    "media-one-way",
    "ice-paths-differ",
    "ice-restart",
});

std::size_t cause_rank(const Finding& finding) {
  return static_cast<std::size_t>(
      std::find(kCausesFirst.begin(), kCausesFirst.end(), finding.code) - kCausesFirst.begin());
}

std::string path_text(const Transport& transport) {
  for (const Side side : {Side::A, Side::B}) {
    const auto& selected = transport.agents[index_of(side)].selected_pair;
    if (selected && (selected->local.type || selected->remote.type))
      return fmt::format(" over {} - {}",
                         type_word(side == Side::A ? selected->local : selected->remote),
                         type_word(side == Side::A ? selected->remote : selected->local));
  }
  return {};
}

const Transport* first_connected(const Call& call) {
  for (const Transport& transport : call.transports)
    if (was_connected(transport))
      return &transport;
  return nullptr;
}

std::string media_text(const Transport& transport) {
  if (!media_flowed(transport))
    return "no media: DTLS only";
  const bool both = rtp_from(transport, Side::A) > 0 && rtp_from(transport, Side::B) > 0;
  if (both)
    return "media both ways";
  return fmt::format("media from {} only",
                     to_string(rtp_from(transport, Side::A) > 0 ? Side::A : Side::B));
}

std::uint64_t restarts_of(const Call& call) {
  std::uint64_t sum = 0;
  for (const Transport& transport : call.transports)
    sum += transport.restarts;
  return sum;
}

std::string connected_text(const Story& story) {
  const Transport* transport = first_connected(story.call);
  if (transport == nullptr)
    return "Connected.";
  const std::optional<Instant> up = ice_up_at(*transport);
  std::string text = "ICE connected";
  if (up)
    text += fmt::format(" at {} s", story.cite.time(*up));
  text += path_text(*transport);
  text += "; " + media_text(*transport);
  if (const std::uint64_t restarts = restarts_of(story.call))
    text += "; " + counted(restarts, "ICE restart");
  const auto used = static_cast<std::size_t>(
      std::count_if(story.call.transports.begin(), story.call.transports.end(),
                    [](const Transport& t) { return was_connected(t); }));
  if (used > 1)
    text += "; " + counted(used, "transport");
  return text + ".";
}

std::string failed_ice_text(const Story& story, const Finding& finding) {
  const Side side = finding.peer.value_or(Side::A);
  const Checks checks = checks_of(story.call, side);
  if (checks.requests == 0 || !checks.first_at || !checks.last_at || checks.responses > 0)
    return finding.summary;
  return fmt::format("ICE found no path: {} sent in {}, none answered.",
                     counted(checks.requests, "check"),
                     span_text(*checks.last_at - *checks.first_at));
}

std::string progress_text(const Story& story) {
  const Checks a = checks_of(story.call, Side::A);
  const Checks b = checks_of(story.call, Side::B);
  if (std::any_of(story.call.transports.begin(), story.call.transports.end(), ice_worked))
    return "ICE found a path; the packets end before DTLS is decided.";
  if (a.responses + b.responses > 0)
    return "Checks were answered; the packets end before a pair is nominated.";
  return fmt::format("The packets end before it is decided: {} so far, none answered.",
                     counted(a.requests + b.requests, "check"));
}

bool about_relay(std::string_view code) {
  return code.starts_with("turn-");
}

std::optional<std::string> further_evidence(const Finding& finding, const Story& story) {
  if (finding.confidence == Confidence::Certain || story.call.from_run)
    return std::nullopt;
  const Side other_side = other(finding.peer.value_or(Side::A));
  if (finding.code == "media-one-way")
    return fmt::format("a capture at {}", to_string(finding.peer.value_or(Side::B)));
  if (finding.code.starts_with("ice-"))
    return fmt::format("a capture at {}, or outside of {}'s NAT", to_string(other_side),
                       to_string(other(other_side)));
  return fmt::format("a capture at {}", to_string(other_side));
}

Verdict decisive(const Story& story, const Finding& finding) {
  Verdict verdict;
  verdict.code = finding.code;
  verdict.confidence = finding.confidence;
  verdict.text = finding.summary;
  if (never_up(story) && about_relay(finding.code)) {
    // That the relay was refused is certain; that a relay would have saved the call is not.
    verdict.confidence = Confidence::Likely;
    verdict.text = "No direct path worked, and the relay was not to be had: " + finding.summary;
  } else if (never_up(story) &&
             (finding.code == "ice-no-relay" || finding.code == "ice-no-answer" ||
              finding.code == "ice-one-side-silent")) {
    verdict.text = failed_ice_text(story, finding);
  }
  verdict.would_decide = further_evidence(finding, story);
  return verdict;
}

}  // namespace

void sort_findings(std::vector<Finding>& findings) {
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    if (a.level != b.level)
      return a.level < b.level;
    return cause_rank(a) < cause_rank(b);
  });
}

void add_last_resort(const Story& story, std::vector<Finding>& findings) {
  const bool explained = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.level == Level::Error;
  });
  if (story.outcome == Outcome::InProgress) {
    Finding finding = make_finding("capture-ends-early");
    finding.summary = progress_text(story);
    finding.try_this = "Capture longer, until both sides have given up or are connected.";
    findings.push_back(std::move(finding));
  } else if (!explained && (story.outcome == Outcome::Failed || story.outcome == Outcome::Lost)) {
    Finding finding = make_finding("call-unexplained");
    finding.summary = story.outcome == Outcome::Lost
                          ? "The call was up and was lost; these packets do not show why."
                          : "The call did not come up; these packets do not show why.";
    finding.try_this = "Capture at both peers at the same time.";
    findings.push_back(std::move(finding));
  }
}

Verdict verdict_of(const Story& story, const std::vector<Finding>& findings, const Ending& ending) {
  if (ending.outcome == Outcome::InProgress)
    return {"capture-ends-early", progress_text(story), Confidence::Certain,
            "a capture that goes on longer"};
  if (!findings.empty() && findings.front().level == Level::Error)
    return decisive(story, findings.front());
  Verdict verdict;
  verdict.text = connected_text(story);
  if (ending.outcome == Outcome::Closed)
    verdict.text += ending.inferred ? " Closed (inferred)." : " Closed in order.";
  return verdict;
}

}  // namespace parley::analyzer

#include "analyzer/diagnose/limits.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/diagnose/facts.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

// What the captures lack, in the order in which it limits what can be said.
constexpr std::array kLacks = std::to_array<std::string_view>({
    "capture-one-direction",
    "capture-filtered",
    "capture-begins-late",
    "capture-lacks-packets",
});

constexpr std::string_view kCutShort = "capture-cut-short";

// What stands behind the cut of a snap length.
std::string cut_text(const Story& story) {
  std::uint64_t datagrams = 0;
  for (const Transport& transport : story.call.transports)
    if (handshake_was_cut(transport))
      datagrams += transport.dtls_packets[0] + transport.dtls_packets[1];
  if (datagrams > 0)
    return fmt::format(
        "ICE found a path; {} {} here, but a snap length cut the handshake: how it went cannot be "
        "read.",
        counted(datagrams, "DTLS packet"), datagrams == 1 ? "is" : "are");
  const Checks a = checks_of(story.call, Side::A);
  const Checks b = checks_of(story.call, Side::B);
  return fmt::format("{} got no answer that can be read; a snap length cut {}.",
                     counted(a.requests + b.requests, "check"),
                     relayed_unread(story.call) ? "what TURN relayed" : "TCP, which may be TURN");
}

// "A gave up: 242 checks in 15.1 s and no data."
std::string given_up_text(const Story& story) {
  const std::optional<OneDirection> way = one_direction(story.call);
  if (story.outcome != Outcome::Failed || !way)
    return {};
  const Checks checks = checks_of(story.call, way->sender());
  if (checks.requests == 0 || !checks.first_at || !checks.last_at)
    return {};
  return fmt::format("{} gave up: {} in {}, and no data after them. ", to_string(way->sender()),
                     counted(checks.requests, "check"),
                     span_text(*checks.last_at - *checks.first_at));
}

}  // namespace

bool is_lack(const Finding& finding) {
  return std::find(kLacks.begin(), kLacks.end(), finding.code) != kLacks.end();
}

const Finding* lack_that_hides(const Story& story, const std::vector<Finding>& findings) {
  const bool undecided = story.hidden || (one_direction(story.call) && !was_connected(story.call));
  const bool explained = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.level == Level::Error;
  });
  if (!undecided || explained)
    return nullptr;
  for (const std::string_view code : kLacks)
    for (const Finding& finding : findings)
      if (finding.code == code)
        return &finding;
  const auto cut = std::find_if(findings.begin(), findings.end(),
                                [](const Finding& finding) { return finding.code == kCutShort; });
  return cut == findings.end() ? nullptr : &*cut;
}

Verdict hidden_by(const Story& story, const Finding& lack) {
  Verdict verdict;
  verdict.code = lack.code;
  verdict.confidence = story.outcome == Outcome::Failed ? Confidence::Likely : lack.confidence;
  if (lack.code == kCutShort) {
    verdict.text = cut_text(story);
    verdict.would_decide = "a capture of whole packets (tcpdump -s 0)";
    return verdict;
  }
  verdict.text = given_up_text(story) + lack.summary;
  if (lack.code == "capture-lacks-packets" && !lack.facts.empty())
    verdict.text += " " + lack.facts.back();
  if (lack.code == "capture-one-direction" && lack.facts.empty())
    verdict.text += " Whether anything came back is open.";
  verdict.would_decide = lack.code == "capture-one-direction" ? "a capture of both directions"
                         : lack.code == "capture-begins-late" ? "a capture from before the call"
                                                              : "a capture that lacks nothing";
  return verdict;
}

}  // namespace parley::analyzer

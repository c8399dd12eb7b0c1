#include "analyzer/diagnose/diagnose.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/outcome.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/diagnose/timeline.h"
#include "analyzer/diagnose/verdict.h"

namespace parley::analyzer {
namespace {

using Rule = void (*)(const Story&, Findings&);

constexpr std::array<Rule, 24> kRules = {
    find_no_path,       find_wrong_password,
    find_not_nominated, find_role_conflicts,
    find_restarts,      find_differing_paths,
    find_lost_consent,  find_unreachable,
    find_relayed_path,  find_remote_only_reflexive,
    find_lost_packets,  find_lost_records,
    find_lost_checks,   find_silent_stun_servers,
    find_turn_refusals, find_silent_turn_servers,
    find_dtls_trouble,  find_unverified_fingerprint,
    find_one_way_media, find_blocked_udp,
    find_one_direction, find_late_begin,
    find_filter,        find_lacking_packets,
};

Instant end_of(const Call& call, const std::vector<Capture>& captures) {
  Instant end = call.last_at;
  for (const Capture& capture : captures)
    if (capture.last_time)
      end = std::max(end, *capture.last_time);
  return end;
}

// Other captures may hold other calls: they say nothing of this one.
std::vector<Capture> captures_of(const Call& call, const std::vector<Capture>& captures) {
  std::set<std::uint32_t> indices(call.captures.begin(), call.captures.end());
  const auto note = [&](const std::optional<PacketRef>& packet) {
    if (packet)
      indices.insert(packet->capture);
  };
  for (const StunServerUse& use : call.stun_servers)
    note(use.first);
  for (const TurnAllocation& allocation : call.turn)
    note(allocation.first);
  std::vector<Capture> held;
  std::copy_if(captures.begin(), captures.end(), std::back_inserter(held),
               [&](const Capture& capture) { return indices.count(capture.index) > 0; });
  return held.empty() || call.captures.empty() ? captures : held;
}

std::string joined(const std::vector<std::string>& facts) {
  std::string out;
  for (const std::string& fact : facts)
    out += (out.empty() ? "" : " ") + fact;
  return out;
}

// A run cites no packets: what would stand in brackets is not there.
void drop_citations(Finding& finding) {
  std::erase_if(finding.evidence, [](const PacketRef& packet) { return packet.packet == 0; });
  finding.summary = without_gaps(finding.summary);
  for (auto* lines : {&finding.facts, &finding.open})
    for (std::string& line : *lines)
      line = without_gaps(line);
}

}  // namespace

void diagnose(Call& call, const std::vector<Capture>& captures, Instant origin) {
  const Citation cite(captures, origin);
  const std::vector<Capture> held = captures_of(call, captures);
  const Instant end = end_of(call, held);
  const Ending ending = ending_of(call, end);
  const Story story{call, held, cite, ending.outcome, end, ending.hidden};
  Findings findings;
  for (const Rule rule : kRules)
    rule(story, findings);
  find_capture_limits(story, findings);
  weaken_what_absence_tells(story, findings);
  add_last_resort(story, findings);
  sort_findings(findings);
  if (call.from_run)
    std::for_each(findings.begin(), findings.end(), drop_citations);
  for (Finding& finding : findings)
    if (finding.because.empty())
      finding.because = joined(finding.facts);
  Verdict verdict = verdict_of(story, findings, ending);
  std::vector<TimelineEntry> timeline = timeline_of(call, cite, end);
  call.outcome = ending.outcome;
  // A direct path between the peers passes no server.
  call.outcome_hidden = call.outcome_hidden || ending.hidden ||
                        (ending.outcome == Outcome::Failed && seen_from_a_server(call, captures));
  call.reached = ending.reached;
  call.verdict = std::move(verdict);
  call.findings = std::move(findings);
  call.timeline = std::move(timeline);
}

void diagnose(Analysis& analysis) {
  for (Call& call : analysis.calls)
    diagnose(call, analysis.captures, analysis.origin);
}

}  // namespace parley::analyzer

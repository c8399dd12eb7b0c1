#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kLastingPackets = 20;
constexpr Duration kLasting = seconds(1);

// The flow of a side that carried media (or DTLS, without media) last.
const Flow* latest_flow(const Transport& transport, Side side) {
  const Flow* best = nullptr;
  const bool media = media_flowed(transport);
  for (const Flow& flow : transport.flows) {
    const std::uint64_t weight = media ? flow.rtp : flow.dtls + flow.rtcp;
    if (flow.from != side || weight < kLastingPackets)
      continue;
    if (best == nullptr || flow.last_at > best->last_at)
      best = &flow;
  }
  return best;
}

// Media alone where there is some: a handshake may have used the flow long before.
struct Span {
  PacketRef first, last;
  Instant first_at, last_at;
};
Span span_of(const Flow& flow) {
  if (flow.rtp == 0 || !flow.first_rtp || !flow.last_rtp || !flow.first_rtp_at || !flow.last_rtp_at)
    return {flow.first, flow.last, flow.first_at, flow.last_at};
  return {*flow.first_rtp, *flow.last_rtp, *flow.first_rtp_at, *flow.last_rtp_at};
}

bool same_path(const Flow& forth, const Flow& back) {
  return forth.route == back.route ||
         (forth.source == back.destination && forth.destination == back.source);
}

// The side sent on another path before, or the call has only this one of it since it came up.
bool moved_to(const Transport& transport, const Flow& flow) {
  const Instant first = span_of(flow).first_at;
  return !up_before_capture(transport) ||
         std::any_of(transport.flows.begin(), transport.flows.end(), [&](const Flow& f) {
           return f.from == flow.from && !same_path(f, flow) && f.first_at < first;
         });
}

void conflict_facts(const Story& story, const Transport& transport, Finding& finding) {
  for (const RoleConflict& conflict : transport.conflicts) {
    std::string fact =
        fmt::format("{} {} claims {} {}, gets 487 {}", story.cite.time(conflict.request_at),
                    to_string(conflict.claimant), role_word(conflict.claimed),
                    story.cite.ref(conflict.request), story.cite.ref(conflict.error));
    if (conflict.settled && conflict.settled_at)
      fact += fmt::format("; in the other role {} later {}",
                          span_text(*conflict.settled_at - conflict.request_at),
                          story.cite.ref(conflict.settled));
    finding.facts.push_back(fact + ".");
    finding.evidence.push_back(conflict.request);
    finding.evidence.push_back(conflict.error);
  }
}

}  // namespace

void find_role_conflicts(const Story& story, Findings& out) {
  for (const Transport& transport : story.call.transports) {
    const std::uint64_t refused =
        errors_of(transport, Side::A, 487) + errors_of(transport, Side::B, 487);
    if (refused == 0 && transport.role_conflicts == 0)
      continue;
    Finding finding = make_finding("ice-role-conflict");
    finding.transport = transport.id;
    const bool repaired = ice_worked(transport);
    if (!repaired)
      finding.level = Level::Error;
    const std::uint64_t conflicts =
        std::max<std::uint64_t>(transport.role_conflicts, transport.conflicts.size());
    finding.summary = fmt::format(
        "{}, {} with 487{}.", counted(std::max<std::uint64_t>(conflicts, 1), "role conflict"),
        counted(refused, "answer"), repaired ? "; settled" : "; never settled");
    conflict_facts(story, transport, finding);
    if (!repaired)
      finding.try_this = "Check that exactly one side is the offerer, and that roles follow 487.";
    out.push_back(std::move(finding));
  }
}

void find_restarts(const Story& story, Findings& out) {
  for (const Transport& transport : story.call.transports) {
    if (transport.restarts == 0)
      continue;
    Finding finding = make_finding("ice-restart");
    finding.transport = transport.id;
    finding.summary = counted(transport.restarts, "ICE restart");
    if (!transport.restart_list.empty())
      finding.summary += " at " + story.cite.time(transport.restart_list.front().at);
    finding.summary += ".";
    for (const IceRestart& restart : transport.restart_list) {
      const bool first = &restart == &transport.restart_list.front();
      finding.facts.push_back(fmt::format(
          "{} comes with ufrag {}{} {}.", to_string(restart.by), printable(restart.ufrag),
          first ? std::string() : " at " + story.cite.time(restart.at),
          story.cite.ref(restart.packet)));
      finding.evidence.push_back(restart.packet);
    }
    out.push_back(std::move(finding));
  }
}

void find_differing_paths(const Story& story, Findings& out) {
  for (const Transport& transport : story.call.transports) {
    const Flow* forth = latest_flow(transport, Side::A);
    const Flow* back = latest_flow(transport, Side::B);
    if (forth == nullptr || back == nullptr || same_path(*forth, *back))
      continue;
    const Span a = span_of(*forth);
    const Span b = span_of(*back);
    const Instant since = std::max(a.first_at, b.first_at);
    const Instant until = std::min(a.last_at, b.last_at);
    if (until < since || until - since < kLasting)
      continue;
    Finding finding = make_finding("ice-paths-differ");
    finding.transport = transport.id;
    const Side moved = a.first_at >= b.first_at ? Side::A : Side::B;
    const std::string which = moved_to(transport, moved == Side::A ? *forth : *back)
                                  ? fmt::format("{} on the new pair, {} still on the old one",
                                                to_string(moved), to_string(other(moved)))
                                  : std::string("which of the two is older was not captured");
    finding.summary = fmt::format("Since {} each side sends on another path, for {}: {}.",
                                  story.cite.time(since), span_text(until - since), which);
    for (const Flow* flow : {forth, back})
      finding.facts.push_back(fmt::format(
          "{} sends {} -> {}: {} {}.", to_string(flow->from), to_string(flow->source),
          to_string(flow->destination),
          flow->rtp > 0 ? counted(flow->rtp, "RTP packet") : counted(flow->dtls, "DTLS packet"),
          story.cite.range(span_of(*flow).first, span_of(*flow).last)));
    finding.facts.emplace_back("Harmless while both paths work; dead one way if one of them goes.");
    finding.evidence = {a.first, a.last, b.first, b.last};
    finding.try_this =
        "If media stops one way later, look at the path that only one side still uses.";
    out.push_back(std::move(finding));
  }
}

}  // namespace parley::analyzer

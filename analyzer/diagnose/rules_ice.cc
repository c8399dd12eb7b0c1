#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/rules.h"

namespace parley::analyzer {
namespace {

std::vector<PacketRef> first_errors(const Transport& transport, Side side, std::uint16_t code) {
  std::vector<PacketRef> packets;
  for (const Pair& pair : transport.pairs)
    for (const ErrorCount& error : pair.errors)
      if (pair.agent == side && error.code == code && error.first)
        packets.push_back(*error.first);
  return packets;
}

void add_evidence(const Checks& checks, Finding& finding) {
  if (checks.first)
    finding.evidence.push_back(*checks.first);
  if (checks.last && checks.last != checks.first)
    finding.evidence.push_back(*checks.last);
}

// Checks whose USE-CANDIDATE may stand behind a cut.
bool has_cut_checks(const Transport& transport) {
  return std::any_of(transport.pairs.begin(), transport.pairs.end(),
                     [](const Pair& pair) { return pair.cut_short > 0; });
}

}  // namespace

bool never_up(const Story& story) {
  return !was_connected(story.call);
}

void find_wrong_password(const Story& story, Findings& out) {
  for (const Transport& transport : story.call.transports) {
    for (const Side side : {Side::A, Side::B}) {
      const std::uint64_t refused = errors_of(transport, side, 401);
      if (refused == 0)
        continue;
      Finding finding = make_finding("ice-wrong-password");
      finding.level = ice_worked(transport) ? Level::Warning : Level::Error;
      finding.peer = side;
      finding.transport = transport.id;
      finding.summary = fmt::format("{} refused {} of {}'s checks with 401.",
                                    to_string(other(side)), refused, to_string(side));
      finding.facts.push_back(
          fmt::format("{} got 401: their MESSAGE-INTEGRITY or username is not what {} expects.",
                      counted(refused, "check"), to_string(other(side))));
      finding.evidence = first_errors(transport, side, 401);
      finding.open.push_back(
          "Which side has the wrong password: a stale offer or answer after a "
          "restart is usual.");
      finding.try_this =
          "Compare a=ice-ufrag and a=ice-pwd in the SDP that each side sent and received.";
      out.push_back(std::move(finding));
    }
  }
}

namespace {

Finding not_nominated(const Transport& transport, Side side, const Checks& checks, bool flag_seen) {
  Finding finding = make_finding("ice-not-nominated");
  finding.peer = side;
  finding.transport = transport.id;
  finding.summary =
      fmt::format("{} of {}'s checks {} answered, yet no pair was nominated.", checks.responses,
                  to_string(side), checks.responses == 1 ? "was" : "were");
  finding.facts.emplace_back(flag_seen
                                 ? "USE-CANDIDATE was sent, and no check with it got an answer."
                                 : "Not one check carries USE-CANDIDATE.");
  add_evidence(checks, finding);
  finding.try_this = "See which side is controlling and whether its application is still alive.";
  return finding;
}

void find_not_nominated(const Transport& transport, Findings& out) {
  for (const Side side : {Side::A, Side::B}) {
    const Checks checks = checks_of(transport, side);
    const bool flag_seen =
        checks.use_candidate > 0 || checks_of(transport, other(side)).use_candidate > 0;
    if (checks.responses == 0 || (!flag_seen && has_cut_checks(transport)))
      continue;
    out.push_back(not_nominated(transport, side, checks, flag_seen));
    return;
  }
}

}  // namespace

void find_not_nominated(const Story& story, Findings& out) {
  if (!never_up(story) || story.outcome == Outcome::InProgress)
    return;
  for (const Transport& transport : story.call.transports)
    if (!ice_worked(transport))
      find_not_nominated(transport, out);
}

}  // namespace parley::analyzer

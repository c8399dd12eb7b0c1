#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/rules.h"

namespace parley::analyzer {
namespace {

std::string errors_text(std::uint64_t errors) {
  return errors == 0 ? "0 errors" : counted(errors, "error response");
}

// "121 + 121 checks": one number for each pair, the sum alone when there are many.
std::string checks_by_pair(const Call& call, Side side, const Checks& checks) {
  if (checks.pairs < 2 || checks.pairs > 4)
    return counted(checks.requests, "check");
  std::string out;
  for (const Transport& transport : call.transports)
    for (const Pair& pair : transport.pairs)
      if (pair.agent == side && pair.requests > 0)
        out += (out.empty() ? "" : " + ") + std::to_string(pair.requests);
  return out + " checks";
}

std::string checks_fact(const Story& story, Side side, const Checks& checks) {
  return fmt::format("{} sent {} on {}: {} responses, {}, {} ICMP {}.", to_string(side),
                     checks_by_pair(story.call, side, checks), counted(checks.pairs, "pair"),
                     checks.responses, errors_text(checks.errors), checks.icmp,
                     story.cite.range(checks.first, checks.last));
}

const StunServerUse* answering_server(const Call& call, Side side) {
  for (const StunServerUse& use : call.stun_servers)
    if (use.of == side && use.responses > 0)
      return &use;
  return nullptr;
}

void add_server_fact(const Story& story, Side side, Finding& finding) {
  if (const StunServerUse* use = answering_server(story.call, side)) {
    finding.facts.push_back(
        fmt::format("UDP leaves and comes back at {}: the STUN server {} answered {} of {} {}.",
                    to_string(side), to_string(use->server), use->responses, use->requests,
                    story.cite.range(use->first, use->last)));
    if (use->first)
      finding.evidence.push_back(*use->first);
  }
}

std::vector<PacketRef> first_errors(const Transport& transport, Side side, std::uint16_t code) {
  std::vector<PacketRef> packets;
  for (const Pair& pair : transport.pairs)
    for (const ErrorCount& error : pair.errors)
      if (pair.agent == side && error.code == code && error.first)
        packets.push_back(*error.first);
  return packets;
}

// TCP that a snap length cut and that nothing else explains may be TURN, with anything inside.
bool has_unread_tcp(const Story& story) {
  const bool known =
      std::any_of(story.call.turn.begin(), story.call.turn.end(),
                  [](const TurnAllocation& allocation) { return allocation.transport != "udp"; });
  return !known && std::any_of(story.captures.begin(), story.captures.end(), [](const Capture& c) {
    return c.cut_short > 0 && c.by_protocol.count("tcp") > 0;
  });
}

// Nothing but checks of one side, nothing of the other.
bool heard_nothing(const Story& story, Side side) {
  return heard_from(story.call, side) == 0 && !relayed_by_unknown(story.call) &&
         !has_unread_tcp(story);
}

void add_causes_of_silence(Side side, Finding& finding) {
  const std::string_view us = to_string(side);
  const std::string_view them = to_string(other(side));
  finding.open.push_back(fmt::format(
      "- a NAT that gives every destination another port (symmetric), at {}, {} or both", us,
      them));
  finding.open.push_back(fmt::format(
      "- a firewall that drops UDP between them, or {} is gone or has other candidates", them));
}

// Checks of both sides pass the capture point.
void add_causes_between(Finding& finding) {
  finding.open.emplace_back(
      "- NATs that give every destination another port, and filters that drop what comes from it");
  finding.open.emplace_back("- a firewall behind this point, on either side");
  finding.open.emplace_back("- the other side gets the checks and refuses them in silence");
}

// What a missing answer may mean: never more than what the packets leave open.
void add_open_causes(const Story& story, Side side, Finding& finding) {
  const std::string_view us = to_string(side);
  const std::string_view them = to_string(other(side));
  const StunServerUse* use = answering_server(story.call, side);
  if (story.captures.size() > 1) {
    finding.open.emplace_back(
        "Why nothing came back: see at which capture point the checks of each pair end.");
    return;
  }
  finding.open.emplace_back("Why nothing came back. These packets cannot tell apart:");
  if (heard_nothing(story, other(side)))
    add_causes_of_silence(side, finding);
  else
    add_causes_between(finding);
  if (use != nullptr && use->mapped.size() == 1) {
    finding.open.push_back(fmt::format(
        "{}'s port is the same in {}, but from one server only: that does not show which port {} "
        "has towards {}.",
        us,
        use->responses == 1   ? "the one STUN answer"
        : use->responses == 2 ? "both STUN answers"
                              : fmt::format("all {} STUN answers", use->responses),
        us, them));
  } else if (use != nullptr && use->mapped.size() > 1) {
    finding.open.push_back(fmt::format(
        "The STUN server saw {} at {} addresses: the mapping changed with time or socket.", us,
        use->mapped.size()));
  }
}

void add_evidence(const Checks& checks, Finding& finding) {
  if (checks.first)
    finding.evidence.push_back(*checks.first);
  if (checks.last && checks.last != checks.first)
    finding.evidence.push_back(*checks.last);
}

bool asked_for_relay(const Call& call, Side side) {
  return !allocations_of(call, side).empty();
}

void add_silence_fact(const Story& story, Side quiet, Finding& finding) {
  if (heard_nothing(story, quiet))
    finding.facts.push_back(
        fmt::format("Not one packet from {}'s addresses reached {}.", to_string(quiet),
                    story.captures.size() > 1 ? "any capture point" : "this point"));
}

std::string relay_fact(const Story& story, Side side) {
  const std::string_view us = to_string(side);
  if (has_relay(story.call, side))
    return fmt::format("{} has a relay, and no check of {} went through it.", us, us);
  if (asked_for_relay(story.call, side))
    return fmt::format("{} asked for a relay and got none.", us);
  return fmt::format("{} sent no TURN Allocate in {}.", us,
                     story.captures.size() > 1 ? "these captures" : "this capture");
}

Finding no_relay(const Story& story, Side side, const Checks& checks) {
  Finding finding = make_finding("ice-no-relay");
  const Checks theirs = checks_of(story.call, other(side));
  const bool both = theirs.requests > 0;
  const bool unused = has_relay(story.call, side) || (both && has_relay(story.call, other(side)));
  finding.summary =
      fmt::format("No direct pair worked, and {} {}.", both ? "neither peer" : to_string(side),
                  unused ? "could use a relay" : "had a relay candidate to fall back to");
  if (!both)
    finding.summary =
        fmt::format("No direct pair worked, and {} {}.", to_string(side),
                    unused ? "could not use its relay" : "had no relay candidate to fall back to");
  finding.facts.push_back(relay_fact(story, side));
  if (both)
    finding.facts.push_back(relay_fact(story, other(side)));
  finding.facts.push_back(checks_fact(story, side, checks));
  if (both)
    finding.facts.push_back(checks_fact(story, other(side), theirs));
  add_silence_fact(story, other(side), finding);
  add_server_fact(story, side, finding);
  add_open_causes(story, side, finding);
  finding.try_this = asked_for_relay(story.call, side)
                         ? "Repair the relay first; one working relay is usually enough."
                         : "Give both peers a TURN server; one working relay is usually enough.";
  return finding;
}

Finding one_side_silent(const Story& story, Side side, const Checks& checks) {
  Finding finding = make_finding("ice-one-side-silent");
  finding.summary =
      fmt::format("{} checked {} and nothing of {} arrived: no check, no answer.", to_string(side),
                  counted(checks.pairs, "pair"), to_string(other(side)));
  finding.facts.push_back(checks_fact(story, side, checks));
  add_silence_fact(story, other(side), finding);
  if (relay_was_usable(story.call, side))
    finding.facts.push_back(
        fmt::format("Checks went through {}'s relay too, so a NAT at {} alone does not explain it.",
                    to_string(side), to_string(side)));
  add_server_fact(story, side, finding);
  finding.open.push_back(
      fmt::format("Whether {} sent anything: it may be gone, have a firewall that drops UDP, or "
                  "never have received {}'s candidates.",
                  to_string(other(side)), to_string(side)));
  finding.try_this =
      fmt::format("Look at {}: did it get the candidates and send checks? Capture there.",
                  to_string(other(side)));
  return finding;
}

Finding no_answer(const Story& story, Side side, const Checks& checks) {
  const std::string_view us = to_string(side);
  const std::string_view them = to_string(other(side));
  const Checks theirs = checks_of(story.call, other(side));
  Finding finding = make_finding("ice-no-answer");
  finding.summary = fmt::format("{} of {} got no answer.", counted(checks.requests, "check"), us);
  finding.facts.push_back(checks_fact(story, side, checks));
  if (theirs.requests > 0)
    finding.facts.push_back(checks_fact(story, other(side), theirs));
  if (theirs.responses > 0)
    finding.facts.push_back(
        fmt::format("{} answers {}'s checks, and gets no answer to its own.", us, them));
  add_server_fact(story, side, finding);
  if (theirs.requests > 0 && theirs.responses == 0)
    finding.open.emplace_back(
        "Checks of both sides were seen here. Whether they go on to the other side and are not "
        "answered (another username fragment or password), or end on the way.");
  else
    finding.open.push_back(fmt::format(
        "Whether {}'s checks end on the way to {}, or the answers on the way back, or {} refuses "
        "them in silence (another username fragment or password).",
        us, them, them));
  finding.try_this = fmt::format("Capture at {} too: that shows whether the checks arrive.", them);
  return finding;
}

// Checks whose USE-CANDIDATE may stand behind a cut.
bool has_cut_checks(const Transport& transport) {
  return std::any_of(transport.pairs.begin(), transport.pairs.end(),
                     [](const Pair& pair) { return pair.cut_short > 0; });
}

// The side whose checks speak for the call: one that sent some, A first.
std::optional<Side> checking_side(const Call& call) {
  for (const Side side : {Side::A, Side::B})
    if (checks_of(call, side).requests > 0)
      return side;
  return std::nullopt;
}

}  // namespace

bool never_up(const Story& story) {
  return !was_connected(story.call);
}

void find_no_path(const Story& story, Findings& out) {
  for (const Transport& transport : story.call.transports)
    if (ice_worked(transport))
      return;
  const std::optional<Side> side = checking_side(story.call);
  if (!side || relayed_unread(story.call))
    return;
  const Checks checks = checks_of(story.call, *side);
  const Checks theirs = checks_of(story.call, other(*side));
  if (checks.responses + checks.errors + theirs.errors > 0)
    return;
  Finding finding;
  const bool relayed =
      relay_was_usable(story.call, *side) || relay_was_usable(story.call, other(*side));
  if (theirs.responses == 0 && !relayed)
    finding = no_relay(story, *side, checks);
  else if (heard_nothing(story, other(*side)))
    finding = one_side_silent(story, *side, checks);
  else
    finding = no_answer(story, *side, checks);
  finding.peer = *side;
  add_evidence(checks, finding);
  if (story.outcome == Outcome::InProgress) {
    finding.level = Level::Warning;
    finding.confidence = Confidence::Possible;
  }
  out.push_back(std::move(finding));
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

void find_not_nominated(const Story& story, Findings& out) {
  if (!never_up(story) || story.outcome == Outcome::InProgress)
    return;
  for (const Transport& transport : story.call.transports) {
    if (ice_worked(transport))
      continue;
    for (const Side side : {Side::A, Side::B}) {
      const Checks checks = checks_of(transport, side);
      if (checks.responses == 0)
        continue;
      const bool flag_seen =
          checks.use_candidate > 0 || checks_of(transport, other(side)).use_candidate > 0;
      if (!flag_seen && has_cut_checks(transport))
        continue;
      Finding finding = make_finding("ice-not-nominated");
      finding.peer = side;
      finding.transport = transport.id;
      finding.summary = fmt::format("{} of {}'s checks were answered, yet no pair was nominated.",
                                    checks.responses, to_string(side));
      finding.facts.push_back(flag_seen
                                  ? "USE-CANDIDATE was sent, and no check with it got an answer."
                                  : "Not one check carries USE-CANDIDATE.");
      add_evidence(checks, finding);
      finding.try_this =
          "See which side is controlling and whether its application is still alive.";
      out.push_back(std::move(finding));
      break;
    }
  }
}

}  // namespace parley::analyzer

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/network_facts.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/model/coverage.h"

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
  const std::string packets = story.cite.range(checks.first, checks.last);
  return fmt::format("{} sent {} on {}: {} responses, {}, {} ICMP{}{}.", to_string(side),
                     checks_by_pair(story.call, side, checks), counted(checks.pairs, "pair"),
                     checks.responses, errors_text(checks.errors), checks.icmp,
                     packets.empty() ? "" : " ", packets);
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

// Nothing but checks of one side, nothing of the other.
bool heard_nothing(const Story& story, Side side) {
  return heard_from(story.call, side) == 0 && !relayed_by_unknown(story.call) &&
         !story.call.unread_tcp;
}

void add_causes_of_silence(const Story& story, Side side, Finding& finding) {
  const std::string_view us = to_string(side);
  const std::string_view them = to_string(other(side));
  if (changes_port(story.call, side))
    finding.open.push_back(fmt::format(
        "- the ports that {}'s NAT changes, when a filter at {} lets in only what it knows", us,
        them));
  else
    finding.open.push_back(fmt::format(
        "- a NAT that gives every destination another port (symmetric), at {}, {} or both", us,
        them));
  finding.open.push_back(fmt::format(
      "- a firewall that drops UDP between them, or {} is gone or has other candidates", them));
}

// Checks of both sides pass a capture point.
void add_causes_between(const Story& story, Finding& finding) {
  finding.open.emplace_back(
      "- NATs that give every destination another port, and filters that drop what comes from it");
  finding.open.emplace_back(several_points(story)
                                ? "- a firewall between or behind the capture points"
                                : "- a firewall behind this point, on either side");
  if (!ends_before_peer(story.call, Side::A) || !ends_before_peer(story.call, Side::B))
    finding.open.emplace_back("- the other side gets the checks and refuses them in silence");
}

// A server that saw one port only does not show which port another destination sees.
void add_open_mapping(const Story& story, Side side, Finding& finding) {
  const StunServerUse* use = answering_server(story.call, side);
  if (use == nullptr || story.call.peers[index_of(side)].nat.mapping)
    return;
  const std::string_view us = to_string(side);
  if (use->mapped.size() == 1 && untold_sources(story.call, side).empty())
    finding.open.push_back(fmt::format(
        "{}'s port is the same in {}, but from one server only: that does not show which port {} "
        "has towards {}.",
        us,
        use->responses == 1   ? "the one STUN answer"
        : use->responses == 2 ? "both STUN answers"
                              : fmt::format("all {} STUN answers", use->responses),
        us, to_string(other(side))));
  else if (use->mapped.size() > 1)
    finding.open.push_back(fmt::format(
        "The STUN server saw {} at {} addresses: the mapping changed with time or socket.", us,
        use->mapped.size()));
}

// What a missing answer may mean: never more than what the packets leave open.
void add_open_causes(const Story& story, Side side, Finding& finding) {
  finding.open.emplace_back("Why nothing came back. These packets cannot tell apart:");
  if (heard_nothing(story, other(side)))
    add_causes_of_silence(story, side, finding);
  else
    add_causes_between(story, finding);
  add_open_mapping(story, side, finding);
}

void add_evidence(const Checks& checks, Finding& finding) {
  if (checks.first)
    finding.evidence.push_back(*checks.first);
  if (checks.last && checks.last != checks.first)
    finding.evidence.push_back(*checks.last);
}

void add_silence_fact(const Story& story, Side quiet, Finding& finding) {
  if (heard_nothing(story, quiet))
    finding.facts.push_back(
        fmt::format("Not one packet from {}'s addresses reached {}.", to_string(quiet),
                    several_points(story) ? "any capture point" : "this point"));
}

// What is known of the relay of a side. NotAsked: its gathering is in the capture, without
// Allocate. Unanswered: it asked, and what it was answered is not here.
enum class RelayState { NotSeen, NotAsked, Unanswered, Refused, Unused };

RelayState relay_state(const Story& story, Side side) {
  if (has_relay(story.call, side))
    return RelayState::Unused;
  const auto allocations = allocations_of(story.call, side);
  if (std::any_of(allocations.begin(), allocations.end(),
                  [](const TurnAllocation* allocation) { return allocation->made_before; }))
    return RelayState::Unused;
  if (!allocations.empty())
    return relay_is_open(story.call, side) ? RelayState::Unanswered : RelayState::Refused;
  return story.call.from_run || gathering_seen(story.call, side) ? RelayState::NotAsked
                                                                 : RelayState::NotSeen;
}

std::string relay_fact(const Story& story, Side side) {
  const std::string_view us = to_string(side);
  switch (relay_state(story, side)) {
    case RelayState::Unused:
      return fmt::format("{} has a relay, and no check of {} went through it.", us, us);
    case RelayState::Refused:
      return fmt::format("{} asked for a relay and got none.", us);
    case RelayState::Unanswered:
      return fmt::format("{} asked for a relay; whether it got one is not in the packets.", us);
    case RelayState::NotAsked:
      return story.call.from_run
                 ? fmt::format("{} has no TURN server.", us)
                 : fmt::format("{} sent no TURN Allocate in {}.", us,
                               story.captures.size() > 1 ? "these captures" : "this capture");
    case RelayState::NotSeen:
      break;
  }
  if (gathered_unseen(story.call, side))
    return fmt::format(
        "No relay of {} was seen; what {} asked servers before its first check was not captured.",
        us, us);
  return fmt::format(
      "Whether {} has a relay cannot be seen here: none of its traffic with servers was captured.",
      us);
}

// "neither peer had a relay candidate", or of one side alone when no more is known.
std::string relay_summary(const Story& story, Side side) {
  const auto known_state = [&](Side of) {
    const RelayState state = relay_state(story, of);
    return state == RelayState::Unanswered ? RelayState::NotSeen : state;
  };
  const RelayState ours = known_state(side);
  const RelayState theirs = known_state(other(side));
  const bool unused = ours == RelayState::Unused || theirs == RelayState::Unused;
  if (ours != RelayState::NotSeen && theirs != RelayState::NotSeen)
    return unused ? "neither peer could use a relay"
                  : "neither peer had a relay candidate to fall back to";
  if (ours == RelayState::NotSeen && theirs == RelayState::NotSeen)
    return "no check went through a relay";
  return fmt::format("{} {}", to_string(ours != RelayState::NotSeen ? side : other(side)),
                     unused ? "could not use its relay" : "had no relay candidate to fall back to");
}

// Empty where another finding says what is wrong with the relay.
std::string relay_advice(const Story& story, Side side) {
  if (relay_in_trouble(story.call))
    return {};
  for (const Side of : {side, other(side)})
    if (relay_state(story, of) == RelayState::Unused)
      return fmt::format("See why no check went through {}'s relay: permissions, candidates sent.",
                         to_string(of));
  if (relay_is_open(story.call, side) || relay_is_open(story.call, other(side)))
    return "Look at the answers of the TURN server; one working relay is usually enough.";
  if (!allocations_of(story.call, side).empty() || !allocations_of(story.call, other(side)).empty())
    return "Repair the relay first; one working relay is usually enough.";
  if (gathered_unseen(story.call, side))
    return fmt::format(
        "Capture from before the call: that shows whether {} gets a relay. One working relay is "
        "usually enough.",
        to_string(side));
  return "Give both peers a TURN server; one working relay is usually enough.";
}

bool both_known_to_change_ports(const Call& call) {
  for (const Side side : {Side::A, Side::B})
    if (!changes_port(call, side) || untold_sources(call, side).empty())
      return false;
  return true;
}

// RFC 4787 REQ-1: such NATs work with each other only through a relay.
Finding both_symmetric(const Story& story, Side side) {
  Finding finding = make_finding("ice-symmetric-both-no-relay");
  const bool proven =
      ends_before_peer(story.call, Side::A) && ends_before_peer(story.call, Side::B);
  finding.confidence = proven ? Confidence::Certain : Confidence::Likely;
  finding.summary = fmt::format("Both NATs give each destination another port, and {}.",
                                relay_summary(story, side));
  for (const Side of : {Side::A, Side::B})
    add_mapping_facts(story, of, finding);
  for (const Side of : {Side::A, Side::B})
    add_untold_port_fact(story, of, finding);
  for (const Side of : {Side::A, Side::B})
    add_end_facts(story, of, finding);
  for (const Side of : {Side::A, Side::B})
    finding.facts.push_back(relay_fact(story, of));
  for (const Side of : {Side::A, Side::B})
    if (is_inferred(story.call.peers[index_of(of)].nat.inferred, "mapping"))
      finding.open.push_back(
          fmt::format("That one socket of {} has these ports: outside of a NAT no socket shows.",
                      to_string(of)));
  if (!proven)
    finding.open.emplace_back(
        "That the NATs drop the checks: no capture shows them outside of a NAT and missing "
        "inside.");
  if (!relay_in_trouble(story.call))
    finding.try_this =
        "Give one of the peers a TURN server: checks then reach the relay's address.";
  return finding;
}

void add_open_answer(const Story& story, Side side, Finding& finding) {
  for (const TurnAllocation& allocation : story.call.turn)
    if (allocation.of == side && relay_is_open(story.call, side) &&
        answer_is_lacking(story.call, allocation))
      finding.open.push_back(fmt::format(
          "The answer to {}'s {}{} is not here {}.", to_string(side), allocation.unrepeated_method,
          allocation.unrepeated == allocation.asked_with ? " with credentials" : "",
          story.cite.ref(allocation.unrepeated)));
}

// RFC 4787 REQ-9: what a host behind a NAT sends to another one behind it has to turn back there.
Finding no_hairpin(const Story& story, Side side, const SharedAddress& shared) {
  Finding finding = make_finding("nat-no-hairpin");
  const std::optional<PointId> end = both_end_at(story.call);
  finding.confidence = end ? Confidence::Certain : Confidence::Likely;
  finding.summary = fmt::format(
      "A and B have the same public address, {}: their NAT would have to hairpin, and no check was "
      "answered.",
      to_string(shared.own.address));
  add_shared_address_facts(story, finding);
  for (const Side of : {side, other(side)}) {
    if (const Checks checks = checks_of(story.call, of); checks.requests > 0)
      finding.facts.push_back(checks_fact(story, of, checks));
    add_end_facts(story, of, finding);
  }
  for (const Side of : {side, other(side)})
    if (checks_of(story.call, of).requests > 0)
      finding.facts.push_back(relay_fact(story, of));
  add_silence_fact(story, other(side), finding);
  if (!end)
    finding.open.push_back(fmt::format(
        "Where the checks end: at the NAT that both share, at a firewall or NAT on the way to or "
        "from it, or at {}, if it is gone or has other candidates.",
        to_string(other(side))));
  for (const Side of : {side, other(side)})
    add_open_answer(story, of, finding);
  if (!relay_in_trouble(story.call))
    finding.try_this =
        "Give one of the peers a TURN server: a relay is outside of the NAT that they share. Or "
        "let that NAT hairpin, or the peers reach each other inside of it.";
  return finding;
}

Finding no_relay(const Story& story, Side side, const Checks& checks) {
  Finding finding = make_finding("ice-no-relay");
  const Checks theirs = checks_of(story.call, other(side));
  const bool both = theirs.requests > 0;
  finding.summary = fmt::format("No direct pair worked, and {}.", relay_summary(story, side));
  finding.facts.push_back(checks_fact(story, side, checks));
  if (both)
    finding.facts.push_back(checks_fact(story, other(side), theirs));
  for (const Side of : {side, other(side)}) {
    add_mapping_facts(story, of, finding);
    add_untold_port_fact(story, of, finding);
    add_end_facts(story, of, finding);
  }
  finding.facts.push_back(relay_fact(story, side));
  if (both)
    finding.facts.push_back(relay_fact(story, other(side)));
  add_silence_fact(story, other(side), finding);
  add_server_fact(story, side, finding);
  add_open_causes(story, side, finding);
  if (relay_state(story, side) == RelayState::NotSeen && gathered_unseen(story.call, side))
    finding.open.push_back(fmt::format("Whether {} had a relay.", to_string(side)));
  for (const Side of : {side, other(side)})
    add_open_answer(story, of, finding);
  finding.try_this = relay_advice(story, side);
  return finding;
}

Finding one_side_silent(const Story& story, Side side, const Checks& checks) {
  Finding finding = make_finding("ice-one-side-silent");
  finding.summary =
      fmt::format("{} checked {} and nothing of {} arrived: no check, no answer.", to_string(side),
                  counted(checks.pairs, "pair"), to_string(other(side)));
  finding.facts.push_back(checks_fact(story, side, checks));
  add_end_facts(story, side, finding);
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
  for (const Side of : {side, other(side)}) {
    add_mapping_facts(story, of, finding);
    add_end_facts(story, of, finding);
  }
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

// The side whose checks speak for the call: one that sent some, A first.
std::optional<Side> checking_side(const Call& call) {
  for (const Side side : {Side::A, Side::B})
    if (checks_of(call, side).requests > 0)
      return side;
  return std::nullopt;
}

}  // namespace

void find_no_path(const Story& story, Findings& out) {
  // The answers would not be in the capture.
  if (one_direction(story.call))
    return;
  // While the packets end before it is decided, the next one may be an answer.
  if (story.outcome == Outcome::InProgress)
    return;
  for (const Transport& transport : story.call.transports)
    if (ice_worked(transport))
      return;
  const std::optional<Side> side = checking_side(story.call);
  if (!side || answers_were_cut(story.call))
    return;
  const Checks checks = checks_of(story.call, *side);
  const Checks theirs = checks_of(story.call, other(*side));
  if (checks.responses + checks.errors + theirs.errors > 0)
    return;
  Finding finding;
  const bool relayed =
      relay_was_usable(story.call, *side) || relay_was_usable(story.call, other(*side));
  std::optional<SharedAddress> shared = shared_address(story.call, *side);
  if (!shared)
    shared = shared_address(story.call, other(*side));
  if (theirs.responses == 0 && !relayed && shared)
    finding = no_hairpin(story, *side, *shared);
  else if (theirs.responses == 0 && !relayed)
    finding = both_known_to_change_ports(story.call) ? both_symmetric(story, *side)
                                                     : no_relay(story, *side, checks);
  else if (heard_nothing(story, other(*side)))
    finding = one_side_silent(story, *side, checks);
  else
    finding = no_answer(story, *side, checks);
  finding.peer = *side;
  add_evidence(checks, finding);
  out.push_back(std::move(finding));
}

}  // namespace parley::analyzer

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/rules.h"

namespace parley::analyzer {
namespace {

using std::chrono::milliseconds;

// One retransmission (RFC 8489 6.2.1: after 500 ms) went unanswered too.
constexpr Duration kLongEnough = milliseconds(500);

std::string owner_text(const std::optional<Side>& side) {
  return side ? std::string(to_string(*side)) : std::string("The client");
}

std::string refusal_text(const TurnRefusal& refusal) {
  return refusal.reason.empty() ? std::to_string(refusal.code)
                                : fmt::format("{} {}", refusal.code, refusal.reason);
}

// Answers that belong to every ordinary exchange: the first 401 brings the realm and the nonce
// (RFC 8489 9.2.4), 438 a fresh nonce.
bool ordinary(const TurnRefusal& refusal) {
  return (refusal.code == 401 && !refusal.authenticated) || refusal.code == 438;
}

std::string_view code_of(const TurnRefusal& refusal) {
  if (refusal.code == 401)
    return "turn-401-loop";
  return refusal.code == 403 ? "turn-403" : "turn-error";
}

std::string_view advice_for(const TurnRefusal& refusal) {
  switch (refusal.code) {
    case 401:
      return "Check user name, password and realm of the TURN server; time-limited credentials "
             "may have expired.";
    case 403:
      return "Check the server's lists of denied peers (coturn: denied-peer-ip, no-loopback-peers) "
             "and the user's rights.";
    case 437:
      return "The allocation is gone or another uses the port: see whether Refresh came in time.";
    case 442:
      return "The server does not relay this transport: ask for UDP.";
    case 486:
    case 508:
      return "The server's quota or capacity is used up: raise it or add a server.";
    default:
      return "Look the code up in the server's log at this time.";
  }
}

std::string summary_of(const TurnAllocation& allocation, const TurnRefusal& refusal) {
  const std::string us = owner_text(allocation.of);
  if (refusal.code == 401)
    return fmt::format("The TURN server refused {}'s credentials.",
                       allocation.of ? us : std::string("the client"));
  std::vector<std::string> peers;
  for (const IpAddress& peer : refusal.peers)
    peers.push_back(to_string(peer));
  return fmt::format("The TURN server answered {} of {} with {}{}.", refusal.method, us,
                     refusal_text(refusal),
                     peers.empty() ? std::string() : " for peer " + listed(peers, 3));
}

void refusal_facts(const Story& story, const TurnAllocation& allocation, const TurnRefusal& refusal,
                   Finding& finding) {
  finding.facts.push_back(
      fmt::format("{} {} got {}{} {}.", to_string(allocation.server),
                  counted(refusal.count, refusal.method), refusal_text(refusal),
                  refusal.code == 401 ? ", although the request carried credentials" : "",
                  story.cite.range(refusal.first, refusal.last)));
  if (!allocation.relayed)
    finding.facts.push_back(
        fmt::format("{} got no relayed address from this server.", owner_text(allocation.of)));
  finding.evidence.push_back(refusal.first);
  if (refusal.last != refusal.first)
    finding.evidence.push_back(refusal.last);
}

}  // namespace

void find_silent_stun_servers(const Story& story, Findings& out) {
  for (const StunServerUse& use : story.call.stun_servers) {
    if (use.requests == 0 || use.responses > 0)
      continue;
    const bool waited = use.first_at && story.end - *use.first_at >= kLongEnough;
    if (use.requests < 2 && !waited)
      continue;
    Finding finding = make_finding("stun-server-silent");
    finding.peer = use.of;
    finding.level = never_up(story) ? Level::Warning : Level::Note;
    finding.summary = fmt::format("The STUN server {} did not answer {}.", to_string(use.server),
                                  use.of ? std::string(to_string(*use.of)) : "the client");
    finding.facts.push_back(fmt::format("{} from {}, 0 responses {}.",
                                        counted(use.requests, "request"), to_string(use.client),
                                        story.cite.range(use.first, use.last)));
    if (use.first)
      finding.evidence.push_back(*use.first);
    finding.try_this = "Check address and port of the STUN server, and that UDP gets out.";
    out.push_back(std::move(finding));
  }
}

void find_turn_refusals(const Story& story, Findings& out) {
  for (const TurnAllocation& allocation : story.call.turn) {
    for (const TurnRefusal& refusal : allocation.refusals) {
      if (ordinary(refusal))
        continue;
      Finding finding = make_finding(code_of(refusal));
      finding.level = never_up(story) ? Level::Error : Level::Warning;
      finding.peer = allocation.of;
      finding.summary = summary_of(allocation, refusal);
      refusal_facts(story, allocation, refusal, finding);
      finding.try_this = std::string(advice_for(refusal));
      out.push_back(std::move(finding));
    }
  }
}

void find_silent_turn_servers(const Story& story, Findings& out) {
  for (const TurnAllocation& allocation : story.call.turn) {
    const bool waited = allocation.first_at && story.end - *allocation.first_at >= kLongEnough;
    if (allocation.requests == 0 || allocation.responses > 0 ||
        (allocation.requests < 2 && !waited))
      continue;
    Finding finding = make_finding("turn-server-silent");
    finding.peer = allocation.of;
    finding.level = never_up(story) ? Level::Error : Level::Note;
    finding.summary =
        fmt::format("The TURN server {} did not answer {} over {}.", to_string(allocation.server),
                    allocation.of ? std::string(to_string(*allocation.of)) : "the client",
                    allocation.transport);
    finding.facts.push_back(fmt::format("{}, 0 answers of any kind {}.",
                                        counted(allocation.requests, "TURN request"),
                                        story.cite.range(allocation.first, allocation.last)));
    if (allocation.first)
      finding.evidence.push_back(*allocation.first);
    finding.try_this =
        "Check address, port and transport of the TURN server; try it over TCP or TLS on 443.";
    out.push_back(std::move(finding));
  }
}

}  // namespace parley::analyzer

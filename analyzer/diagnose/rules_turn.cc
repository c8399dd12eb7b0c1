#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/network_facts.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/model/coverage.h"
#include "stack/base/bytes.h"

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

std::string_view code_of(const TurnRefusal& refusal) {
  constexpr std::uint64_t kLoop = 3;
  if (refusal.code == 401)
    return refusal.count >= kLoop ? "turn-401-loop" : "turn-401";
  return refusal.code == 403 ? "turn-403" : "turn-error";
}

// The form of draft-uberti-behave-turn-rest: "1700000000:alice".
bool has_expiry(const std::string& username) {
  const auto colon = username.find(':');
  const std::string_view stamp = std::string_view(username).substr(0, colon);
  return stamp.size() >= 9 && stamp.size() <= 11 &&
         std::all_of(stamp.begin(), stamp.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The whole command: where the request stands is known, the password is not.
std::string password_command(const Story& story, const TurnRefusal& refusal) {
  const auto file =
      std::find_if(story.captures.begin(), story.captures.end(),
                   [&](const Capture& capture) { return capture.index == refusal.first.capture; });
  if (file == story.captures.end())
    return {};
  return fmt::format(
      " parley packets -v --only {} --password PASSWORD {} shows whether that password was used.",
      refusal.request.packet, printable(file->file));
}

std::string credential_advice(const Story& story, const TurnRefusal& refusal) {
  if (!refusal.username)
    return "Check user name, password and realm of the TURN server; time-limited credentials may "
           "have expired.";
  std::string advice = refusal.current_realm
                           ? "Compare user name and password with the TURN server's."
                           : "Compare user name, password and realm with the TURN server's.";
  if (has_expiry(*refusal.username))
    advice += " The number in the user name is the time (Unix) at which it expires.";
  return advice + password_command(story, refusal);
}

std::string_view advice_for(const TurnRefusal& refusal) {
  switch (refusal.code) {
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
    return fmt::format("The TURN server refused {}'s credentials with {}.",
                       allocation.of ? us : std::string("the client"), refusal_text(refusal));
  std::vector<std::string> peers;
  for (const IpAddress& peer : refusal.peers)
    peers.push_back(to_string(peer));
  return fmt::format("The TURN server refused {}'s {}{} with {}.", us, refusal.method,
                     peers.empty() ? std::string() : " for " + listed(peers, 3),
                     refusal_text(refusal));
}

void refusal_facts(const Story& story, const TurnAllocation& allocation, const TurnRefusal& refusal,
                   Finding& finding) {
  finding.facts.push_back(
      fmt::format("{} answered {} with {}{} {}.", to_string(allocation.server),
                  counted(refusal.count, refusal.method + " request"), refusal_text(refusal),
                  refusal.code == 401 ? ", although credentials were in it" : "",
                  story.cite.range(refusal.first, refusal.last)));
  if (refusal.code == 401 && refusal.username)
    finding.facts.push_back(fmt::format(
        "{} asked as '{}'{}{}: user name or password is wrong{}.", owner_text(allocation.of),
        *refusal.username, refusal.realm ? fmt::format(" in realm '{}'", *refusal.realm) : "",
        refusal.current_nonce ? " with the server's current nonce" : "",
        refusal.current_realm && refusal.current_nonce ? "" : ", or realm or nonce are stale"));
  if (!allocation.relayed)
    finding.facts.push_back(
        fmt::format("{} got no relayed address from this server.", owner_text(allocation.of)));
  finding.evidence.push_back(refusal.first);
  if (refusal.last != refusal.first)
    finding.evidence.push_back(refusal.last);
}

// A server that answers and is not heard has the same effect as one that is silent.
std::string silence_text(std::string_view kind, const Endpoint& server,
                         const std::optional<Side>& of, std::string_view over, bool answered) {
  const std::string_view client = of ? to_string(*of) : std::string_view("the client");
  return answered ? fmt::format("The answers of the {} server {} do not reach {}{}.", kind,
                                to_string(server), client, over)
                  : fmt::format("The {} server {} did not answer {}{}.", kind, to_string(server),
                                client, over);
}

void add_stopped_answers(const Story& story, const SeenAt& seen, Finding& finding) {
  finding.facts.push_back(fmt::format(
      "{} {} seen at {} {}.", counted(seen.count, "answer"), seen.count == 1 ? "was" : "were",
      place_name(story, seen.point()), story.cite.range(seen.first, seen.last)));
  finding.evidence.push_back(seen.last);
  finding.try_this = fmt::format(
      "See what drops the server's answers between {} and {}.", place_name(story, seen.point()),
      finding.peer ? to_string(*finding.peer) : std::string_view("the client"));
}

}  // namespace

void find_silent_stun_servers(const Story& story, Findings& out) {
  for (const StunTalk& talk : stun_talks(story.call)) {
    if (talk.requests == 0 || talk.responses > 0 || !talk.could_show ||
        udp_is_blocked(story.call, talk.first->of))
      continue;
    const bool waited = talk.first->first_at && story.end - *talk.first->first_at >= kLongEnough;
    if (talk.requests < 2 && !waited)
      continue;
    Finding finding = make_finding("stun-server-silent");
    finding.peer = talk.first->of;
    finding.level = never_up(story) && !story.call.unread_tcp ? Level::Warning : Level::Note;
    finding.summary = silence_text("STUN", talk.first->server, talk.first->of, "",
                                   talk.answered_elsewhere != nullptr);
    finding.facts.push_back(fmt::format(
        "{} from {}{}, 0 responses {}.", counted(talk.requests, "request"),
        to_string(talk.first->client),
        talk.sockets > 1 ? fmt::format(" and {}", counted(talk.sockets - 1, "other port")) : "",
        story.cite.range(talk.first->first, talk.last)));
    if (talk.first->first)
      finding.evidence.push_back(*talk.first->first);
    finding.try_this = "Check address and port of the STUN server, and that UDP gets out.";
    if (talk.answered_elsewhere != nullptr)
      add_stopped_answers(story, *talk.answered_elsewhere, finding);
    out.push_back(std::move(finding));
  }
}

void find_blocked_udp(const Story& story, Findings& out) {
  // The answers would not be in the capture.
  if (one_direction(story.call))
    return;
  for (const Side side : {Side::A, Side::B}) {
    const UdpAgainstTcp sum = udp_against_tcp(story.call, side);
    if (!udp_is_blocked(story.call, side))
      continue;
    const TurnAllocation& stream = *sum.over_stream;
    Finding finding = make_finding("network-udp-blocked");
    finding.peer = side;
    finding.summary = fmt::format("UDP does not get through at {}; the server answers over {}.",
                                  to_string(side), stream.transport == "tls" ? "TLS" : "TCP");
    finding.facts.push_back(fmt::format(
        "{} sent {} to STUN and TURN servers over UDP: 0 answers{} {}.", to_string(side),
        counted(sum.asked, "request"),
        sum.requests.size() < sum.asked ? "; each socket and server asked first in" : "",
        story.cite.list(sum.requests)));
    finding.facts.push_back(fmt::format("{} answered over {} {}.", to_string(stream.server),
                                        stream.transport == "tls" ? "TLS" : "TCP",
                                        story.cite.range(stream.first, stream.last)));
    finding.evidence = sum.requests;
    if (stream.first)
      finding.evidence.push_back(*stream.first);
    finding.open.emplace_back(
        "Whether a firewall drops all UDP, or only the server's UDP port is closed.");
    finding.try_this = "Media over TCP suffers from every loss: open UDP if quality matters.";
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
      finding.try_this = refusal.code == 401 ? credential_advice(story, refusal)
                                             : std::string(advice_for(refusal));
      out.push_back(std::move(finding));
    }
  }
}

void find_silent_turn_servers(const Story& story, Findings& out) {
  for (const TurnAllocation& allocation : story.call.turn) {
    const bool waited = allocation.first_at && story.end - *allocation.first_at >= kLongEnough;
    // An answer may stand where the capture has a hole.
    if (allocation.requests == 0 || allocation.responses + allocation.unasked > 0 ||
        allocation.holes > 0 || allocation.knows_nonce ||
        !answers_could_show(story.call, allocation) || (allocation.requests < 2 && !waited) ||
        (allocation.transport == "udp" && udp_is_blocked(story.call, allocation.of)))
      continue;
    Finding finding = make_finding("turn-server-silent");
    finding.peer = allocation.of;
    // Where it was not answered another way may have been.
    finding.level = never_up(story) && !story.call.unread_tcp ? Level::Error : Level::Note;
    finding.summary =
        silence_text("TURN", allocation.server, allocation.of,
                     " over " + capitals(allocation.transport), !!allocation.answered_elsewhere);
    finding.facts.push_back(fmt::format("{}, 0 answers of any kind {}.",
                                        counted(allocation.requests, "TURN request"),
                                        story.cite.range(allocation.first, allocation.last)));
    if (allocation.first)
      finding.evidence.push_back(*allocation.first);
    finding.try_this =
        "Check address, port and transport of the TURN server; try it over TCP or TLS on 443.";
    if (allocation.answered_elsewhere)
      add_stopped_answers(story, *allocation.answered_elsewhere, finding);
    out.push_back(std::move(finding));
  }
}

}  // namespace parley::analyzer

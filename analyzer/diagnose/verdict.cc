#include "analyzer/diagnose/verdict.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/diagnose/call_end.h"
#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/limits.h"
#include "analyzer/diagnose/network_facts.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

// Causes before their consequences: a refused relay explains why none was there to fall back to.
constexpr std::array kCausesFirst = std::to_array<std::string_view>({
    "dtls-alert",         "dtls-peer-silent",
    "dtls-stuck",         "dtls-not-started",
    "ice-wrong-password", "turn-401-loop",
    "turn-401",           "turn-403",
    "turn-error",         "turn-server-silent",
    "ice-role-conflict",  "ice-not-nominated",
    "nat-no-hairpin",     "ice-symmetric-both-no-relay",
    "ice-no-relay",       "ice-one-side-silent",
    "ice-no-answer",      "ice-path-broken",
    "ice-consent-lost",   "media-one-way",
    "ice-paths-differ",   "ice-restart",
});

std::size_t cause_rank(const Finding& finding) {
  if (is_lack(finding))
    return 0;
  return 1 + static_cast<std::size_t>(
                 std::find(kCausesFirst.begin(), kCausesFirst.end(), finding.code) -
                 kCausesFirst.begin());
}

// Each side's own view of its local candidate is the best one; the other's view of it the next.
std::string type_of(const Transport& transport, Side side) {
  const auto& own = transport.agents[index_of(side)].selected_pair;
  if (own && own->local.type)
    return type_word(own->local);
  const auto& seen = transport.agents[index_of(other(side))].selected_pair;
  if (seen && seen->remote.type)
    return type_word(seen->remote);
  return only_reflexive(transport, other(side)) != nullptr ? "prflx?" : "?";
}

// What the other side may know that candidate as: "srflx (prflx? to A)".
std::string type_for_both(const Transport& transport, Side side) {
  const std::string own = type_of(transport, side);
  const bool learnt = own.starts_with("srflx") || own.starts_with("host");
  return learnt && only_reflexive(transport, other(side)) != nullptr
             ? fmt::format("{} (prflx? to {})", own, to_string(other(side)))
             : own;
}

bool surely_relayed(const Transport& transport, Side side) {
  const auto& used = transport.agents[index_of(side)].selected_pair;
  return used && used->local.type == trace::CandidateType::Relayed &&
         !is_inferred(used->local.inferred, "type");
}

// "A's relay (TURN over TCP; UDP gets no answer at A)".
std::string relay_text(const Call& call, const Transport& transport, Side side) {
  const std::string_view us = to_string(side);
  const auto& address = transport.agents[index_of(side)].selected_pair->local.address;
  const auto allocation =
      std::find_if(call.turn.begin(), call.turn.end(),
                   [&](const TurnAllocation& t) { return address && t.relayed == address; });
  std::string text = fmt::format("{}'s relay", us);
  if (allocation == call.turn.end() || allocation->transport == "udp")
    return text;
  text += allocation->transport == "tls" ? " (TURN over TLS" : " (TURN over TCP";
  if (udp_is_blocked(call, side))
    text += fmt::format("; UDP gets no answer at {}", us);
  return text + ")";
}

std::string path_text(const Call& call, const Transport& transport) {
  const bool a_relayed = surely_relayed(transport, Side::A);
  const bool b_relayed = surely_relayed(transport, Side::B);
  if (a_relayed && b_relayed)
    return fmt::format(" through {} and {}", relay_text(call, transport, Side::A),
                       relay_text(call, transport, Side::B));
  if (a_relayed || b_relayed)
    return " through " + relay_text(call, transport, a_relayed ? Side::A : Side::B);
  const std::string a = type_for_both(transport, Side::A);
  const std::string b = type_for_both(transport, Side::B);
  return a == "?" && b == a ? std::string() : fmt::format(" over {} - {}", a, b);
}

// From the first check of either side.
std::optional<Duration> time_of_ice(const Transport& transport) {
  const std::optional<Instant> up = ice_up_at(transport);
  std::optional<Instant> first;
  for (const Pair& pair : transport.pairs)
    if (pair.first_at && (!first || *pair.first_at < *first))
      first = pair.first_at;
  return up && first && *up > *first ? std::optional(*up - *first) : std::nullopt;
}

const Transport* first_connected(const Call& call) {
  for (const Transport& transport : call.transports)
    if (was_connected(transport))
      return &transport;
  return nullptr;
}

// That media arrives shows beside its receiver only.
std::string both_ways_text(const Story& story, const Transport& transport) {
  const auto arrives = [&](Side side) {
    const auto& arrived = transport.media_arrived[index_of(side)];
    return story.call.from_run || (arrived && arrived->rtp + arrived->rtcp > 0);
  };
  if (arrives(Side::A) && arrives(Side::B))
    return "media both ways";
  if (!arrives(Side::A) && !arrives(Side::B))
    return "media from both was seen";
  const Side here = arrives(Side::A) ? Side::B : Side::A;
  return fmt::format("{} sends media and gets {}'s", to_string(here), to_string(other(here)));
}

std::string media_text(const Story& story, const Transport& transport) {
  if (transport.heard_only && media_flowed(transport))
    return fmt::format("media from {}", to_string(*transport.heard_only));
  if (!media_flowed(transport))
    return fmt::format("no RTP, {}", counted(transport.dtls_packets[0] + transport.dtls_packets[1],
                                             "DTLS packet"));
  const bool both = rtp_from(transport, Side::A) > 0 && rtp_from(transport, Side::B) > 0;
  if (both) {
    std::string text = both_ways_text(story, transport);
    for (const Side side : {Side::A, Side::B})
      if (const auto stop = media_stop(story.call, side); stop && stop->other_goes_on)
        return fmt::format("{} until {}, then from {} only", text, story.cite.time(stop->at),
                           to_string(other(side)));
    return text;
  }
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
  if (up_before_capture(*transport))
    text =
        "The capture begins in the middle of the call: when and how ICE and DTLS came up was "
        "not captured. Connected";
  else if (first_checks_missing(*transport) && !begins_behind_cut(*transport))
    text =
        "The capture begins after the first checks: when ICE came up was not captured. Connected";
  else if (up)
    text += ice_up_inferred(*transport)
                ? fmt::format(" at about {} s (inferred)", story.cite.time(*up))
                : fmt::format(" at {} s", story.cite.time(*up));
  if (const std::optional<Duration> took = time_of_ice(*transport);
      took && !first_checks_missing(*transport) && !ice_up_inferred(*transport))
    text += fmt::format(" ({} after the first check)", span_text(*took));
  text += path_text(story.call, *transport);
  text += "; " + media_text(story, *transport);
  if (const std::uint64_t restarts = restarts_of(story.call))
    text += "; " + counted(restarts, "ICE restart");
  const auto used = static_cast<std::size_t>(
      std::count_if(story.call.transports.begin(), story.call.transports.end(),
                    [](const Transport& t) { return was_connected(t); }));
  if (used > 1)
    text += "; " + counted(used, "transport");
  text += ".";
  if (const std::optional<OneDirection> way = one_direction(story.call))
    text += fmt::format(" The capture holds only what {} {}.",
                        way->outgoing ? to_string(way->host) : "comes to",
                        way->outgoing ? "sends" : to_string(way->host));
  return text;
}

std::string failed_ice_text(const Story& story, const Finding& finding) {
  const Side side = finding.peer.value_or(Side::A);
  const Checks checks = checks_of(story.call, side);
  const Checks theirs = checks_of(story.call, other(side));
  if (checks.requests == 0 || !checks.first_at || !checks.last_at || checks.responses > 0 ||
      theirs.responses > 0)
    return finding.summary;
  const std::string_view us = to_string(side);
  const std::string_view them = to_string(other(side));
  const std::string sent = theirs.requests == 0
                               ? fmt::format("{} of {}", counted(checks.requests, "check"), us)
                               : fmt::format("checks of {} ({}) and {} ({})", us, checks.requests,
                                             them, theirs.requests);
  std::string relay;
  const auto had_none = [&](Side of) {
    return gathering_seen(story.call, of) && !has_relay(story.call, of) &&
           !relay_is_open(story.call, of);
  };
  if (finding.code == "ice-no-relay" && had_none(side))
    relay = had_none(other(side)) ? ", and there was no relay"
                                  : fmt::format(", and {} had no relay", us);
  return fmt::format("ICE found no path: {} in {}, none answered{}.", sent,
                     span_text(*checks.last_at - *checks.first_at), relay);
}

std::string progress_text(const Story& story) {
  const Checks a = checks_of(story.call, Side::A);
  const Checks b = checks_of(story.call, Side::B);
  const auto& transports = story.call.transports;
  if (std::any_of(transports.begin(), transports.end(), ice_worked))
    return std::any_of(transports.begin(), transports.end(),
                       [](const Transport& t) { return t.dtls.started_at.has_value(); })
               ? "ICE found a path; the packets end in the DTLS handshake."
               : "ICE found a path; the packets end before DTLS begins.";
  if (a.responses + b.responses > 0)
    return "Checks were answered; the packets end before a pair is nominated.";
  if (a.requests + b.requests == 0)
    return "Only traffic with a server was seen, no check between the peers.";
  const std::string sent = a.requests > 0 && b.requests > 0
                               ? fmt::format("checks of A ({}) and B ({})", a.requests, b.requests)
                               : fmt::format("{} of {}", counted(a.requests + b.requests, "check"),
                                             a.requests > 0 ? "A" : "B");
  return fmt::format("The packets end before it is decided: {} so far, none answered.", sent);
}

// "The server ..." in the middle of a sentence.
std::string lowered(std::string text) {
  for (const std::string_view start : {"The ", "No "})
    if (text.starts_with(start))
      text[0] = start[0] == 'T' ? 't' : 'n';
  return text;
}

bool about_relay(std::string_view code) {
  return code.starts_with("turn-");
}

std::optional<std::string> further_evidence(const Finding& finding, const Story& story) {
  if (finding.confidence == Confidence::Certain || story.call.from_run)
    return std::nullopt;
  if (finding.code == "dtls-peer-silent")
    return fmt::format("the SDP that {} received, or its log",
                       to_string(finding.peer.value_or(Side::A)));
  if (several_points(story))
    return std::nullopt;
  if (seen_from_a_server(story.call, story.captures))
    return "captures at A and at B";
  const Side about = finding.peer.value_or(Side::A);
  if (finding.code == "media-one-way")
    return fmt::format("a capture at {}", to_string(about));
  if (heard_from(story.call, Side::A) > 0 && heard_from(story.call, Side::B) > 0 &&
      story.outcome == Outcome::Failed)
    return "captures at A and at B";
  if (finding.code.starts_with("ice-") &&
      (seen_outside_nat(story.call, about) || sends_from_public(story.call, about)))
    return fmt::format("a capture at {}", to_string(other(about)));
  if (finding.code.starts_with("ice-"))
    return fmt::format("a capture at {}, or outside of {}'s NAT", to_string(other(about)),
                       to_string(about));
  return fmt::format("a capture at {}", to_string(other(about)));
}

// The server sees what passes it: a direct path between the peers does not.
void limit_to_what_a_server_sees(const Story& story, Verdict& verdict) {
  if (story.outcome != Outcome::Failed || !seen_from_a_server(story.call, story.captures))
    return;
  verdict.text = "As far as this server sees: " + lowered(verdict.text);
  verdict.confidence = Confidence::Possible;
  verdict.would_decide = "captures at A and at B";
}

const Finding* finding_of(const std::vector<Finding>& findings, std::string_view code) {
  const auto found = std::find_if(findings.begin(), findings.end(),
                                  [&](const Finding& f) { return f.code == code; });
  return found == findings.end() ? nullptr : &*found;
}

// The server refused the other side in the same way.
bool refused_both(const std::vector<Finding>& findings, const Finding& finding) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) {
    return f.code == finding.code && f.peer && finding.peer && f.peer != finding.peer;
  });
}

// That the relay was refused is certain; that a relay would have saved the call is so only where
// the packets show that nothing else could.
void blame_relay(const Story& story, const std::vector<Finding>& findings, const Finding& finding,
                 Verdict& verdict) {
  const Finding* nats = finding_of(findings, "ice-symmetric-both-no-relay");
  verdict.confidence = nats != nullptr ? nats->confidence : Confidence::Likely;
  std::string what = lowered(finding.summary);
  if (refused_both(findings, finding) && what.ends_with('.'))
    what.insert(what.size() - 1, fmt::format(" (and {} alike)", to_string(other(*finding.peer))));
  const std::string_view direct =
      nats != nullptr ? "Both NATs give each destination another port" : "No direct path worked";
  const std::string_view relay =
      finding.peer && has_relay(story.call, *finding.peer) ? "the relay was of no use" : "no relay";
  // A direct path passes no server.
  verdict.text = nats == nullptr && seen_from_a_server(story.call, story.captures)
                     ? "No relayed path worked: " + what
                     : fmt::format("{}, and {}: {}", direct, relay, what);
}

Verdict decisive(const Story& story, const std::vector<Finding>& findings) {
  const Finding& finding = findings.front();
  Verdict verdict;
  verdict.code = finding.code;
  verdict.confidence = finding.confidence;
  verdict.text = finding.summary;
  verdict.would_decide = further_evidence(finding, story);
  if (never_up(story) && about_relay(finding.code)) {
    blame_relay(story, findings, finding, verdict);
  } else if (never_up(story) &&
             (finding.code == "ice-no-relay" || finding.code == "ice-no-answer" ||
              finding.code == "ice-one-side-silent")) {
    verdict.text = failed_ice_text(story, finding);
  }
  limit_to_what_a_server_sees(story, verdict);
  return verdict;
}

}  // namespace

void sort_findings(std::vector<Finding>& findings) {
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    if (a.level != b.level)
      return a.level < b.level;
    // A port that is closed when the call is over explains nothing.
    const auto after = [](const Finding& f) { return f.code == "ice-icmp-unreachable"; };
    if (a.level == Level::Note && after(a) != after(b))
      return after(b);
    return cause_rank(a) < cause_rank(b);
  });
}

namespace {

// No check of the call was seen, only what a client asked a server.
Verdict server_only(const Finding& finding) {
  return {finding.code, finding.summary + " No check of this call is in the capture.",
          finding.confidence, "captures at A and at B"};
}

Verdict seen_at_turn_server(const Story& story, const std::vector<Finding>& findings) {
  std::vector<std::string> clients;
  for (const TurnAllocation& allocation : story.call.turn)
    clients.push_back(fmt::format("TURN client {}: {}{}", to_string(allocation.client),
                                  allocation.state,
                                  is_inferred(allocation.inferred, "state") ? " (inferred)" : ""));
  std::string text = listed(clients);
  text += ". Only traffic with the server is here: what became of the call does not show.";
  const bool found = !findings.empty() && findings.front().level != Level::Note;
  return {found ? findings.front().code : "ok", text,
          found ? findings.front().confidence : Confidence::Certain, "captures at A and at B"};
}

}  // namespace

void add_last_resort(const Story& story, std::vector<Finding>& findings) {
  if (story.call.server_only)
    return;
  const bool explained = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.level == Level::Error;
  });
  if (lack_that_hides(story, findings) != nullptr)
    return;
  if (story.outcome == Outcome::InProgress) {
    Finding finding = make_finding("capture-ends-early");
    finding.summary = progress_text(story);
    if (const auto last = last_packet_of(story.call))
      finding.evidence.push_back(*last);
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

namespace {

// How the call ended, where the packets show it.
std::string end_text(const Story& story, const Ending& ending) {
  if (ending.outcome != Outcome::Closed)
    return {};
  if (const std::optional<Leaving> leaving = first_to_leave(story.call))
    return fmt::format(" {} hung up at {}{}.", to_string(leaving->side),
                       story.cite.time(leaving->at), leaving->inferred ? " (inferred)" : "");
  return ending.inferred ? " Closed in order (inferred)." : " Closed in order.";
}

}  // namespace

Verdict verdict_of(const Story& story, const std::vector<Finding>& findings, const Ending& ending) {
  if (story.call.server_only)
    return seen_at_turn_server(story, findings);
  const bool checked =
      checks_of(story.call, Side::A).requests + checks_of(story.call, Side::B).requests > 0;
  if (!checked && !findings.empty() && findings.front().level == Level::Error)
    return server_only(findings.front());
  if (const Finding* lack = lack_that_hides(story, findings))
    return hidden_by(story, *lack);
  if (ending.outcome == Outcome::InProgress)
    return {"capture-ends-early", progress_text(story), Confidence::Certain,
            "a capture that goes on longer"};
  if (!findings.empty() && findings.front().level == Level::Error)
    return decisive(story, findings);
  Verdict verdict;
  verdict.text = connected_text(story);
  if (ending.inferred)
    verdict.confidence = Confidence::Likely;
  verdict.text += end_text(story, ending);
  return verdict;
}

}  // namespace parley::analyzer

// How a path that worked was lost: the checks of consent (RFC 7675) that went unanswered, and what
// the packets leave open of the cause.

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/network_facts.h"
#include "analyzer/diagnose/rules.h"

namespace parley::analyzer {
namespace {

using std::chrono::seconds;

constexpr Duration kConsentLifetime = seconds(30);

void consent_facts(const Story& story, Side side, const Silence& silence, Finding& finding) {
  const Pair& pair = *silence.pair;
  if (pair.last_response_at) {
    finding.facts.push_back(fmt::format("{}'s last answer on {} -> {} came at {} {}.",
                                        to_string(side), address_word(pair.local),
                                        address_word(pair.remote), story.cite.time(silence.since),
                                        story.cite.ref(pair.last_response)));
    finding.facts.push_back(fmt::format("{} sent after it, over {}, got none {}.",
                                        counted(silence.unanswered, "check"),
                                        span_text(silence.lasted), story.cite.ref(pair.last)));
  } else {
    finding.facts.push_back(fmt::format(
        "{} sent {} on {} -> {}, over {}, and got no answer {}.", to_string(side),
        counted(silence.unanswered, "check"), address_word(pair.local), address_word(pair.remote),
        span_text(silence.lasted),
        pair.first && pair.last ? story.cite.range(*pair.first, *pair.last) : std::string()));
  }
  const std::optional<Instant> heard = last_heard_at(story.call, other(side));
  if (heard)
    finding.facts.push_back(fmt::format(
        "The last packet of {} that reached {} came at {} {}.", to_string(other(side)),
        several_points(story) ? "any capture point" : "this point", story.cite.time(*heard),
        story.cite.ref(story.call.last_packet_from[index_of(other(side))])));
  if (pair.last_response)
    finding.evidence.push_back(*pair.last_response);
  if (pair.last)
    finding.evidence.push_back(*pair.last);
}

// The other side was heard for long after its last answer: then it lives, and one direction broke.
bool still_heard(const Story& story, Side side, const Silence& silence) {
  const std::optional<Instant> heard = last_heard_at(story.call, other(side));
  return heard && *heard - silence.since >= silence.lasted / 2;
}

std::string consent_summary(const Story& story, Side side, const Silence& silence) {
  const std::string_view us = to_string(side);
  const std::string_view them = to_string(other(side));
  const std::optional<Instant> heard = last_heard_at(story.call, other(side));
  if (!silence.pair->last_response_at && !heard)
    return fmt::format("{} sends data, and got no answer to {} in {}; nothing of {} was heard.", us,
                       counted(silence.unanswered, "check"), span_text(silence.lasted), them);
  if (still_heard(story, side, silence) || !heard)
    return fmt::format("After {} no check of {} was answered any more, for {}{}.",
                       story.cite.time(silence.since), us, span_text(silence.lasted),
                       heard ? fmt::format(", though {} was still heard", them) : std::string());
  return fmt::format("{} was last heard at {}; {} of {} went unanswered, up to {}.", them,
                     story.cite.time(*heard), counted(silence.unanswered, "check"), us,
                     story.cite.time(*silence.pair->last_at));
}

// What the socket of `side` that sends on this pair asks a server, if it still does at that time.
const StunServerUse* asks_after(const Call& call, Side side, const Pair& pair, Instant at) {
  const auto found = std::find_if(
      call.stun_servers.begin(), call.stun_servers.end(), [&](const StunServerUse& use) {
        return use.of == side && use.client == pair.local.address && use.last_at > at;
      });
  return found == call.stun_servers.end() ? nullptr : &*found;
}

// After the last check that was seen: that the agent gave up, or only that there is no other.
void add_what_follows(const Story& story, Side side, const Silence& silence, Finding& finding) {
  constexpr Duration kInterval = seconds(6);  // between checks of consent (RFC 7675 section 5.1)
  if (silence.lasted >= kConsentLifetime)
    return;
  const Pair& pair = *silence.pair;
  const std::string_view us = to_string(side);
  const Instant due = *pair.last_at + kInterval;
  const StunServerUse* use = asks_after(story.call, side, pair, due);
  if (use != nullptr && !is_inferred(pair.inferred, "requests"))
    finding.facts.push_back(fmt::format(
        "{} stopped checking by itself at {} {}: it gave up. The same socket still asks {} at {} "
        "{}.",
        us, story.cite.time(*pair.last_at), story.cite.ref(pair.last), to_string(use->server),
        story.cite.time(*use->last_at), story.cite.ref(use->last)));
  else if (story.end >= due)
    finding.facts.push_back(fmt::format("No check of {} was seen in the {} after that.", us,
                                        span_text(story.end - *pair.last_at)));
  else
    finding.facts.push_back(
        fmt::format("The capture shows {} of the 30 s after which consent expires.",
                    span_text(silence.lasted)));
  // More than one question, so that an answer is not merely under way.
  if (use != nullptr && use->responses > 0 && use->requests >= use->responses + 2 &&
      use->last_response_at && *use->last_response_at <= *pair.last_response_at)
    finding.facts.push_back(
        fmt::format("{} does not answer it any more either.", to_string(use->server)));
}

// The NAT of `side` still gives the socket of this pair the address that it had, whoever it is that
// the socket talks to.
bool add_mapping_alive(const Story& story, Side side, const Pair& pair, Finding& finding) {
  const StunServerUse* use = asks_after(story.call, side, pair, *pair.last_response_at);
  if (use == nullptr || changes_port(story.call, side) || use->mapped.size() != 1 ||
      use->mapped.front() == use->client || !use->last_response_at ||
      *use->last_response_at <= *pair.last_response_at)
    return false;
  finding.facts.push_back(
      fmt::format("{}'s NAT mapping is alive: {} still sees it as {} at {} {}.", to_string(side),
                  to_string(use->server), to_string(use->mapped.front()),
                  story.cite.time(*use->last_response_at), story.cite.ref(use->last_response)));
  if (use->last_response)
    finding.evidence.push_back(*use->last_response);
  return true;
}

// The other side's checks still come from where `side` sends its own, so the mappings of both NATs
// that the packets of `side` need are there.
bool add_peer_mapping_alive(const Story& story, const Transport& transport, const Pair& pair,
                            Finding& finding) {
  const auto theirs =
      std::find_if(transport.pairs.begin(), transport.pairs.end(), [&](const Pair& back) {
        return back.agent != pair.agent && back.local.address &&
               back.local.address == pair.remote.address &&
               back.remote.address == pair.local.address && back.last_at &&
               *back.last_at > *pair.last_response_at;
      });
  if (theirs == transport.pairs.end())
    return false;
  finding.facts.push_back(fmt::format(
      "{}'s checks still come from {}, where {}'s go, up to {} {}: no NAT mapping is gone.",
      to_string(theirs->agent), to_string(*theirs->local.address), to_string(pair.agent),
      story.cite.time(*theirs->last_at), story.cite.ref(theirs->last)));
  return true;
}

void add_consent_causes(const Story& story, const Transport& transport, Side side,
                        const Silence& silence, Finding& finding) {
  const std::string_view us = to_string(side);
  const std::string_view them = to_string(other(side));
  if (still_heard(story, side, silence)) {
    const bool alive = add_peer_mapping_alive(story, transport, *silence.pair, finding);
    finding.open.push_back(
        fmt::format("{}'s packets still arrive, so {} lives: either {}'s checks do not reach it "
                    "any more, or it "
                    "does not answer them. What drops them, the packets do not show.",
                    them, them, us));
    finding.try_this = fmt::format(
        "Look at the way from {} to {}: {}.", us, them,
        alive ? "firewall, packet filters" : "NAT mapping, firewall, change of network");
    return;
  }
  const bool alive = add_mapping_alive(story, side, *silence.pair, finding);
  finding.open.push_back(fmt::format(
      "Whether {} went away, or the path from {} to {} broke: {} that expired, a firewall, a "
      "change of network.",
      them, them, us, alive ? fmt::format("a NAT mapping of {}", them) : "a NAT mapping"));
  finding.try_this = fmt::format("Capture at {} too: if it still sends, the path broke.", them);
}

// What tells one side that the way is broken.
struct Loss {
  Side side = Side::A;
  Silence silence;
  BrokenWay way;
};

// One fault of the network makes both sides lose consent: their findings become one.
Finding& finding_of_way(const Transport& transport, const BrokenWay& way, Findings& out) {
  const auto known = std::find_if(out.begin(), out.end(), [&](const Finding& finding) {
    return finding.code == "ice-path-broken" && finding.transport == transport.id &&
           finding.peer == way.from;
  });
  if (known != out.end())
    return *known;
  out.push_back(make_finding("ice-path-broken"));
  out.back().peer = way.from;
  out.back().transport = transport.id;
  return out.back();
}

void add_answers_lost(const Story& story, const Loss& loss, Finding& finding) {
  const Pair& pair = *loss.silence.pair;
  const std::string_view us = to_string(loss.side);
  const std::string_view them = to_string(other(loss.side));
  for (const SeenAt& seen : pair.since_answer.answered_elsewhere)
    if (seen.point() == loss.way.seen)
      finding.facts.push_back(fmt::format(
          "{} answered {} of {}'s checks after it {}; none of these answers reached {}.", them,
          seen.count, us, story.cite.range(seen.first, seen.last),
          place_name(story, loss.way.missing)));
}

void add_checks_lost(const Story& story, const Loss& loss, Finding& finding) {
  const Pair& pair = *loss.silence.pair;
  const SeenAt& seen = pair.since_answer.requests_seen_at.back();
  finding.facts.push_back(fmt::format("{} of these were seen last at {} {}, none at {}.",
                                      seen.count, place_name(story, loss.way.seen),
                                      story.cite.range(seen.first, seen.last),
                                      place_name(story, loss.way.missing)));
}

// Where other packets still come through, only those are lost that the checks are made of.
std::string broken_summary(const Story& story, const Transport& transport, const Loss& loss) {
  const std::string_view from = to_string(loss.way.from);
  const std::string_view to = to_string(other(loss.way.from));
  const std::string where = fmt::format("lost between {} and {}", place_name(story, loss.way.seen),
                                        place_name(story, loss.way.missing));
  const Pair& pair = *loss.silence.pair;
  if (const SeenPacket* last = last_through(transport, loss.way, pair))
    return fmt::format("From {} on packets of {} no longer reach {}: they are {}.",
                       story.cite.time(last->at), from, to, where);
  const std::string_view what = loss.way.from == loss.side ? "checks" : "answers to checks";
  return fmt::format("From {} on {} of {} no longer reach {}: they are {}.",
                     story.cite.time(*pair.last_response_at), what, from, to, where);
}

// The packet that still came through.
void add_last_through(const Story& story, const Transport& transport, const Loss& loss,
                      Finding& finding) {
  const SeenPacket* last = last_through(transport, loss.way, *loss.silence.pair);
  if (last == nullptr)
    return;
  finding.facts.push_back(fmt::format("The last packet of {} that reached {} came at {} {}.",
                                      to_string(loss.way.from), place_name(story, last->point),
                                      story.cite.time(last->at), story.cite.ref(last->packet)));
  finding.evidence.push_back(last->packet);
}

// What is lost are answers to checks that have just gone the same way out: a NAT there has a
// mapping for these, which they keep alive (RFC 4787 section 4.3).
bool mapped_still(const Transport& transport, const BrokenWay& way) {
  const Pair* asking = selected_pair(transport, other(way.from));
  if (asking == nullptr)
    return false;
  const std::vector<SeenAt>& answers = asking->since_answer.answered_elsewhere;
  return std::any_of(answers.begin(), answers.end(),
                     [&](const SeenAt& seen) { return seen.point() == way.seen; });
}

void add_broken_way(const Story& story, const Transport& transport, const Loss& loss,
                    Findings& out) {
  const std::string_view from = to_string(loss.way.from);
  const std::string_view to = to_string(other(loss.way.from));
  const std::string seen = place_name(story, loss.way.seen);
  const std::string missing = place_name(story, loss.way.missing);
  const Pair& pair = *loss.silence.pair;
  Finding& finding = finding_of_way(transport, loss.way, out);
  finding.level = story.outcome == Outcome::Lost ? Level::Error : Level::Warning;
  if (finding.summary.empty()) {
    finding.summary = broken_summary(story, transport, loss);
    add_last_through(story, transport, loss, finding);
    finding.open.push_back(
        mapped_still(transport, loss.way)
            ? fmt::format("What drops them between {} and {}: a filter. The NAT mapping is alive: "
                          "{}'s own checks still go out there.",
                          seen, missing, to)
            : fmt::format(
                  "What drops them between {} and {}: a NAT mapping that expired, a firewall.",
                  seen, missing));
    finding.try_this =
        fmt::format("Look at the device between {} and {}, in the direction from {} to {}.", seen,
                    missing, from, to);
  }
  finding.facts.push_back(fmt::format(
      "{} got its last answer at {} {}; {} after it got none, for {}.", to_string(loss.side),
      story.cite.time(*pair.last_response_at), story.cite.ref(pair.last_response),
      counted(loss.silence.unanswered, "check"), span_text(loss.silence.lasted)));
  if (loss.way.from == loss.side)
    add_checks_lost(story, loss, finding);
  else
    add_answers_lost(story, loss, finding);
  if (pair.last_response)
    finding.evidence.push_back(*pair.last_response);
  if (pair.last)
    finding.evidence.push_back(*pair.last);
}

Finding lost_consent(const Story& story, const Transport& transport, Side side,
                     const Silence& silence) {
  Finding finding = make_finding("ice-consent-lost");
  finding.level = story.outcome == Outcome::Lost ? Level::Error : Level::Warning;
  if (story.call.from_run && transport.agents[index_of(side)].consent_lost)
    finding.confidence = Confidence::Certain;
  finding.peer = side;
  finding.transport = transport.id;
  finding.summary = consent_summary(story, side, silence);
  consent_facts(story, side, silence, finding);
  add_what_follows(story, side, silence, finding);
  add_consent_causes(story, transport, side, silence, finding);
  return finding;
}

}  // namespace

void find_lost_consent(const Story& story, Findings& out) {
  if (story.outcome != Outcome::Lost && story.outcome != Outcome::Connected)
    return;
  for (const Transport& transport : story.call.transports) {
    for (const Side side : {Side::A, Side::B}) {
      const std::optional<Silence> silence = consent_silence(transport, side, story.end);
      if (!silence || !gave_up(*silence))
        continue;
      if (const auto broken = broken_way(story.call, transport, side, *silence->pair))
        add_broken_way(story, transport, {side, *silence, *broken}, out);
      else
        out.push_back(lost_consent(story, transport, side, *silence));
    }
  }
}

}  // namespace parley::analyzer

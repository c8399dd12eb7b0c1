#include "analyzer/diagnose/facts.h"

#include <algorithm>
#include <iterator>

#include "analyzer/diagnose/words.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

void add_pair(Checks& sum, const Pair& pair) {
  if (pair.requests == 0)
    return;
  ++sum.pairs;
  sum.requests += pair.requests;
  sum.responses += pair.responses;
  sum.icmp += pair.icmp_errors;
  sum.use_candidate += pair.use_candidate;
  for (const ErrorCount& error : pair.errors)
    sum.errors += error.count;
  if (pair.first && (!sum.first || (pair.first_at && sum.first_at && pair.first_at < sum.first_at)))
    sum.first = pair.first;
  if (pair.last && (!sum.last || (pair.last_at && sum.last_at && pair.last_at > sum.last_at)))
    sum.last = pair.last;
  if (pair.first_at && (!sum.first_at || pair.first_at < sum.first_at))
    sum.first_at = pair.first_at;
  if (pair.last_at && (!sum.last_at || pair.last_at > sum.last_at))
    sum.last_at = pair.last_at;
}

}  // namespace

Checks checks_of(const Transport& transport, Side side) {
  Checks sum;
  for (const Pair& pair : transport.pairs)
    if (pair.agent == side)
      add_pair(sum, pair);
  return sum;
}

Checks checks_of(const Call& call, Side side) {
  Checks sum;
  for (const Transport& transport : call.transports)
    for (const Pair& pair : transport.pairs)
      if (pair.agent == side)
        add_pair(sum, pair);
  return sum;
}

std::uint64_t errors_of(const Transport& transport, Side side, std::uint16_t code) {
  std::uint64_t sum = 0;
  for (const Pair& pair : transport.pairs)
    if (pair.agent == side)
      for (const ErrorCount& error : pair.errors)
        if (error.code == code)
          sum += error.count;
  return sum;
}

std::uint64_t heard_from(const Call& call, Side side) {
  if (call.packets_from[index_of(side)] > 0)
    return call.packets_from[index_of(side)];
  const Checks own = checks_of(call, side);
  const Checks answered = checks_of(call, other(side));
  std::uint64_t sum = own.requests + answered.responses + answered.errors;
  for (const Transport& transport : call.transports)
    for (const PerSide* counts :
         {&transport.dtls_packets, &transport.srtp_packets, &transport.srtcp_packets})
      sum += (*counts)[index_of(side)];
  return sum;
}

std::optional<Instant> last_heard_at(const Call& call, Side side) {
  return call.last_packet_from_at[index_of(side)];
}

bool ice_worked(const Transport& transport) {
  for (const TransportAgent& agent : transport.agents)
    if (agent.selected_pair || agent.connected)
      return true;
  // Consent is needed to send (RFC 7675 section 5): data both ways shows a path that works, and
  // where one way is not captured, the data of the other does.
  if (const auto& side = transport.heard_only;
      side && transport.srtp_packets[index_of(*side)] + transport.dtls_packets[index_of(*side)] > 0)
    return true;
  if (transport.srtp_packets[0] > 0 && transport.srtp_packets[1] > 0)
    return true;
  return std::any_of(transport.pairs.begin(), transport.pairs.end(), [](const Pair& pair) {
    return pair.selected || (pair.nominated && pair.responses > 0);
  });
}

std::optional<Instant> ice_up_at(const Transport& transport) {
  if (begins_behind_cut(transport))
    return std::nullopt;
  std::optional<Instant> earliest;
  const auto consider = [&](const std::optional<Instant>& at) {
    if (at && (!earliest || *at < *earliest))
      earliest = at;
  };
  // The agent that nominates says when the path is settled (RFC 8445 8.1.1).
  for (const Side side : {Side::A, Side::B})
    if (!earliest)
      consider(transport.agents[index_of(side)].connected);
  if (!earliest)
    for (const Pair& pair : transport.pairs)
      if (pair.nominated && pair.responses > 0)
        consider(pair.nominated_at ? pair.nominated_at : pair.first_response_at);
  return earliest;
}

bool ice_up_inferred(const Transport& transport) {
  return std::none_of(transport.agents.begin(), transport.agents.end(), [](const auto& agent) {
    return agent.connected && !is_inferred(agent.inferred, "connected_s");
  });
}

const Pair* selected_pair(const Transport& transport, Side side) {
  const Pair* best = nullptr;
  for (const Pair& pair : transport.pairs) {
    if (pair.agent != side || !pair.selected)
      continue;
    if (best == nullptr || (pair.last_at && best->last_at && *pair.last_at > *best->last_at))
      best = &pair;
  }
  return best;
}

bool media_flowed(const Transport& transport) {
  return transport.srtp_packets[0] + transport.srtp_packets[1] > 0;
}

bool dtls_finished(const Dtls& dtls) {
  return dtls.state == trace::DtlsState::Connected || dtls.connected_at.has_value();
}

bool was_connected(const Transport& transport) {
  return dtls_finished(transport.dtls) || (ice_worked(transport) && media_flowed(transport));
}

bool was_connected(const Call& call) {
  return std::any_of(call.transports.begin(), call.transports.end(),
                     [](const Transport& transport) { return was_connected(transport); });
}

std::uint64_t rtp_from(const Transport& transport, Side side) {
  return transport.srtp_packets[index_of(side)];
}
std::uint64_t rtcp_from(const Transport& transport, Side side) {
  return transport.srtcp_packets[index_of(side)];
}

bool relayed_unread(const Call& call) {
  return std::any_of(call.turn.begin(), call.turn.end(),
                     [](const TurnAllocation& a) { return a.unread_packets[1] > 0; });
}

bool relayed_by_unknown(const Call& call) {
  return std::any_of(call.turn.begin(), call.turn.end(),
                     [](const TurnAllocation& a) { return a.hidden_packets[1] > 0; });
}

std::vector<const TurnAllocation*> allocations_of(const Call& call, Side side) {
  std::vector<const TurnAllocation*> found;
  for (const TurnAllocation& allocation : call.turn)
    if (!allocation.of || *allocation.of == side)
      found.push_back(&allocation);
  return found;
}

bool has_relay(const Call& call, Side side) {
  const auto found = allocations_of(call, side);
  return std::any_of(found.begin(), found.end(), [](const TurnAllocation* allocation) {
    return allocation->relayed.has_value();
  });
}

bool relay_was_usable(const Call& call, Side side) {
  for (const Transport& transport : call.transports)
    for (const Pair& pair : transport.pairs)
      if (pair.agent == side && pair.requests > 0 &&
          (pair.through_turn || pair.local.type == trace::CandidateType::Relayed))
        return true;
  return false;
}

std::vector<StunTalk> stun_talks(const Call& call) {
  std::vector<StunTalk> talks;
  for (const StunServerUse& use : call.stun_servers) {
    auto talk = std::find_if(talks.begin(), talks.end(), [&](const StunTalk& t) {
      return t.first->of == use.of && t.first->server == use.server;
    });
    if (talk == talks.end()) {
      talks.push_back({});
      talk = std::prev(talks.end());
      talk->first = &use;
    }
    talk->requests += use.requests;
    talk->responses += use.responses;
    if (use.answered_elsewhere && talk->answered_elsewhere == nullptr)
      talk->answered_elsewhere = &*use.answered_elsewhere;
    talk->could_show = talk->could_show && answers_could_show(call, use);
    ++talk->sockets;
    talk->last = use.last ? use.last : talk->last;
    if (use.responses > 0 && talk->answered == nullptr)
      talk->answered = &use;
    if (use.rtt && !talk->rtt)
      talk->rtt = use.rtt;
    if (use.rtt) {
      talk->rtt->min = std::min(talk->rtt->min, use.rtt->min);
      talk->rtt->max = std::max(talk->rtt->max, use.rtt->max);
    }
  }
  return talks;
}

std::optional<Instant> last_payload_at(const Transport& transport, Side side) {
  std::optional<Instant> last;
  for (const Flow& flow : transport.flows)
    if (flow.from == side && (!last || flow.last_at > *last))
      last = flow.last_at;
  return last;
}

bool ended_with_alert(const Transport& transport, Side side) {
  const std::optional<Instant>& alert = transport.dtls.sealed_alert_at[index_of(side)];
  const std::optional<Instant> last = last_payload_at(transport, side);
  return alert && (!last || *last - *alert < std::chrono::milliseconds(100));
}

std::optional<Side> silent_behind_dtls(const Transport& transport) {
  constexpr Duration kRetries = std::chrono::seconds(5);  // SCTP T1 and DTLS timers: 1, 2, 4 s
  const std::optional<Instant>& done = transport.dtls.connected_at;
  if (!done || media_flowed(transport))
    return std::nullopt;
  for (const Side side : {Side::A, Side::B}) {
    const std::optional<Instant> last = last_payload_at(transport, side);
    const std::optional<Instant> insisting = last_payload_at(transport, other(side));
    if (last && insisting && *last <= *done && *insisting - *done >= kRetries)
      return side;
  }
  return std::nullopt;
}

bool gave_up(const Silence& silence) {
  constexpr Duration kLongest = std::chrono::seconds(30);  // RFC 7675 5.1
  constexpr Duration kUsual = std::chrono::seconds(12);
  // libwebrtc holds a connection for unreliable after 5 s and 5 checks.
  constexpr Duration kUnreliable = std::chrono::seconds(5);
  constexpr std::uint64_t kChecks = 5;
  if (silence.complete && silence.lasted >= kUnreliable && silence.unanswered >= kChecks)
    return true;
  return silence.lasted >= kLongest || (silence.lasted >= kUsual && silence.unanswered >= kChecks);
}

bool seen_from_a_server(const Call& call, const std::vector<Capture>& captures) {
  if (captures.size() != 1 || call.points.size() > 1)
    return false;
  const auto asked = [&](Side side, const IpAddress& server) {
    return std::any_of(call.turn.begin(), call.turn.end(),
                       [&](const TurnAllocation& allocation) {
                         return allocation.of == side && allocation.server.address == server;
                       }) ||
           std::any_of(call.stun_servers.begin(), call.stun_servers.end(),
                       [&](const StunServerUse& use) {
                         return use.of == side && use.server.address == server;
                       });
  };
  const auto both = [&](const IpAddress& server) {
    return asked(Side::A, server) && asked(Side::B, server);
  };
  return std::any_of(
             call.turn.begin(), call.turn.end(),
             [&](const TurnAllocation& allocation) { return both(allocation.server.address); }) ||
         std::any_of(call.stun_servers.begin(), call.stun_servers.end(),
                     [&](const StunServerUse& use) { return both(use.server.address); });
}

namespace {

bool heard_at_all(const Transport& transport, Side side) {
  return std::any_of(transport.flows.begin(), transport.flows.end(),
                     [&](const Flow& flow) { return flow.from == side; }) ||
         std::any_of(transport.pairs.begin(), transport.pairs.end(), [&](const Pair& pair) {
           return pair.agent == side ? pair.requests > 0 : pair.responses > 0;
         });
}

}  // namespace

std::optional<Silence> consent_silence(const Transport& transport, Side side, Instant end) {
  constexpr Duration kMargin = std::chrono::milliseconds(500);
  const Pair* pair = selected_pair(transport, side);
  if (pair == nullptr || !pair->last_at)
    return std::nullopt;
  const bool answered = pair->last_response_at.has_value();
  const std::optional<Instant> since = answered ? pair->last_response_at : pair->first_at;
  // What one direction alone shows of answers is nothing.
  if (!since || *pair->last_at <= *since || pair->answers_hidden)
    return std::nullopt;
  Silence silence{pair, *since, *pair->last_at - *since,
                  answered ? pair->requests_after_last_response : pair->requests};
  if (silence.unanswered == 0)
    return std::nullopt;
  silence.complete = !answered && !heard_at_all(transport, other(side));
  const double rtt_ms = pair->rtt ? pair->rtt->max : 0;
  const Duration due =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(rtt_ms)) +
      kMargin;
  if (end - *pair->last_at < due)
    --silence.unanswered;
  return silence.unanswered > 0 ? std::optional(silence) : std::nullopt;
}

UdpAgainstTcp udp_against_tcp(const Call& call, Side side) {
  UdpAgainstTcp sum;
  const auto add = [&](std::uint64_t asked, std::uint64_t answered,
                       const std::optional<PacketRef>& first) {
    sum.asked += asked;
    sum.answered += answered;
    if (first && asked > 0)
      sum.requests.push_back(*first);
  };
  for (const StunServerUse& use : call.stun_servers)
    if (use.of == side)
      add(use.requests, use.responses, use.first);
  for (const TurnAllocation* allocation : allocations_of(call, side)) {
    if (allocation->transport == "udp")
      add(allocation->requests, allocation->responses, allocation->first);
    else if (allocation->responses > 0)
      sum.over_stream = allocation;
  }
  return sum;
}

bool udp_is_blocked(const Call& call, const std::optional<Side>& side) {
  if (!side)
    return false;
  const UdpAgainstTcp sum = udp_against_tcp(call, *side);
  return sum.over_stream != nullptr && sum.asked >= 2 && sum.answered == 0;
}

bool ordinary(const TurnRefusal& refusal) {
  return (refusal.code == 401 && !refusal.authenticated) || refusal.code == 438;
}

bool relay_in_trouble(const Call& call) {
  return std::any_of(call.turn.begin(), call.turn.end(), [](const TurnAllocation& allocation) {
    return (allocation.requests > 0 && allocation.responses == 0) ||
           std::any_of(allocation.refusals.begin(), allocation.refusals.end(),
                       [](const TurnRefusal& refusal) { return !ordinary(refusal); });
  });
}

Checks direct_checks_of(const Call& call) {
  Checks sum;
  for (const Transport& transport : call.transports)
    for (const Pair& pair : transport.pairs)
      if (!pair.through_turn && pair.local.type != trace::CandidateType::Relayed &&
          pair.remote.type != trace::CandidateType::Relayed)
        add_pair(sum, pair);
  return sum;
}

bool runs_through_relay(const Transport& transport, Side side) {
  const auto& used = transport.agents[index_of(side)].selected_pair;
  return used && (used->local.type == trace::CandidateType::Relayed ||
                  used->remote.type == trace::CandidateType::Relayed);
}

namespace {

// The stream of a side that ends last.
const Stream* last_stream(const Call& call, Side side) {
  const Stream* last = nullptr;
  for (const Stream& stream : call.streams)
    if (stream.from == side && stream.last_at &&
        (last == nullptr || *stream.last_at > *last->last_at))
      last = &stream;
  return last;
}

}  // namespace

std::optional<MediaStop> media_stop(const Call& call, Side side) {
  // Muted audio still sends something within seconds, and a side that leaves ends all at once.
  constexpr Duration kLasting = std::chrono::seconds(3);
  const Stream* own = last_stream(call, side);
  if (own == nullptr)
    return std::nullopt;
  const Stream* theirs = last_stream(call, other(side));
  MediaStop stop{own->last, *own->last_at, false};
  stop.other_goes_on = theirs != nullptr && *theirs->last_at - stop.at >= kLasting;
  const std::optional<Instant> heard = last_heard_at(call, side);
  if (!stop.other_goes_on && (!heard || *heard - stop.at < kLasting))
    return std::nullopt;
  return stop;
}

std::optional<PacketRef> last_packet_of(const Call& call) {
  std::optional<PacketRef> last;
  std::optional<Instant> last_at;
  const auto consider = [&](const std::optional<PacketRef>& packet,
                            const std::optional<Instant>& at) {
    if (packet && at && (!last_at || *at > *last_at)) {
      last = packet;
      last_at = at;
    }
  };
  for (const Side side : {Side::A, Side::B})
    consider(call.last_packet_from[index_of(side)], call.last_packet_from_at[index_of(side)]);
  for (const Transport& transport : call.transports)
    for (const Pair& pair : transport.pairs)
      consider(pair.last, pair.last_at);
  for (const StunServerUse& use : call.stun_servers)
    consider(use.last, use.last_at);
  for (const TurnAllocation& allocation : call.turn)
    consider(allocation.last, allocation.last_at);
  return last;
}

}  // namespace parley::analyzer

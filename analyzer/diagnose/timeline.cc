#include "analyzer/diagnose/timeline.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/call_end.h"
#include "analyzer/diagnose/facts.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kMaxEntries = 200;

class Builder {
 public:
  Builder(const Call& call, const Citation& cite, Instant end)
      : call_(call), cite_(cite), end_(end) {}

  std::vector<TimelineEntry> build();

 private:
  void add(const std::optional<Instant>& at, const std::optional<PacketRef>& packet,
           std::optional<Side> peer, std::string_view layer, std::string what);
  // The entries since the one numbered `first` weigh that much.
  void weigh(std::size_t first, Weight weight);
  void add_stun_servers();
  void add_turn();
  void add_refusals(const TurnAllocation& allocation);
  void add_release(const TurnAllocation& allocation);
  void add_turn_questions();
  void add_checks(const Transport& transport, Side side);
  void add_path(const Transport& transport, Side side);
  void add_ice_life(const Transport& transport);
  void add_dtls(const Transport& transport);
  void add_dtls_end(const Transport& transport);
  void add_media();
  void add_moves(const Transport& transport, Side side);
  void add_silence(const Transport& transport, Side side);
  void add_end();
  // " (transport 1)" when there are several.
  std::string suffix(const Transport& transport) const;

  const Call& call_;
  const Citation& cite_;
  Instant end_;
  std::vector<TimelineEntry> entries_;
};

std::string who(const std::optional<Side>& side) {
  return side ? std::string(to_string(*side)) : std::string("A client");
}

void Builder::add(const std::optional<Instant>& at, const std::optional<PacketRef>& packet,
                  std::optional<Side> peer, std::string_view layer, std::string what) {
  if (at && entries_.size() < kMaxEntries)
    entries_.push_back({*at, packet, peer, std::string(layer), std::move(what)});
}

void Builder::weigh(std::size_t first, Weight weight) {
  for (std::size_t i = first; i < entries_.size(); ++i)
    entries_[i].weight = weight;
}

std::string rtt_range(const RttSummary& rtt) {
  const std::string least = number(rtt.min);
  const std::string most = number(rtt.max);
  return least == most ? least : least + " to " + most;
}

void Builder::add_stun_servers() {
  for (const StunTalk& talk : stun_talks(call_)) {
    const StunServerUse& first = *talk.first;
    std::string asks =
        fmt::format("{} asks STUN server {}", who(first.of), to_string(first.server));
    if (talk.sockets > 1)
      asks += fmt::format(" from {} ports", talk.sockets);
    if (talk.rtt)
      asks += fmt::format(" (RTT {} ms)", rtt_range(*talk.rtt));
    else if (talk.responses == 0 && talk.requests > 0)
      asks += fmt::format(": no answer to {}", counted(talk.requests, "request"));
    const std::size_t question = entries_.size();
    add(first.first_at, first.first, first.of, "stun", asks);
    if (talk.responses > 0 || talk.requests == 0)
      weigh(question, Weight::Detail);
    if (talk.answered == nullptr || talk.answered->mapped.empty())
      continue;
    const StunServerUse& use = *talk.answered;
    const Endpoint& seen = use.mapped.front();
    // Equal addresses say nothing about NATs on the peer's side of the capture point.
    add(use.first_response_at, use.first_response, use.of, "stun",
        seen == use.client ? fmt::format("the server sees {} as {}: no NAT between this capture "
                                         "point and the server",
                                         who(use.of), to_string(seen))
                           : fmt::format("{} is behind a NAT: {} is seen as {}", who(use.of),
                                         to_string(use.client), to_string(seen)));
  }
}

void Builder::add_refusals(const TurnAllocation& allocation) {
  const std::size_t first = entries_.size();
  for (const TurnRefusal& refusal : allocation.refusals) {
    if (ordinary(refusal))
      continue;
    add(refusal.first_at, refusal.first, allocation.of, "turn",
        fmt::format("{} of {} is refused: {}{}", refusal.method, who(allocation.of), refusal.code,
                    refusal.reason.empty() ? "" : " " + refusal.reason));
  }
  weigh(first, Weight::Main);
}

std::string question_text(const TurnAllocation& allocation, std::ptrdiff_t sockets) {
  const std::string us = who(allocation.of);
  const std::string server = to_string(allocation.server);
  const std::string transport = capitals(allocation.transport);
  const std::string ports = sockets > 1 ? fmt::format(", from {} ports", sockets) : std::string();
  if (allocation.made_before)
    return fmt::format("{} uses a relay of TURN server {} over {}{}, made before the capture began",
                       us, server, transport, ports);
  return fmt::format("{} asks TURN server {} over {}{}{}{}", us, server, transport,
                     allocation.asked ? " for a relay" : "", ports,
                     allocation.responses == 0 && allocation.requests > 0 ? ": no answer" : "");
}

bool same_question(const TurnAllocation& x, const TurnAllocation& y) {
  const bool x_silent = x.responses == 0 && x.requests > 0;
  const bool y_silent = y.responses == 0 && y.requests > 0;
  return x.of == y.of && x.server == y.server && x.transport == y.transport &&
         x.made_before == y.made_before && x.asked == y.asked && x_silent == y_silent;
}

// One side asks one server from several sockets: one line.
void Builder::add_turn_questions() {
  for (auto it = call_.turn.begin(); it != call_.turn.end(); ++it) {
    const TurnAllocation& allocation = *it;
    const auto same = [&](const TurnAllocation& other) { return same_question(other, allocation); };
    if (std::any_of(call_.turn.begin(), it, same))
      continue;
    const auto sockets = std::count_if(it, call_.turn.end(), same);
    const std::size_t question = entries_.size();
    add(allocation.first_at, allocation.first, allocation.of, "turn",
        question_text(allocation, sockets));
    if (allocation.responses > 0 || allocation.requests == 0)
      weigh(question, Weight::Detail);
  }
}

void Builder::add_release(const TurnAllocation& allocation) {
  const std::size_t first = entries_.size();
  const std::string us = who(allocation.of);
  const bool ends = hung_up_with(call_, allocation);
  add(allocation.released_at, allocation.released, allocation.of, "turn",
      ends ? fmt::format("{} hangs up (inferred): it gives up the relay that carries the call, "
                         "Refresh with lifetime 0",
                         us)
           : fmt::format("{} gives up its relay{}: Refresh with lifetime 0", us,
                         allocation.relayed ? " " + to_string(*allocation.relayed) : ""));
  if (ends)
    weigh(first, Weight::Main);
  const std::size_t closed = entries_.size();
  if (allocation.transport != "udp")
    add(allocation.connection_ended_at, allocation.connection_ended, allocation.of, "turn",
        fmt::format("the {} connection of {} to TURN server {} ends",
                    capitals(allocation.transport), us, to_string(allocation.server)));
  if (allocation.released)
    weigh(closed, Weight::Detail);
}

void Builder::add_turn() {
  add_turn_questions();
  for (const TurnAllocation& allocation : call_.turn) {
    if (allocation.relayed)
      add(allocation.allocated_at, allocation.allocated_by, allocation.of, "turn",
          fmt::format("{} has relay {}{}", who(allocation.of), to_string(*allocation.relayed),
                      allocation.mapped ? ", and is seen as " + to_string(*allocation.mapped)
                                        : std::string()));
    add_refusals(allocation);
    for (const TurnChannel& channel : allocation.channels)
      add(channel.bound_at, channel.bound, allocation.of, "turn",
          fmt::format("{} binds channel {:#06x} to {}", who(allocation.of), channel.number,
                      channel.peer ? to_string(*channel.peer) : "?"));
    add_release(allocation);
  }
}

void Builder::add_checks(const Transport& transport, Side side) {
  const Pair* first = nullptr;
  for (const Pair& pair : transport.pairs)
    if (pair.agent == side && pair.first_at &&
        (first == nullptr || *pair.first_at < *first->first_at))
      first = &pair;
  if (first == nullptr)
    return;
  add(first->first_at, first->first, side, "ice",
      fmt::format("{}'s first check: {} -> {}{}{}", to_string(side), candidate_text(first->local),
                  candidate_text(first->remote), first->through_turn ? " through TURN" : "",
                  suffix(transport)));
  // A check in the last moments may still be answered, or followed by another.
  constexpr Duration kOver = std::chrono::seconds(4);
  const Checks checks = checks_of(transport, side);
  const bool over = checks.last_at && end_ - *checks.last_at >= kOver;
  if (!ice_worked(transport) && checks.responses == 0 && checks.last != checks.first && over)
    add(checks.last_at, checks.last, side, "ice",
        fmt::format("{}'s last check: {} sent, none answered", to_string(side), checks.requests));
}

const Pair* first_answered(const Transport& transport, Side side) {
  const Pair* first = nullptr;
  for (const Pair& pair : transport.pairs)
    if (pair.agent == side && pair.first_response_at &&
        (first == nullptr || *pair.first_response_at < *first->first_response_at))
      first = &pair;
  return first;
}

// One event: the answer that makes a pair valid, its nomination, the agent's new state.
bool same_moment(const std::optional<Instant>& a, const std::optional<Instant>& b) {
  constexpr Duration kTogether = std::chrono::milliseconds(1);
  return a && b && *a - *b <= kTogether && *b - *a <= kTogether;
}

void Builder::add_path(const Transport& transport, Side side) {
  const TransportAgent& agent = transport.agents[index_of(side)];
  const Pair* answered = first_answered(transport, side);
  if (answered != nullptr && !same_moment(answered->first_response_at, agent.connected))
    add(answered->first_response_at, answered->first_response, side, "ice",
        fmt::format("{} gets its first answer: {} -> {}{}", to_string(side),
                    address_word(answered->local), address_word(answered->remote),
                    suffix(transport)));
  const std::size_t first = entries_.size();
  for (const Pair& pair : transport.pairs)
    if (pair.agent == side && pair.nominated && pair.nominated_at && pair.use_candidate > 0 &&
        !same_moment(pair.nominated_at, agent.connected))
      add(pair.nominated_at, pair.nominated_by, side, "ice",
          fmt::format("{} nominates {} -> {}{}", to_string(side), address_word(pair.local),
                      address_word(pair.remote), suffix(transport)));
  weigh(first, Weight::Main);
  if (!agent.connected)
    return;
  std::optional<PacketRef> by;
  const Pair* up = nullptr;
  for (const Pair& pair : transport.pairs) {
    if (pair.agent != side || by)
      continue;
    const bool answered_then = same_moment(pair.first_response_at, agent.connected);
    const bool nominated_then = same_moment(pair.nominated_at, agent.connected);
    if (nominated_then && (!answered_then || pair.nominated_at == agent.connected))
      by = pair.nominated_by;
    else if (answered_then)
      by = pair.first_response;
    up = by ? &pair : up;
  }
  add(agent.connected, by, side, "ice",
      up == nullptr
          ? fmt::format("ICE of {} is up{}", to_string(side), suffix(transport))
          : fmt::format("ICE of {} is up: {} -> {} is valid{}{}", to_string(side),
                        address_word(up->local), address_word(up->remote),
                        up->use_candidate > 0 ? " and nominated" : "", suffix(transport)));
  weigh(first, Weight::Main);
}

void Builder::add_ice_life(const Transport& transport) {
  const std::size_t first = entries_.size();
  for (const IceRestart& restart : transport.restart_list)
    add(restart.at, restart.packet, restart.by, "ice",
        fmt::format("ICE restart: {} comes with ufrag {}", to_string(restart.by),
                    printable(restart.ufrag)));
  weigh(first, Weight::Main);
  for (const RoleConflict& conflict : transport.conflicts)
    add(conflict.request_at, conflict.request, conflict.claimant, "ice",
        fmt::format("role conflict: {} claims {}, gets 487 {}", to_string(conflict.claimant),
                    role_word(conflict.claimed), cite_.ref(conflict.error)));
  for (const Side side : {Side::A, Side::B})
    add(transport.agents[index_of(side)].consent_lost, std::nullopt, side, "ice",
        fmt::format("{}'s consent is over: no answer for 30 s", to_string(side)));
}

std::string hello_text(const Dtls& dtls) {
  std::vector<std::string> parts;
  for (const auto* part : {&dtls.version, &dtls.cipher_suite, &dtls.group, &dtls.srtp_profile})
    if (*part)
      parts.push_back(**part);
  std::string out = "ServerHello";
  for (std::size_t i = 0; i < parts.size(); ++i)
    out += (i == 0 ? ": " : ", ") + parts[i];
  return out;
}

// 1.3: by the client's first data. 1.2 away from the client: without the way there and back.
std::string handshake_text(const Dtls& dtls) {
  if (!dtls.handshake_ms)
    return {};
  const bool exact = !is_inferred(dtls.inferred, "handshake_ms");
  return fmt::format(" {} {} ms",
                     exact                        ? "after"
                     : dtls.version == "DTLS 1.3" ? "within"
                                                  : "after at least",
                     number(*dtls.handshake_ms));
}

void Builder::add_dtls(const Transport& transport) {
  const Dtls& dtls = transport.dtls;
  const std::size_t datagrams = dtls.client_hello_datagrams.size();
  add(dtls.started_at, dtls.client_hello, dtls.client, "dtls",
      fmt::format("ClientHello{}{}{}",
                  dtls.client ? " of " + std::string(to_string(*dtls.client)) : std::string(),
                  datagrams > 1 ? fmt::format(" in {} datagrams", datagrams) : std::string(),
                  suffix(transport)));
  const std::size_t first = entries_.size();
  for (const DtlsStep& step : transport.dtls_steps)
    if (dtls.server_hello && step.packet == *dtls.server_hello) {
      add(step.at, dtls.server_hello, step.from, "dtls", hello_text(dtls) + suffix(transport));
      break;
    }
  if (dtls.connected_at)
    add(dtls.connected_at, dtls.connected_by, std::nullopt, "dtls",
        fmt::format("DTLS is finished{}{}{}{}", silent_behind_dtls(transport) ? " on the wire" : "",
                    handshake_text(dtls), is_inferred(dtls.inferred, "state") ? " (inferred)" : "",
                    suffix(transport)));
  weigh(first, Weight::Main);
}

void Builder::add_dtls_end(const Transport& transport) {
  const std::size_t first = entries_.size();
  const Dtls& dtls = transport.dtls;
  for (const DtlsAlert& alert : dtls.alerts)
    add(alert.time, alert.at, alert.from, "dtls",
        fmt::format("{} sends alert {}{}", to_string(alert.from), printable(alert.description),
                    suffix(transport)));
  for (const Side side : {Side::A, Side::B})
    if (ended_with_alert(transport, side))
      add(dtls.sealed_alert_at[index_of(side)], dtls.sealed_alert[index_of(side)], side, "dtls",
          fmt::format("{} ends DTLS with an encrypted alert: close_notify (inferred){}",
                      to_string(side), suffix(transport)));
  weigh(first, Weight::Main);
}

// A side whose media goes on over another path than before.
void Builder::add_moves(const Transport& transport, Side side) {
  constexpr std::uint64_t kLasting = 20;
  const std::size_t first = entries_.size();
  const Flow* before = nullptr;
  for (const Flow& flow : transport.flows) {
    if (flow.from != side || flow.rtp < kLasting || !flow.first_rtp_at || !flow.last_rtp_at)
      continue;
    if (before != nullptr && *flow.first_rtp_at >= *before->last_rtp_at)
      add(flow.first_rtp_at, flow.first_rtp, side, "media",
          fmt::format("RTP of {} moves to {} -> {}, {} after its last on the old path{}{}",
                      to_string(side), to_string(flow.source), to_string(flow.destination),
                      span_text(*flow.first_rtp_at - *before->last_rtp_at),
                      before->last_rtp ? " " + cite_.ref(before->last_rtp) : "",
                      suffix(transport)));
    if (before == nullptr || *flow.last_rtp_at > *before->last_rtp_at)
      before = &flow;
  }
  weigh(first, Weight::Main);
}

void Builder::add_media() {
  const std::size_t begin = entries_.size();
  for (const Side side : {Side::A, Side::B}) {
    const Stream* first = nullptr;
    std::size_t streams = 0;
    for (const Stream& stream : call_.streams) {
      if (stream.from != side || !stream.first_at)
        continue;
      ++streams;
      if (first == nullptr || *stream.first_at < *first->first_at)
        first = &stream;
    }
    if (first != nullptr)
      add(first->first_at, first->first, side, "media",
          fmt::format("first RTP of {}, SSRC {}{}", to_string(side), first->ssrc,
                      streams > 1 ? fmt::format("; {} streams in all", streams) : std::string()));
  }
  for (const Transport& transport : call_.transports)
    for (const Side side : {Side::A, Side::B})
      add_moves(transport, side);
  weigh(begin, Weight::Main);
}

std::string Builder::suffix(const Transport& transport) const {
  return call_.transports.size() > 1 ? fmt::format(" (transport {})", transport.id) : std::string();
}

void Builder::add_silence(const Transport& transport, Side side) {
  // Consent is asked for every 4 to 6 s (RFC 7675 section 5.1).
  constexpr Duration kNews = std::chrono::seconds(7);
  const std::optional<Silence> silence = consent_silence(transport, side, end_);
  const std::size_t first = entries_.size();
  if (silence && silence->lasted >= kNews)
    add(silence->pair->last_response_at, silence->pair->last_response, side, "ice",
        fmt::format("{} gets its last answer; {} after it got none", to_string(side),
                    counted(silence->unanswered, "check")));
  weigh(first, Weight::Main);
}

void Builder::add_end() {
  for (const Side side : {Side::A, Side::B}) {
    for (TimelineEntry& entry : closed_port_entries(call_, cite_, side))
      add(entry.at, entry.packet, side, entry.layer, std::move(entry.what));
    for (const Transport& transport : call_.transports)
      add_silence(transport, side);
    // News only when the other side or the capture goes on without it.
    const std::optional<Instant>& last = call_.last_packet_from_at[index_of(side)];
    const std::optional<PacketRef>& packet = call_.last_packet_from[index_of(side)];
    const bool told = std::any_of(entries_.begin(), entries_.end(), [&](const TimelineEntry& e) {
      return packet && e.packet == packet && e.layer == "dtls";
    });
    if (was_connected(call_) && last && !told && end_ - *last >= std::chrono::milliseconds(500))
      add(last, packet, side, "network", fmt::format("last packet of {}", to_string(side)));
  }
}

std::vector<TimelineEntry> Builder::build() {
  add_stun_servers();
  add_turn();
  for (const Transport& transport : call_.transports) {
    for (const Side side : {Side::A, Side::B}) {
      add_checks(transport, side);
      add_path(transport, side);
    }
    add_ice_life(transport);
    add_dtls(transport);
    add_dtls_end(transport);
  }
  add_media();
  add_end();
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const TimelineEntry& a, const TimelineEntry& b) { return a.at < b.at; });
  return std::move(entries_);
}

}  // namespace

std::vector<TimelineEntry> timeline_of(const Call& call, const Citation& cite, Instant end) {
  return Builder(call, cite, end).build();
}

}  // namespace parley::analyzer

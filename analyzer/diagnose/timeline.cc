#include "analyzer/diagnose/timeline.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/facts.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kMaxEntries = 200;

class Builder {
 public:
  Builder(const Call& call, const Citation& cite) : call_(call), cite_(cite) {}

  std::vector<TimelineEntry> build();

 private:
  void add(const std::optional<Instant>& at, const std::optional<PacketRef>& packet,
           std::optional<Side> peer, std::string_view layer, std::string what);
  void add_stun_servers();
  void add_turn();
  void add_refusals(const TurnAllocation& allocation);
  void add_checks(const Transport& transport, Side side);
  void add_answers(const Transport& transport, Side side);
  void add_nomination(const Transport& transport);
  void add_ice_life(const Transport& transport);
  void add_dtls(const Transport& transport);
  void add_media();
  void add_end();

  const Call& call_;
  const Citation& cite_;
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

void Builder::add_stun_servers() {
  for (const StunServerUse& use : call_.stun_servers) {
    std::string asks = fmt::format("{} asks STUN server {}", who(use.of), to_string(use.server));
    if (use.rtt)
      asks += fmt::format(" (RTT {} ms)", use.rtt->max > use.rtt->min
                                              ? number(use.rtt->min) + " to " + number(use.rtt->max)
                                              : number(use.rtt->min));
    else if (use.responses == 0 && use.requests > 0)
      asks += fmt::format(": no answer to {}", counted(use.requests, "request"));
    add(use.first_at, use.first, use.of, "stun", asks);
    if (use.mapped.empty())
      continue;
    const bool same = use.mapped.front() == use.client;
    add(use.first_response_at, use.first_response, use.of, "stun",
        same ? fmt::format("{} is not behind a NAT: seen as {} itself", who(use.of),
                           to_string(use.client))
             : fmt::format("{} is behind a NAT: {} is seen as {}", who(use.of),
                           to_string(use.client), to_string(use.mapped.front())));
  }
}

void Builder::add_refusals(const TurnAllocation& allocation) {
  for (const TurnRefusal& refusal : allocation.refusals) {
    if ((refusal.code == 401 && !refusal.authenticated) || refusal.code == 438)
      continue;
    add(refusal.first_at, refusal.first, allocation.of, "turn",
        fmt::format("{} of {} is refused: {}{}", refusal.method, who(allocation.of), refusal.code,
                    refusal.reason.empty() ? "" : " " + refusal.reason));
  }
}

void Builder::add_turn() {
  for (const TurnAllocation& allocation : call_.turn) {
    add(allocation.first_at, allocation.first, allocation.of, "turn",
        fmt::format("{} asks TURN server {} over {} for a relay{}", who(allocation.of),
                    to_string(allocation.server), allocation.transport,
                    allocation.responses == 0 && allocation.requests > 0 ? ": no answer" : ""));
    if (allocation.relayed)
      add(allocation.allocated_at, allocation.allocated_by, allocation.of, "turn",
          fmt::format("{} has relay {}{}", who(allocation.of), to_string(*allocation.relayed),
                      allocation.mapped ? ", and is seen as " + to_string(*allocation.mapped)
                                        : std::string()));
    add_refusals(allocation);
    for (const TurnChannel& channel : allocation.channels)
      add(channel.bound_at, channel.bound, allocation.of, "turn",
          fmt::format("{} binds channel {:#06x} to {}", who(allocation.of), channel.number,
                      to_string(channel.peer)));
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
      fmt::format("{}'s first check: {} -> {}{}", to_string(side), candidate_text(first->local),
                  candidate_text(first->remote), first->through_turn ? " through TURN" : ""));
  const Checks checks = checks_of(transport, side);
  if (!ice_worked(transport) && checks.responses == 0 && checks.last != checks.first)
    add(checks.last_at, checks.last, side, "ice",
        fmt::format("{}'s last check: {} sent, none answered", to_string(side), checks.requests));
}

void Builder::add_answers(const Transport& transport, Side side) {
  const Pair* first = nullptr;
  for (const Pair& pair : transport.pairs)
    if (pair.agent == side && pair.first_response_at &&
        (first == nullptr || *pair.first_response_at < *first->first_response_at))
      first = &pair;
  if (first == nullptr)
    return;
  add(first->first_response_at, first->first_response, side, "ice",
      fmt::format("{}'s first answer: {} -> {}", to_string(side), address_word(first->local),
                  address_word(first->remote)));
}

void Builder::add_nomination(const Transport& transport) {
  for (const Pair& pair : transport.pairs)
    if (pair.nominated && pair.nominated_at && pair.use_candidate > 0)
      add(pair.nominated_at, pair.nominated_by, pair.agent, "ice",
          fmt::format("{} nominates {} - {}: {} -> {}", to_string(pair.agent),
                      type_word(pair.local), type_word(pair.remote), address_word(pair.local),
                      address_word(pair.remote)));
}

void Builder::add_ice_life(const Transport& transport) {
  for (const IceRestart& restart : transport.restart_list)
    add(restart.at, restart.packet, restart.by, "ice",
        fmt::format("ICE restart: {} comes with ufrag {}", to_string(restart.by),
                    printable(restart.ufrag)));
  for (const RoleConflict& conflict : transport.conflicts)
    add(conflict.request_at, conflict.request, conflict.claimant, "ice",
        fmt::format("role conflict: {} claims {}, gets 487 {}", to_string(conflict.claimant),
                    role_word(conflict.claimed), cite_.ref(conflict.error)));
  for (const Side side : {Side::A, Side::B}) {
    const TransportAgent& agent = transport.agents[index_of(side)];
    add(agent.connected, std::nullopt, side, "ice",
        fmt::format("{}'s pair is valid and nominated: ICE is connected", to_string(side)));
    add(agent.consent_lost, std::nullopt, side, "ice",
        fmt::format("{}'s consent is lost: no answer for 30 s", to_string(side)));
  }
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

void Builder::add_dtls(const Transport& transport) {
  const Dtls& dtls = transport.dtls;
  const std::size_t datagrams = dtls.client_hello_datagrams.size();
  add(dtls.started_at, dtls.client_hello, dtls.client, "dtls",
      fmt::format("ClientHello{}{}",
                  dtls.client ? " of " + std::string(to_string(*dtls.client)) : std::string(),
                  datagrams > 1 ? fmt::format(" in {} datagrams", datagrams) : std::string()));
  for (const DtlsStep& step : transport.dtls_steps)
    if (dtls.server_hello && step.packet == *dtls.server_hello) {
      add(step.at, dtls.server_hello, step.from, "dtls", hello_text(dtls));
      break;
    }
  if (dtls.connected_at)
    add(dtls.connected_at, std::nullopt, std::nullopt, "dtls",
        fmt::format("DTLS is connected{}{}",
                    dtls.handshake_ms ? " after " + number(*dtls.handshake_ms) + " ms" : "",
                    is_inferred(dtls.inferred, "state") ? " (inferred)" : ""));
}

void Builder::add_media() {
  constexpr std::size_t kStreams = 8;
  std::size_t shown = 0;
  for (const Stream& stream : call_.streams) {
    if (shown == kStreams)
      return;
    if (!stream.first_at)
      continue;
    add(stream.first_at, stream.first, stream.from, "media",
        fmt::format("{}'s first {}RTP, SSRC {}", to_string(stream.from),
                    stream.kind ? *stream.kind + " " : std::string(), stream.ssrc));
    ++shown;
  }
}

void Builder::add_end() {
  for (const Side owner : {Side::A, Side::B}) {
    const IcmpReport* first = nullptr;
    std::size_t count = 0;
    for (const IcmpReport& report : call_.icmp_reports)
      if (report.owner == owner && report.port_unreachable) {
        first = first == nullptr ? &report : first;
        ++count;
      }
    if (first != nullptr)
      add(first->at, first->packet, owner, "network",
          fmt::format("{}'s port {} is closed ({})", to_string(owner), first->refused.port,
                      counted(count, "ICMP port unreachable")));
  }
  for (const Transport& transport : call_.transports)
    for (const Side side : {Side::A, Side::B})
      if (const auto silence = consent_silence(transport, side);
          silence && silence->lasted >= std::chrono::seconds(5))
        add(silence->pair->last_response_at, silence->pair->last_response, side, "ice",
            fmt::format("{}'s last answer; {} after it get none", to_string(side),
                        counted(silence->unanswered, "check")));
  for (const Side side : {Side::A, Side::B}) {
    const std::size_t i = index_of(side);
    add(call_.last_packet_from_at[i], call_.last_packet_from[i], side, "network",
        fmt::format("last packet of {}", to_string(side)));
  }
}

std::vector<TimelineEntry> Builder::build() {
  add_stun_servers();
  add_turn();
  for (const Transport& transport : call_.transports) {
    for (const Side side : {Side::A, Side::B}) {
      add_checks(transport, side);
      add_answers(transport, side);
    }
    add_nomination(transport);
    add_ice_life(transport);
    add_dtls(transport);
    for (const DtlsAlert& alert : transport.dtls.alerts)
      add(alert.time, alert.at, alert.from, "dtls",
          fmt::format("{} sends alert {}", to_string(alert.from), printable(alert.description)));
  }
  add_media();
  add_end();
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const TimelineEntry& a, const TimelineEntry& b) { return a.at < b.at; });
  return std::move(entries_);
}

}  // namespace

std::vector<TimelineEntry> timeline_of(const Call& call, const Citation& cite) {
  return Builder(call, cite).build();
}

}  // namespace parley::analyzer

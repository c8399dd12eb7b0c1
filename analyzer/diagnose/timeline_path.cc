#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/call_end.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/timeline_builder.h"

namespace parley::analyzer {
namespace {

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
  const auto took = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double, std::milli>(*dtls.handshake_ms));
  return fmt::format(" {} {}",
                     exact                        ? "after"
                     : dtls.version == "DTLS 1.3" ? "within"
                                                  : "after at least",
                     span_text(took));
}

}  // namespace

void TimelineBuilder::add_checks(const Transport& transport, Side side) {
  const Pair* first = nullptr;
  for (const Pair& pair : transport.pairs)
    if (pair.agent == side && pair.first_at &&
        (first == nullptr || *pair.first_at < *first->first_at))
      first = &pair;
  if (first == nullptr)
    return;
  add(first->first_at, first->first, side, "ice",
      fmt::format("{}'s first check{}: {} -> {}{}{}", to_string(side),
                  first_checks_missing(transport) ? " seen" : "", candidate_text(first->local),
                  candidate_text(first->remote), first->through_turn ? " through TURN" : "",
                  suffix(transport)));
  // A check in the last moments may still be answered, or followed by another.
  constexpr Duration kOver = std::chrono::seconds(4);
  const Checks checks = checks_of(transport, side);
  const bool over = checks.last_at && end_ - *checks.last_at >= kOver;
  if (!ice_worked(transport) && checks.responses == 0 && checks.last != checks.first && over)
    add(checks.last_at, checks.last, side, "ice",
        fmt::format("{}'s last check: {} sent{}", to_string(side), checks.requests,
                    first->answers_hidden ? "" : ", none answered"));
}

void TimelineBuilder::add_path(const Transport& transport, Side side) {
  // What looks like it is consent on a path that came up before.
  if (first_checks_missing(transport))
    return;
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
  if (agent.connected)
    add_up(transport, side);
  weigh(first, Weight::Main);
}

// The packet that made the agent's pair valid, or nominated it.
void TimelineBuilder::add_up(const Transport& transport, Side side) {
  const TransportAgent& agent = transport.agents[index_of(side)];
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
}

void TimelineBuilder::add_ice_life(const Transport& transport) {
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

void TimelineBuilder::add_dtls(const Transport& transport) {
  const Dtls& dtls = transport.dtls;
  const std::size_t datagrams = dtls.client_hello_datagrams.size();
  add(dtls.started_at, dtls.client_hello, dtls.client, "dtls",
      fmt::format("ClientHello{}{}{}",
                  dtls.client ? " of " + std::string(to_string(*dtls.client)) : std::string(),
                  datagrams > 1 ? fmt::format(" in {} datagrams", datagrams) : std::string(),
                  suffix(transport)));
  for (const DtlsStep& step : transport.dtls_steps)
    if (step.what == "HelloVerifyRequest")
      add(step.at, step.packet, step.from, "dtls",
          fmt::format(
              "HelloVerifyRequest of {}: {} has to repeat its ClientHello with the cookie{}",
              to_string(step.from), to_string(other(step.from)), suffix(transport)));
  const std::size_t first = entries_.size();
  for (const DtlsStep& step : transport.dtls_steps)
    if (dtls.server_hello && step.packet == *dtls.server_hello) {
      add(step.at, dtls.server_hello, step.from, "dtls", hello_text(dtls) + suffix(transport));
      break;
    }
  if (dtls.connected_at && !up_before_capture(transport))
    add(dtls.connected_at, dtls.connected_by, std::nullopt, "dtls",
        fmt::format("DTLS is finished{}{}{}{}", silent_behind_dtls(transport) ? " on the wire" : "",
                    handshake_text(dtls), is_inferred(dtls.inferred, "state") ? " (inferred)" : "",
                    suffix(transport)));
  weigh(first, Weight::Main);
}

void TimelineBuilder::add_dtls_end(const Transport& transport) {
  const std::size_t first = entries_.size();
  const Dtls& dtls = transport.dtls;
  for (const DtlsAlert& alert : dtls.alerts)
    add(alert.time, alert.at, alert.from, "dtls",
        fmt::format("{} sends alert {}{}", to_string(alert.from), printable(alert.description),
                    suffix(transport)));
  for (const Side side : {Side::A, Side::B})
    if (ended_with_alert(transport, side))
      add(dtls.sealed_alert_at[index_of(side)], dtls.sealed_alert[index_of(side)], side, "dtls",
          fmt::format("{} ends DTLS with {}: close_notify (inferred){}", to_string(side),
                      dtls.alert_by_length[index_of(side)]
                          ? "an encrypted record of an alert's length"
                          : "an encrypted alert",
                      suffix(transport)));
  weigh(first, Weight::Main);
}

}  // namespace parley::analyzer

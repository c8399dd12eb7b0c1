#include "analyzer/diagnose/facts.h"

#include <algorithm>

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
  return std::any_of(transport.pairs.begin(), transport.pairs.end(), [](const Pair& pair) {
    return pair.selected || (pair.nominated && pair.responses > 0);
  });
}

std::optional<Instant> ice_up_at(const Transport& transport) {
  std::optional<Instant> earliest;
  const auto consider = [&](const std::optional<Instant>& at) {
    if (at && (!earliest || *at < *earliest))
      earliest = at;
  };
  for (const TransportAgent& agent : transport.agents)
    consider(agent.connected);
  if (!earliest)
    for (const Pair& pair : transport.pairs)
      if (pair.nominated && pair.responses > 0)
        consider(pair.nominated_at ? pair.nominated_at : pair.first_response_at);
  return earliest;
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

std::optional<Silence> consent_silence(const Transport& transport, Side side) {
  const Pair* pair = selected_pair(transport, side);
  if (pair == nullptr || pair->requests_after_last_response == 0 || !pair->last_at ||
      !pair->last_response_at || *pair->last_at <= *pair->last_response_at)
    return std::nullopt;
  return Silence{pair, *pair->last_at - *pair->last_response_at,
                 pair->requests_after_last_response};
}

}  // namespace parley::analyzer

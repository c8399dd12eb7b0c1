#include "analyzer/diagnose/call_end.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "analyzer/diagnose/facts.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

// What was sent just before may be seen after it at another capture point.
constexpr Duration kUnderWay = std::chrono::milliseconds(100);

const TurnAllocation* allocation_at(const Call& call, Side side, const Endpoint& relayed) {
  const auto found =
      std::find_if(call.turn.begin(), call.turn.end(), [&](const TurnAllocation& allocation) {
        return allocation.of == side && allocation.relayed == relayed;
      });
  return found == call.turn.end() ? nullptr : &*found;
}

// What the other side calls it where the allocation itself was not captured.
std::string relay_word(const Call& call, Side side, const IcmpReport& report) {
  if (report.relay_of == side)
    return "relay";
  for (const Candidate& candidate : call.peers[index_of(side)].candidates)
    if (candidate.address == report.refused && candidate.type == trace::CandidateType::Relayed)
      return type_word(candidate);
  return {};
}

RefusedAddress first_refusal(const Call& call, Side side, const IcmpReport& report) {
  RefusedAddress refused;
  refused.address = report.refused;
  refused.first_at = report.at;
  refused.port_closed = true;
  const std::optional<Instant> heard = last_heard_at(call, side);
  refused.after_last = was_connected(call) && heard && report.at >= *heard;
  refused.relay = relay_word(call, side, report);
  if (report.relay_of == side && report.relay_released)
    refused.given_up = allocation_at(call, side, report.refused);
  return refused;
}

std::string icmp_text(std::size_t count) {
  const std::string_view what = "ICMP port unreachable";
  return count == 1 ? std::string(what) : fmt::format("{} {}", count, what);
}

std::string relay_text(const Citation& cite, Side side, const RefusedAddress& relay) {
  const std::string gone = fmt::format("{}'s {} {} is gone ({})", to_string(side), relay.relay,
                                       to_string(relay.address), icmp_text(relay.packets.size()));
  return relay.given_up == nullptr ? gone
                                   : fmt::format("{}: {} gave it up {}", gone, to_string(side),
                                                 cite.ref(relay.given_up->released));
}

}  // namespace

std::vector<RefusedAddress> refused_addresses(const Call& call, Side side) {
  std::vector<RefusedAddress> list;
  for (const IcmpReport& report : call.icmp_reports) {
    if (report.owner != side && report.relay_of != side)
      continue;
    auto known = std::find_if(list.begin(), list.end(),
                              [&](const RefusedAddress& r) { return r.address == report.refused; });
    if (known == list.end())
      known = list.insert(list.end(), first_refusal(call, side, report));
    known->packets.push_back(report.packet);
    known->port_closed = known->port_closed && report.port_unreachable;
  }
  return list;
}

std::vector<TimelineEntry> closed_port_entries(const Call& call, const Citation& cite, Side side) {
  constexpr Duration kTogether = std::chrono::milliseconds(500);
  struct Group {
    const RefusedAddress* first;
    std::vector<std::string> ports;
    std::size_t count;
  };
  std::vector<Group> groups;
  std::vector<TimelineEntry> entries;
  const auto add = [&](const RefusedAddress& refused, std::string what) {
    entries.push_back({refused.first_at, refused.packets.front(), side, "network", std::move(what),
                       Weight::Normal});
  };
  const std::vector<RefusedAddress> list = refused_addresses(call, side);
  for (const RefusedAddress& refused : list) {
    if (!refused.port_closed)
      continue;
    if (!refused.relay.empty()) {
      add(refused, relay_text(cite, side, refused));
      continue;
    }
    if (groups.empty() || refused.first_at - groups.back().first->first_at > kTogether)
      groups.push_back({&refused, {}, 0});
    // A NAT that keeps the port shows it at two addresses.
    std::vector<std::string>& ports = groups.back().ports;
    const std::string port = std::to_string(refused.address.port);
    if (std::find(ports.begin(), ports.end(), port) == ports.end())
      ports.push_back(port);
    groups.back().count += refused.packets.size();
  }
  for (const Group& group : groups)
    add(*group.first, fmt::format("{}'s {} {} {} closed ({})", to_string(side),
                                  group.ports.size() == 1 ? "port" : "ports", listed(group.ports),
                                  group.ports.size() == 1 ? "is" : "are", icmp_text(group.count)));
  return entries;
}

std::optional<Instant> gone_at(const Call& call, Side side) {
  const std::optional<Instant> last = last_heard_at(call, side);
  for (const IcmpReport& report : call.icmp_reports)
    if (report.port_unreachable && (report.owner == side || report.relay_of == side) &&
        (!last || report.at >= *last))
      return report.at;
  return std::nullopt;
}

const TurnAllocation* hung_up(const Call& call, const Transport& transport, Side side) {
  const auto& used = transport.agents[index_of(side)].selected_pair;
  if (!used || !used->local.address || !was_connected(transport))
    return nullptr;
  const TurnAllocation* allocation = allocation_at(call, side, *used->local.address);
  if (allocation == nullptr || !allocation->released_at)
    return nullptr;
  const std::optional<Instant> heard = last_heard_at(call, side);
  return !heard || *heard <= *allocation->released_at + kUnderWay ? allocation : nullptr;
}

namespace {

// The first thing by which a side ended the call.
std::optional<Leaving> leaving_of(const Call& call, Side side) {
  std::optional<Leaving> first;
  const auto add = [&](const Leaving& leaving) {
    if (!first || leaving.at < first->at)
      first = leaving;
  };
  for (const Transport& transport : call.transports) {
    for (const DtlsAlert& alert : transport.dtls.alerts)
      if (alert.from == side && alert.description == "close_notify" && alert.time)
        add({side, *alert.time, alert.at, false, true});
    if (ended_with_alert(transport, side))
      add({side, *transport.dtls.sealed_alert_at[index_of(side)],
           transport.dtls.sealed_alert[index_of(side)], true, true});
  }
  const std::optional<Instant> heard = last_heard_at(call, side);
  for (const TurnAllocation& allocation : call.turn)
    if (allocation.of == side && allocation.released_at && heard &&
        *heard <= *allocation.released_at + kUnderWay)
      add({side, *allocation.released_at, allocation.released, true, false});
  return first;
}

// How much earlier than it was seen a packet of `side` may have been sent: not at all at its own
// socket, at most a round trip at the other's. Empty: not known.
std::optional<Duration> under_way(const Call& call, Side side) {
  std::optional<Duration> most;
  for (const Transport& transport : call.transports) {
    const Pair* own = selected_pair(transport, side);
    if (own != nullptr && own->rtt)
      return Duration{};
    const Pair* theirs = selected_pair(transport, other(side));
    if (theirs == nullptr || !theirs->rtt)
      continue;
    const auto rtt = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double, std::milli>(theirs->rtt->max));
    most = std::max(most.value_or(rtt), rtt);
  }
  return most;
}

// `side` still sent to the other after that, and not merely what was under way when it left.
bool sent_after(const Call& call, Side side, Instant at) {
  const std::optional<Duration> earlier = under_way(call, side);
  const std::optional<Instant> heard = last_heard_at(call, side);
  return earlier && heard && *heard > at + *earlier + kUnderWay;
}

// A side that gives up its relay has ended DTLS before, so one packet that the capture lacks may
// have come earlier than what is seen of its end.
bool left_after(const Call& call, const Leaving& leaving, Instant at) {
  const std::optional<Duration> earlier = under_way(call, leaving.side);
  return leaving.alert && earlier && leaving.at - *earlier > at;
}

}  // namespace

std::optional<Leaving> first_to_leave(const Call& call) {
  // What the other side did, and when, is not there.
  if (one_direction(call))
    return std::nullopt;
  std::optional<Leaving> first = leaving_of(call, Side::A);
  std::optional<Leaving> second = leaving_of(call, Side::B);
  if (!first || (second && second->at < first->at))
    std::swap(first, second);
  if (!first)
    return std::nullopt;
  const bool other_was_there = (second && left_after(call, *second, first->at)) ||
                               sent_after(call, other(first->side), first->at);
  return other_was_there ? first : std::nullopt;
}

}  // namespace parley::analyzer

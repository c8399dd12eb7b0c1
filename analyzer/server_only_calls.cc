#include "analyzer/server_only_calls.h"

#include <algorithm>
#include <map>
#include <optional>

namespace parley::analyzer {

namespace {

using Place = std::pair<std::uint32_t, IpAddress>;

// The call, and the side in it, that has this relayed address among its candidates.
std::optional<std::pair<std::size_t, Side>> user_of(const std::vector<Call>& calls,
                                                    const Endpoint& relayed) {
  for (std::size_t i = 0; i < calls.size(); ++i) {
    for (const Side side : {Side::A, Side::B}) {
      const auto& candidates = calls[i].peers[index_of(side)].candidates;
      if (std::any_of(candidates.begin(), candidates.end(),
                      [&](const Candidate& c) { return c.address == relayed; }))
        return std::pair(i, side);
    }
  }
  return std::nullopt;
}

// An agent asked its server for the way to a relayed address of the other's.
bool asked_for(const Call& x, const Call& y) {
  return std::any_of(x.turn.begin(), x.turn.end(), [&](const TurnAllocation& a) {
    return std::any_of(y.turn.begin(), y.turn.end(), [&](const TurnAllocation& b) {
      return b.relayed && std::find(a.asked_peers.begin(), a.asked_peers.end(), *b.relayed) !=
                              a.asked_peers.end();
    });
  });
}

// Two clients of TURN servers that meant each other are the two ends of one call.
void join_gathering_calls(std::vector<Call>& calls) {
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!calls[i].server_only)
      continue;
    const auto first = calls.begin() + static_cast<std::ptrdiff_t>(i);
    const auto end = std::find_if(first + 1, calls.end(), [&](const Call& y) {
      return y.server_only && y.peers[1].addresses.empty() &&
             (asked_for(*first, y) || asked_for(y, *first));
    });
    if (end == calls.end())
      continue;
    first->peers[1].addresses = end->peers[0].addresses;
    for (TurnAllocation& a : end->turn) {
      a.of = Side::B;
      first->turn.push_back(std::move(a));
    }
    first->first_at = std::min(first->first_at, end->first_at);
    first->last_at = std::max(first->last_at, end->last_at);
    calls.erase(end);
  }
  for (std::size_t i = 0; i < calls.size(); ++i)
    calls[i].id = static_cast<std::uint32_t>(i + 1);
}

}  // namespace

// The relayed address of an allocation is an address of the call that it serves, even where nothing
// shows whose it is; an agent that only gathered, and never checked, is a call of its own.
void add_gathering_calls(std::vector<PlacedAllocation>& left, std::vector<Call>& calls) {
  std::map<Place, std::size_t> gathering;
  for (PlacedAllocation& placed : left) {
    TurnAllocation& a = placed.allocation;
    const auto user = a.relayed ? user_of(calls, *a.relayed) : std::nullopt;
    if (user) {
      a.of = user->second;
      calls[user->first].turn.push_back(std::move(a));
      continue;
    }
    const Place place{placed.clients.front().first, placed.clients.front().second.address};
    const auto [it, added] = gathering.try_emplace(place, calls.size());
    if (added) {
      Call call;
      call.id = static_cast<std::uint32_t>(calls.size() + 1);
      call.server_only = call.outcome_hidden = true;
      call.peers[0].addresses.push_back(place.second);
      call.first_at = call.last_at = a.first_at.value_or(Instant{});
      calls.push_back(std::move(call));
    }
    Call& call = calls[it->second];
    call.last_at = std::max(call.last_at, a.last_at.value_or(call.last_at));
    a.of = Side::A;
    call.turn.push_back(std::move(a));
  }
  join_gathering_calls(calls);
}

// What ICMP says of a relayed address, it says of a port of the TURN server.
void mark_relays(Call& call) {
  for (IcmpReport& report : call.icmp_reports) {
    for (const TurnAllocation& a : call.turn) {
      if (a.relayed != report.refused)
        continue;
      report.owner.reset();
      report.relay_of = a.of;
      report.relay_released = a.released_at && *a.released_at <= report.at;
    }
  }
}

}  // namespace parley::analyzer

// Role conflicts and ICE restarts of a transport, in the order in which they happened.

#include <algorithm>
#include <set>
#include <tuple>

#include "analyzer/transport_builder.h"

namespace parley::analyzer {

namespace {

constexpr std::size_t kMaxListed = 256;
// 487s in one exchange of claims come close together.
constexpr Duration kOneConflict = std::chrono::seconds(2);

struct PlacedConflict {
  Side side = Side::A;
  ConflictEvent event;
};

struct IceEvents {
  std::vector<PlacedConflict> conflicts;
  std::array<std::vector<RoleClaim>, 2> claims;
};

IceEvents collect(Pipeline& pipeline, const FoundCalls& found, const CallLayout& layout,
                  std::uint32_t index) {
  std::set<std::uint32_t> sessions;
  for (const PairSet& set : layout.pairs)
    if (set.transport == index)
      sessions.insert(set.session);
  IceEvents events;
  for (const std::uint32_t s : sessions) {
    const IceSession& session = pipeline.ice().sessions()[s];
    for (const ConflictEvent& e : session.conflicts)
      events.conflicts.push_back({found.side(s, e.agent), e});
    for (std::uint8_t agent = 0; agent < 2; ++agent) {
      auto& list = events.claims[index_of(found.side(s, agent))];
      list.insert(list.end(), session.claims[agent].begin(), session.claims[agent].end());
    }
  }
  std::sort(events.conflicts.begin(), events.conflicts.end(),
            [](const PlacedConflict& x, const PlacedConflict& y) {
              return std::tie(x.event.error.at, x.event.error.ref) <
                     std::tie(y.event.error.at, y.event.error.ref);
            });
  return events;
}

bool is_listed(const std::vector<RoleConflict>& list, const PlacedConflict& c) {
  return std::any_of(list.begin(), list.end(), [&](const RoleConflict& known) {
    return known.claimant == c.side && known.claimed == *c.event.role &&
           c.event.error.at - known.error_at < kOneConflict;
  });
}

void find_settlement(const std::vector<RoleClaim>& claims, RoleConflict& conflict) {
  for (const RoleClaim& claim : claims) {
    if (claim.role == conflict.claimed || claim.first.at < conflict.request_at)
      continue;
    if (!conflict.settled_at || claim.first.at < *conflict.settled_at) {
      conflict.settled = claim.first.ref;
      conflict.settled_at = claim.first.at;
    }
  }
}

}  // namespace

void list_conflicts(Pipeline& pipeline, const FoundCalls& found, const CallLayout& layout,
                    std::uint32_t index, Transport& t) {
  const IceEvents events = collect(pipeline, found, layout, index);
  for (const PlacedConflict& c : events.conflicts) {
    if (!c.event.role || t.conflicts.size() >= kMaxListed || is_listed(t.conflicts, c))
      continue;
    RoleConflict conflict;
    conflict.claimant = c.side;
    conflict.claimed = *c.event.role;
    conflict.request = c.event.request.ref;
    conflict.request_at = c.event.request.at;
    conflict.error = c.event.error.ref;
    conflict.error_at = c.event.error.at;
    find_settlement(events.claims[index_of(c.side)], conflict);
    t.conflicts.push_back(conflict);
  }
  t.role_conflicts = static_cast<std::uint32_t>(t.conflicts.size());
}

void list_restarts(Pipeline& pipeline, const FoundCalls& found, const CallLayout& layout,
                   std::uint32_t index, Transport& t) {
  std::array<std::vector<IceRestart>, 2> seen;
  for (const PairSet& set : layout.pairs) {
    if (set.transport != index)
      continue;
    const IceSession& session = pipeline.ice().sessions()[set.session];
    for (std::uint8_t agent = 0; agent < 2; ++agent) {
      const Side side = found.side(set.session, agent);
      std::vector<IceRestart>& list = seen[index_of(side)];
      const auto known = std::find_if(list.begin(), list.end(), [&](const IceRestart& r) {
        return r.ufrag == session.ufrags[agent];
      });
      if (known == list.end())
        list.push_back({side, session.ufrags[agent], session.first.ref, session.first.at});
      else if (session.first.at < known->at)
        *known = {side, session.ufrags[agent], session.first.ref, session.first.at};
    }
  }
  std::size_t most = 1;
  for (std::vector<IceRestart>& list : seen) {
    std::sort(list.begin(), list.end(), [](const IceRestart& x, const IceRestart& y) {
      return std::tuple(x.at, x.ufrag) < std::tuple(y.at, y.ufrag);
    });
    most = std::max(most, list.size());
    for (std::size_t i = 1; i < list.size() && t.restart_list.size() < kMaxListed; ++i)
      t.restart_list.push_back(list[i]);
  }
  std::stable_sort(t.restart_list.begin(), t.restart_list.end(),
                   [](const IceRestart& x, const IceRestart& y) { return x.at < y.at; });
  t.restarts = static_cast<std::uint32_t>(most - 1);
}

}  // namespace parley::analyzer

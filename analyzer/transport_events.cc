// Role conflicts and ICE restarts of a transport, in the order in which they happened.

#include <algorithm>
#include <map>
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

namespace {

// A path in use is checked at least as often (RFC 7675 section 5.1: every 5 s, give or take a
// fifth); one that no data takes need not be, but for keepalives.
constexpr Duration kCheckedWithin = std::chrono::seconds(6);
constexpr Duration kKeptAliveWithin = std::chrono::seconds(30);
// Media comes far more often than that, on the path that it takes.
constexpr Duration kMediaWithin = std::chrono::seconds(1);

// Data of a transport: when it began, by the routes that a session of ICE checks and elsewhere.
struct FirstData {
  std::optional<Instant> on_its_routes, media_elsewhere;
};

FirstData first_data_of(const Pipeline& pipeline, const CallLayout& layout, std::uint32_t index,
                        std::uint32_t session) {
  std::set<std::uint32_t> routes;
  for (const PairSet& set : layout.pairs)
    if (set.transport == index && set.session == session)
      routes.insert(set.route);
  FirstData first;
  const auto keep = [](std::optional<Instant>& kept, Instant at) {
    kept = std::min(kept.value_or(at), at);
  };
  for (const FlowUse& use : layout.flows) {
    if (use.transport != index)
      continue;
    for (const FlowDirection& way : pipeline.flows()[use.flow].directions) {
      if (routes.count(use.route) > 0 && way.data() > 0)
        keep(first.on_its_routes, way.first_data.at);
      else if (routes.count(use.route) == 0 && way.rtp > 0)
        keep(first.media_elsewhere, way.first_rtp.at);
    }
  }
  return first;
}

Instant begin_of(const Pipeline& pipeline, const CallLayout& layout) {
  std::optional<Instant> begin;
  for (const FlowUse& use : layout.flows) {
    const Instant at = pipeline.flows()[use.flow].first.at;
    begin = std::min(begin.value_or(at), at);
  }
  return begin.value_or(Instant{});
}

enum class Begun { BeforeCapture, InCapture, Unknown };

// When a session was made: in all the time before its first check its paths would have carried
// something, had it been in use.
Begun begun(const FirstData& data, Instant begin, Instant first_check) {
  if (data.on_its_routes && *data.on_its_routes < first_check)
    return Begun::BeforeCapture;
  if (!data.on_its_routes)
    return first_check - begin >= kKeptAliveWithin ? Begun::InCapture : Begun::Unknown;
  const bool media_moved =
      data.media_elsewhere && first_check - *data.media_elsewhere >= kMediaWithin;
  return media_moved || first_check - begin >= kCheckedWithin ? Begun::InCapture : Begun::Unknown;
}

struct KnownUfrag {
  Begun when = Begun::Unknown;
  IceRestart first;  // where it is first seen, restart or not
};
using KnownUfrags = std::map<std::string, KnownUfrag>;

// A ufrag is as old as the oldest session of it; which sessions tell nothing does not matter beside
// one that does.
void note(KnownUfrags& ufrags, const IceRestart& first, Begun when) {
  KnownUfrag& known = ufrags.try_emplace(first.ufrag, KnownUfrag{when, first}).first->second;
  if (when == Begun::BeforeCapture || known.when == Begun::Unknown)
    known.when = when;
  if (first.at < known.first.at)
    known.first = first;
}

// What the capture shows to begin is a restart if anything was there before it.
void list_later(Side side, const KnownUfrags& ufrags, Transport& t) {
  std::vector<std::string> older;
  std::vector<IceRestart> later;
  for (const auto& [ufrag, known] : ufrags)
    if (known.when != Begun::InCapture)
      older.push_back(ufrag);
    else
      later.push_back(known.first);
  std::sort(later.begin(), later.end(), [](const IceRestart& x, const IceRestart& y) {
    return std::tuple(x.at, x.ufrag) < std::tuple(y.at, y.ufrag);
  });
  if (older.empty() && !later.empty())
    later.erase(later.begin());
  t.restarts = std::max(t.restarts, static_cast<std::uint32_t>(later.size()));
  t.restart_list.insert(t.restart_list.end(), later.begin(), later.end());
  if (older.size() > 1)
    t.unordered_ufrags[index_of(side)] = older;
}

}  // namespace

void withdraw_order(const Pipeline& pipeline, const FoundCalls& found, const CallLayout& layout,
                    std::uint32_t index, Transport& t) {
  if (t.restart_list.empty())
    return;
  const Instant begin = begin_of(pipeline, layout);
  std::array<KnownUfrags, 2> ufrags;
  std::set<std::uint32_t> sessions;
  for (const PairSet& set : layout.pairs) {
    if (set.transport != index || !sessions.insert(set.session).second)
      continue;
    const IceSession& session = pipeline.ice().sessions()[set.session];
    const Begun when =
        begun(first_data_of(pipeline, layout, index, set.session), begin, session.first.at);
    for (std::uint8_t agent = 0; agent < 2; ++agent) {
      const Side side = found.side(set.session, agent);
      note(ufrags[index_of(side)],
           {side, session.ufrags[agent], session.first.ref, session.first.at}, when);
    }
  }
  t.restart_list.clear();
  t.restarts = 0;
  for (const Side side : {Side::A, Side::B})
    list_later(side, ufrags[index_of(side)], t);
  std::stable_sort(t.restart_list.begin(), t.restart_list.end(),
                   [](const IceRestart& x, const IceRestart& y) { return x.at < y.at; });
  if (t.restart_list.size() > kMaxListed)
    t.restart_list.resize(kMaxListed);
}

}  // namespace parley::analyzer

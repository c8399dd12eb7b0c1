#include "analyzer/server_builder.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace parley::analyzer {

namespace {

// The entry of an allocation whose flow saw most of it: the base of what is told. Requests are most
// where the client is; where points are equal the first one that saw them is nearest.
bool tells_more(const AllocationSeen& x, const AllocationSeen& y) {
  if (x.requests != y.requests)
    return x.requests > y.requests;
  return x.first && y.first && x.first->at < y.first->at;
}

// Refresh, ChannelBind and the rest need an allocation; answered or used ones have it.
bool made_before(const AllocationSeen& a) {
  const std::uint64_t refused =
      std::accumulate(a.refusals.begin(), a.refusals.end(), std::uint64_t{0},
                      [](std::uint64_t sum, const TurnRefusal& r) { return sum + r.count; });
  return !a.allocated && a.allocates == 0 &&
         (a.relayed_packets[0] + a.relayed_packets[1] > 0 || a.responses > refused);
}

// The requests were not captured. The first 401 is a challenge; who asks again has credentials
// (RFC 8489 section 9.2.3.1).
bool refused_again(const AllocationSeen& a) {
  return a.requests == 0 &&
         std::any_of(a.refusals.begin(), a.refusals.end(), [](const TurnRefusal& r) {
           return r.method == "Allocate" && r.code == 401 && r.count > 1;
         });
}

std::string state_of(const AllocationSeen& a, bool expired) {
  if (a.allocated || made_before(a)) {
    if (a.deleted)
      return "deleted";
    return expired ? "expired" : "allocated";
  }
  if (a.requests > 0 && a.responses == 0 && a.unasked == 0 && !a.knows_nonce)
    return "silent";
  if (refused_again(a))
    return "refused";
  const bool refused = std::any_of(a.refusals.begin(), a.refusals.end(), [](const TurnRefusal& r) {
    return r.method == "Allocate" && (r.authenticated || r.code != 401);
  });
  return refused ? "refused" : "requested";
}

void fill_errors(const AllocationSeen& seen, TurnAllocation& out) {
  std::map<std::uint16_t, std::uint64_t> by_code;
  std::set<std::string> texts;
  for (const TurnRefusal& r : seen.refusals) {
    by_code[r.code] += r.count;
    const std::string text = std::to_string(r.code) + (r.reason.empty() ? "" : " " + r.reason);
    if (texts.insert(text).second)
      out.error_texts.push_back(text);
  }
  for (const auto& [code, count] : by_code) {
    ErrorCount e;
    e.code = code;
    e.count = count;
    out.errors.push_back(e);
  }
  out.refusals = seen.refusals;
}

TurnAllocation describe(const AllocationSeen& seen, const FlowRecord& flow, Instant end) {
  TurnAllocation out;
  out.client = flow.source(seen.to_server);
  out.server = flow.destination(seen.to_server);
  out.transport = flow.key.protocol == TransportProtocol::Tcp ? "tcp" : "udp";
  out.relayed = seen.relayed;
  out.mapped = seen.mapped;
  out.lifetime_s = seen.lifetime_s;
  const bool expired = seen.allocated && seen.lifetime_s &&
                       end - seen.last_refresh > std::chrono::seconds(*seen.lifetime_s);
  out.state = state_of(seen, expired);
  out.made_before = made_before(seen);
  out.asked = seen.allocates > 0;
  const bool refused_unasked = out.state == "refused" && refused_again(seen);
  if ((out.made_before && !seen.deleted) || refused_unasked ||
      (out.state == "requested" && seen.requests == 0))
    out.inferred.emplace_back("state");
  if (seen.assumed_ends)
    out.inferred.insert(out.inferred.end(), {"server", "client"});
  out.cut_short = seen.cut;
  if (seen.knows_nonce)
    out.knows_nonce = seen.knows_nonce->ref;
  out.unread_packets = {seen.unread_packets[0], seen.unread_packets[1]};
  out.holes = flow.directions[0].holes + flow.directions[1].holes;
  out.asked_peers = seen.asked_peers;
  if (seen.deleted) {
    out.released = seen.deleted->ref;
    out.released_at = seen.deleted->at;
  }
  if (flow.ended) {
    out.connection_ended = flow.ended->ref;
    out.connection_ended_at = flow.ended->at;
  }
  for (const ChannelUse& c : seen.channels) {
    if (!c.bound && c.packets == 0)
      continue;
    TurnChannel channel;
    channel.number = c.number;
    channel.peer = c.peer;
    channel.packets = c.packets;
    if (c.bound) {
      channel.bound = c.bound->ref;
      channel.bound_at = c.bound->at;
    }
    out.channels.push_back(channel);
  }
  out.permissions = seen.permissions;
  fill_errors(seen, out);
  out.requests = seen.requests;
  out.responses = seen.responses;
  out.unasked = seen.unasked;
  if (seen.asked_with)
    out.asked_with = seen.asked_with->ref;
  out.asked_as = seen.asked_as;
  out.relayed_packets = {seen.relayed_packets[0], seen.relayed_packets[1]};
  out.hidden_packets = {seen.hidden_packets[0], seen.hidden_packets[1]};
  out.software = seen.software;
  if (seen.first) {
    out.first = seen.first->ref;
    out.first_at = seen.first->at;
    out.last = seen.last->ref;
    out.last_at = seen.last->at;
  }
  if (seen.allocated) {
    out.allocated_by = seen.allocated->ref;
    out.allocated_at = seen.allocated->at;
  }
  return out;
}

// Over TCP nothing is sent twice (RFC 8489 section 6.2.2).
void note_unrepeated(const TurnTracker& turn, std::uint32_t i, TurnAllocation& out) {
  const auto pending = turn.unrepeated(i);
  if (!pending || out.transport != "udp")
    return;
  out.unrepeated = pending->sent.ref;
  out.unrepeated_at = pending->sent.at;
  out.unrepeated_method = stun::method_name(pending->method);
}

void add_point(PointId point, std::vector<PointId>& points) {
  if (std::find(points.begin(), points.end(), point) == points.end())
    points.push_back(point);
}

// Where the entry that is the base of what is told lacks every answer, one that has some.
const AllocationSeen* answered_further_off(TurnTracker& turn, std::uint32_t base,
                                           const std::vector<std::uint32_t>& members) {
  if (turn[base].responses > 0)
    return nullptr;
  const AllocationSeen* most = nullptr;
  for (const std::uint32_t i : members)
    if (turn[i].responses > 0 && turn[i].first && (most == nullptr || tells_more(turn[i], *most)))
      most = &turn[i];
  return most;
}

std::optional<SeenAt> answers_elsewhere(Pipeline& pipeline, const CheckPath& path) {
  if (path.sums.answered_elsewhere.empty())
    return std::nullopt;
  const PathShare& share = path.sums.answered_elsewhere.front();
  const FlowId flow = pipeline.ice().paths()[share.path].flow;
  return SeenAt{share.count,    share.first.ref, share.last.ref,
                share.first.at, share.last.at,   pipeline.flows()[flow].key.point};
}

SeenAt answers_of(const AllocationSeen& seen, PointId point) {
  return {seen.responses, seen.first->ref, seen.last->ref, seen.first->at, seen.last->at, point};
}

StunServerUse describe_use(const CheckPath& path, const FlowRecord& flow) {
  StunServerUse use;
  use.client = flow.source(path.direction);
  use.server = flow.destination(path.direction);
  use.points = {flow.key.point};
  for (const MappedAddress& m : path.mapped)
    use.mapped.push_back(m.address);
  use.first = path.first.ref;
  use.first_at = path.first.at;
  use.last = path.last.ref;
  use.last_at = path.last.at;
  if (path.successes > 0) {
    use.first_response = path.first_success.ref;
    use.first_response_at = path.first_success.at;
    use.last_response = path.last_success.ref;
    use.last_response_at = path.last_success.at;
  }
  return use;
}

}  // namespace

std::vector<PlacedAllocation> build_allocations(Pipeline& pipeline) {
  TurnTracker& turn = pipeline.turn();
  std::map<std::uint32_t, std::vector<std::uint32_t>> groups;
  for (std::uint32_t i = 0; i < turn.size(); ++i)
    groups[turn.sets().root(i)].push_back(i);
  std::vector<PlacedAllocation> list;
  for (const auto& [root, members] : groups) {
    const std::uint32_t best = *std::min_element(
        members.begin(), members.end(),
        [&](std::uint32_t x, std::uint32_t y) { return tells_more(turn[x], turn[y]); });
    PlacedAllocation placed;
    placed.allocation = describe(turn[best], pipeline.flows()[turn[best].flow], pipeline.end());
    note_unrepeated(turn, best, placed.allocation);
    placed.allocation.points = {pipeline.flows()[turn[best].flow].key.point};
    if (const AllocationSeen* seen = answered_further_off(turn, best, members)) {
      const FlowRecord& flow = pipeline.flows()[seen->flow];
      placed.answered = describe(*seen, flow, pipeline.end());
      placed.allocation.answered_elsewhere = answers_of(*seen, flow.key.point);
    }
    for (const std::uint32_t i : members) {
      const FlowRecord& flow = pipeline.flows()[turn[i].flow];
      if (turn[i].requests > 0)
        add_point(flow.key.point, placed.allocation.points);
      placed.clients.emplace_back(flow.key.point, flow.source(turn[i].to_server));
    }
    list.push_back(std::move(placed));
  }
  std::stable_sort(list.begin(), list.end(), [](const auto& x, const auto& y) {
    return x.allocation.first_at < y.allocation.first_at;
  });
  return list;
}

std::vector<PlacedStunUse> build_stun_uses(Pipeline& pipeline) {
  IceTracker& ice = pipeline.ice();
  std::map<std::uint32_t, std::vector<PathId>> groups;
  for (PathId id = 0; id < ice.paths().size(); ++id)
    if (ice.paths()[id].session == kNone)
      groups[ice.path_sets().root(id)].push_back(id);
  std::vector<PlacedStunUse> list;
  for (const auto& [root, members] : groups) {
    const PathId best = *std::max_element(members.begin(), members.end(), [&](PathId x, PathId y) {
      const CheckPath& p = ice.paths()[x];
      const CheckPath& q = ice.paths()[y];
      return p.sums.transactions != q.sums.transactions ? p.sums.transactions < q.sums.transactions
                                                        : p.first.at > q.first.at;
    });
    PlacedStunUse placed;
    placed.use = describe_use(ice.paths()[best], pipeline.flows()[ice.paths()[best].flow]);
    BoundedSample rtt;
    for (const PathId id : members) {
      const CheckPath& path = ice.paths()[id];
      const FlowRecord& flow = pipeline.flows()[path.flow];
      placed.clients.emplace_back(flow.key.point, flow.source(path.direction));
      placed.use.requests += path.sums.requests;
      placed.use.responses += path.sums.successes;
      add_point(flow.key.point, placed.use.points);
      if (!placed.use.answered_elsewhere)
        placed.use.answered_elsewhere = answers_elsewhere(pipeline, path);
      // The questions of these were not captured.
      if (path.requests == 0)
        placed.use.responses += flow.directions[reverse(path.direction)].unasked;
      rtt.merge(path.sums.rtt);
    }
    if (!rtt.empty()) {
      const auto ms = [](Duration d) {
        return std::chrono::duration<double, std::milli>(d).count();
      };
      placed.use.rtt = RttSummary{ms(rtt.min()), ms(rtt.median()), ms(rtt.max())};
    }
    list.push_back(std::move(placed));
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& x, const auto& y) { return x.use.first_at < y.use.first_at; });
  return list;
}

}  // namespace parley::analyzer

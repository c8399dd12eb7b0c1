#include "analyzer/call_layout.h"

#include <optional>
#include <set>
#include <tuple>

#include "analyzer/union_find.h"

namespace parley::analyzer {

namespace {

// m-lines that are not bundled start together; a restart comes later.
constexpr Duration kTogether = std::chrono::seconds(2);

class Layouter {
 public:
  Layouter(Pipeline& pipeline, const FoundCalls& found, std::uint32_t call)
      : flows_(pipeline.flows()),
        ice_(pipeline.ice()),
        dtls_(pipeline.dtls()),
        found_(found),
        sessions_(found.calls[call]) {}

  CallLayout make();

 private:
  struct Lane {
    bool handshake = false;
    std::uint32_t component = 1;
    Instant first;
    std::set<std::uint32_t> sessions;
    std::set<std::string> ufrags;
  };

  void collect_pairs();
  void collect_flows();
  std::vector<std::uint32_t> lanes();
  void describe(const std::vector<std::uint32_t>& lane_of_pair);
  void assign_transports(const std::vector<std::uint32_t>& lane_of_pair);
  void add_hidden_flows();
  bool is_ours(const FlowRecord& carrier) const;
  std::optional<FlowUse> hidden_use(FlowId id, const FlowUse& sibling) const;
  std::optional<std::uint32_t> home_of(const Lane& lane,
                                       const std::vector<std::uint32_t>& homes) const;
  std::uint32_t component_of(const PairSet& pair) const;

  FlowTable& flows_;
  IceTracker& ice_;
  const DtlsTracker& dtls_;
  const FoundCalls& found_;
  const std::vector<std::uint32_t>& sessions_;
  CallLayout layout_;
  std::map<std::uint32_t, Lane> lanes_;
};

std::uint32_t Layouter::component_of(const PairSet& pair) const {
  // PRIORITY ends in 256 - component (RFC 8445 section 5.1.2.1).
  for (const PathId id : pair.paths) {
    const auto priority = ice_.paths()[id].priority;
    if (priority && (*priority & 0xffU) == 0xfeU)
      return 2;
  }
  return 1;
}

void Layouter::collect_pairs() {
  std::map<std::uint32_t, std::size_t> pair_of_root;
  for (const std::uint32_t s : sessions_) {
    for (const PathId id : ice_.sessions()[s].paths) {
      const auto [it, added] =
          pair_of_root.try_emplace(ice_.path_sets().root(id), layout_.pairs.size());
      if (added) {
        layout_.pairs.emplace_back();
        layout_.pairs.back().side = found_.side(s, ice_.paths()[id].agent);
        layout_.pairs.back().session = s;
      }
      layout_.pairs[it->second].paths.push_back(id);
    }
  }
  for (PairSet& pair : layout_.pairs) {
    std::sort(pair.paths.begin(), pair.paths.end());
    pair.nearest = *std::max_element(pair.paths.begin(), pair.paths.end(), [&](PathId x, PathId y) {
      const CheckPath& p = ice_.paths()[x];
      const CheckPath& q = ice_.paths()[y];
      return std::tuple(p.sums.transactions, q.first.at) <
             std::tuple(q.sums.transactions, p.first.at);
    });
    pair.component = component_of(pair);
  }
  std::stable_sort(layout_.pairs.begin(), layout_.pairs.end(),
                   [&](const PairSet& x, const PairSet& y) {
                     return ice_.paths()[x.nearest].first.at < ice_.paths()[y.nearest].first.at;
                   });
}

void Layouter::collect_flows() {
  const auto count = static_cast<std::uint32_t>(layout_.pairs.size());
  UnionFind routes(count);
  std::map<FlowId, std::uint32_t> pair_of_flow;
  for (std::uint32_t i = 0; i < count; ++i) {
    const PairSet& pair = layout_.pairs[i];
    for (const PathId id : pair.paths) {
      const CheckPath& path = ice_.paths()[id];
      const auto [it, added] = pair_of_flow.try_emplace(path.flow, i);
      if (!added) {
        routes.join(i, it->second);
        continue;
      }
      FlowUse use;
      use.flow = path.flow;
      use.from_a = pair.side == Side::A ? path.direction : reverse(path.direction);
      layout_.flows.push_back(use);
    }
  }
  std::map<std::uint32_t, std::uint32_t> number;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto next = static_cast<std::uint32_t>(number.size());
    layout_.pairs[i].route = number.try_emplace(routes.root(i), next).first->second;
  }
  layout_.routes = static_cast<std::uint32_t>(number.size());
  for (FlowUse& use : layout_.flows)
    use.route = layout_.pairs[pair_of_flow[use.flow]].route;
  std::sort(layout_.flows.begin(), layout_.flows.end(), [&](const FlowUse& x, const FlowUse& y) {
    const FlowRecord& f = flows_[x.flow];
    const FlowRecord& g = flows_[y.flow];
    return std::tuple(f.first.at, x.flow) < std::tuple(g.first.at, y.flow);
  });
}

// Pairs that share a socket of either side at some capture point.
std::vector<std::uint32_t> Layouter::lanes() {
  const auto count = static_cast<std::uint32_t>(layout_.pairs.size());
  UnionFind sets(count);
  std::map<std::tuple<Side, std::uint32_t, std::uint32_t, Endpoint>, std::uint32_t> owner;
  std::map<std::uint32_t, std::uint32_t> by_route;
  for (std::uint32_t i = 0; i < count; ++i) {
    const PairSet& pair = layout_.pairs[i];
    sets.join(i, by_route.try_emplace(pair.route, i).first->second);
    for (const PathId id : pair.paths) {
      const CheckPath& path = ice_.paths()[id];
      const FlowRecord& flow = flows_[path.flow];
      const std::tuple own{pair.side, pair.component, flow.key.point, flow.source(path.direction)};
      const std::tuple theirs{other(pair.side), pair.component, flow.key.point,
                              flow.destination(path.direction)};
      sets.join(i, owner.try_emplace(own, i).first->second);
      sets.join(i, owner.try_emplace(theirs, i).first->second);
    }
  }
  std::vector<std::uint32_t> lane(count);
  for (std::uint32_t i = 0; i < count; ++i)
    lane[i] = sets.root(i);
  return lane;
}

void Layouter::describe(const std::vector<std::uint32_t>& lane_of_pair) {
  for (std::uint32_t i = 0; i < layout_.pairs.size(); ++i) {
    const PairSet& pair = layout_.pairs[i];
    const auto [it, added] = lanes_.try_emplace(lane_of_pair[i]);
    Lane& lane = it->second;
    const CheckPath& nearest = ice_.paths()[pair.nearest];
    if (added) {
      lane.first = nearest.first.at;
      lane.component = pair.component;
    }
    lane.sessions.insert(pair.session);
    for (const std::string& ufrag : ice_.sessions()[pair.session].ufrags)
      lane.ufrags.insert(ufrag);
    for (const PathId id : pair.paths) {
      const std::uint32_t association = flows_[ice_.paths()[id].flow].association;
      if (association != kNone && dtls_[association].client)
        lane.handshake = true;
    }
  }
}

// The transport that a lane without a handshake of its own belongs to: a restart goes on with the
// association it had.
std::optional<std::uint32_t> Layouter::home_of(const Lane& lane,
                                               const std::vector<std::uint32_t>& homes) const {
  std::optional<std::uint32_t> same_component, shared;
  for (const std::uint32_t home : homes) {
    const Lane& candidate = lanes_.at(home);
    if (candidate.component != lane.component)
      continue;
    const bool parallel = !candidate.handshake && candidate.sessions != lane.sessions &&
                          lane.first - candidate.first < kTogether;
    if (parallel)
      continue;
    if (!same_component)
      same_component = home;
    const bool shares = std::any_of(lane.ufrags.begin(), lane.ufrags.end(),
                                    [&](const auto& u) { return candidate.ufrags.count(u) > 0; });
    if (shares && !shared)
      shared = home;
  }
  return shared ? shared : same_component;
}

void Layouter::assign_transports(const std::vector<std::uint32_t>& lane_of_pair) {
  std::vector<std::uint32_t> homes;
  for (const auto& [id, lane] : lanes_)
    if (lane.handshake)
      homes.push_back(id);
  std::map<std::uint32_t, std::uint32_t> home_of_lane;
  for (const std::uint32_t home : homes)
    home_of_lane[home] = home;
  // Lanes are numbered by their first pair, so this goes by time.
  for (const auto& [id, lane] : lanes_) {
    if (lane.handshake)
      continue;
    const auto home = home_of(lane, homes);
    home_of_lane[id] = home.value_or(id);
    if (!home)
      homes.push_back(id);
  }
  std::map<std::uint32_t, std::uint32_t> number;
  std::map<std::uint32_t, std::uint32_t> transport_of_route;
  for (std::uint32_t i = 0; i < layout_.pairs.size(); ++i) {
    PairSet& pair = layout_.pairs[i];
    const std::uint32_t home = home_of_lane[lane_of_pair[i]];
    const auto [it, added] =
        number.try_emplace(home, static_cast<std::uint32_t>(layout_.components.size()));
    if (added)
      layout_.components.push_back(lanes_[home].component);
    pair.transport = it->second;
    transport_of_route[pair.route] = it->second;
  }
  layout_.transports = static_cast<std::uint32_t>(layout_.components.size());
  for (FlowUse& use : layout_.flows)
    use.transport = transport_of_route[use.route];
}

// All checks inside this TURN flow are those of this call.
bool Layouter::is_ours(const FlowRecord& carrier) const {
  return std::all_of(carrier.inner.begin(), carrier.inner.end(), [&](FlowId id) {
    return std::all_of(flows_[id].paths.begin(), flows_[id].paths.end(), [&](PathId path) {
      const std::uint32_t session = ice_.paths()[path].session;
      return session == kNone ||
             std::find(sessions_.begin(), sessions_.end(), session) != sessions_.end();
    });
  });
}

// The use of a flow inside the same TURN flow as `sibling`, when it has packets and no checks.
std::optional<FlowUse> Layouter::hidden_use(FlowId id, const FlowUse& sibling) const {
  const FlowRecord& flow = flows_[id];
  const FlowRecord& known = flows_[sibling.flow];
  const bool silent = flow.directions[0].data() + flow.directions[1].data() == 0;
  if (!flow.in_use || flow.key.carrier != known.key.carrier || flow.proof != FlowProof::Ice ||
      !flow.paths.empty() || silent)
    return std::nullopt;
  // Both have the client's end in common.
  const Endpoint& from_a = known.source(sibling.from_a);
  const Endpoint& from_b = known.destination(sibling.from_a);
  FlowUse use = sibling;
  use.flow = id;
  if (flow.key.a == from_a || flow.key.b == from_b)
    use.from_a = 0;
  else if (flow.key.b == from_a || flow.key.a == from_b)
    use.from_a = 1;
  else
    return std::nullopt;
  return use;
}

// What goes through a channel that was bound before the capture began need not have a check in it.
void Layouter::add_hidden_flows() {
  std::map<FlowId, FlowUse> carriers;
  for (const FlowUse& use : layout_.flows)
    if (flows_[use.flow].key.carrier != kNone)
      carriers.try_emplace(flows_[use.flow].key.carrier, use);
  for (const auto& [carrier, sibling] : carriers) {
    if (!is_ours(flows_[carrier]))
      continue;
    for (const FlowId id : flows_[carrier].inner) {
      if (auto use = hidden_use(id, sibling)) {
        use->route = layout_.routes++;
        layout_.flows.push_back(*use);
      }
    }
  }
}

CallLayout Layouter::make() {
  collect_pairs();
  collect_flows();
  const std::vector<std::uint32_t> lane_of_pair = lanes();
  describe(lane_of_pair);
  assign_transports(lane_of_pair);
  add_hidden_flows();
  return std::move(layout_);
}

}  // namespace

CallLayout lay_out(Pipeline& pipeline, const FoundCalls& found, std::uint32_t call) {
  return Layouter(pipeline, found, call).make();
}

}  // namespace parley::analyzer

#include "analyzer/call_builder.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "analyzer/address_book.h"
#include "analyzer/call_finder.h"
#include "analyzer/call_layout.h"
#include "analyzer/candidate_list.h"
#include "analyzer/host_traffic.h"
#include "analyzer/model/coverage.h"
#include "analyzer/nat_builder.h"
#include "analyzer/point_sides.h"
#include "analyzer/route_points.h"
#include "analyzer/server_builder.h"
#include "analyzer/server_only_calls.h"
#include "analyzer/transport_builder.h"

namespace parley::analyzer {

namespace {

constexpr std::size_t kMaxListed = 256;
constexpr std::uint64_t kAnswersOfLite = 2;
// Gathering comes before the first check, keepalives to servers go on after the last.
constexpr Duration kBeforeCall = std::chrono::seconds(120);

using Place = std::pair<std::uint32_t, IpAddress>;
using Socket = std::pair<std::uint32_t, Endpoint>;

// Whose address is whose, to give allocations and STUN questions to their calls.
struct Owner {
  std::uint32_t call = 0;
  Side side = Side::A;
  Instant first, last;
};

class Builder {
 public:
  explicit Builder(Pipeline& pipeline)
      : pipeline_(pipeline), book_(pipeline), hosts_seen_(pipeline), found_(find_calls(pipeline)) {}

  std::vector<Call> build();

 private:
  Call build_call(std::uint32_t index);
  void note_owners(std::uint32_t index, const CallLayout& layout);
  void note_client(std::uint32_t index, const FlowUse& use);
  void fill_peers(std::uint32_t index, const CallLayout& layout, const PairBuilder& pairs,
                  Call& call) const;
  void fill_ufrags(std::uint32_t index, Call& call) const;
  void fill_roles(std::uint32_t index, const CallLayout& layout, Call& call) const;
  void fill_candidates(const CallLayout& layout, const PairBuilder& pairs, Call& call) const;
  void fill_last_packet(const CallLayout& layout, Side side, Call& call) const;
  void fill_totals(const CallLayout& layout, Call& call) const;
  void fill_icmp(const CallLayout& layout, Call& call) const;
  void place_servers(std::vector<Call>& calls) const;
  const Owner* owner_of(const std::vector<Socket>& clients, std::optional<Instant> at) const;

  Pipeline& pipeline_;
  AddressBook book_;
  HostBook hosts_seen_;
  FoundCalls found_;
  std::map<Socket, std::vector<Owner>> sockets_;
  std::map<Place, std::vector<Owner>> hosts_;
};

// Inside TURN the client of the allocation is one of the two sides.
void Builder::note_client(std::uint32_t index, const FlowUse& use) {
  const FlowRecord& flow = pipeline_.flows()[use.flow];
  const FlowRecord& outer = pipeline_.flows()[flow.key.carrier];
  const AllocationSeen& allocation = pipeline_.turn()[outer.turn];
  const Endpoint& client = outer.source(allocation.to_server);
  const Endpoint& speaks_from = allocation.relayed ? *allocation.relayed : client;
  for (const Side side : {Side::A, Side::B})
    if (flow.source(direction_of(use, side)) == speaks_from)
      sockets_[{flow.key.point, client}].push_back({index, side, flow.first.at, flow.last_at});
}

void Builder::note_owners(std::uint32_t index, const CallLayout& layout) {
  for (const FlowUse& use : layout.flows) {
    const FlowRecord& flow = pipeline_.flows()[use.flow];
    if (flow.key.carrier != kNone) {
      note_client(index, use);
      continue;
    }
    for (const Side side : {Side::A, Side::B}) {
      const Endpoint& socket = flow.source(direction_of(use, side));
      // Relayed addresses belong to a server: they say nothing about whose requests come from it.
      if (book_.is_relayed(socket) || book_.is_turn_server(socket.address))
        continue;
      const Owner owner{index, side, flow.first.at, flow.last_at};
      sockets_[{flow.key.point, socket}].push_back(owner);
      hosts_[{flow.key.point, socket.address}].push_back(owner);
    }
  }
}

// The same socket first, then the same host; of several calls the one that is nearest in time.
const Owner* Builder::owner_of(const std::vector<Socket>& clients,
                               std::optional<Instant> at) const {
  const Owner* best = nullptr;
  Duration best_distance = Duration::max();
  const auto look = [&](const std::vector<Owner>& owners) {
    for (const Owner& owner : owners) {
      Duration distance{};
      if (at && *at < owner.first)
        distance = owner.first - *at;
      else if (at && *at > owner.last)
        distance = *at - owner.last;
      if (distance <= kBeforeCall && distance < best_distance) {
        best = &owner;
        best_distance = distance;
      }
    }
  };
  for (const Socket& client : clients)
    if (const auto it = sockets_.find(client); it != sockets_.end())
      look(it->second);
  if (best != nullptr)
    return best;
  for (const auto& [point, socket] : clients)
    if (const auto it = hosts_.find({point, socket.address}); it != hosts_.end())
      look(it->second);
  return best;
}

// The place in the longest restart list that names it: m-lines that are not bundled have ufrags
// side by side, all of generation 0. Empty where the order does not show.
std::optional<std::uint32_t> generation_of(const Call& call, Side side, const std::string& ufrag) {
  std::uint32_t longest = 0;
  for (const Transport& t : call.transports) {
    const std::vector<std::string>& unordered = t.unordered_ufrags[index_of(side)];
    if (std::find(unordered.begin(), unordered.end(), ufrag) != unordered.end())
      return std::nullopt;
    std::uint32_t generation = 0;
    for (const IceRestart& r : t.restart_list) {
      if (r.by != side)
        continue;
      ++generation;
      if (r.ufrag != ufrag)
        continue;
      if (!unordered.empty())
        return std::nullopt;
      longest = std::max(longest, generation);
    }
  }
  return longest;
}

void Builder::fill_ufrags(std::uint32_t index, Call& call) const {
  std::array<std::map<std::string, Instant>, 2> first;
  for (const std::uint32_t s : found_.calls[index]) {
    const IceSession& session = pipeline_.ice().sessions()[s];
    for (std::uint8_t agent = 0; agent < 2; ++agent) {
      const std::size_t side = index_of(found_.side(s, agent));
      const auto it = first[side].try_emplace(session.ufrags[agent], session.first.at).first;
      it->second = std::min(it->second, session.first.at);
      if (!session.software[agent].empty() && !call.peers[side].software)
        call.peers[side].software = session.software[agent];
    }
  }
  for (const Side side : {Side::A, Side::B}) {
    std::vector<std::pair<Instant, std::string>> order;
    for (const auto& [ufrag, at] : first[index_of(side)])
      order.emplace_back(at, ufrag);
    std::sort(order.begin(), order.end());
    std::vector<Ufrag>& ufrags = call.peers[index_of(side)].ufrags;
    for (const auto& [at, ufrag] : order)
      ufrags.push_back({ufrag, generation_of(call, side, ufrag)});
    std::stable_sort(ufrags.begin(), ufrags.end(),
                     [](const Ufrag& x, const Ufrag& y) { return x.generation < y.generation; });
  }
}

// Checks of the other side that this one answered.
std::uint64_t answers_of(const Call& call, Side side) {
  std::uint64_t answers = 0;
  for (const Transport& t : call.transports)
    for (const Pair& pair : t.pairs)
      if (pair.agent == other(side))
        answers += pair.responses;
  return answers;
}

// What each side first said of its role, and whether it sent any check.
struct Claims {
  std::array<std::optional<RoleClaim>, 2> first;
  std::array<bool, 2> asked{};
};

Claims first_claims(const IceTracker& ice, const FoundCalls& found, std::uint32_t call) {
  Claims claims;
  for (const std::uint32_t s : found.calls[call]) {
    const IceSession& session = ice.sessions()[s];
    for (std::uint8_t agent = 0; agent < 2; ++agent) {
      const std::size_t side = index_of(found.side(s, agent));
      claims.asked[side] = claims.asked[side] || session.first_request[agent].has_value();
      auto& first = claims.first[side];
      const auto& own = session.claims[agent];
      if (!own.empty() && (!first || own.front().first.at < first->first.at))
        first = own.front();
    }
  }
  return claims;
}

void Builder::fill_roles(std::uint32_t index, const CallLayout& layout, Call& call) const {
  // Requests of which it is not known whether they are checks.
  const auto asked_behind_cut = [&](Side side) {
    return std::any_of(layout.flows.begin(), layout.flows.end(), [&](const FlowUse& use) {
      return pipeline_.flows()[use.flow].directions[direction_of(use, side)].nameless > 0;
    });
  };
  const auto [first, asked] = first_claims(pipeline_.ice(), found_, index);
  for (const Side side : {Side::A, Side::B}) {
    Peer& peer = call.peers[index_of(side)];
    const auto& own = first[index_of(side)];
    const auto& theirs = first[index_of(other(side))];
    if (own) {
      peer.ice_role = own->role;
    } else if (theirs) {
      const bool controlled = theirs->role == trace::IceRole::Controlling;
      peer.ice_role = controlled ? trace::IceRole::Controlled : trace::IceRole::Controlling;
      peer.inferred.emplace_back("ice_role");
    }
    // An agent that answers and never asks is ICE-lite (RFC 8445 section 2.5).
    if (!asked[index_of(side)] && answers_of(call, side) >= kAnswersOfLite &&
        !asked_behind_cut(side)) {
      peer.ice_lite = true;
      peer.inferred.emplace_back("ice_lite");
    }
  }
}

// What an agent sends from, what the other side aims at, and what servers said of its sockets.
void Builder::fill_candidates(const CallLayout& layout, const PairBuilder& pairs,
                              Call& call) const {
  for (const PairSet& set : layout.pairs) {
    const CheckPath& path = pipeline_.ice().paths()[set.nearest];
    const FlowRecord& flow = pipeline_.flows()[path.flow];
    Peer& own = call.peers[index_of(set.side)];
    Peer& other_peer = call.peers[index_of(other(set.side))];
    const Pair pair = pairs.build(set);
    if (pairs.sees_own_socket(set) || pair.local.type)
      add_candidate(own.candidates, pair.local);
    const Endpoint base = flow.source(path.direction);
    if (const auto* outside = book_.seen_by_servers(flow.key.point, base)) {
      for (const Endpoint& address : *outside) {
        if (address == base)
          continue;
        Candidate c;
        c.type = trace::CandidateType::ServerReflexive;
        c.address = address;
        c.related = base;
        add_candidate(own.candidates, c);
      }
    }
    add_candidate(own.candidates, pairs.selected(set).local);
    add_candidate(other_peer.candidates, pair.remote);
  }
}

void Builder::fill_peers(std::uint32_t index, const CallLayout& layout, const PairBuilder& pairs,
                         Call& call) const {
  fill_ufrags(index, call);
  fill_roles(index, layout, call);
  fill_candidates(layout, pairs, call);
  for (const Side side : {Side::A, Side::B})
    if (call.peers[index_of(side)].ice_lite)
      mark_hosts_of_lite(side, call);
  for (Peer& peer : call.peers) {
    std::set<IpAddress> seen;
    for (const Candidate& c : peer.candidates)
      if (c.type != trace::CandidateType::Relayed && seen.insert(c.address->address).second)
        peer.addresses.push_back(c.address->address);
  }
}

// The last packet of a side over all routes: of each route where most of the side's packets were
// seen, which is at its own end, and first.
void Builder::fill_last_packet(const CallLayout& layout, Side side, Call& call) const {
  std::map<std::uint32_t, const FlowDirection*> nearest;
  for (const FlowUse& use : layout.flows) {
    const FlowDirection& way = pipeline_.flows()[use.flow].directions[direction_of(use, side)];
    const FlowDirection*& best = nearest[use.route];
    if (way.packets() > 0 &&
        (best == nullptr || way.packets() > best->packets() ||
         (way.packets() == best->packets() && way.last_any.at < best->last_any.at)))
      best = &way;
  }
  auto& at = call.last_packet_from_at[index_of(side)];
  for (const auto& [route, way] : nearest) {
    if (way == nullptr || (at && way->last_any.at <= *at))
      continue;
    at = way->last_any.at;
    call.last_packet_from[index_of(side)] = way->last_any.ref;
  }
}

void Builder::fill_totals(const CallLayout& layout, Call& call) const {
  bool any = false;
  for (const Side side : {Side::A, Side::B}) {
    const std::size_t s = index_of(side);
    call.packets_from[s] = layout.count(kNone, [&](const FlowUse& use) {
      return pipeline_.flows()[use.flow].directions[direction_of(use, side)].packets();
    });
    for (const FlowUse& use : layout.flows) {
      const FlowRecord& flow = pipeline_.flows()[use.flow];
      const FlowDirection& way = flow.directions[direction_of(use, side)];
      if (way.packets() == 0)
        continue;
      if (!any || flow.first.at < call.first_at)
        call.first_at = flow.first.at;
      if (!any || flow.last_at > call.last_at)
        call.last_at = flow.last_at;
      any = true;
    }
  }
  for (const Side side : {Side::A, Side::B})
    fill_last_packet(layout, side, call);
  std::set<std::uint32_t> captures;
  std::set<PointId> points;
  for (const FlowUse& use : layout.flows) {
    captures.insert(pipeline_.flows()[use.flow].first.ref.capture);
    points.insert(pipeline_.flows()[use.flow].key.point);
  }
  call.captures.assign(captures.begin(), captures.end());
  call.points.assign(points.begin(), points.end());
}

// Each packet once, where it was seen first, which is nearest to the one that sent it. A NAT that
// stands at a capture point shows it on two flows there.
void Builder::fill_icmp(const CallLayout& layout, Call& call) const {
  std::map<FlowId, const FlowUse*> uses;
  for (const FlowUse& use : layout.flows)
    uses[use.flow] = &use;
  // The quoted packet, and how many reports of it came before on the same flow.
  using Quoted = std::tuple<std::uint32_t, bool, std::uint64_t>;
  std::map<std::pair<FlowId, Quoted>, std::uint32_t> on_flow;
  std::set<std::pair<Quoted, std::uint32_t>> known;
  for (const IcmpSeen& seen : pipeline_.icmp()) {
    const auto it = uses.find(seen.flow);
    if (it == uses.end() || call.icmp_reports.size() >= kMaxListed)
      continue;
    const FlowRecord& flow = pipeline_.flows()[seen.flow];
    const Quoted quoted{it->second->route, seen.refused == it->second->from_a, seen.quoted};
    if (!known.emplace(quoted, on_flow[{seen.flow, quoted}]++).second)
      continue;
    IcmpReport report;
    report.packet = seen.seen.ref;
    report.at = seen.seen.at;
    report.type = seen.type;
    report.code = seen.code;
    // RFC 792 type 3 code 3, RFC 4443 type 1 code 4.
    report.port_unreachable =
        seen.v6 ? seen.type == 1 && seen.code == 4 : seen.type == 3 && seen.code == 3;
    report.source = flow.source(seen.refused);
    report.refused = flow.destination(seen.refused);
    report.owner = seen.refused == it->second->from_a ? Side::B : Side::A;
    call.icmp.push_back(report.packet);
    call.icmp_reports.push_back(report);
  }
}

// How and when ICE came up was before the capture: the first check that was seen is one of consent.
void withdraw_beginning(Transport& t) {
  for (TransportAgent& agent : t.agents) {
    agent.connected.reset();
    agent.nominates.reset();
    std::erase(agent.inferred, "connected_s");
  }
}

// Once its servers are known.
void judge_beginning(Call& call) {
  // An answer would not be in the capture.
  for (TurnAllocation& allocation : call.turn)
    if (allocation.state == "silent" && !answers_could_show(call, allocation))
      allocation.state = "requested";
  for (Transport& t : call.transports) {
    t.first_checks_missing = checked_before_capture(call, t);
    if (t.first_checks_missing || begins_behind_cut(t))
      withdraw_beginning(t);
  }
}

Call Builder::build_call(std::uint32_t index) {
  const CallLayout layout = lay_out(pipeline_, found_, index);
  note_owners(index, layout);
  Call call;
  call.id = index + 1;
  const PointSides sides(pipeline_, layout, book_);
  const PairBuilder pairs(pipeline_, layout, book_, sides);
  const TransportBuilder transports(pipeline_, found_, layout, pairs);
  const RoutePoints points(pipeline_, layout, sides);
  for (std::uint32_t t = 0; t < layout.transports; ++t) {
    call.transports.push_back(transports.build(t));
    fill_media_points(pipeline_, layout, points, call.transports.back());
    const std::vector<Stream> streams = build_streams(pipeline_, layout, points, t);
    call.streams.insert(call.streams.end(), streams.begin(), streams.end());
  }
  call.traffic = hosts_seen_.traffic_of(layout, book_);
  for (HostTraffic& here : call.traffic)
    if (const std::optional<PointSide> side = sides.at(here.point)) {
      here.beside = side->side;
      here.beside_inferred = side->inferred;
    }
  if (const auto way = one_direction(call))
    for (Transport& t : call.transports)
      t.heard_only = way->sender();
  for (Transport& t : call.transports)
    for (Pair& pair : t.pairs)
      pair.answers_hidden =
          pair.responses == 0 && pair.errors.empty() && !answers_could_show(call, pair);
  for (Transport& t : call.transports)
    if (up_before_capture(t))
      withdraw_order(pipeline_, found_, layout, t.id, t);
  fill_peers(index, layout, pairs, call);
  fill_nats(pipeline_, layout, call);
  fill_totals(layout, call);
  fill_icmp(layout, call);
  return call;
}

// Where the client's own capture could not show the answers, another point tells what they were.
TurnAllocation as_answered(const Call& call, PlacedAllocation placed, Side owner) {
  const TurnAllocation& near = placed.allocation;
  if (!placed.answered || near.points.empty() ||
      could_show(call, near.points.front(), other(owner)))
    return std::move(placed.allocation);
  TurnAllocation told = std::move(*placed.answered);
  told.client = near.client;
  told.points = near.points;
  told.first = near.first;
  told.first_at = near.first_at;
  return told;
}

void Builder::place_servers(std::vector<Call>& calls) const {
  std::vector<PlacedAllocation> left;
  for (PlacedAllocation& placed : build_allocations(pipeline_)) {
    const Owner* owner = owner_of(placed.clients, placed.allocation.first_at);
    if (owner == nullptr) {
      left.push_back(std::move(placed));
      continue;
    }
    TurnAllocation told = as_answered(calls[owner->call], std::move(placed), owner->side);
    told.of = owner->side;
    calls[owner->call].turn.push_back(std::move(told));
  }
  for (PlacedStunUse& placed : build_stun_uses(pipeline_)) {
    const Owner* owner = owner_of(placed.clients, placed.use.first_at);
    if (owner == nullptr || calls[owner->call].stun_servers.size() >= kMaxListed)
      continue;
    placed.use.of = owner->side;
    if (placed.use.requests == 0)
      add_told_address(placed.use, calls[owner->call].peers[index_of(owner->side)]);
    calls[owner->call].stun_servers.push_back(std::move(placed.use));
  }
  add_gathering_calls(left, calls);
  for (Call& call : calls) {
    mark_relays(call);
    judge_beginning(call);
  }
}

std::vector<Call> Builder::build() {
  std::vector<Call> calls;
  for (std::uint32_t i = 0; i < found_.calls.size(); ++i)
    calls.push_back(build_call(i));
  place_servers(calls);
  return calls;
}

}  // namespace

std::vector<Call> build_calls(Pipeline& pipeline) {
  return Builder(pipeline).build();
}

}  // namespace parley::analyzer

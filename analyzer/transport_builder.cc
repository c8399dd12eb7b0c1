#include "analyzer/transport_builder.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace parley::analyzer {

namespace {

constexpr std::size_t kMaxListed = 256;
// Consent is lost after 30 s without a response (RFC 7675 section 5.1).
constexpr Duration kConsent = std::chrono::seconds(30);
// Before that, this long a silence of several checks is a disconnection that applications are told.
constexpr Duration kDisconnected = std::chrono::seconds(5);
constexpr std::uint64_t kUnansweredForDisconnected = 3;
// A checklist that tried this long without an answer has failed; browsers wait 15 s.
constexpr Duration kFailed = std::chrono::seconds(10);
// 487s in one exchange of claims come close together.
constexpr Duration kOneConflict = std::chrono::seconds(2);

template <class T>
void keep_earliest(std::optional<T>& kept, const T& value) {
  if (!kept || value < *kept)
    kept = value;
}

}  // namespace

void TransportBuilder::build_pairs(std::uint32_t index, Transport& t,
                                   std::vector<const PairSet*>& sets) const {
  for (const Side side : {Side::A, Side::B})
    for (const PairSet& set : layout_.pairs)
      if (set.transport == index && set.side == side)
        sets.push_back(&set);
  for (const PairSet* set : sets)
    t.pairs.push_back(pairs_.build(*set));
}

std::optional<std::uint32_t> TransportBuilder::data_route(std::uint32_t index, Side side) const {
  std::optional<std::uint32_t> route;
  Instant last;
  for (const FlowUse& use : layout_.flows) {
    const FlowDirection& way = pipeline_.flows()[use.flow].directions[direction_of(use, side)];
    if (use.transport != index || way.data() == 0)
      continue;
    if (!route || way.last_data.at > last) {
      route = use.route;
      last = way.last_data.at;
    }
  }
  return route;
}

// Where an agent's data goes says which pair it selected; without data, nomination does.
void TransportBuilder::select(Transport& t, const std::vector<const PairSet*>& sets,
                              Side side) const {
  const auto route = data_route(t.id, side);
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const Pair& pair = t.pairs[i];
    if (sets[i]->side != side || (route && sets[i]->route != *route) ||
        (!route && !(pair.nominated && pair.responses > 0)))
      continue;
    const auto last = [&](std::size_t n) {
      return t.pairs[n].last_response_at.value_or(Instant{});
    };
    if (!best || last(i) > last(*best))
      best = i;
  }
  if (best) {
    t.pairs[*best].selected = true;
    t.agents[index_of(side)].selected_pair = pairs_.selected(*sets[*best]);
    if (route && !t.pairs[*best].nominated)
      t.agents[index_of(side)].inferred.emplace_back("selected_pair");
    return;
  }
  if (!route)
    return;
  // An agent that sends no checks of its own (ICE-lite): the pair is the other's, turned round.
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (sets[i]->route != *route || sets[i]->side == side)
      continue;
    const SelectedPair theirs = pairs_.selected(*sets[i]);
    SelectedPair mine{theirs.remote, theirs.local};
    mine.local.type.reset();
    mine.remote.type.reset();
    mine.local.inferred.clear();
    mine.remote.inferred.clear();
    mine.remote.related.reset();
    t.agents[index_of(side)].selected_pair = mine;
    t.agents[index_of(side)].inferred.emplace_back("selected_pair");
    return;
  }
}

void TransportBuilder::nomination(Transport& t, const std::vector<const PairSet*>& sets,
                                  Side side) const {
  // Aggressive: USE-CANDIDATE before any check of that pair was answered (RFC 5245
  // section 8.1.1.2).
  std::optional<bool> aggressive;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const CheckPath& path = pipeline_.ice().paths()[sets[i]->nearest];
    if (sets[i]->side != side || path.use_candidate == 0)
      continue;
    const bool before_answer =
        path.successes == 0 || path.first_use_candidate.at < path.first_success.at;
    aggressive = aggressive.value_or(false) || before_answer;
  }
  if (aggressive)
    t.agents[index_of(side)].nominates =
        *aggressive ? trace::Nomination::Aggressive : trace::Nomination::Regular;
}

void TransportBuilder::agent_state(Transport& t, Side side) const {
  TransportAgent& agent = t.agents[index_of(side)];
  std::optional<Instant> first, last_request;
  const Pair* selected = nullptr;
  bool answered = false;
  for (const Pair& pair : t.pairs) {
    if (pair.agent != side)
      continue;
    if (pair.selected)
      selected = &pair;
    answered = answered || pair.responses > 0;
    if (pair.first_at)
      keep_earliest(first, *pair.first_at);
    if (pair.last_at && (!last_request || *pair.last_at > *last_request))
      last_request = pair.last_at;
    if (pair.nominated && pair.first_response_at) {
      // A controlled agent's pair is up when it is both valid and nominated.
      const Instant up =
          std::max(*pair.first_response_at, pair.nominated_at.value_or(*pair.first_response_at));
      keep_earliest(agent.connected, up);
    }
  }
  if (!first) {
    if (agent.selected_pair) {
      agent.state = trace::IceState::Connected;
      agent.inferred.emplace_back("state");
    }
    return;
  }
  if (!answered && !agent.selected_pair) {
    const bool over = *last_request - *first >= kFailed;
    agent.state = over ? trace::IceState::Failed : trace::IceState::Checking;
    agent.inferred.emplace_back("state");
    return;
  }
  agent.state = agent.selected_pair || agent.connected ? trace::IceState::Connected
                                                       : trace::IceState::Checking;
  agent.inferred.emplace_back("state");
  if (selected == nullptr || !selected->last_response_at || !selected->last_at)
    return;
  const Duration silent = *selected->last_at - *selected->last_response_at;
  if (silent >= kConsent) {
    agent.consent_lost = *selected->last_response_at + kConsent;
    agent.state = trace::IceState::Failed;
  } else if (silent >= kDisconnected &&
             selected->requests_after_last_response >= kUnansweredForDisconnected) {
    agent.state = trace::IceState::Disconnected;
  }
}

// When one side lost the path, what the other one noticed shows only at its own socket.
void TransportBuilder::withdraw_unseen_state(Transport& t, const std::vector<const PairSet*>& sets,
                                             Side side) const {
  const auto down = [](const TransportAgent& agent) {
    return agent.state == trace::IceState::Disconnected || agent.state == trace::IceState::Failed;
  };
  TransportAgent& agent = t.agents[index_of(side)];
  const TransportAgent& peer = t.agents[index_of(other(side))];
  if (down(agent) || !down(peer) || !agent.state)
    return;
  const bool seen = std::any_of(sets.begin(), sets.end(), [&](const PairSet* set) {
    return set->side == side && pairs_.sees_own_socket(*set);
  });
  if (!seen) {
    agent.state.reset();
    std::erase(agent.inferred, "state");
  }
}

void TransportBuilder::count_packets(std::uint32_t index, Transport& t) const {
  for (const Side side : {Side::A, Side::B}) {
    const std::size_t s = index_of(side);
    const auto sum = [&](auto member) {
      return layout_.count(index, [&](const FlowUse& use) {
        return pipeline_.flows()[use.flow].directions[direction_of(use, side)].*member;
      });
    };
    t.dtls_packets[s] = sum(&FlowDirection::dtls);
    t.srtp_packets[s] = sum(&FlowDirection::rtp);
    t.srtcp_packets[s] = sum(&FlowDirection::rtcp);
    t.stun_packets[s] = sum(&FlowDirection::stun);
  }
}

// Of each route the flow that saw most, in the directions that carried something.
void TransportBuilder::list_flows(std::uint32_t index, Transport& t) const {
  for (const Side side : {Side::A, Side::B}) {
    std::map<std::uint32_t, const FlowUse*> best;
    const auto data = [&](const FlowUse& use) {
      return pipeline_.flows()[use.flow].directions[direction_of(use, side)].data();
    };
    for (const FlowUse& use : layout_.flows) {
      if (use.transport != index || data(use) == 0)
        continue;
      const FlowUse*& b = best[use.route];
      if (b == nullptr || data(use) > data(*b))
        b = &use;
    }
    for (const auto& [route, use] : best) {
      if (t.flows.size() >= kMaxListed)
        break;
      const FlowRecord& record = pipeline_.flows()[use->flow];
      const Direction d = direction_of(*use, side);
      const FlowDirection& way = record.directions[d];
      Flow flow;
      flow.from = side;
      flow.source = record.source(d);
      flow.destination = record.destination(d);
      flow.through_turn = record.key.carrier != kNone;
      flow.dtls = way.dtls;
      flow.rtp = way.rtp;
      flow.rtcp = way.rtcp;
      flow.first = way.first_data.ref;
      flow.first_at = way.first_data.at;
      flow.last = way.last_data.ref;
      flow.last_at = way.last_data.at;
      if (way.rtp > 0) {
        flow.first_rtp = way.first_rtp.ref;
        flow.first_rtp_at = way.first_rtp.at;
        flow.last_rtp = way.last_rtp.ref;
        flow.last_rtp_at = way.last_rtp.at;
      }
      t.flows.push_back(flow);
    }
  }
  std::stable_sort(t.flows.begin(), t.flows.end(),
                   [](const Flow& x, const Flow& y) { return x.first_at < y.first_at; });
}

void TransportBuilder::conflicts(std::uint32_t index, Transport& t) const {
  std::set<std::uint32_t> sessions;
  for (const PairSet& set : layout_.pairs)
    if (set.transport == index)
      sessions.insert(set.session);
  std::vector<std::pair<Side, ConflictEvent>> events;
  std::array<std::vector<RoleClaim>, 2> claims;
  for (const std::uint32_t s : sessions) {
    const IceSession& session = pipeline_.ice().sessions()[s];
    for (const ConflictEvent& e : session.conflicts)
      events.emplace_back(found_.side(s, e.agent), e);
    for (std::uint8_t agent = 0; agent < 2; ++agent)
      for (const RoleClaim& claim : session.claims[agent])
        claims[index_of(found_.side(s, agent))].push_back(claim);
  }
  std::sort(events.begin(), events.end(), [](const auto& x, const auto& y) {
    return std::tuple(x.second.error.at, x.second.error.ref) <
           std::tuple(y.second.error.at, y.second.error.ref);
  });
  for (const auto& [side, event] : events) {
    if (!event.role || t.conflicts.size() >= kMaxListed)
      continue;
    const bool same = std::any_of(
        t.conflicts.begin(), t.conflicts.end(), [&, s = side, &e = event](const RoleConflict& c) {
          return c.claimant == s && c.claimed == *e.role && e.error.at - c.error_at < kOneConflict;
        });
    if (same)
      continue;
    RoleConflict conflict;
    conflict.claimant = side;
    conflict.claimed = *event.role;
    conflict.request = event.request.ref;
    conflict.request_at = event.request.at;
    conflict.error = event.error.ref;
    conflict.error_at = event.error.at;
    for (const RoleClaim& claim : claims[index_of(side)]) {
      if (claim.role == conflict.claimed || claim.first.at < conflict.request_at)
        continue;
      if (!conflict.settled_at || claim.first.at < *conflict.settled_at) {
        conflict.settled = claim.first.ref;
        conflict.settled_at = claim.first.at;
      }
    }
    t.conflicts.push_back(conflict);
  }
  t.role_conflicts = static_cast<std::uint32_t>(t.conflicts.size());
}

void TransportBuilder::restarts(std::uint32_t index, Transport& t) const {
  std::array<std::vector<IceRestart>, 2> seen;
  for (const PairSet& set : layout_.pairs) {
    if (set.transport != index)
      continue;
    const IceSession& session = pipeline_.ice().sessions()[set.session];
    for (std::uint8_t agent = 0; agent < 2; ++agent) {
      const Side side = found_.side(set.session, agent);
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

Transport TransportBuilder::build(std::uint32_t index) const {
  Transport t;
  t.id = index;
  t.component = layout_.components[index];
  std::vector<const PairSet*> sets;
  build_pairs(index, t, sets);
  count_packets(index, t);
  for (const Side side : {Side::A, Side::B}) {
    select(t, sets, side);
    nomination(t, sets, side);
    agent_state(t, side);
  }
  for (const Side side : {Side::A, Side::B})
    withdraw_unseen_state(t, sets, side);
  list_flows(index, t);
  conflicts(index, t);
  restarts(index, t);
  build_dtls(pipeline_, layout_, index, t);
  return t;
}

std::vector<Stream> TransportBuilder::streams(std::uint32_t index) const {
  struct Entry {
    const RtpStream* stream;
    std::uint32_t route;
  };
  std::map<std::pair<std::uint32_t, Side>, std::vector<Entry>> sources;
  for (const FlowUse& use : layout_.flows) {
    if (use.transport != index)
      continue;
    for (const std::uint32_t i : pipeline_.flows()[use.flow].streams) {
      const RtpStream& s = pipeline_.rtp()[i];
      const Side side = s.direction == use.from_a ? Side::A : Side::B;
      sources[{s.ssrc, side}].push_back({&s, use.route});
    }
  }
  std::vector<Stream> list;
  for (const auto& [key, entries] : sources) {
    // Of each route the flow that saw most; where several saw the same, the first.
    std::map<std::uint32_t, const RtpStream*> best;
    std::map<std::uint32_t, std::uint64_t> lost, rtcp;
    for (const Entry& e : entries) {
      const RtpStream*& b = best[e.route];
      if (b == nullptr || e.stream->packets > b->packets)
        b = e.stream;
      lost[e.route] = std::max(lost[e.route], e.stream->lost());
      rtcp[e.route] = std::max(rtcp[e.route], e.stream->rtcp_packets);
    }
    Stream s;
    s.ssrc = key.first;
    s.from = key.second;
    s.transport = index;
    std::set<std::uint8_t> types;
    s.lost = s.reordered = s.duplicated = 0;
    for (const auto& [route, stream] : best) {
      s.rtcp_packets += rtcp[route];
      if (stream->packets == 0)
        continue;
      s.packets += stream->packets;
      s.bytes += stream->bytes;
      *s.lost += lost[route];
      *s.reordered += stream->reordered;
      *s.duplicated += stream->duplicated;
      for (const std::uint8_t pt : stream->payload_type_list())
        types.insert(pt);
      if (!s.first_at || stream->first.at < *s.first_at) {
        s.first_at = stream->first.at;
        s.first = stream->first.ref;
      }
      if (!s.last_at || stream->last.at > *s.last_at) {
        s.last_at = stream->last.at;
        s.last = stream->last.ref;
      }
    }
    if (s.packets == 0)
      continue;
    s.payload_types.assign(types.begin(), types.end());
    const double seconds = to_seconds(*s.last_at - *s.first_at);
    if (seconds > 0)
      s.bitrate_bps = static_cast<double>(s.bytes) * 8 / seconds;
    list.push_back(std::move(s));
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const Stream& x, const Stream& y) { return *x.first_at < *y.first_at; });
  return list;
}

}  // namespace parley::analyzer

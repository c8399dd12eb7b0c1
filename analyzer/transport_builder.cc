#include "analyzer/transport_builder.h"

#include <algorithm>

namespace parley::analyzer {

namespace {

constexpr std::size_t kMaxListed = 256;
// Consent is lost after 30 s without a response (RFC 7675 section 5.1).
constexpr Duration kConsent = std::chrono::seconds(30);
// Checks are 5 s apart, give or take a fifth.
constexpr Duration kLongestInterval = std::chrono::seconds(6);
// Before that, this long a silence of several checks is a disconnection that applications are told.
constexpr Duration kDisconnected = std::chrono::seconds(5);
constexpr std::uint64_t kUnansweredForDisconnected = 3;

template <class T>
void keep_earliest(std::optional<T>& kept, const T& value) {
  if (!kept || value < *kept)
    kept = value;
}

bool has(const Inferred& inferred, std::string_view member) {
  return std::find(inferred.begin(), inferred.end(), member) != inferred.end();
}

// What the pairs of one agent say together.
struct AgentPairs {
  std::optional<Instant> first, last, connected;
  const Pair* selected = nullptr;
  bool answered = false, all_failed = true;
};

AgentPairs sum_up(const Transport& t, Side side) {
  AgentPairs sum;
  for (const Pair& pair : t.pairs) {
    if (pair.agent != side)
      continue;
    if (pair.selected)
      sum.selected = &pair;
    sum.answered = sum.answered || pair.responses > 0;
    sum.all_failed = sum.all_failed && pair.state == trace::PairState::Failed;
    if (pair.first_at)
      keep_earliest(sum.first, *pair.first_at);
    if (pair.last_at && (!sum.last || *pair.last_at > *sum.last))
      sum.last = pair.last_at;
    // A controlled agent's pair is up when it is both valid and nominated.
    if (pair.nominated && pair.first_response_at)
      keep_earliest(sum.connected, std::max(*pair.first_response_at,
                                            pair.nominated_at.value_or(*pair.first_response_at)));
  }
  return sum;
}

// RFC 7675: the last answer on the selected pair, and how long the agent asked on after it. When
// consent expires it stops asking, at most one interval after its last check.
void judge_consent(const Pair& selected, Instant end, TransportAgent& agent) {
  if (!selected.last_response_at || !selected.last_at)
    return;
  const Instant since =
      std::max(*selected.last_response_at, agent.connected.value_or(*selected.last_response_at));
  const Duration silent = *selected.last_at - since;
  if (selected.requests_after_last_response < kUnansweredForDisconnected)
    return;
  if (silent >= kConsent - kLongestInterval && end - since >= kConsent) {
    agent.consent_lost = since + kConsent;
    agent.inferred.emplace_back("consent_lost_s");
    agent.state = trace::IceState::Failed;
  } else if (silent >= kDisconnected) {
    agent.state = trace::IceState::Disconnected;
  }
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

// Where an agent's data goes says which pair it selected; without data, nomination does. An agent
// that nominates has selected nothing until it is answered: data may flow before, on any valid pair
// (RFC 8445 sections 8.1.1 and 12.1).
void TransportBuilder::select(Transport& t, const std::vector<const PairSet*>& sets,
                              const OwnFlows& own, Side side) const {
  std::uint64_t nominating = 0;
  bool nominated = false;
  for (const Pair& pair : t.pairs) {
    if (pair.agent != side)
      continue;
    nominating += pair.use_candidate;
    nominated = nominated || pair.nominated;
  }
  if (nominating > 0 && !nominated && !own[index_of(side)].empty())
    return;
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
  const AgentPairs sum = sum_up(t, side);
  agent.connected = sum.connected;
  const bool up = agent.selected_pair || agent.connected;
  if (!sum.first && !up)
    return;
  agent.inferred.emplace_back("state");
  if (up) {
    agent.state = trace::IceState::Connected;
  } else {
    agent.state = sum.all_failed ? trace::IceState::Failed : trace::IceState::Checking;
  }
  if (sum.selected != nullptr)
    judge_consent(*sum.selected, pipeline_.end(), agent);
}

// When one side lost the path, or stopped to ask for consent, what the other one, or this one,
// noticed shows only at its own socket.
void TransportBuilder::withdraw_unseen_state(Transport& t, const OwnFlows& own, Side side) const {
  const auto down = [](const TransportAgent& agent) {
    return agent.state == trace::IceState::Disconnected || agent.state == trace::IceState::Failed;
  };
  TransportAgent& agent = t.agents[index_of(side)];
  const TransportAgent& peer = t.agents[index_of(other(side))];
  const AgentPairs sum = sum_up(t, side);
  const bool asks = sum.last && pipeline_.end() - *sum.last <= kLongestInterval;
  if (down(agent) || (asks && !down(peer)) || !agent.state || !own[index_of(side)].empty())
    return;
  agent.state.reset();
  std::erase(agent.inferred, "state");
}

OwnFlows TransportBuilder::own_flows(const std::vector<const PairSet*>& sets) const {
  OwnFlows own;
  for (const PairSet* set : sets)
    if (pairs_.sees_own_socket(*set))
      own[index_of(set->side)].insert(pipeline_.ice().paths()[set->nearest].flow);
  return own;
}

// Away from an agent's socket the packets that connect it pass up to a way's delay earlier, and may
// still be lost: the time is a bound, and nothing where the other agent's own one is known.
void TransportBuilder::limit_distant(Transport& t, const OwnFlows& own) {
  for (const Side side : {Side::A, Side::B}) {
    TransportAgent& agent = t.agents[index_of(side)];
    if (!own[index_of(side)].empty())
      continue;
    if (agent.selected_pair && !has(agent.inferred, "selected_pair"))
      agent.inferred.emplace_back("selected_pair");
    if (!agent.connected)
      continue;
    if (own[index_of(other(side))].empty())
      agent.inferred.emplace_back("connected_s");
    else
      agent.connected.reset();
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

Transport TransportBuilder::build(std::uint32_t index) const {
  Transport t;
  t.id = index;
  t.component = layout_.components[index];
  std::vector<const PairSet*> sets;
  build_pairs(index, t, sets);
  count_packets(index, t);
  const OwnFlows own = own_flows(sets);
  for (const Side side : {Side::A, Side::B}) {
    select(t, sets, own, side);
    nomination(t, sets, side);
    agent_state(t, side);
  }
  for (const Side side : {Side::A, Side::B})
    withdraw_unseen_state(t, own, side);
  limit_distant(t, own);
  list_flows(index, t);
  list_conflicts(pipeline_, found_, layout_, index, t);
  list_restarts(pipeline_, found_, layout_, index, t);
  build_dtls(pipeline_, layout_, own, index, t);
  return t;
}

}  // namespace parley::analyzer

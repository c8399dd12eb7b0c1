// What each agent of a transport selected, and the state that it is in, judged from where its
// packets were seen: at its own socket, or from afar.

#include <algorithm>

#include "analyzer/transport_builder.h"

namespace parley::analyzer {

namespace {

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
  const std::optional<Instant> answered =
      selected.responses > 0 ? selected.last_response_at : selected.first_at;
  if (!answered || !selected.last_at)
    return;
  const Instant since = std::max(*answered, agent.connected.value_or(*answered));
  const Duration silent = *selected.last_at - since;
  const std::uint64_t unanswered =
      selected.responses > 0 ? selected.requests_after_last_response : selected.requests;
  if (unanswered < kUnansweredForDisconnected)
    return;
  if (silent >= kConsent - kLongestInterval && end - since >= kConsent) {
    agent.consent_lost = since + kConsent;
    agent.inferred.emplace_back("consent_lost_s");
    agent.state = trace::IceState::Failed;
  } else if (silent >= kDisconnected) {
    agent.state = trace::IceState::Disconnected;
  }
}

// Every check over it was answered, but for one that may still be.
bool loses_nothing(const Pair* pair) {
  return pair != nullptr && pair->responses > 0 && pair->requests_after_last_response <= 1 &&
         pair->unanswered <= pair->requests_after_last_response;
}

}  // namespace

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

// When this side sent media or application data last: it has both its pair and its keys, and the
// consent to use them (RFC 7675 section 5.1).
std::optional<Instant> TransportBuilder::last_protected(std::uint32_t index, Side side) const {
  std::optional<Instant> last;
  for (const FlowUse& use : layout_.flows) {
    const FlowRecord& flow = pipeline_.flows()[use.flow];
    const Direction d = direction_of(use, side);
    const FlowDirection& way = flow.directions[d];
    if (use.transport != index || way.data() == 0)
      continue;
    const bool application = flow.association != kNone &&
                             pipeline_.dtls()[flow.association].halves[d].application.has_value();
    if ((way.rtp + way.rtcp > 0 || application) && (!last || way.last_data.at > *last))
      last = way.last_data.at;
  }
  return last;
}

// An agent that nominates has selected nothing until it is answered: data may flow before, on any
// valid pair (RFC 8445 sections 8.1.1 and 12.1). That an answer arrived shows at its own socket, or
// in what the agent does next: another check, or data that only a connected agent sends.
bool TransportBuilder::may_wait(const Transport& t, const std::vector<const PairSet*>& sets,
                                const OwnFlows& own, Side side) const {
  std::uint64_t nominating = 0;
  bool nominated = false;
  bool asked_on = false;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (sets[i]->side != side)
      continue;
    nominating += t.pairs[i].use_candidate;
    nominated = nominated || t.pairs[i].nominated;
    asked_on =
        asked_on || std::any_of(sets[i]->paths.begin(), sets[i]->paths.end(),
                                [&](PathId id) { return pipeline_.ice().paths()[id].asked_on; });
  }
  if (nominating == 0)
    return false;
  if (!own[index_of(side)].empty())
    return !nominated;
  return !asked_on && !last_protected(t.id, side);
}

// Where an agent's data goes says which pair it selected; without data, nomination does.
void TransportBuilder::select(Transport& t, const std::vector<const PairSet*>& sets,
                              const OwnFlows& own, Side side) const {
  if (may_wait(t, sets, own, side))
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

// An agent whose socket is not captured, at the end of the captures. Its checks go on until its
// consent expires, whether answers reach it or not; more is said by data, which takes consent, and
// by a path on which the other side lost nothing.
bool TransportBuilder::lives(const Transport& t, Side side) const {
  const Instant end = pipeline_.end();
  const AgentPairs sum = sum_up(t, side);
  const bool asks = sum.last && end - *sum.last <= kLongestInterval;
  if (t.agents[index_of(side)].state != trace::IceState::Connected)
    return asks;
  if (asks && loses_nothing(sum_up(t, other(side)).selected))
    return true;
  const std::optional<Instant> data = last_protected(t.id, side);
  return data && end - *data <= (asks ? kConsent : kLongestInterval);
}

// When one side lost the path, or stopped to ask for consent, what the other one, or this one,
// noticed shows only at its own socket. Answers that it was sent may be lost on the way.
void TransportBuilder::withdraw_unseen_state(Transport& t, const OwnFlows& own, Side side) const {
  const auto down = [](const TransportAgent& agent) {
    return agent.state == trace::IceState::Disconnected || agent.state == trace::IceState::Failed;
  };
  TransportAgent& agent = t.agents[index_of(side)];
  const TransportAgent& peer = t.agents[index_of(other(side))];
  if (down(agent) || !agent.state || !own[index_of(side)].empty() ||
      (lives(t, side) && !down(peer)))
    return;
  agent.state.reset();
  std::erase(agent.inferred, "state");
}

// Away from an agent's socket the packets that connect it pass up to a way's delay earlier, and may
// still be lost: the time is a bound, and nothing where the other agent's own one is known.
void TransportBuilder::limit_distant(Transport& t, const std::vector<const PairSet*>& sets,
                                     const OwnFlows& own) const {
  for (const Side side : {Side::A, Side::B}) {
    TransportAgent& agent = t.agents[index_of(side)];
    if (!own[index_of(side)].empty()) {
      // At its socket as far as can be inferred.
      if (agent.connected && std::any_of(sets.begin(), sets.end(), [&](const PairSet* set) {
            return set->side == side && pairs_.may_see_own_socket(*set);
          }))
        agent.inferred.emplace_back("connected_s");
      continue;
    }
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

}  // namespace parley::analyzer

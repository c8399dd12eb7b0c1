#include "analyzer/pair_builder.h"

#include <algorithm>
#include <array>

namespace parley::analyzer {

namespace {

bool is_private(const IpAddress& address) {
  const AddressClass c = address.classify();
  return c == AddressClass::Private || c == AddressClass::LinkLocal || c == AddressClass::Loopback;
}

double milliseconds(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

constexpr std::uint64_t kTransmissions = 7;  // Rc of RFC 8489 section 6.2.1
// Requests for this long without an answer, and none after them.
constexpr Duration kTriedEnough = std::chrono::seconds(10);
constexpr Duration kQuietAfterChecks = std::chrono::seconds(4);
// libwebrtc stops to check a connection after 15 s without any answer (CONNECTION_WRITE_TIMEOUT of
// its p2p_constants), the last check being a round of pairs earlier: nothing need follow in the
// capture.
constexpr Duration kTriedToTheEnd = std::chrono::milliseconds(14'900);

}  // namespace

const PairSet* PairBuilder::reverse_of(const PairSet& set) const {
  const PairSet* best = nullptr;
  const auto fitness = [&](const PairSet& candidate) {
    const FlowId flow = nearest(set).flow;
    const bool same_flow = std::any_of(candidate.paths.begin(), candidate.paths.end(),
                                       [&](PathId id) { return ice_.paths()[id].flow == flow; });
    return (candidate.session == set.session ? 2 : 0) + (same_flow ? 1 : 0);
  };
  for (const PairSet& candidate : layout_.pairs) {
    if (candidate.route != set.route || candidate.side == set.side)
      continue;
    if (best == nullptr || fitness(candidate) > fitness(*best))
      best = &candidate;
  }
  return best;
}

std::optional<Endpoint> PairBuilder::mapped_of(const PairSet& set) const {
  for (const PathId id : set.paths)
    if (!ice_.paths()[id].mapped.empty())
      return ice_.paths()[id].mapped.back().address;
  return std::nullopt;
}

bool PairBuilder::behind_nat(const CheckPath& path) const {
  const FlowRecord& flow = flows_[path.flow];
  const Endpoint& base = flow.source(path.direction);
  if (!path.mapped.empty() && path.mapped.back().address != base)
    return true;
  const std::vector<Endpoint>* outside = book_.seen_by_servers(flow.key.point, base);
  return outside != nullptr && outside->front() != base;
}

bool PairBuilder::sees_own_socket(const PairSet& set) const {
  const std::optional<PointSide> here = sides_.at(flows_[nearest(set).flow].key.point);
  return here && here->side == set.side && here->own_socket;
}

bool PairBuilder::may_see_own_socket(const PairSet& set) const {
  return sees_own_socket(set) && sides_.at(flows_[nearest(set).flow].key.point)->inferred;
}

// No router has passed its packets on before they come here, and the other side sees them come from
// the address that they have here: a host candidate's, which is its own base.
bool PairBuilder::is_public_host(const PairSet& set) const {
  constexpr std::array<std::uint8_t, 3> kInitial = {64, 128, 255};
  const CheckPath& path = nearest(set);
  const bool unrouted =
      std::find(kInitial.begin(), kInitial.end(), path.hop_limit) != kInitial.end();
  return unrouted && flows_[path.flow].key.carrier == kNone && sees_own_socket(set) &&
         !path.mapped.empty() &&
         path.mapped.back().address == flows_[path.flow].source(path.direction);
}

Candidate PairBuilder::local(const PairSet& set) const {
  const CheckPath& path = nearest(set);
  const FlowRecord& flow = flows_[path.flow];
  Candidate c;
  c.address = flow.source(path.direction);
  // PRIORITY is that of a peer-reflexive candidate here (RFC 8445 section 7.1.1), not this one's.
  if (flow.key.carrier != kNone) {
    const FlowRecord& outer = flows_[flow.key.carrier];
    const AllocationSeen& allocation = turn_[outer.turn];
    if (path.direction == 0 ? flow.key.a == allocation.relayed : flow.key.b == allocation.relayed) {
      c.type = trace::CandidateType::Relayed;
      c.related = allocation.mapped;
      return c;
    }
    if (!allocation.relayed && *c.address == outer.source(allocation.to_server)) {
      // The allocation was made before the capture began: its relayed address is not known.
      c.type = trace::CandidateType::Relayed;
      c.related = c.address;
      c.address.reset();
      return c;
    }
  }
  if (is_hidden(*c.address)) {
    // Behind a channel that was bound before the capture began.
    c.channel = c.address->port;
    c.address.reset();
    return c;
  }
  if (book_.is_relayed(*c.address) || book_.is_turn_server(c.address->address)) {
    c.type = trace::CandidateType::Relayed;
    if (!book_.is_relayed(*c.address))
      c.inferred.emplace_back("type");
    return c;
  }
  if (behind_nat(path)) {
    c.type = trace::CandidateType::Host;
  } else if (is_private(c.address->address) || is_public_host(set)) {
    c.type = trace::CandidateType::Host;
    c.inferred.emplace_back("type");
  }
  if (!sees_own_socket(set))
    c.inferred.emplace_back("address");
  return c;
}

const CheckPath* PairBuilder::heard_before(const PairSet& set) const {
  const CheckPath& path = nearest(set);
  for (const PathId id : flows_[path.flow].paths) {
    const CheckPath& other_path = ice_.paths()[id];
    if (other_path.direction != path.direction && other_path.session == path.session &&
        other_path.first.at <= path.first.at)
      return &other_path;
  }
  return nullptr;
}

// A check that got no answer may never have come to the agent.
bool PairBuilder::answered_first(const PairSet& set) const {
  const CheckPath* heard = heard_before(set);
  return heard != nullptr && heard->successes > 0;
}

// The outside address of the socket that the checks arrive at, when it stands behind a NAT: what
// the peer, on this route, told that socket (XOR-MAPPED-ADDRESS), else what a server did.
std::optional<Endpoint> PairBuilder::outside_of_remote(const PairSet& set) const {
  const CheckPath& path = nearest(set);
  const FlowRecord& flow = flows_[path.flow];
  const Endpoint& socket = flow.destination(path.direction);
  for (const PathId id : flow.paths) {
    const CheckPath& back = ice_.paths()[id];
    if (back.direction == path.direction || back.session == kNone || back.mapped.empty())
      continue;
    const Endpoint& outside = back.mapped.back().address;
    return outside == socket ? std::nullopt : std::optional<Endpoint>(outside);
  }
  const std::vector<Endpoint>* servers = book_.seen_by_servers(flow.key.point, socket);
  if (servers == nullptr || servers->front() == socket)
    return std::nullopt;
  return servers->front();
}

// The checks go to a TURN client whose allocation was made before the capture began: its own
// address stands for the relayed one.
bool PairBuilder::is_unknown_relay(const CheckPath& path) const {
  const FlowRecord& flow = flows_[path.flow];
  if (flow.key.carrier == kNone)
    return false;
  const FlowRecord& outer = flows_[flow.key.carrier];
  const AllocationSeen& allocation = turn_[outer.turn];
  return !allocation.relayed &&
         flow.destination(path.direction) == outer.source(allocation.to_server);
}

Candidate PairBuilder::remote(const PairSet& set) const {
  const CheckPath& path = nearest(set);
  Candidate c;
  c.address = flows_[path.flow].destination(path.direction);
  if (is_hidden(*c.address)) {
    c.channel = c.address->port;
    c.address.reset();
    return c;
  }
  if (is_unknown_relay(path)) {
    c.type = trace::CandidateType::Relayed;
    c.address.reset();
    return c;
  }
  infer_remote_type(set, c);
  return c;
}

void PairBuilder::infer_remote_type(const PairSet& set, Candidate& c) const {
  if (book_.is_relayed(*c.address)) {
    c.type = trace::CandidateType::Relayed;
    return;
  }
  if (book_.is_turn_server(c.address->address)) {
    c.type = trace::CandidateType::Relayed;
    c.inferred.emplace_back("type");
    return;
  }
  if (outside_of_remote(set)) {
    // Seen inside the peer's NAT: the agent aims at another address.
    c.inferred.emplace_back("address");
    return;
  }
  if (heard_before(set) != nullptr)
    return;
  // This agent checked it before anything came from there, so it was signaled: host, srflx or
  // relay.
  if (is_private(c.address->address)) {
    c.type = trace::CandidateType::Host;
    c.inferred.emplace_back("type");
    return;
  }
  // A private address and one public address of the same peer: the public one is what a server saw.
  // With a second public address either could be a relay's.
  bool private_sibling = false;
  bool other_public = false;
  for (const PairSet& sibling : layout_.pairs) {
    if (sibling.side != set.side || sibling.session != set.session)
      continue;
    const IpAddress& address =
        flows_[nearest(sibling).flow].destination(nearest(sibling).direction).address;
    if (is_private(address))
      private_sibling = true;
    else if (address != c.address->address && !book_.is_turn_server(address))
      other_public = true;
  }
  if (private_sibling && !other_public) {
    c.type = trace::CandidateType::ServerReflexive;
    c.inferred.emplace_back("type");
  }
}

void PairBuilder::fill_counts(const PairSet& set, Pair& pair) const {
  BoundedSample rtt;
  for (const PathId id : set.paths) {
    const CheckPath::Sums& sums = ice_.paths()[id].sums;
    pair.requests += sums.requests;
    pair.responses += sums.successes;
    pair.use_candidate += sums.use_candidate;
    pair.unanswered += sums.unanswered;
    rtt.merge(sums.rtt);
    for (const PathError& e : sums.errors) {
      auto it = std::find_if(pair.errors.begin(), pair.errors.end(),
                             [&](const ErrorCount& c) { return c.code == e.code; });
      if (it == pair.errors.end()) {
        ErrorCount fresh;
        fresh.code = e.code;
        fresh.first = e.first.ref;
        fresh.first_at = e.first.at;
        it = pair.errors.insert(pair.errors.end(), fresh);
      }
      it->count += e.count;
      it->last = e.last.ref;
      it->last_at = e.last.at;
    }
  }
  std::sort(pair.errors.begin(), pair.errors.end(),
            [](const ErrorCount& x, const ErrorCount& y) { return x.code < y.code; });
  if (!rtt.empty() && sees_own_socket(set))
    pair.rtt =
        RttSummary{milliseconds(rtt.min()), milliseconds(rtt.median()), milliseconds(rtt.max())};
  if (pair.rtt && may_see_own_socket(set))
    pair.inferred.emplace_back("rtt_ms");
}

// The first check with USE-CANDIDATE that the peer sent over this pair, where the agent's own
// checks are seen best: it nominates the pair for a controlled agent (RFC 8445 section 7.3.1.5).
const Sighting* PairBuilder::nominating_check(const PairSet& set) const {
  const PairSet* back = reverse_of(set);
  if (back == nullptr)
    return nullptr;
  const FlowId flow = nearest(set).flow;
  for (const PathId id : back->paths) {
    const CheckPath& path = ice_.paths()[id];
    if (path.flow == flow && path.use_candidate > 0)
      return &path.first_use_candidate;
  }
  return nullptr;
}

void PairBuilder::fill_story(const PairSet& set, Pair& pair) const {
  const CheckPath& path = nearest(set);
  const FlowRecord& flow = flows_[path.flow];
  const IceSession& session = ice_.sessions()[set.session];
  pair.first = path.first.ref;
  pair.first_at = path.first.at;
  pair.last = path.last.ref;
  pair.last_at = path.last.at;
  // At a router the path may show answers to the checks of another pair, too.
  if (path.successes > 0 && pair.responses > 0) {
    pair.first_response = path.first_success.ref;
    pair.first_response_at = path.first_success.at;
    pair.last_response = path.last_success.ref;
    pair.last_response_at = path.last_success.at;
  }
  pair.cut_short = path.cut;
  pair.requests_after_last_response = path.requests_after_success;
  if (path.nominated) {
    pair.nominated_by = path.nominated->ref;
    pair.nominated_at = path.nominated->at;
  } else if (const Sighting* check = nominating_check(set)) {
    pair.nominated_by = check->ref;
    pair.nominated_at = check->at;
  }
  pair.local_ufrag = session.ufrags[path.agent];
  pair.remote_ufrag = session.ufrags[1U - path.agent];
  pair.through_turn = flow.key.carrier != kNone;
  pair.at_point = flow.key.point;
  pair.heard_first = answered_first(set);
  fill_lost(set, pair);
  for (const PathId id : set.paths)
    pair.icmp_errors = std::max(pair.icmp_errors, flows_[ice_.paths()[id].flow].icmp_errors);
  if (pair.through_turn) {
    AllocationSeen& allocation = turn_[flows_[flow.key.carrier].turn];
    for (const ChannelUse& channel : allocation.channels)
      if (channel.packets > 0 &&
          channel.peer.value_or(hidden_peer(channel.number)) == flow.destination(path.direction))
        pair.channel_or_relay = channel.number;
  }
}

void PairBuilder::fill_state(const PairSet& set, Pair& pair) const {
  const PairSet* back = reverse_of(set);
  const bool checked_with_use_candidate =
      back != nullptr && std::any_of(back->paths.begin(), back->paths.end(), [&](PathId id) {
        return ice_.paths()[id].nominated.has_value();
      });
  pair.nominated =
      nearest(set).nominated.has_value() || (checked_with_use_candidate && pair.responses > 0);
  const bool given_up = gave_up(set, pair);
  if (pair.responses > 0 && !given_up) {
    pair.state = trace::PairState::Succeeded;
    // A check that has been sent again may still fail.
    if (nearest(set).requests_after_success > 1)
      pair.inferred.emplace_back("state");
    return;
  }
  const bool refused = std::any_of(pair.errors.begin(), pair.errors.end(),
                                   [](const ErrorCount& e) { return e.code != 487; });
  pair.state = refused || given_up ? trace::PairState::Failed : trace::PairState::InProgress;
  pair.inferred.emplace_back("state");
}

// A check fails when its whole schedule of retransmissions stayed without an answer (RFC 8489
// section 6.2.1), also on a pair that was valid. Agents that send every check as a transaction of
// its own stop after some time. Fewer than that were dropped for another pair, or the capture ends.
bool PairBuilder::gave_up(const PairSet& set, const Pair& pair) const {
  const CheckPath& path = nearest(set);
  CheckPath::Sums sums;
  for (const PathId id : set.paths) {
    const CheckPath::Sums& own = ice_.paths()[id].sums;
    sums.transactions += own.transactions;
    sums.requests += own.requests;
    sums.longest_unanswered = std::max(sums.longest_unanswered, own.longest_unanswered);
  }
  if (sums.requests > sums.transactions)
    return sums.longest_unanswered >= kTransmissions &&
           path.requests_after_success >= kTransmissions;
  const Duration tried = path.last_request.at - path.first.at;
  return pair.responses == 0 &&
         (tried >= kTriedToTheEnd ||
          (tried >= kTriedEnough && end_ - path.last_request.at >= kQuietAfterChecks));
}

// Away from the agent's socket its requests may be lost before they are seen, and their answers
// after it.
Pair PairBuilder::build(const PairSet& set) const {
  Pair pair;
  pair.agent = set.side;
  pair.local = local(set);
  pair.remote = remote(set);
  fill_counts(set, pair);
  fill_story(set, pair);
  fill_state(set, pair);
  if (!sees_own_socket(set))
    for (const std::string_view member : {"requests", "responses", "nominated", "state"})
      if (std::find(pair.inferred.begin(), pair.inferred.end(), member) == pair.inferred.end())
        pair.inferred.emplace_back(member);
  return pair;
}

SelectedPair PairBuilder::selected(const PairSet& set) const {
  SelectedPair pair{local(set), remote(set)};
  const CheckPath& path = nearest(set);
  if (const auto outside = outside_of_remote(set); outside && pair.remote.address) {
    pair.remote.address = outside;
    pair.remote.inferred = {"address"};
  }
  if (pair.local.type == trace::CandidateType::Relayed || !pair.local.address)
    return pair;
  const auto mapped = mapped_of(set);
  if (!mapped || *mapped == *pair.local.address)
    return pair;
  // The peer sees another address: the pair's local candidate is that one (RFC 8445 7.2.5.3.1).
  const std::vector<Endpoint>* servers =
      book_.seen_by_servers(flows_[path.flow].key.point, *pair.local.address);
  pair.local.related = pair.local.address;
  pair.local.address = mapped;
  pair.local.inferred.clear();
  if (servers == nullptr) {
    // Whether a server had said the same before does not show.
    pair.local.type.reset();
  } else if (std::find(servers->begin(), servers->end(), *mapped) != servers->end()) {
    pair.local.type = trace::CandidateType::ServerReflexive;
  } else {
    pair.local.type = trace::CandidateType::PeerReflexive;
  }
  return pair;
}

}  // namespace parley::analyzer

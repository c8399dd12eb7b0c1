#include "analyzer/transport_builder.h"

#include <algorithm>

namespace parley::analyzer {

namespace {

constexpr std::size_t kMaxListed = 256;
// After the last request of a check: Rm times RTO (RFC 8489 section 6.2.1).
constexpr Duration kLastWait = std::chrono::seconds(8);

// Whoever nominates a pair drops the checks of the others (RFC 8445 section 8.1.1), also one whose
// requests have all been sent and that still waits.
void keep_dropped_from_failing(std::vector<Pair>& pairs) {
  for (Pair& pair : pairs) {
    if (pair.state != trace::PairState::Failed || pair.responses > 0 || !pair.errors.empty() ||
        pair.requests <= pair.unanswered || !pair.last_at)
      continue;
    const bool dropped = std::any_of(pairs.begin(), pairs.end(), [&](const Pair& chosen) {
      return chosen.agent == pair.agent && chosen.nominated && chosen.nominated_at &&
             *chosen.nominated_at > *pair.last_at &&
             *chosen.nominated_at < *pair.last_at + kLastWait;
    });
    if (dropped)
      pair.state = trace::PairState::InProgress;
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
  keep_dropped_from_failing(t.pairs);
}

OwnFlows TransportBuilder::own_flows(const std::vector<const PairSet*>& sets) const {
  OwnFlows own;
  for (const PairSet* set : sets)
    if (pairs_.sees_own_socket(*set))
      own[index_of(set->side)].insert(pipeline_.ice().paths()[set->nearest].flow);
  return own;
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
  t.relayed_cut = std::any_of(layout_.flows.begin(), layout_.flows.end(), [&](const FlowUse& use) {
    return use.transport == index && carrier_was_cut(use.flow);
  });
}

bool TransportBuilder::carrier_was_cut(FlowId id) const {
  const FlowId carrier = pipeline_.flows()[id].key.carrier;
  if (carrier == kNone)
    return false;
  const FlowRecord& outer = pipeline_.flows()[carrier];
  const AllocationSeen& allocation = pipeline_.turn()[outer.turn];
  return outer.cut_segments > 0 || allocation.unread_packets[0] + allocation.unread_packets[1] > 0;
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
      flow.route = route;
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
  limit_distant(t, sets, own);
  list_flows(index, t);
  list_conflicts(pipeline_, found_, layout_, index, t);
  list_restarts(pipeline_, found_, layout_, index, t);
  build_dtls(pipeline_, layout_, own, index, t);
  return t;
}

}  // namespace parley::analyzer

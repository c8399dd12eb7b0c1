#include "analyzer/host_traffic.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

namespace parley::analyzer {

namespace {

void add_unasked(const FlowDirection& way, std::optional<SeenAt>& sum) {
  if (way.unasked == 0)
    return;
  const Sighting& first = way.first_unasked;
  const Sighting& last = way.last_unasked;
  if (!sum) {
    sum = SeenAt{way.unasked, first.ref, last.ref, first.at, last.at};
    return;
  }
  sum->count += way.unasked;
  if (first.at < sum->first_at) {
    sum->first = first.ref;
    sum->first_at = first.at;
  }
  if (last.at > sum->last_at) {
    sum->last = last.ref;
    sum->last_at = last.at;
  }
}

// A private address that talks to a public one has not come to its NAT yet (RFC 1918).
bool is_inside(const FlowRecord& flow, Direction direction) {
  return flow.key.carrier == kNone &&
         flow.source(direction).address.classify() != AddressClass::Global &&
         flow.destination(direction).address.classify() == AddressClass::Global;
}

}  // namespace

HostBook::HostBook(Pipeline& pipeline) : pipeline_(pipeline) {
  const FlowTable& flows = pipeline.flows();
  for (FlowId id = 0; id < flows.size(); ++id) {
    const FlowRecord& flow = flows[id];
    if (!flow.in_use || flow.key.carrier != kNone)
      continue;
    Counts& a = hosts_[{flow.key.point, flow.key.a.address}];
    a.sent += flow.directions[0].seen;
    a.received += flow.directions[1].seen;
    Counts& b = hosts_[{flow.key.point, flow.key.b.address}];
    b.sent += flow.directions[1].seen;
    b.received += flow.directions[0].seen;
  }
  // Who has its answer does not ask again (RFC 8489 section 6.2.1: after 0.5, 1.5 and 3.5 s).
  constexpr std::uint64_t kInsisting = 3;
  for (const CheckPath& path : pipeline.ice().paths()) {
    const FlowRecord& flow = flows[path.flow];
    if (path.session == kNone && flow.in_use)
      hosts_[{flow.key.point, flow.source(path.direction).address}].asks = true;
    if (path.session == kNone && flow.in_use && path.sums.longest_unanswered >= kInsisting)
      hosts_[{flow.key.point, flow.source(path.direction).address}].insists = true;
  }
  for (std::uint32_t i = 0; i < pipeline.turn().size(); ++i) {
    const AllocationSeen& allocation = pipeline.turn()[i];
    const FlowRecord& flow = flows[allocation.flow];
    if (flow.in_use)
      hosts_[{flow.key.point, flow.source(allocation.to_server).address}].asks = true;
    if (flow.in_use && allocation.most_repeated >= kInsisting && allocation.responses == 0)
      hosts_[{flow.key.point, flow.source(allocation.to_server).address}].insists = true;
  }
}

std::optional<IpAddress> HostBook::host_of(const FlowUse& use, Side side,
                                           const AddressBook& book) const {
  const FlowRecord& flow = pipeline_.flows()[use.flow];
  const Endpoint& socket = flow.source(direction_of(use, side));
  if (flow.key.carrier != kNone) {
    // Inside TURN the client of the allocation is one of the two sides.
    const FlowRecord& outer = pipeline_.flows()[flow.key.carrier];
    const AllocationSeen& allocation = pipeline_.turn()[outer.turn];
    const Endpoint& client = outer.source(allocation.to_server);
    return socket == allocation.relayed.value_or(client) ? std::optional(client.address)
                                                         : std::nullopt;
  }
  if (book.is_relayed(socket) || book.is_turn_server(socket.address))
    return std::nullopt;
  return socket.address;
}

std::vector<HostTraffic> HostBook::traffic_of(const CallLayout& layout,
                                              const AddressBook& book) const {
  std::map<std::uint32_t, HostTraffic> points;
  std::set<std::tuple<std::uint32_t, Side, IpAddress>> counted;
  for (const FlowUse& use : layout.flows) {
    const FlowRecord& flow = pipeline_.flows()[use.flow];
    HostTraffic& here = points[flow.key.point];
    for (const Side side : {Side::A, Side::B}) {
      const std::size_t s = index_of(side);
      add_unasked(flow.directions[direction_of(use, side)], here.unasked[s]);
      const std::optional<IpAddress> host = host_of(use, side, book);
      if (!host || !counted.emplace(flow.key.point, side, *host).second)
        continue;
      const auto known = hosts_.find({flow.key.point, *host});
      if (known == hosts_.end())
        continue;
      here.sent[s] += known->second.sent;
      here.received[s] += known->second.received;
      here.own[s] = here.own[s] || known->second.asks || is_inside(flow, direction_of(use, side));
      here.insists[s] = here.insists[s] || known->second.insists;
    }
  }
  std::vector<HostTraffic> list;
  for (auto& [point, here] : points) {
    here.point = point;
    if (const Extent* extent = pipeline_.extents().of(point))
      here.first_at = extent->first;
    list.push_back(here);
  }
  return list;
}

}  // namespace parley::analyzer

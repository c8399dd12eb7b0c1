#include "analyzer/nat_builder.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace parley::analyzer {

namespace {

constexpr std::size_t kMaxEvidence = 16;
constexpr std::size_t kMaxMappings = 64;

using Socket = std::pair<std::uint32_t, Endpoint>;
// Outside addresses of one socket by destination, each with the packet that shows it.
using Mappings = std::map<Endpoint, std::vector<std::pair<Endpoint, PacketRef>>>;

class NatBuilder {
 public:
  NatBuilder(Pipeline& pipeline, const CallLayout& layout)
      : flows_(pipeline.flows()), ice_(pipeline.ice()), layout_(layout) {}

  Nat build(Side side);

 private:
  void collect_checks(Side side);
  void collect_servers();
  void infer_from_outside(Side side, Nat& nat) const;
  void add(const Socket& socket, const Endpoint& destination, const Endpoint& outside,
           PacketRef evidence);

  FlowTable& flows_;
  IceTracker& ice_;
  const CallLayout& layout_;
  std::map<Socket, Mappings> sockets_;
};

void NatBuilder::add(const Socket& socket, const Endpoint& destination, const Endpoint& outside,
                     PacketRef evidence) {
  auto& list = sockets_[socket][destination];
  if (std::none_of(list.begin(), list.end(), [&](const auto& m) { return m.first == outside; }))
    list.emplace_back(outside, evidence);
}

void NatBuilder::collect_checks(Side side) {
  for (const PairSet& set : layout_.pairs) {
    const CheckPath& nearest = ice_.paths()[set.nearest];
    const FlowRecord& flow = flows_[nearest.flow];
    if (set.side != side || flow.key.carrier != kNone)
      continue;
    const Socket socket{flow.key.point, flow.source(nearest.direction)};
    const Endpoint& destination = flow.destination(nearest.direction);
    sockets_.try_emplace(socket);
    for (const MappedAddress& mapped : nearest.mapped)
      add(socket, destination, mapped.address, mapped.first.ref);
    for (const PathId id : set.paths) {
      const CheckPath& path = ice_.paths()[id];
      const FlowRecord& further = flows_[path.flow];
      if (path.flow != nearest.flow && further.key.carrier == kNone &&
          further.source(path.direction) != socket.second)
        add(socket, destination, further.source(path.direction), path.first.ref);
    }
  }
}

void NatBuilder::collect_servers() {
  for (const CheckPath& path : ice_.paths()) {
    if (path.session != kNone)
      continue;
    const FlowRecord& flow = flows_[path.flow];
    const Socket socket{flow.key.point, flow.source(path.direction)};
    if (sockets_.count(socket) == 0)
      continue;
    for (const MappedAddress& mapped : path.mapped)
      add(socket, flow.destination(path.direction), mapped.address, mapped.first.ref);
  }
}

// What one socket shows: nothing, or whether its outside address is the same for all.
struct Shown {
  std::optional<bool> independent, preserving;
  std::vector<PacketRef> evidence;
};

Shown judge(const Endpoint& socket, const Mappings& mappings) {
  Shown shown;
  std::set<Endpoint> outside;
  std::set<IpAddress> destinations;
  bool stable = true;
  bool preserving = true;
  bool behind_nat = false;
  for (const auto& [destination, list] : mappings) {
    // One destination that saw two addresses: the mapping was made anew, which says nothing.
    stable = stable && list.size() <= 1;
    for (const auto& [address, packet] : list) {
      // Seen as it is: that way goes past the NAT, and shows nothing of it.
      if (address == socket)
        continue;
      behind_nat = true;
      outside.insert(address);
      destinations.insert(destination.address);
      preserving = preserving && address.port == socket.port;
      if (shown.evidence.size() < kMaxEvidence)
        shown.evidence.push_back(packet);
    }
  }
  if (!behind_nat || !stable)
    return {};
  shown.preserving = preserving;
  if (outside.size() > 1)
    shown.independent = false;
  else if (destinations.size() > 1)
    shown.independent = true;
  return shown;
}

void list_mappings(const Endpoint& socket, const Mappings& mappings, std::vector<NatMapping>& out) {
  const auto begin = static_cast<std::ptrdiff_t>(out.size());
  for (const auto& [destination, list] : mappings)
    for (const auto& [outside, packet] : list)
      if (outside != socket && out.size() < kMaxMappings)
        out.push_back({socket, destination, outside, packet});
  std::stable_sort(out.begin() + begin, out.end(), [](const NatMapping& a, const NatMapping& b) {
    return a.shown_by.packet < b.shown_by.packet;
  });
}

// Outside of a NAT no socket shows, only where its checks come from. An agent checks each address
// of the other from each of its sockets (RFC 8445 section 6.1.2.2), so checks that come from one
// port for each destination come from one socket, whose port the NAT changes. Hosts without BUNDLE
// look alike, but for the destinations: those are different ports of one host.
void NatBuilder::infer_from_outside(Side side, Nat& nat) const {
  struct Seen {
    std::map<Endpoint, std::set<Endpoint>> destinations;  // by source
    std::set<Endpoint> all;
    std::set<IpAddress> hosts, sources;
    std::vector<PacketRef> evidence;
  };
  std::map<std::pair<std::uint32_t, std::uint32_t>, Seen> sessions;
  for (const PairSet& set : layout_.pairs) {
    const CheckPath& nearest = ice_.paths()[set.nearest];
    const FlowRecord& flow = flows_[nearest.flow];
    if (set.side != side || flow.key.carrier != kNone)
      continue;
    Seen& seen = sessions[{flow.key.point, set.session}];
    seen.destinations[flow.source(nearest.direction)].insert(flow.destination(nearest.direction));
    seen.all.insert(flow.destination(nearest.direction));
    seen.hosts.insert(flow.destination(nearest.direction).address);
    seen.sources.insert(flow.source(nearest.direction).address);
    if (seen.evidence.size() < kMaxEvidence)
      seen.evidence.push_back(nearest.first.ref);
  }
  for (const auto& [key, seen] : sessions) {
    const bool one_each = std::all_of(seen.destinations.begin(), seen.destinations.end(),
                                      [](const auto& s) { return s.second.size() == 1; });
    if (!one_each || seen.all.size() < 2 || seen.all.size() != seen.destinations.size() ||
        seen.hosts.size() < 2 || seen.sources.size() != 1 ||
        seen.sources.begin()->classify() != AddressClass::Global)
      continue;
    nat.mapping = "not-endpoint-independent";
    nat.inferred.emplace_back("mapping");
    nat.evidence = seen.evidence;
    return;
  }
}

// What all sockets behind one NAT show together: one that is given another port is enough.
struct Behavior {
  std::optional<bool> independent, preserving;
  std::vector<PacketRef> evidence;      // of `independent`
  std::vector<PacketRef> any_evidence;  // of the first socket

  void add(const Shown& shown) {
    preserving = preserving.value_or(true) && *shown.preserving;
    if (any_evidence.empty())
      any_evidence = shown.evidence;
    if (!shown.independent || (independent && !*independent))
      return;
    if (!independent || !*shown.independent)
      evidence = shown.evidence;
    independent = shown.independent;
  }
};

Nat NatBuilder::build(Side side) {
  sockets_.clear();
  collect_checks(side);
  collect_servers();
  Nat nat;
  Behavior behavior;
  for (const auto& [socket, mappings] : sockets_) {
    const Shown shown = judge(socket.second, mappings);
    if (!shown.preserving)
      continue;
    list_mappings(socket.second, mappings, nat.mappings);
    behavior.add(shown);
  }
  if (behavior.independent)
    nat.mapping = *behavior.independent ? "endpoint-independent" : "not-endpoint-independent";
  if (behavior.preserving)
    nat.ports = *behavior.preserving ? "preserving" : "not-preserving";
  // A NAT that keeps ports gives another one to the second host that asks for the same.
  if (behavior.preserving && !*behavior.preserving)
    nat.inferred.emplace_back("ports");
  nat.evidence = behavior.independent ? behavior.evidence : behavior.any_evidence;
  if (!nat.mapping && nat.mappings.empty())
    infer_from_outside(side, nat);
  return nat;
}

}  // namespace

void fill_nats(Pipeline& pipeline, const CallLayout& layout, Call& call) {
  NatBuilder builder(pipeline, layout);
  for (const Side side : {Side::A, Side::B})
    call.peers[index_of(side)].nat = builder.build(side);
}

}  // namespace parley::analyzer

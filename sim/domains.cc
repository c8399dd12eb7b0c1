#include "sim/domains.h"

#include <algorithm>
#include <utility>

#include "sim/topology.h"

namespace parley::sim {

Domains::Domains(const Scenario& scenario, const Topology& topology) {
  nodes_.reserve(scenario.nodes.size());
  for (std::size_t n = 0; n < scenario.nodes.size(); ++n) {
    const TopologyNode& node = topology.nodes[n];
    Place place{node.domain, node.outside_domain, {}};
    if (scenario.nodes[n].kind == NodeKind::Nat) {
      for (const InterfaceAddress& outside : scenario.nodes[n].outside)
        place.outside_addresses.push_back(outside.address);
      std::vector<DomainId>& beyond = around_[place.own];
      if (std::find(beyond.begin(), beyond.end(), place.outside) == beyond.end())
        beyond.push_back(place.outside);
    }
    for (const TopologyPort& port : node.ports)
      links_[scenario.links[port.link].name] =
          port.side == NatSide::Outside ? place.outside : place.own;
    nodes_.push_back(std::move(place));
  }
}

DomainId Domains::of_drop(trace::ActorId node, const trace::PacketDropped& event) const {
  if (const auto link = links_.find(event.place); link != links_.end())
    return link->second;
  const Place& place = nodes_[node.value()];
  const auto is_outside = [&](const IpAddress& address) {
    return std::find(place.outside_addresses.begin(), place.outside_addresses.end(), address) !=
           place.outside_addresses.end();
  };
  // What comes to a NAT from outside is addressed to it; from inside only what would turn back.
  // What it has translated already comes from it.
  const bool came_in = event.reason != "nat-no-hairpin" && is_outside(event.destination.address);
  return came_in || is_outside(event.source.address) ? place.outside : place.own;
}

const std::vector<DomainId>& Domains::around(DomainId domain) const {
  static const std::vector<DomainId> kNone;
  const auto at = around_.find(domain);
  return at == around_.end() ? kNone : at->second;
}

}  // namespace parley::sim

#pragma once

// What a network must not be: addresses in conflict, nodes that nobody reaches, prefixes that
// overlap. Internal to sim/topology.cc.

#include <cstdint>
#include <string>
#include <vector>

#include "sim/topology.h"

namespace parley::sim {

// One routing vertex: a node, or one side of a NAT.
struct Vertex {
  std::uint32_t node = 0;
  NatSide side = NatSide::Unsaid;
  std::uint32_t domain = 0;
};

[[noreturn]] void fail_topology(const Scenario& scenario, SourceMark mark,
                                const std::string& message);
// "'alice' (line 19)"
std::string culprit(const std::string& name, SourceMark mark);
const std::vector<InterfaceAddress>& addresses_of(const NodeSpec& node, NatSide side);

// Decides at which side of its NATs every link ends; a link that does not say so ends inside when
// the node at its other end has an address of the inside prefix. Checks the number of links.
Topology connect_ports(const Scenario& scenario);
void check_reachable(const Scenario& scenario);
void check_addresses(const Scenario& scenario, const std::vector<Vertex>& vertices);

}  // namespace parley::sim

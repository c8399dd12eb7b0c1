#pragma once

// The network that a scenario's nodes and links make: which link ends at which port of a node, and
// what every node does with a destination. A NAT is two vertices, its inside and its outside: no
// route crosses it, so the world falls into routing domains (the internet, each home). In a domain
// each address is known to every router by the path of least delay; what a domain does not know
// goes to its NAT, and where there is none it has no route. Refuses networks that cannot work.

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "sim/on_link.h"
#include "sim/scenario.h"
#include "sim/scheduler.h"

namespace parley::sim {

// Longest prefix first. Whole addresses are looked up in a hash table, the few others in a list.
class RoutingTable {
 public:
  void add(const IpAddress& prefix, unsigned length, PortId port);
  // Takes over the routes of `other`; of equal prefixes its own win no more.
  void put_before(const RoutingTable& other);
  std::optional<PortId> find(const IpAddress& destination) const;
  // The length of the prefix that find() follows; 0 where there is none.
  unsigned length(const IpAddress& destination) const;
  std::size_t size() const { return whole_.size() + prefixes_.size(); }

 private:
  struct Prefix {
    IpAddress address;
    unsigned length = 0;
    PortId port;
  };
  const Prefix* longest(const IpAddress& destination) const;
  std::unordered_map<IpAddress, PortId> whole_;
  std::vector<Prefix> prefixes_;  // longest first; of equal ones the first added
};

struct TopologyPort {
  std::uint32_t link = 0;          // index in Scenario::links
  std::uint32_t end = 0;           // which of its ends
  NatSide side = NatSide::Unsaid;  // of a NAT: never Unsaid
};

struct TopologyNode {
  std::vector<TopologyPort> ports;  // in the order of the links
  // Of a router: everything. Of a NAT: its inside; all else leaves by `outside_port`. Empty for
  // hosts and servers, who have one port.
  RoutingTable routes;
  PortId outside_port;
  OnLink neighbours, outside_neighbours;  // of a NAT: inside and outside; of all else the same
  // Its routing domain, numbered from 1; of a NAT that on its inside. The same twice for all else.
  std::uint32_t domain = 0, outside_domain = 0;
};

struct Topology {
  std::vector<TopologyNode> nodes;
};

// Throws ScenarioError with the place of one culprit and the line of the other.
Topology build_topology(const Scenario& scenario);

}  // namespace parley::sim

#include "sim/topology_check.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace parley::sim {
namespace {

std::string prefix_text(const InterfaceAddress& a) {
  return to_string(a.address) + "/" + std::to_string(a.prefix);
}

bool overlap(const InterfaceAddress& a, const InterfaceAddress& b) {
  return a.address.in_prefix(b.address, std::min(a.prefix, b.prefix));
}

bool any_inside(const NodeSpec& nat, const std::vector<InterfaceAddress>& addresses) {
  return std::any_of(addresses.begin(), addresses.end(), [&](const InterfaceAddress& a) {
    return std::any_of(nat.inside.begin(), nat.inside.end(), [&](const InterfaceAddress& in) {
      return a.address.in_prefix(in.address, in.prefix);
    });
  });
}

// The addresses with which a node faces a neighbour that wonders where it belongs.
bool belongs_inside(const NodeSpec& nat, const NodeSpec& neighbour) {
  return neighbour.kind == NodeKind::Nat ? any_inside(nat, neighbour.outside)
                                         : any_inside(nat, neighbour.addresses);
}

void check_nat_links(const Scenario& scenario, std::uint32_t index, const TopologyNode& node) {
  const NodeSpec& nat = scenario.nodes[index];
  std::vector<const TopologyPort*> outside;
  for (const TopologyPort& port : node.ports)
    if (port.side == NatSide::Outside)
      outside.push_back(&port);
  if (outside.size() == 1 && node.ports.size() > 1)
    return;
  if (outside.empty() || node.ports.size() == 1)
    fail_topology(scenario, nat.mark,
                  "the NAT '" + nat.name + "' needs a link outside and at least one inside, in " +
                      prefix_text(nat.inside.front()) + "; it has none " +
                      (outside.empty() ? "outside" : "inside"));
  std::string names;
  for (const TopologyPort* port : outside) {
    const LinkSpec& link = scenario.links[port->link];
    names += (names.empty() ? "" : " and ") + culprit(link.name, link.mark);
  }
  const LinkSpec& last = scenario.links[outside.back()->link];
  fail_topology(scenario, last.mark,
                "the NAT '" + nat.name + "' has " + std::to_string(outside.size()) +
                    " links outside, " + names +
                    "; a link is inside when the node at its other end has an address in " +
                    prefix_text(nat.inside.front()) + ", or when it says " + nat.name + ".inside");
}

void check_host_link(const Scenario& scenario, std::uint32_t index, const TopologyNode& node) {
  const NodeSpec& spec = scenario.nodes[index];
  if (node.ports.size() > 1) {
    const LinkSpec& first = scenario.links[node.ports[0].link];
    const LinkSpec& second = scenario.links[node.ports[1].link];
    fail_topology(scenario, second.mark,
                  "'" + spec.name + "' has two links, " + culprit(first.name, first.mark) +
                      " and this one; a " + std::string(to_string(spec.kind)) + " has one so far");
  }
  const LinkSpec& link = scenario.links[node.ports[0].link];
  const std::uint32_t neighbour = link.ends[1 - node.ports[0].end].node;
  const NodeSpec& other = scenario.nodes[neighbour];
  if (spec.gateway && spec.gateway->via != neighbour)
    fail_topology(scenario, spec.gateway->mark,
                  "the gateway of '" + spec.name + "' is its neighbour '" + other.name +
                      "', not '" + scenario.nodes[spec.gateway->via].name + "'");
}

void check_conflict(const Scenario& scenario, const std::vector<Vertex>& vertices) {
  struct Owner {
    std::uint32_t node;
    SourceMark mark;
  };
  std::map<std::pair<std::uint32_t, IpAddress>, Owner> owners;
  for (const Vertex& vertex : vertices) {
    for (const InterfaceAddress& a : addresses_of(scenario.nodes[vertex.node], vertex.side)) {
      const auto [first, is_new] =
          owners.try_emplace({vertex.domain, a.address}, Owner{vertex.node, a.mark});
      if (!is_new)
        fail_topology(scenario, a.mark,
                      "address conflict: " + to_string(a.address) + " of '" +
                          scenario.nodes[vertex.node].name + "' belongs to " +
                          culprit(scenario.nodes[first->second.node].name, first->second.mark) +
                          " already");
    }
  }
}

void check_nat_prefixes(const Scenario& scenario, const NodeSpec& nat) {
  for (const InterfaceAddress& in : nat.inside)
    for (const InterfaceAddress& out : nat.outside)
      if (overlap(in, out))
        fail_topology(scenario, out.mark,
                      "overlapping prefixes: outside " + prefix_text(out) + " and inside " +
                          prefix_text(in) + " (line " + std::to_string(in.mark.line) + ") of '" +
                          nat.name + "'");
}

// Two NATs that serve one domain must divide it.
void check_inside_prefixes(const Scenario& scenario, const std::vector<Vertex>& vertices) {
  std::map<std::uint32_t, std::vector<const Vertex*>> by_domain;
  for (const Vertex& vertex : vertices)
    if (vertex.side == NatSide::Inside)
      by_domain[vertex.domain].push_back(&vertex);
  for (const auto& [domain, gateways] : by_domain) {
    for (std::size_t i = 1; i < gateways.size(); ++i) {
      const NodeSpec& first = scenario.nodes[gateways[i - 1]->node];
      const NodeSpec& second = scenario.nodes[gateways[i]->node];
      for (const InterfaceAddress& a : first.inside)
        for (const InterfaceAddress& b : second.inside)
          if (overlap(a, b))
            fail_topology(scenario, b.mark,
                          "overlapping prefixes: inside " + prefix_text(b) + " of '" + second.name +
                              "' and " + prefix_text(a) + " of " + culprit(first.name, a.mark) +
                              " in one network");
    }
  }
}

}  // namespace

void fail_topology(const Scenario& scenario, SourceMark mark, const std::string& message) {
  throw ScenarioError(scenario.file, mark, message);
}

std::string culprit(const std::string& name, SourceMark mark) {
  return "'" + name + "' (line " + std::to_string(mark.line) + ")";
}

const std::vector<InterfaceAddress>& addresses_of(const NodeSpec& node, NatSide side) {
  switch (side) {
    case NatSide::Inside:
      return node.inside;
    case NatSide::Outside:
      return node.outside;
    case NatSide::Unsaid:
      break;
  }
  return node.addresses;
}

Topology connect_ports(const Scenario& scenario) {
  Topology topology;
  topology.nodes.resize(scenario.nodes.size());
  for (std::uint32_t l = 0; l < scenario.links.size(); ++l) {
    const LinkSpec& link = scenario.links[l];
    for (std::uint32_t end = 0; end < 2; ++end) {
      const NodeSpec& node = scenario.nodes[link.ends[end].node];
      TopologyPort port{l, end, link.ends[end].side};
      if (node.kind == NodeKind::Nat && port.side == NatSide::Unsaid)
        port.side = belongs_inside(node, scenario.nodes[link.ends[1 - end].node])
                        ? NatSide::Inside
                        : NatSide::Outside;
      topology.nodes[link.ends[end].node].ports.push_back(port);
    }
  }
  for (std::uint32_t i = 0; i < scenario.nodes.size(); ++i) {
    const NodeSpec& node = scenario.nodes[i];
    if (topology.nodes[i].ports.empty())
      fail_topology(scenario, node.mark, "'" + node.name + "' is unreachable: no link ends there");
    if (node.kind == NodeKind::Nat)
      check_nat_links(scenario, i, topology.nodes[i]);
    else if (node.kind != NodeKind::Router)
      check_host_link(scenario, i, topology.nodes[i]);
  }
  return topology;
}

void check_reachable(const Scenario& scenario) {
  std::vector<std::uint32_t> root(scenario.nodes.size());
  std::iota(root.begin(), root.end(), 0U);
  const auto find = [&](std::uint32_t n) {
    while (root[n] != n)
      n = root[n] = root[root[n]];
    return n;
  };
  for (const LinkSpec& link : scenario.links)
    root[find(link.ends[0].node)] = find(link.ends[1].node);
  for (std::uint32_t i = 1; i < scenario.nodes.size(); ++i)
    if (find(i) != find(0))
      fail_topology(scenario, scenario.nodes[i].mark,
                    "'" + scenario.nodes[i].name + "' is unreachable from " +
                        culprit(scenario.nodes[0].name, scenario.nodes[0].mark) +
                        ": no chain of links joins them");
}

void check_addresses(const Scenario& scenario, const std::vector<Vertex>& vertices) {
  for (const NodeSpec& node : scenario.nodes)
    if (node.kind == NodeKind::Nat)
      check_nat_prefixes(scenario, node);
  check_conflict(scenario, vertices);
  check_inside_prefixes(scenario, vertices);
}

}  // namespace parley::sim

#include "sim/topology.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>

#include "sim/topology_check.h"

namespace parley::sim {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property,
                                    boost::property<boost::edge_weight_t, Duration::rep>>;

class Builder {
 public:
  explicit Builder(const Scenario& scenario)
      : scenario_(scenario), topology_(connect_ports(scenario)) {
    check_reachable(scenario);
    add_vertices();
    add_edges();
    find_domains();
    check_addresses(scenario, vertices_);
  }

  Topology build() {
    for (std::uint32_t v = 0; v < vertices_.size(); ++v) {
      const NodeSpec& node = scenario_.nodes[vertices_[v].node];
      if (node.kind == NodeKind::Router || vertices_[v].side == NatSide::Inside)
        route_from(v);
      TopologyNode& place = topology_.nodes[vertices_[v].node];
      place.outside_domain = vertices_[v].domain;
      if (vertices_[v].side != NatSide::Outside)
        place.domain = vertices_[v].domain;
    }
    find_neighbours();
    for (std::uint32_t n = 0; n < scenario_.nodes.size(); ++n)
      add_static_routes(n);
    return std::move(topology_);
  }

 private:
  void add_vertices() {
    first_vertex_.reserve(scenario_.nodes.size());
    for (std::uint32_t n = 0; n < scenario_.nodes.size(); ++n) {
      first_vertex_.push_back(static_cast<std::uint32_t>(vertices_.size()));
      if (scenario_.nodes[n].kind == NodeKind::Nat) {
        vertices_.push_back({n, NatSide::Inside, 0});
        vertices_.push_back({n, NatSide::Outside, 0});
      } else {
        vertices_.push_back({n, NatSide::Unsaid, 0});
      }
    }
    link_vertices_.resize(scenario_.links.size());
    for (std::uint32_t n = 0; n < topology_.nodes.size(); ++n) {
      TopologyNode& node = topology_.nodes[n];
      for (std::uint32_t p = 0; p < node.ports.size(); ++p) {
        const TopologyPort& port = node.ports[p];
        const bool outside = port.side == NatSide::Outside;
        link_vertices_[port.link][port.end] = first_vertex_[n] + (outside ? 1U : 0U);
        if (outside)
          node.outside_port = PortId{p};
      }
    }
  }

  // Only routers and the inside of a NAT pass packets on.
  bool forwards(std::uint32_t vertex) const {
    const Vertex& v = vertices_[vertex];
    return v.side == NatSide::Inside || scenario_.nodes[v.node].kind == NodeKind::Router;
  }

  void add_edges() {
    graph_ = std::make_unique<Graph>(vertices_.size());
    for (std::size_t l = 0; l < scenario_.links.size(); ++l) {
      const auto [a, b] = link_vertices_[l];
      if (forwards(a))
        boost::add_edge(a, b, scenario_.links[l].forward.delay.count(), *graph_);
      if (forwards(b))
        boost::add_edge(b, a, scenario_.links[l].backward.delay.count(), *graph_);
    }
  }

  void find_domains() {
    std::vector<std::vector<std::uint32_t>> neighbours(vertices_.size());
    for (const auto& [a, b] : link_vertices_) {
      neighbours[a].push_back(b);
      neighbours[b].push_back(a);
    }
    std::uint32_t domains = 0;
    std::vector<std::uint32_t> stack;
    for (std::uint32_t start = 0; start < vertices_.size(); ++start) {
      if (vertices_[start].domain != 0)
        continue;
      vertices_[start].domain = ++domains;
      stack.push_back(start);
      while (!stack.empty()) {
        const std::uint32_t v = stack.back();
        stack.pop_back();
        for (const std::uint32_t w : neighbours[v]) {
          if (vertices_[w].domain != 0)
            continue;
          vertices_[w].domain = domains;
          stack.push_back(w);
        }
      }
    }
  }

  // What a node takes for a neighbour, and who is there.
  void find_neighbours() {
    std::vector<std::shared_ptr<AddressSet>> present;
    for (const Vertex& v : vertices_) {
      present.resize(std::max<std::size_t>(present.size(), v.domain));
      std::shared_ptr<AddressSet>& in_domain = present[v.domain - 1];
      if (in_domain == nullptr)
        in_domain = std::make_shared<AddressSet>();
      for (const InterfaceAddress& a : addresses_of(scenario_.nodes[v.node], v.side))
        in_domain->insert(a.address);
    }
    for (const Vertex& v : vertices_) {
      TopologyNode& node = topology_.nodes[v.node];
      const OnLink neighbours(addresses_of(scenario_.nodes[v.node], v.side), present[v.domain - 1]);
      if (v.side != NatSide::Inside)
        node.outside_neighbours = neighbours;
      if (v.side != NatSide::Outside)
        node.neighbours = neighbours;
    }
  }

  // The port of `source` by which the least delay leads to each neighbour vertex.
  std::unordered_map<std::uint32_t, PortId> ports_to_neighbours(std::uint32_t source) const {
    std::unordered_map<std::uint32_t, std::pair<Duration, PortId>> best;
    const TopologyNode& node = topology_.nodes[vertices_[source].node];
    for (std::uint32_t p = 0; p < node.ports.size(); ++p) {
      const TopologyPort& port = node.ports[p];
      const auto& ends = link_vertices_[port.link];
      if (ends[port.end] != source)
        continue;
      const LinkSpec& link = scenario_.links[port.link];
      const Duration delay = port.end == 0 ? link.forward.delay : link.backward.delay;
      const auto [at, is_new] = best.try_emplace(ends[1 - port.end], delay, PortId{p});
      if (!is_new && delay < at->second.first)
        at->second = {delay, PortId{p}};
    }
    std::unordered_map<std::uint32_t, PortId> ports;
    for (const auto& [neighbour, choice] : best)
      ports.emplace(neighbour, choice.second);
    return ports;
  }

  void route_from(std::uint32_t source) {
    const auto count = boost::num_vertices(*graph_);
    std::vector<Graph::vertex_descriptor> previous(count);
    std::vector<Duration::rep> distance(count);
    boost::dijkstra_shortest_paths(
        *graph_, source, boost::predecessor_map(previous.data()).distance_map(distance.data()));
    const std::unordered_map<std::uint32_t, PortId> ports = ports_to_neighbours(source);
    const auto first_hop = [&](std::uint32_t v) {
      while (previous[v] != source)
        v = static_cast<std::uint32_t>(previous[v]);
      return ports.at(v);
    };
    RoutingTable& table = topology_.nodes[vertices_[source].node].routes;
    std::uint32_t gateway = source;
    for (std::uint32_t v = 0; v < count; ++v) {
      if (v == source || previous[v] == v)
        continue;
      const PortId port = first_hop(v);
      for (const InterfaceAddress& a :
           addresses_of(scenario_.nodes[vertices_[v].node], vertices_[v].side))
        table.add(a.address, static_cast<unsigned>(a.address.bytes().size() * 8), port);
      if (vertices_[v].side == NatSide::Inside &&
          (gateway == source || distance[v] < distance[gateway]))
        gateway = v;
    }
    // What the domain does not know, its nearest NAT does. A NAT's inside has its own way out.
    if (gateway == source || vertices_[source].side == NatSide::Inside)
      return;
    const PortId port = first_hop(gateway);
    table.add(IpAddress::v4(0), 0, port);
    table.add(*IpAddress::parse("::"), 0, port);
  }

  void add_static_routes(std::uint32_t n) {
    const NodeSpec& node = scenario_.nodes[n];
    // Static routes win over computed ones: they go to a table in front of them.
    RoutingTable table;
    for (const StaticRoute& route : node.routes) {
      const std::vector<TopologyPort>& ports = topology_.nodes[n].ports;
      const auto at = std::find_if(ports.begin(), ports.end(), [&](const TopologyPort& port) {
        return scenario_.links[port.link].ends[1 - port.end].node == route.via;
      });
      if (at == ports.end())
        fail_topology(
            scenario_, route.mark,
            "no link joins '" + node.name + "' and " +
                culprit(scenario_.nodes[route.via].name, scenario_.nodes[route.via].mark));
      table.add(route.prefix, route.length, PortId{static_cast<std::uint32_t>(at - ports.begin())});
    }
    topology_.nodes[n].routes.put_before(table);
  }

  const Scenario& scenario_;
  Topology topology_;
  std::vector<Vertex> vertices_;
  std::vector<std::uint32_t> first_vertex_;                  // by node
  std::vector<std::array<std::uint32_t, 2>> link_vertices_;  // by link and end
  std::unique_ptr<Graph> graph_;
};

}  // namespace

void RoutingTable::add(const IpAddress& prefix, unsigned length, PortId port) {
  if (length == prefix.bytes().size() * 8) {
    whole_.try_emplace(prefix, port);
    return;
  }
  const auto shorter = [&](const Prefix& p) { return p.length < length; };
  prefixes_.insert(std::find_if(prefixes_.begin(), prefixes_.end(), shorter),
                   {prefix, length, port});
}

void RoutingTable::put_before(const RoutingTable& other) {
  for (const auto& [address, port] : other.whole_)
    whole_[address] = port;
  std::vector<Prefix> mine = std::exchange(prefixes_, other.prefixes_);
  for (const Prefix& p : mine)
    add(p.address, p.length, p.port);
}

std::optional<PortId> RoutingTable::find(const IpAddress& destination) const {
  const auto exact = whole_.find(destination);
  if (exact != whole_.end())
    return exact->second;
  const Prefix* prefix = longest(destination);
  return prefix == nullptr ? std::nullopt : std::optional(prefix->port);
}

unsigned RoutingTable::length(const IpAddress& destination) const {
  if (whole_.contains(destination))
    return static_cast<unsigned>(destination.bytes().size() * 8);
  const Prefix* prefix = longest(destination);
  return prefix == nullptr ? 0 : prefix->length;
}

const RoutingTable::Prefix* RoutingTable::longest(const IpAddress& destination) const {
  const auto at = std::find_if(prefixes_.begin(), prefixes_.end(), [&](const Prefix& p) {
    return destination.in_prefix(p.address, p.length);
  });
  return at == prefixes_.end() ? nullptr : &*at;
}

Topology build_topology(const Scenario& scenario) {
  return Builder(scenario).build();
}

}  // namespace parley::sim

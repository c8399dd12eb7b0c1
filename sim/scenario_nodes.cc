// Profiles and nodes of a scenario file.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "sim/quantity.h"
#include "sim/scenario_reader.h"
#include "stack/base/bytes.h"

namespace parley::sim {
namespace {

using Words = std::string_view;

constexpr std::array<Words, 5> kHostKeys{"kind", "position", "label", "address", "gateway"};
constexpr std::array<Words, 4> kHostLater{"interfaces", "answers-from", "dns", "copies"};
constexpr std::array<Words, 5> kRouterKeys{"kind", "position", "label", "address", "routes"};
constexpr std::array<Words, 5> kServerKeys{"kind", "position", "label", "address", "stun"};
constexpr std::array<Words, 2> kServerLater{"turn", "fail"};
constexpr std::array<Words, 12> kNatKeys{
    "kind",    "position",  "label", "inside",  "outside",          "profile",
    "mapping", "filtering", "ports", "refresh", "mapping-lifetime", "max-mappings"};
constexpr std::array<Words, 8> kProfileKeys{"kind",  "like",    "mapping",          "filtering",
                                            "ports", "refresh", "mapping-lifetime", "max-mappings"};
constexpr std::array<Words, 10> kNatLater{
    "pooling",   "hairpinning",   "max-mappings-per-host", "when-full",  "icmp-errors",
    "fragments", "decrement-ttl", "tcp-lifetime",          "under-load", "nat64"};
constexpr std::array<Words, 1> kStunKeys{"listen"};
constexpr std::array<Words, 3> kStunLater{"alternate", "silent", "change-request"};
constexpr std::array<Words, 2> kPortKeys{"allocation", "range"};
constexpr std::array<Words, 3> kPortLater{"block-size", "per-host", "on-conflict"};

constexpr std::array<Words, 7> kKinds{"host",   "router",   "nat",     "server",
                                      "switch", "firewall", "resolver"};
constexpr std::size_t kBuiltKinds = 4;
constexpr std::array<Words, 6> kBehaviors{
    "endpoint-independent", "address-dependent", "address-and-port-dependent", "ei", "ad", "apd"};
constexpr std::array<Words, 6> kAllocations{"preserving", "contiguous",          "random",
                                            "parity",     "preserving-overload", "block"};
constexpr std::size_t kBuiltAllocations = 3;
constexpr std::array<Words, 3> kRefreshes{"outbound", "inbound", "both"};

NatBehavior read_behavior(const ScenarioReader& reader, const YamlNode& node) {
  return static_cast<NatBehavior>(reader.choice(node, kBehaviors, "a NAT behaviour") % 3);
}

PortAllocation read_allocation(const ScenarioReader& reader, const YamlNode& node) {
  const std::size_t index =
      reader.choice(node, kAllocations, "a port allocation", kBuiltAllocations);
  if (index >= kBuiltAllocations)
    reader.not_built(node.mark, "port allocation '" + node.text + "'");
  return static_cast<PortAllocation>(index);
}

void read_port_range(const ScenarioReader& reader, const YamlNode& node, NatPolicy& policy) {
  const std::string& word = reader.text(node, "a port range (1024-65535)");
  const std::size_t dash = word.find('-');
  const std::uint64_t first = parse_count(word.substr(0, dash)).value_or(0);
  const std::uint64_t last =
      dash == std::string::npos ? first : parse_count(word.substr(dash + 1)).value_or(0);
  if (first == 0 || last > 65535 || first > last)
    reader.fail(node.mark, "expected a port range (1024-65535), found '" + printable(word) + "'");
  policy.first_port = static_cast<std::uint16_t>(first);
  policy.last_port = static_cast<std::uint16_t>(last);
}

void read_ports(const ScenarioReader& reader, const YamlNode& node, NatPolicy& policy) {
  if (!node.is_map()) {
    policy.ports = read_allocation(reader, node);
    return;
  }
  reader.check_map(node, {"the ports of a NAT", kPortKeys, kPortLater});
  if (const YamlNode* allocation = node.find("allocation"))
    policy.ports = read_allocation(reader, *allocation);
  if (const YamlNode* range = node.find("range"))
    read_port_range(reader, *range, policy);
}

// The keys that a profile and a NAT share.
void read_policy(const ScenarioReader& reader, const YamlNode& map, NatPolicy& policy) {
  if (const YamlNode* mapping = map.find("mapping"))
    policy.mapping = read_behavior(reader, *mapping);
  if (const YamlNode* filtering = map.find("filtering"))
    policy.filtering = read_behavior(reader, *filtering);
  if (const YamlNode* ports = map.find("ports"))
    read_ports(reader, *ports, policy);
  if (const YamlNode* refresh = map.find("refresh"))
    policy.refresh = static_cast<NatRefresh>(reader.choice(*refresh, kRefreshes, "a direction"));
  if (const YamlNode* lifetime = map.find("mapping-lifetime")) {
    policy.lifetime = reader.duration(*lifetime);
    if (policy.lifetime == Duration{0})
      reader.fail(lifetime->mark, "a mapping has to live for a while; found 0");
  }
  if (const YamlNode* most = map.find("max-mappings")) {
    const std::uint64_t count = reader.count(*most);
    if (count == 0 || count > 10'000'000)
      reader.fail(most->mark, "expected 1 to 10000000 mappings");
    policy.max_mappings = static_cast<std::uint32_t>(count);
  }
}

NatPolicy find_profile(const ScenarioReader& reader, const ScenarioNames& names,
                       const YamlNode& node) {
  const std::string& name = reader.text(node, "the name of a profile");
  const auto at = names.nat_profiles.find(name);
  if (at != names.nat_profiles.end())
    return at->second;
  std::vector<std::string> sorted;
  for (const auto& [key, policy] : names.nat_profiles)
    sorted.push_back(key);
  std::sort(sorted.begin(), sorted.end());
  const std::vector<std::string_view> known(sorted.begin(), sorted.end());
  // Fails always: the name is not among them.
  reader.choice(node, known, "a NAT profile");
  return {};
}

void read_host(const ScenarioReader& reader, const YamlNode& map, NodeSpec& node) {
  reader.check_map(map, {"a host", kHostKeys, kHostLater});
  node.addresses = reader.interface_addresses(reader.need(map, "address", "a host"));
}

void read_server(const ScenarioReader& reader, const YamlNode& map, NodeSpec& node) {
  reader.check_map(map, {"a server", kServerKeys, kServerLater});
  node.addresses = reader.interface_addresses(reader.need(map, "address", "a server"));
  const YamlNode* stun = map.find("stun");
  if (stun == nullptr)
    return;
  reader.check_map(*stun, {"a STUN server", kStunKeys, kStunLater});
  const YamlNode* listen = stun->find("listen");
  if (listen == nullptr) {
    node.stun_ports = {3478};
    return;
  }
  for (const std::string& entry : reader.texts(*listen)) {
    const bool udp = entry.rfind("udp/", 0) == 0;
    const std::uint64_t port = udp ? parse_count(entry.substr(4)).value_or(0) : 0;
    if (entry.rfind("tcp/", 0) == 0 || entry.rfind("tls/", 0) == 0)
      reader.not_built(listen->mark, "a STUN server on TCP or TLS");
    if (port == 0 || port > 65535)
      reader.fail(listen->mark, "expected udp/PORT, found '" + printable(entry) + "'");
    node.stun_ports.push_back(static_cast<std::uint16_t>(port));
  }
}

void read_nat(const ScenarioReader& reader, const YamlNode& map, const ScenarioNames& names,
              NodeSpec& node) {
  reader.check_map(map, {"a NAT", kNatKeys, kNatLater});
  node.inside = reader.interface_addresses(reader.need(map, "inside", "a NAT"));
  node.outside = reader.interface_addresses(reader.need(map, "outside", "a NAT"));
  if (const YamlNode* profile = map.find("profile"))
    node.nat = find_profile(reader, names, *profile);
  read_policy(reader, map, node.nat);
}

void read_drawing(const ScenarioReader& reader, const YamlNode& map, NodeSpec& node) {
  if (const YamlNode* label = map.find("label"))
    node.label = reader.text(*label);
  const YamlNode* position = map.find("position");
  if (position == nullptr)
    return;
  if (!position->is_sequence() || position->items.size() != 2)
    reader.fail(position->mark, "expected a position as [x, y]");
  node.position = {reader.number(position->items[0]), reader.number(position->items[1])};
}

NodeSpec read_node(const ScenarioReader& reader, const YamlEntry& entry,
                   const ScenarioNames& names) {
  reader.check_name(entry.key, entry.mark, "a node");
  if (!entry.value.is_map())
    reader.fail(entry.value.mark, "expected a node as a map of keys, with its 'kind'");
  NodeSpec node;
  node.name = entry.key;
  node.mark = entry.mark;
  const YamlNode& kind = reader.need(entry.value, "kind", "the node '" + entry.key + "'");
  const std::size_t index = reader.choice(kind, kKinds, "the kind of a node", kBuiltKinds);
  if (index >= kBuiltKinds)
    reader.not_built(kind.mark, "the node kind '" + kind.text + "'");
  node.kind = static_cast<NodeKind>(index);
  switch (node.kind) {
    case NodeKind::Host:
      read_host(reader, entry.value, node);
      break;
    case NodeKind::Router:
      reader.check_map(entry.value, {"a router", kRouterKeys, {}});
      if (const YamlNode* address = entry.value.find("address"))
        node.addresses = reader.interface_addresses(*address);
      break;
    case NodeKind::Nat:
      read_nat(reader, entry.value, names, node);
      break;
    case NodeKind::Server:
      read_server(reader, entry.value, node);
      break;
  }
  read_drawing(reader, entry.value, node);
  return node;
}

// Routes name nodes that may stand further down in the file.
void read_routes(const ScenarioReader& reader, const YamlNode& routes, const ScenarioNames& names,
                 NodeSpec& node) {
  if (!routes.is_map())
    reader.fail(routes.mark, "expected routes as {PREFIX: NODE}");
  for (const YamlEntry& entry : routes.entries) {
    YamlNode prefix;
    prefix.kind = YamlNode::Kind::Scalar;
    prefix.mark = entry.mark;
    prefix.text = entry.key;
    if (entry.key.find('/') == std::string::npos)
      reader.fail(entry.mark,
                  "expected a prefix (10.0.0.0/8), found '" + printable(entry.key) + "'");
    const bool everything = entry.key == "0.0.0.0/0" || entry.key == "::/0";
    StaticRoute route;
    if (everything) {
      route.prefix = *IpAddress::parse(entry.key.substr(0, entry.key.find('/')));
    } else {
      const InterfaceAddress parsed = reader.interface_address(prefix);
      route.prefix = parsed.address;
      route.length = parsed.prefix;
    }
    route.via = node_index(reader, names, entry.value);
    route.mark = entry.mark;
    node.routes.push_back(route);
  }
}

}  // namespace

void read_profiles(const ScenarioReader& reader, const YamlNode& profiles, ScenarioNames& names) {
  if (!profiles.is_map())
    reader.fail(profiles.mark, "expected profiles as {NAME: {kind: nat, ...}}");
  for (const YamlEntry& entry : profiles.entries) {
    reader.check_name(entry.key, entry.mark, "a profile");
    if (names.nat_profiles.contains(entry.key))
      reader.fail(entry.mark, "the profile '" + entry.key + "' comes with Parley already");
    reader.check_map(entry.value, {"a profile", kProfileKeys, kNatLater});
    const YamlNode& kind = reader.need(entry.value, "kind", "a profile");
    if (kKinds[reader.choice(kind, kKinds, "the kind of a node", kBuiltKinds)] != "nat")
      reader.not_built(kind.mark, "a profile of kind '" + kind.text + "'");
    NatPolicy policy;
    if (const YamlNode* like = entry.value.find("like"))
      policy = find_profile(reader, names, *like);
    read_policy(reader, entry.value, policy);
    names.nat_profiles[entry.key] = policy;
  }
}

void read_nodes(const ScenarioReader& reader, const YamlNode& nodes, ScenarioNames& names,
                Scenario& scenario) {
  if (!nodes.is_map() || nodes.entries.empty())
    reader.fail(nodes.mark, "expected nodes as {NAME: {kind: ...}}");
  if (nodes.entries.size() > scenario.limits.nodes)
    reader.fail(nodes.mark, std::to_string(nodes.entries.size()) +
                                " nodes, more than the limit 'nodes' of " +
                                std::to_string(scenario.limits.nodes));
  for (const YamlEntry& entry : nodes.entries) {
    names.nodes[entry.key] = static_cast<std::uint32_t>(scenario.nodes.size());
    scenario.nodes.push_back(read_node(reader, entry, names));
  }
  for (std::size_t i = 0; i < nodes.entries.size(); ++i) {
    NodeSpec& node = scenario.nodes[i];
    if (const YamlNode* routes = nodes.entries[i].value.find("routes"))
      read_routes(reader, *routes, names, node);
    if (const YamlNode* gateway = nodes.entries[i].value.find("gateway"))
      node.gateway = StaticRoute{{}, 0, node_index(reader, names, *gateway), gateway->mark};
  }
}

}  // namespace parley::sim

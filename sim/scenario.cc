#include "sim/scenario.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "sim/run.h"
#include "sim/scenario_reader.h"
#include "sim/topology.h"
#include "stack/base/bytes.h"

namespace parley::sim {
namespace {

using Words = std::string_view;

constexpr std::array<Words, 14> kTopKeys{"parley", "name",     "description", "rfc",    "tags",
                                         "seed",   "duration", "profiles",    "limits", "capture",
                                         "nodes",  "links",    "call",        "calls"};
constexpr std::array<Words, 6> kTopLater{"include",  "traffic",   "probes",
                                         "timeline", "then-stop", "vary"};
constexpr std::array<Words, 3> kLimitKeys{"nodes", "events", "packets"};
constexpr std::array<Words, 2> kCaptureKeys{"at", "snaplen"};

// The profiles that come with Parley, named as `parley matrix` names the behaviours.
void add_profiles(ScenarioNames& names) {
  constexpr auto kEi = NatBehavior::EndpointIndependent;
  constexpr auto kAd = NatBehavior::AddressDependent;
  constexpr auto kApd = NatBehavior::AddressAndPortDependent;
  const auto add = [&](const char* name, NatBehavior mapping, NatBehavior filtering,
                       PortAllocation ports) {
    NatPolicy policy;
    policy.mapping = mapping;
    policy.filtering = filtering;
    policy.ports = ports;
    names.nat_profiles[name] = policy;
  };
  add("full-cone", kEi, kEi, PortAllocation::Preserving);
  add("address-restricted-cone", kEi, kAd, PortAllocation::Preserving);
  add("port-restricted-cone", kEi, kApd, PortAllocation::Preserving);
  add("home-router", kEi, kApd, PortAllocation::Preserving);
  add("symmetric", kApd, kApd, PortAllocation::Random);
}

void read_limits(const ScenarioReader& reader, const YamlNode& node, ScenarioLimits& limits) {
  reader.check_map(node, {"limits", kLimitKeys, {}});
  if (const YamlNode* nodes = node.find("nodes"))
    limits.nodes = reader.count(*nodes);
  if (const YamlNode* events = node.find("events"))
    limits.events = reader.count(*events);
  if (const YamlNode* packets = node.find("packets"))
    limits.packets = reader.count(*packets);
}

void read_capture(const ScenarioReader& reader, const YamlNode& node, Scenario& scenario) {
  reader.check_map(node, {"capture", kCaptureKeys, {}});
  if (const YamlNode* length = node.find("snaplen"); length != nullptr && length->text != "full")
    reader.not_built(length->mark, "a snap length");
  const YamlNode* at = node.find("at");
  if (at == nullptr || (at->is_scalar() && at->text == "all"))
    return;
  if (at->is_scalar() && at->text == "none") {
    scenario.capture_at.emplace();
    return;
  }
  if (!at->is_sequence())
    reader.fail(at->mark, "expected all, none or a list of capture points");
  const std::vector<std::string> points = capture_points(scenario);
  const std::vector<std::string_view> known(points.begin(), points.end());
  scenario.capture_at.emplace();
  for (const YamlNode& item : at->items)
    scenario.capture_at->push_back(points[reader.choice(item, known, "a capture point")]);
}

void add_call(const ScenarioReader& reader, const YamlNode& node, std::string name,
              const ScenarioNames& names, Scenario& scenario) {
  CallSpec call = read_call(reader, node, names, scenario);
  call.name = std::move(name);
  for (const CallSpec& other : scenario.calls)
    for (const PeerSpec& peer : call.peers)
      if (peer.node == other.peers[0].node || peer.node == other.peers[1].node)
        reader.fail(peer.mark, "'" + scenario.nodes[peer.node].name + "' takes part in the call '" +
                                   other.name + "' already; a host has one call so far");
  scenario.calls.push_back(std::move(call));
}

void read_calls(const ScenarioReader& reader, const YamlNode& root, const ScenarioNames& names,
                Scenario& scenario) {
  if (const YamlNode* call = root.find("call"))
    add_call(reader, *call, "call", names, scenario);
  const YamlNode* calls = root.find("calls");
  if (calls == nullptr)
    return;
  if (!calls->is_map())
    reader.fail(calls->mark, "expected calls as {NAME: {offerer: ..., peers: ...}}");
  for (const YamlEntry& entry : calls->entries) {
    reader.check_name(entry.key, entry.mark, "a call");
    if (entry.key == "call" && root.find("call") != nullptr)
      reader.fail(entry.mark, "'call' stands above already");
    add_call(reader, entry.value, entry.key, names, scenario);
  }
}

void read_expectations(const ScenarioReader& reader, const YamlNode& node, Scenario& scenario) {
  if (!node.is_sequence())
    reader.fail(node.mark, "expected a list of expectations (alice.ice is connected within 2s)");
  std::vector<std::string_view> peers;
  for (const CallSpec& call : scenario.calls)
    for (const PeerSpec& peer : call.peers)
      peers.emplace_back(scenario.nodes[peer.node].name);
  for (const YamlNode& item : node.items) {
    const std::string& text = reader.text(item, "an expectation");
    Result<Expectation, ExpectationError> parsed = parse_expectation(text);
    SourceMark mark = item.mark;
    if (!parsed) {
      mark.column += static_cast<std::uint32_t>(parsed.error().offset);
      reader.fail(mark, parsed.error().message);
    }
    if (std::find(peers.begin(), peers.end(), parsed->peer) == peers.end()) {
      const std::string_view meant = nearest(parsed->peer, peers);
      reader.fail(mark, "there is no peer '" + printable(parsed->peer) + "' in a call" +
                            (meant.empty() ? std::string()
                                           : "; did you mean '" + std::string(meant) + "'?"));
    }
    parsed->mark = mark;
    scenario.expectations.push_back(std::move(*parsed));
  }
}

// A STUN server that cannot answer may be meant so, or be a typing error.
std::optional<std::string> why_no_answer(const Scenario& scenario, const Endpoint& server) {
  for (const NodeSpec& node : scenario.nodes)
    for (const auto* addresses : {&node.addresses, &node.inside, &node.outside}) {
      if (std::none_of(addresses->begin(), addresses->end(),
                       [&](const InterfaceAddress& a) { return a.address == server.address; }))
        continue;
      if (std::find(node.stun_ports.begin(), node.stun_ports.end(), server.port) !=
          node.stun_ports.end())
        return std::nullopt;
      return "'" + node.name + "' has " + to_string(server.address) +
             ", and answers no STUN on port " + std::to_string(server.port);
    }
  return "no node has " + to_string(server.address);
}

void warn_of_servers(Scenario& scenario) {
  for (const CallSpec& call : scenario.calls)
    for (const PeerSpec& peer : call.peers)
      for (std::size_t i = 0; i < peer.stun_servers.size(); ++i)
        if (const std::optional<std::string> why = why_no_answer(scenario, peer.stun_servers[i])) {
          const SourceMark mark = peer.stun_server_marks[i];
          scenario.warnings.push_back(scenario.file + ":" + std::to_string(mark.line) + ":" +
                                      std::to_string(mark.column) + ": the STUN server of '" +
                                      scenario.nodes[peer.node].name + "' cannot answer: " + *why);
        }
}

void read_head(const ScenarioReader& reader, const YamlNode& root, Scenario& scenario) {
  if (const YamlNode* version = root.find("parley"); version != nullptr && version->text != "1")
    reader.fail(version->mark, "expected the format version 1");
  scenario.name = reader.text(reader.need(root, "name", "a scenario"), "the scenario's name");
  if (const YamlNode* description = root.find("description"))
    scenario.description = reader.text(*description);
  if (const YamlNode* rfc = root.find("rfc"))
    scenario.rfc = reader.texts(*rfc);
  if (const YamlNode* tags = root.find("tags"))
    scenario.tags = reader.texts(*tags);
  if (const YamlNode* seed = root.find("seed"))
    scenario.seed = reader.count(*seed);
  if (const YamlNode* duration = root.find("duration"))
    scenario.duration = reader.duration(*duration);
  if (const YamlNode* limits = root.find("limits"))
    read_limits(reader, *limits, scenario.limits);
}

// pcap of both byte orders and precisions, pcapng, gzip and Zstandard: what `parley analyze` reads.
bool looks_like_capture(std::string_view text) {
  constexpr std::array<std::string_view, 7> kMagics{
      "\xa1\xb2\xc3\xd4", "\xd4\xc3\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x4d\x3c\xb2\xa1",
      "\x0a\x0d\x0d\x0a", "\x1f\x8b\x08",     "\x28\xb5\x2f\xfd"};
  return std::any_of(kMagics.begin(), kMagics.end(),
                     [&](std::string_view magic) { return text.starts_with(magic); });
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path))
    throw std::filesystem::filesystem_error(
        "cannot read the scenario", path,
        std::error_code(file ? EISDIR : errno, std::generic_category()));
  // Stops one byte beyond the limit, where the parser refuses it, even if the file is a device.
  std::string text;
  std::array<char, 65536> block{};
  while (file && text.size() <= kMaxScenarioBytes) {
    file.read(block.data(), block.size());
    text.append(block.data(), static_cast<std::size_t>(file.gcount()));
  }
  return text;
}

}  // namespace

ScenarioError::ScenarioError(const std::string& file, SourceMark mark, const std::string& message)
    : std::runtime_error(file + ":" + std::to_string(mark.line) + ":" +
                         std::to_string(mark.column) + ": " + message),
      mark_(mark) {}

std::string_view to_string(NodeKind kind) {
  switch (kind) {
    case NodeKind::Host:
      return "host";
    case NodeKind::Router:
      return "router";
    case NodeKind::Nat:
      return "nat";
    case NodeKind::Server:
      return "server";
  }
  return "?";
}

Scenario parse_scenario(std::string_view text, const std::string& file) {
  if (looks_like_capture(text))
    throw UnknownScenario(printable(file) + ": looks like a capture: parley analyze reads it");
  const ScenarioReader reader(file);
  const YamlNode root = parse_yaml(text, file);
  std::vector<std::string_view> keys(kTopKeys.begin(), kTopKeys.end());
  keys.emplace_back("expect");
  reader.check_map(root, {"a scenario", keys, kTopLater, media_hints()});

  Scenario scenario;
  scenario.file = file;
  scenario.id = std::filesystem::path(file).stem().string();
  ScenarioNames names;
  add_profiles(names);
  read_head(reader, root, scenario);
  if (const YamlNode* profiles = root.find("profiles"))
    read_profiles(reader, *profiles, names);
  read_nodes(reader, reader.need(root, "nodes", "a scenario"), names, scenario);
  if (const YamlNode* links = root.find("links"))
    read_links(reader, *links, names, scenario);
  if (const YamlNode* capture = root.find("capture"))
    read_capture(reader, *capture, scenario);
  read_calls(reader, root, names, scenario);
  if (const YamlNode* expect = root.find("expect"))
    read_expectations(reader, *expect, scenario);
  build_topology(scenario);
  warn_of_servers(scenario);
  return scenario;
}

Scenario load_scenario(const std::string& name_or_file) {
  const bool is_name = name_or_file.find_first_of("/.") == std::string::npos;
  const std::span<const BuiltInScenario> all = built_in_scenarios();
  if (is_name && !std::filesystem::exists(name_or_file)) {
    const auto found = std::find_if(
        all.begin(), all.end(), [&](const BuiltInScenario& s) { return s.name == name_or_file; });
    if (found != all.end())
      return parse_scenario(found->text, std::string(found->name) + ".yaml");
    std::vector<std::string_view> names;
    names.reserve(all.size());
    for (const BuiltInScenario& s : all)
      names.push_back(s.name);
    const std::string_view meant = nearest(name_or_file, names);
    throw UnknownScenario(
        "there is no scenario '" + printable(name_or_file) +
        "', neither a file nor one that comes with Parley" +
        (meant.empty() ? std::string() : "; did you mean '" + std::string(meant) + "'?"));
  }
  return parse_scenario(read_file(name_or_file), name_or_file);
}

}  // namespace parley::sim

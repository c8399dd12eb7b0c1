#pragma once

// What a scenario file says, validated and with every default filled in (docs/scenarios.md). Owns
// the description only; world, topology and run make it live. Nothing here reads the network.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sim/expectation.h"
#include "sim/link.h"
#include "sim/nat_table.h"
#include "sim/source_mark.h"
#include "stack/base/address.h"
#include "stack/base/time.h"

namespace parley::sim {

// Bad input: what() is "FILE:LINE:COLUMN: what was found and what was expected".
class ScenarioError : public std::runtime_error {
 public:
  ScenarioError(const std::string& file, SourceMark mark, const std::string& message);
  const SourceMark& mark() const { return mark_; }

 protected:
  explicit ScenarioError(const std::string& message) : std::runtime_error(message) {}

 private:
  SourceMark mark_;
};

// A name that is neither a file nor a scenario that comes with Parley; no place in a file.
class UnknownScenario : public ScenarioError {
 public:
  explicit UnknownScenario(const std::string& message) : ScenarioError(message) {}
};

// ADDRESS/PREFIX; without a prefix in the file it is 24 for IPv4 and 64 for IPv6.
struct InterfaceAddress {
  IpAddress address;
  unsigned prefix = 0;
  SourceMark mark;
};

enum class NodeKind : std::uint8_t { Host, Router, Nat, Server };
std::string_view to_string(NodeKind kind);

struct StaticRoute {
  IpAddress prefix;
  unsigned length = 0;
  std::uint32_t via = 0;  // index of a neighbour in Scenario::nodes
  SourceMark mark;
};

struct NodeSpec {
  std::string name;
  SourceMark mark;
  NodeKind kind = NodeKind::Host;
  std::string label;
  std::optional<std::array<double, 2>> position;  // for a drawing; no meaning in the run
  std::vector<InterfaceAddress> addresses;        // of a host, router, server
  std::vector<InterfaceAddress> inside, outside;  // of a NAT
  NatPolicy nat;                                  // of a NAT
  std::vector<StaticRoute> routes;                // of a router
  std::optional<StaticRoute> gateway;             // of a host; else its only neighbour
  std::vector<std::uint16_t> stun_ports;          // of a server; empty: no STUN server runs there
};

// Which of a node's interfaces a link ends at. Only NATs have more than one so far.
enum class NatSide : std::uint8_t { Unsaid, Inside, Outside };

struct LinkEnd {
  std::uint32_t node = 0;  // index in Scenario::nodes
  NatSide side = NatSide::Unsaid;
};

struct LinkSpec {
  std::string name;
  SourceMark mark;
  std::array<LinkEnd, 2> ends;
  LinkConfig forward, backward;  // forward: from ends[0] to ends[1]
};

struct PeerSpec {
  std::uint32_t node = 0;
  SourceMark mark;
  std::vector<Endpoint> stun_servers;
  std::vector<SourceMark> stun_server_marks;            // of each of them
  Duration ice_pacing = std::chrono::milliseconds(50);  // RFC 8445 section 14.2
  trace::Nomination nomination = trace::Nomination::Regular;
  bool consent = true;  // RFC 7675
  std::size_t dtls_mtu = 1200;
  Duration dtls_initial_timeout = std::chrono::seconds(1);  // RFC 6347 section 4.2.4.1
  bool dtls_hello_verify = false;
};

struct CallSpec {
  std::string name;
  SourceMark mark;
  std::uint32_t offerer = 0;  // index in peers
  Duration start{};
  Duration signaling_delay = std::chrono::milliseconds(40);
  bool answer_passive = false;
  std::array<PeerSpec, 2> peers;
};

struct ScenarioLimits {
  std::uint64_t nodes = 100'000;
  std::uint64_t events = 100'000'000;
  std::uint64_t packets = 10'000'000;
};

struct Scenario {
  std::string id;    // "two-home-routers": the file's name without path and ending
  std::string file;  // as it stands in messages
  std::string name, description;
  std::vector<std::string> rfc, tags;
  std::uint64_t seed = 1;
  Duration duration = std::chrono::seconds(30);
  ScenarioLimits limits;
  // Names of capture points; empty optional: all of them.
  std::optional<std::vector<std::string>> capture_at;
  std::vector<NodeSpec> nodes;
  std::vector<LinkSpec> links;
  std::vector<CallSpec> calls;
  std::vector<Expectation> expectations;
  // What is allowed and hardly meant: "FILE:LINE:COLUMN: what is odd".
  std::vector<std::string> warnings;
};

// A file, or the name of a scenario that comes with Parley ("two-home-routers"). A name with a
// slash or a dot is always a file, and a file of that name goes first. Throws ScenarioError for
// what the text says, UnknownScenario, std::filesystem::filesystem_error for a file that cannot be
// read.
Scenario load_scenario(const std::string& name_or_file);
// `file` stands in messages and gives the id. Throws ScenarioError.
Scenario parse_scenario(std::string_view text, const std::string& file);

// The scenarios that come with Parley are part of the library: no path is needed to find them.
struct BuiltInScenario {
  std::string_view name, text;
};
std::span<const BuiltInScenario> built_in_scenarios();  // by name

}  // namespace parley::sim

#include "sim/topology.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/support.h"

namespace parley::sim {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}

TEST(RoutingTable, PrefersTheLongestPrefix) {
  RoutingTable table;
  table.add(ip("0.0.0.0"), 0, PortId{0});
  table.add(ip("10.0.0.0"), 8, PortId{1});
  table.add(ip("10.1.0.0"), 16, PortId{2});
  table.add(ip("10.1.2.3"), 32, PortId{3});
  table.add(ip("2001:db8::"), 32, PortId{4});
  EXPECT_EQ(table.find(ip("192.0.2.1")), PortId{0});
  EXPECT_EQ(table.find(ip("10.9.9.9")), PortId{1});
  EXPECT_EQ(table.find(ip("10.1.9.9")), PortId{2});
  EXPECT_EQ(table.find(ip("10.1.2.3")), PortId{3});
  EXPECT_EQ(table.find(ip("2001:db8::1")), PortId{4});
  EXPECT_EQ(table.find(ip("2001:db9::1")), std::nullopt);
}

TEST(Topology, NoRouteCrossesANat) {
  const Scenario s = parse_scenario(good_scenario(), "x.yaml");
  const Topology t = build_topology(s);
  const RoutingTable& internet = t.nodes[0].routes;
  EXPECT_TRUE(internet.find(ip("203.0.113.10")).has_value());
  EXPECT_TRUE(internet.find(ip("198.51.100.1")).has_value());
  EXPECT_FALSE(internet.find(ip("192.168.0.204")).has_value());
  EXPECT_FALSE(internet.find(ip("10.0.0.7")).has_value());
  const RoutingTable& home = t.nodes[2].routes;
  EXPECT_EQ(home.find(ip("192.168.0.204")), PortId{0});
  EXPECT_FALSE(home.find(ip("203.0.113.10")).has_value());
  EXPECT_EQ(t.nodes[2].outside_port, PortId{1});
}

// r1 - r2 directly takes 50 ms, by r3 20 + 20 ms.
std::string triangle() {
  return "name: Triangle\n"
         "nodes:\n"
         "  a: {kind: host, address: 203.0.113.1}\n"
         "  b: {kind: host, address: 198.51.100.1}\n"
         "  r1: {kind: router}\n"
         "  r2: {kind: router}\n"
         "  r3: {kind: router}\n"
         "links:\n"
         "  - {between: [a, r1]}\n"
         "  - {between: [b, r2]}\n"
         "  - {between: [r1, r2], delay: 50ms}\n"
         "  - {between: [r1, r3], delay: 20ms}\n"
         "  - {between: [r3, r2], delay: 20ms}\n";
}

TEST(Topology, RoutesFollowTheLeastDelay) {
  const Topology t = build_topology(parse_scenario(triangle(), "x.yaml"));
  EXPECT_EQ(t.nodes[2].routes.find(ip("198.51.100.1")), PortId{2});  // r1 to r3
  EXPECT_EQ(t.nodes[4].routes.find(ip("198.51.100.1")), PortId{1});  // r3 to r2
}

TEST(Topology, RoutesOfTheFileWin) {
  const Topology t = build_topology(parse_scenario(
      with(triangle(), "r1: {kind: router}", "r1: {kind: router, routes: {198.51.100.1/32: r2}}"),
      "x.yaml"));
  EXPECT_EQ(t.nodes[2].routes.find(ip("198.51.100.1")), PortId{1});  // r1 to r2
}

TEST(Topology, ARouterBehindANatSendsTheRestToTheNat) {
  const std::string text =
      "name: Office\n"
      "nodes:\n"
      "  internet: {kind: router}\n"
      "  web: {kind: server, address: 203.0.113.10}\n"
      "  gate: {kind: nat, outside: 198.51.100.1, inside: 10.0.0.1/16}\n"
      "  floor: {kind: router, address: 10.0.0.2}\n"
      "  desk: {kind: host, address: 10.0.1.5}\n"
      "links:\n"
      "  - {between: [web, internet]}\n"
      "  - {between: [gate, internet]}\n"
      "  - {between: [floor, gate]}\n"
      "  - {between: [desk, floor]}\n";
  const Topology t = build_topology(parse_scenario(text, "x.yaml"));
  EXPECT_EQ(t.nodes[3].routes.find(ip("203.0.113.10")), PortId{0});
  EXPECT_EQ(t.nodes[3].routes.find(ip("10.0.1.5")), PortId{1});
  EXPECT_EQ(t.nodes[2].routes.find(ip("10.0.1.5")), PortId{1});
}

TEST(Topology, TwoHomesMayUseTheSameAddresses) {
  const std::string text =
      with(with(with(good_scenario(), "inside: 10.0.0.1/24", "inside: 192.168.0.1/24"),
                "address: 10.0.0.7", "address: 192.168.0.204"),
           "name: Test", "name: Overlap");
  EXPECT_EQ(scenario_error(text), "no error");
}

struct ErrorCase {
  const char* from;
  const char* to;
  const char* place;
  const char* first;
  const char* second;
};

TEST(Topology, NamesBothCulprits) {
  const std::vector<ErrorCase> cases = {
      {"address: 203.0.113.10", "address: 198.51.100.2",
       "x.yaml:8:32:", "address conflict: 198.51.100.2 of 'home-b'", "'stun' (line 6)"},
      {"address: 192.168.0.204", "address: 192.168.0.1",
       "x.yaml:9:32:", "address conflict: 192.168.0.1 of 'alice'", "'home-a' (line 7)"},
      {"outside: 198.51.100.1", "outside: 192.168.0.99", "x.yaml:7:32:",
       "overlapping prefixes: outside 192.168.0.99/24", "inside 192.168.0.1/24 (line 7)"},
      {"  - {between: [stun, internet], delay: 5ms}\n", "", "x.yaml:6:3:", "'stun' is unreachable",
       "no link ends there"},
      {"  - {between: [home-b, internet], delay: 25ms}\n",
       "  - {between: [home-b, other], delay: 25ms}\n", "x.yaml:15:", "there is no node", "other"},
      {"address: 192.168.0.204", "address: 192.168.1.204",
       "x.yaml:13:5:", "'home-a' has 2 links outside", "'alice-home-a' (line 12)"},
      {"  - {between: [alice, home-a], delay: 1ms}\n",
       "  - {between: [alice, internet], delay: 1ms}\n", "x.yaml:7:3:", "needs a link outside",
       "it has none inside"},
      {"  - {between: [bob, home-b], delay: 2ms}\n",
       "  - {between: [bob, home-b], delay: 2ms}\n  - {between: [bob, internet]}\n",
       "x.yaml:15:5:", "'bob' has two links", "'bob-home-b' (line 14)"},
      {"address: 10.0.0.7}", "address: 10.0.0.7, gateway: internet}",
       "x.yaml:10:49:", "the gateway of 'bob' is its neighbour 'home-b'", "not 'internet'"},
      {"{kind: router}", "{kind: router, routes: {10.0.0.0/8: alice}}",
       "x.yaml:5:37:", "no link joins 'internet'", "'alice' (line 9)"},
  };
  for (const ErrorCase& c : cases) {
    const std::string error = scenario_error(with(good_scenario(), c.from, c.to));
    EXPECT_THAT(error, StartsWith(c.place)) << c.to;
    EXPECT_THAT(error, HasSubstr(c.first));
    EXPECT_THAT(error, HasSubstr(c.second));
  }
}

TEST(Topology, RefusesAnIslandAndTwoGatewaysForOneNetwork) {
  const std::string island =
      with(with(good_scenario(), "links:\n", "  x: {kind: router}\n  y: {kind: router}\nlinks:\n"),
           "  - {between: [stun", "  - {between: [x, y]}\n  - {between: [stun");
  EXPECT_THAT(scenario_error(island),
              testing::AllOf(StartsWith("x.yaml:11:3: 'x' is unreachable from"),
                             HasSubstr("'internet' (line 5)")));
  const std::string two =
      with(with(good_scenario(), "inside: 10.0.0.1/24", "inside: 192.168.0.2/24"), "[bob, home-b]",
           "[bob, home-b.inside]");
  const std::string joined = with(with(with(two, "links:\n", "  lan: {kind: router}\nlinks:\n"),
                                       "[alice, home-a]", "[lan, home-a.inside]"),
                                  "  - {between: [stun",
                                  "  - {between: [lan, home-b.inside]}\n  - {between: [alice, "
                                  "lan]}\n  - {between: [stun");
  EXPECT_THAT(scenario_error(joined),
              testing::AllOf(StartsWith("x.yaml:8:54: overlapping prefixes"),
                             HasSubstr("'home-a' (line 7)")));
}

}  // namespace
}  // namespace parley::sim

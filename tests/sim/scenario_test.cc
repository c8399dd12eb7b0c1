#include "sim/scenario.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/support.h"

namespace parley::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Scenario, ReadsTheScenarioThatComesWithParley) {
  const Scenario s = load_scenario("two-home-routers");
  EXPECT_EQ(s.id, "two-home-routers");
  EXPECT_EQ(s.name, "Two home routers");
  EXPECT_EQ(s.seed, 1U);
  EXPECT_EQ(s.duration, seconds(20));
  ASSERT_EQ(s.nodes.size(), 6U);
  EXPECT_EQ(s.nodes[1].stun_ports, std::vector<std::uint16_t>{3478});
  EXPECT_EQ(s.nodes[2].nat.mapping, NatBehavior::EndpointIndependent);
  EXPECT_EQ(s.nodes[2].nat, s.nodes[3].nat);
  ASSERT_EQ(s.links.size(), 5U);
  EXPECT_EQ(s.links[1].name, "home-a-internet");
  EXPECT_EQ(s.links[1].forward.rate, 20'000'000U);
  EXPECT_DOUBLE_EQ(s.links[1].backward.loss, 0.01);
  EXPECT_EQ(s.links[0].forward.queue_time, milliseconds(100));
  ASSERT_EQ(s.calls.size(), 1U);
  EXPECT_EQ(s.calls[0].signaling_delay, milliseconds(40));
  EXPECT_EQ(s.expectations.size(), 3U);
}

TEST(Scenario, EveryFileInScenariosComesWithParley) {
  std::vector<std::string> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(PARLEY_SOURCE_DIR) + "/scenarios"))
    if (entry.path().extension() == ".yaml")
      files.push_back(entry.path().stem().string());
  std::sort(files.begin(), files.end());
  std::vector<std::string> built_in;
  for (const BuiltInScenario& s : built_in_scenarios()) {
    built_in.emplace_back(s.name);
    EXPECT_EQ(parse_scenario(s.text, std::string(s.name) + ".yaml").id, s.name);
  }
  EXPECT_EQ(files, built_in);
}

TEST(Scenario, AnUnknownNameGetsASuggestionAndAMissingFileAnError) {
  try {
    (void)load_scenario("two-home-router");
    FAIL();
  } catch (const UnknownScenario& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'two-home-routers'?"));
  }
  EXPECT_THROW((void)load_scenario("./nothing.yaml"), std::filesystem::filesystem_error);
  EXPECT_THROW((void)load_scenario("/"), std::filesystem::filesystem_error);
}

TEST(Scenario, DefaultsFollowTheFormat) {
  const Scenario s = parse_scenario(good_scenario(), "x.yaml");
  const NatPolicy& nat = s.nodes[2].nat;
  EXPECT_EQ(nat.mapping, NatBehavior::EndpointIndependent);
  EXPECT_EQ(nat.filtering, NatBehavior::AddressAndPortDependent);
  EXPECT_EQ(nat.ports, PortAllocation::Preserving);
  EXPECT_EQ(nat.lifetime, seconds(120));
  EXPECT_EQ(s.links[0].forward.rate, 0U);
  EXPECT_EQ(s.nodes[4].addresses[0].prefix, 24U);
  EXPECT_FALSE(s.capture_at.has_value());
}

TEST(Scenario, DirectionsOfALinkMayDiffer) {
  const Scenario s = parse_scenario(
      with(good_scenario(), "[home-a, internet], delay: 15ms",
           "[home-a, internet], delay: 15ms, rate: 20Mbps, forward: {rate: 2Mbps, loss: 1%}, "
           "backward: {delay: 10ms, queue: 64KiB}"),
      "x.yaml");
  const LinkSpec& link = s.links[1];
  EXPECT_EQ(link.forward.rate, 2'000'000U);
  EXPECT_EQ(link.forward.delay, milliseconds(15));
  EXPECT_DOUBLE_EQ(link.forward.loss, 0.01);
  EXPECT_EQ(link.backward.rate, 20'000'000U);
  EXPECT_EQ(link.backward.delay, milliseconds(10));
  EXPECT_EQ(link.backward.queue_bytes, 65'536U);
  EXPECT_FALSE(link.backward.queue_time.has_value());
  EXPECT_DOUBLE_EQ(link.backward.loss, 0);
}

TEST(Scenario, ProfilesAreTemplatesAndKeysOnTheNodeWin) {
  const std::string text =
      with(with(good_scenario(), "nodes:\n",
                "profiles: {mine: {kind: nat, like: symmetric, mapping-lifetime: 45s}}\nnodes:\n"),
           "inside: 192.168.0.1/24}", "inside: 192.168.0.1/24, profile: mine, filtering: ad}");
  const NatPolicy nat = parse_scenario(text, "x.yaml").nodes[2].nat;
  EXPECT_EQ(nat.mapping, NatBehavior::AddressAndPortDependent);
  EXPECT_EQ(nat.filtering, NatBehavior::AddressDependent);
  EXPECT_EQ(nat.ports, PortAllocation::Random);
  EXPECT_EQ(nat.lifetime, seconds(45));
}

TEST(Scenario, ReadsTheSettingsOfPeers) {
  const std::string text =
      with(good_scenario(), "bob: {ice-servers: [\"stun:203.0.113.10:3478\"]}",
           "bob: {ice-servers: [{urls: [\"stun:203.0.113.10\"]}], ice: {pacing: 20ms, nomination: "
           "aggressive, consent: false}, dtls: {version: 1.2, mtu: 800B, initial-timeout: 50ms, "
           "hello-verify: true}}");
  const PeerSpec bob = parse_scenario(text, "x.yaml").calls[0].peers[1];
  EXPECT_EQ(bob.stun_servers, std::vector<Endpoint>{*Endpoint::parse("203.0.113.10:3478")});
  EXPECT_EQ(bob.ice_pacing, milliseconds(20));
  EXPECT_EQ(bob.nomination, trace::Nomination::Aggressive);
  EXPECT_FALSE(bob.consent);
  EXPECT_EQ(bob.dtls_mtu, 800U);
  EXPECT_EQ(bob.dtls_initial_timeout, milliseconds(50));
  EXPECT_TRUE(bob.dtls_hello_verify);
}

struct ErrorCase {
  const char* from;
  const char* to;
  const char* error;  // begins with the place
};

TEST(Scenario, NamesThePlaceOfEveryMistake) {
  const std::vector<ErrorCase> cases = {
      // Keys.
      {"delay: 1ms", "dellay: 1ms",
       "x.yaml:12:32: unknown key 'dellay' in a link; did you mean 'delay'?"},
      {"seed: 1", "sede: 1", "x.yaml:2:1: unknown key 'sede' in a scenario; did you mean 'seed'?"},
      {"{kind: router}", "{kind: router, addres: 1.2.3.4}",
       "x.yaml:5:28: unknown key 'addres' in a router; did you mean 'address'?"},
      {"seed: 1", "frobnicate: 1", "x.yaml:2:1: unknown key 'frobnicate' in a scenario; known are"},
      {"seed: 1", "name: Again", "x.yaml:2:1: the key 'name' stands here twice"},
      {"name: Test\n", "description: x\n", "x.yaml:1:1: a scenario needs the key 'name'"},
      {"kind: host, address: 10.0.0.7", "kind: host",
       "x.yaml:10:8: a host needs the key 'address'"},
      {"kind: host, address: 10.0.0.7", "address: 10.0.0.7",
       "x.yaml:10:8: the node 'bob' needs the key 'kind'"},
      // Layers that are not built yet.
      {"seed: 1", "timeline: []",
       "x.yaml:2:1: unknown key 'timeline' in a scenario: it is part of the scenario format, but"},
      {"stun: {}}", "stun: {}, turn: {}}",
       "x.yaml:6:57: unknown key 'turn' in a server: it is part"},
      {"kind: router", "kind: firewall", "x.yaml:5:20: the node kind 'firewall' is part of the"},
      {"delay: 15ms", "delay: {model: normal, mean: 1ms, deviation: 1ms}",
       "x.yaml:13:42: a delay that varies is part of"},
      {"delay: 15ms", "loss: {model: gilbert-elliott, p: 1%, r: 2%}",
       "x.yaml:13:49: the loss model 'gilbert-elliott' is part of"},
      {"bob: {ice-servers", "bob: {audio: true, ice-servers",
       "x.yaml:22:11: unknown key 'audio' in a peer: it is part of"},
      {"bob: {ice-servers", "bob: {media: audio, ice-servers",
       "x.yaml:22:11: unknown key 'media' in a peer: media are audio, video and channels of a "
       "peer"},
      {"offerer: alice", "media: []",
       "x.yaml:18:3: unknown key 'media' in a call: media are audio"},
      {"seed: 1", "media: []", "x.yaml:2:1: unknown key 'media' in a scenario: media are audio"},
      {"delay: 15ms", "up: 1s",
       "x.yaml:13:35: unknown key 'up' in a link: links that are taken down"},
      {"delay: 15ms", "down: 1s", "x.yaml:13:35: unknown key 'down' in a link: links that"},
      {"delay: 15ms", "state: down", "x.yaml:13:35: unknown key 'state' in a link: links that"},
      {"bob: {ice-servers: [\"stun:", "bob: {ice-servers: [\"turn:",
       "x.yaml:22:25: the server turn:203.0.113.10:3478 is part of"},
      // Quantities.
      {"duration: 20s", "duration: 20",
       "x.yaml:3:11: expected a duration with its unit (250us, 20ms, 1.5s, 2min), found '20'"},
      {"delay: 15ms", "delay: 15ms, rate: 20",
       "x.yaml:13:54: expected a rate with its unit (64kbps, 20Mbps), found '20'"},
      {"delay: 15ms", "delay: 15ms, rate: 20ms", "x.yaml:13:54: expected a rate"},
      {"delay: 15ms", "delay: 15ms, loss: 0.01", "x.yaml:13:54: expected a share"},
      {"delay: 15ms", "delay: 15ms, loss: 101%", "x.yaml:13:54: expected a share"},
      {"delay: 15ms", "delay: 15ms, queue: 12", "x.yaml:13:55: expected a duration with its unit"},
      {"delay: 15ms", "delay: [15ms]",
       "x.yaml:13:42: expected a duration with its unit (250us, "
       "20ms, 1.5s, 2min), found a list"},
      {"seed: 1", "seed: 1.5", "x.yaml:2:7: expected a whole number, found '1.5'"},
      {"seed: 1", "seed: -1", "x.yaml:2:7: expected a whole number"},
      // Addresses and names.
      {"address: 10.0.0.7", "address: 10.0.0.700",
       "x.yaml:10:30: expected an IPv4 or IPv6 address, found '10.0.0.700'"},
      {"address: 10.0.0.7", "address: 10.0.0.7/33", "x.yaml:10:30: expected a prefix length"},
      {"address: 10.0.0.7", "address: 127.0.0.1",
       "x.yaml:10:30: '127.0.0.1' is no address that a node can have"},
      {"  bob: {kind", "  Bob: {kind", "x.yaml:10:3: the name of a node is made of"},
      {"[bob, home-b]", "[bbo, home-b]",
       "x.yaml:14:16: there is no node 'bbo'; did you mean 'bob'?"},
      {"[bob, home-b]", "[bob, bob]", "x.yaml:14:15: a link joins two nodes"},
      {"[bob, home-b]", "[bob]", "x.yaml:14:15: expected the two ends of the link"},
      {"[bob, home-b]", "[bob, home-b.insight]",
       "x.yaml:14:21: expected home-b.inside or home-b.outside"},
      {"[bob, home-b]", "[bob.outside, home-b]", "x.yaml:14:16: 'bob' is a host and has one"},
      {"kind: router", "kind: ruoter",
       "x.yaml:5:20: expected the kind of a node (host, router, nat, server), found 'ruoter'; did "
       "you mean 'router'?"},
      {"kind: router", "kind: firewall", "x.yaml:5:20: "},
      {"inside: 192.168.0.1/24}", "inside: 192.168.0.1/24, ports: blok}",
       "x.yaml:7:77: expected a port allocation (preserving, contiguous, random), found 'blok'"},
      {"inside: 192.168.0.1/24}", "inside: 192.168.0.1/24, mapping: eim}",
       "x.yaml:7:79: expected a NAT behaviour"},
      {"inside: 192.168.0.1/24}", "inside: 192.168.0.1/24, profile: port-restricted}",
       "x.yaml:7:79: expected a NAT profile"},
      {"inside: 192.168.0.1/24}", "inside: 192.168.0.1/24, ports: {range: 9-3}}",
       "x.yaml:7:85: expected a port range"},
      {"inside: 192.168.0.1/24}", "inside: 192.168.0.1/24, mapping-lifetime: 0s}",
       "x.yaml:7:88: a mapping has to live"},
      {"stun: {}}", "stun: {listen: [udp/0]}}", "x.yaml:6:62: expected udp/PORT"},
      {"stun: {}}", "stun: {listen: [tcp/3478]}}", "x.yaml:6:62: a STUN server on TCP"},
      // Calls.
      {"offerer: alice", "offerer: stun", "x.yaml:18:12: the offerer 'stun' is none of the peers"},
      {"    bob: {ice", "    stun: {ice", "x.yaml:22:5: a peer runs on a host; 'stun' is a server"},
      {"stun:203.0.113.10:3478\"]}\n    bob", "stun:example.org\"]}\n    bob",
       "x.yaml:21:27: expected an address and a port behind stun:"},
      {"signaling: {delay: 40ms}", "signaling: {delay: 40ms, trickle: half}",
       "x.yaml:19:37: trickle 'half' is part of"},
      {"bob: {ice-servers", "bob: {ice: {pacing: 1ms}, ice-servers",
       "x.yaml:22:25: Ta has to be at least 5ms"},
      {"bob: {ice-servers", "bob: {dtls: {mtu: 100B}, ice-servers",
       "x.yaml:22:23: expected an MTU from 256B to 4096B"},
      // Expectations.
      {"alice.ice is connected within 2s", "alcie.ice is connected within 2s",
       "x.yaml:24:5: there is no peer 'alcie' in a call; did you mean 'alice'?"},
      {"alice.ice is connected within 2s", "alice.ice is conected within 2s",
       "x.yaml:24:18: expected a state of ICE"},
      {"alice.ice is connected within 2s", "alice.sctp is connected",
       "x.yaml:24:5: 'sctp' is part of the scenario format"},
      // Capture.
      {"seed: 1", "capture: {at: [alcie]}",
       "x.yaml:2:16: expected a capture point (stun, home-a.inside"},
      {"seed: 1", "parley: 2", "x.yaml:2:9: expected the format version 1"},
  };
  for (const ErrorCase& c : cases)
    EXPECT_THAT(scenario_error(with(good_scenario(), c.from, c.to)), StartsWith(c.error))
        << c.from << " -> " << c.to;
}

TEST(Scenario, AHostHasOneCall) {
  const std::string text = with(good_scenario(), "expect:",
                                "calls: {second: {offerer: bob, peers: {alice: {}, bob: {}}}}\n"
                                "expect:");
  EXPECT_THAT(scenario_error(text), StartsWith("x.yaml:23:40: 'alice' takes part in the call"));
}

TEST(Scenario, NoPrefixOfAFileCrashesTheLoader) {
  const std::string text = good_scenario();
  for (std::size_t size = 0; size < text.size(); ++size)
    (void)scenario_error(text.substr(0, size));
}

TEST(Scenario, NamesTheLimitThatTooManyNodesExceed) {
  EXPECT_THAT(scenario_error(with(good_scenario(), "seed: 1", "limits: {nodes: 3}")),
              StartsWith("x.yaml:5:3: 6 nodes, more than the limit 'nodes' of 3"));
}

TEST(Scenario, ChoosesCapturePoints) {
  const auto points = [](const char* value) {
    return parse_scenario(with(good_scenario(), "seed: 1", value), "x.yaml").capture_at;
  };
  EXPECT_FALSE(points("capture: {at: all}").has_value());
  EXPECT_TRUE(points("capture: {at: none}")->empty());
  EXPECT_EQ(*points("capture: {at: [home-a.inside, bob]}"),
            (std::vector<std::string>{"home-a.inside", "bob"}));
}

TEST(Scenario, SuggestsWhatAMistypedExpectationMayMean) {
  const auto error_of = [](std::string_view expectation) {
    return scenario_error(with(good_scenario(), "alice.ice is connected", expectation));
  };
  EXPECT_THAT(error_of("alice.ice is conected"), HasSubstr("found 'conected'; did you mean 'con"));
  EXPECT_THAT(error_of("alice.ice is faled"), HasSubstr("; did you mean 'failed'?"));
  EXPECT_THAT(error_of("alice.dlts is connected"), HasSubstr("; did you mean 'dtls'?"));
  EXPECT_THAT(error_of("alice.ice is somewhere"), Not(HasSubstr("did you mean")));
}

// A dead server may be meant so: the scenario runs, and the story begins with what is odd.
TEST(Scenario, WarnsOfAStunServerThatCannotAnswer) {
  EXPECT_TRUE(parse_scenario(good_scenario(), "x.yaml").warnings.empty());
  const auto warnings = [](std::string_view server) {
    return parse_scenario(with(good_scenario(), "bob: {ice-servers: [\"stun:203.0.113.10:3478",
                               "bob: {ice-servers: [\"" + std::string(server)),
                          "x.yaml")
        .warnings;
  };
  EXPECT_EQ(
      warnings("stun:203.0.113.99:3478"),
      std::vector<std::string>{"x.yaml:22:25: the STUN server of 'bob' cannot answer: no node "
                               "has 203.0.113.99"});
  EXPECT_EQ(warnings("stun:203.0.113.10:3479"),
            std::vector<std::string>{"x.yaml:22:25: the STUN server of 'bob' cannot answer: 'stun' "
                                     "has 203.0.113.10, and answers no STUN on port 3479"});
  EXPECT_EQ(warnings("stun:198.51.100.1").size(), 1U);
}

}  // namespace
}  // namespace parley::sim

#include "sim/story.h"

#include <sstream>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/story_cause.h"
#include "tests/sim/support.h"

namespace parley::sim {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

StoryOptions saying(StoryVerdict verdict) {
  StoryOptions how;
  how.verdicts.push_back(std::move(verdict));
  how.width = 200;
  return how;
}
StoryVerdict connected() {
  return {"connected", true, "", {}, {}};
}

std::string story_of(const Scenario& scenario, const StoryOptions& how = saying(connected())) {
  const RunOptions options;
  return tell_story(scenario, run(scenario, options), options, how);
}

// Of a call that failed, with what the run knows of its cause.
std::string failed_story_of(const Scenario& scenario) {
  const RunOptions options;
  const RunResult result = run(scenario, options);
  const Cause cause = cause_of(scenario, result, 0);
  return tell_story(scenario, result, options,
                    saying({"failed", false, "ICE found no path.", cause.why, cause.advice}));
}

TEST(Story, TellsHowTheHoleWasPunched) {
  const std::string text = story_of(load_scenario("two-home-routers"));
  EXPECT_THAT(text, StartsWith("Two home routers   seed 1, 20 s simulated, "));
  EXPECT_THAT(text, HasSubstr("CONNECTED   ICE bob 0.287 s, alice 0.330 s"));
  EXPECT_THAT(text, HasSubstr("srflx - srflx   RTT 86 ms   3 of 3 held"));
  EXPECT_THAT(text, HasSubstr("alice 192.168.0.204 - home-a 198.51.100.1 - internet - "
                              "198.51.100.2 home-b - 10.0.0.7 bob"));
  EXPECT_THAT(text, HasSubstr("0.142  home-b  lets bob's check to 198.51.100.1:50000 out: packets "
                              "from there may come in"));
  EXPECT_THAT(text,
              HasSubstr("0.182  home-a  lets bob's check in: 37 ms earlier it would have been "
                        "filtered.   HOLE PUNCHED"));
  EXPECT_THAT(text, HasSubstr("asks 203.0.113.10:3478 for its address"));
  EXPECT_THAT(text, HasSubstr("checks 198.51.100.2:50000 again: the peer's check came over it"));
  EXPECT_THAT(text, HasSubstr("0 of 1 answered, dropped at nomination"));
  EXPECT_THAT(text, HasSubstr("3 of 3 answered, consent 3 of 4, SELECTED"));
  EXPECT_THAT(text, HasSubstr("dropped at internet, no route"));
  EXPECT_THAT(text, HasSubstr("SELECTED"));
  EXPECT_THAT(text, HasSubstr("held    alice.ice is connected within 2s"));
}

TEST(Story, AFailedCallNamesTheNodeWhereThePacketsEnded) {
  std::string text = with(
      with(good_scenario(), "inside: 192.168.0.1/24", "inside: 192.168.0.1/24, profile: symmetric"),
      "inside: 10.0.0.1/24", "inside: 10.0.0.1/24, profile: symmetric");
  text = with(text, "duration: 20s", "duration: 60s");
  const std::string story = failed_story_of(parse_scenario(text, "x.yaml"));
  EXPECT_THAT(story, HasSubstr("\nFAILED   ICE found no path."));
  EXPECT_THAT(story, HasSubstr("WHY  home-a gives each destination another port "
                               "(address-and-port-dependent mapping): 192.168.0.204:50000 leaves "
                               "as 198.51.100.1:"));
  EXPECT_THAT(story, HasSubstr("home-b lets in only answers to what was sent out "
                               "(address-and-port-dependent filtering): "));
  EXPECT_THAT(story, HasSubstr("packets of alice from 198.51.100.1:"));
  EXPECT_THAT(story, HasSubstr("TRY  In the scenario: mapping: "
                               "endpoint-independent at home-a and home-b"));
  EXPECT_THAT(story, HasSubstr("0 of 1 held"));
  EXPECT_THAT(story, HasSubstr("FAILED  alice.ice is connected within 2s"));
  EXPECT_THAT(story, Not(HasSubstr("HOLE PUNCHED")));
}

// Private addresses mean something only at home: two homes may use the same.
TEST(Story, PeersWithTheSameAddressAtHomeAreToldApart) {
  std::string text = good_scenario();
  for (const auto& [from, to] :
       {std::pair("inside: 192.168.0.1/24}", "inside: 192.168.0.1/24, profile: symmetric}"),
        std::pair("inside: 10.0.0.1/24}", "inside: 192.168.0.1/24, profile: symmetric}"),
        std::pair("10.0.0.7", "192.168.0.204"), std::pair("duration: 20s", "duration: 60s")})
    text = with(text, from, to);
  const std::string story = failed_story_of(parse_scenario(text, "x.yaml"));
  EXPECT_THAT(story, HasSubstr("home-a lets in only answers to what was sent out "
                               "(address-and-port-dependent filtering): 7 packets of bob from "
                               "198.51.100.2:"));
  EXPECT_THAT(story, HasSubstr("home-b lets in only answers to what was sent out "
                               "(address-and-port-dependent filtering): 7 packets of alice from "
                               "198.51.100.1:"));
  EXPECT_THAT(story, HasSubstr("home-b  filters alice's Binding request to 198.51.100.2:"));
  EXPECT_THAT(story, HasSubstr("home-a  filters bob's Binding request to 198.51.100.1:"));
  EXPECT_THAT(story, HasSubstr("checks 192.168.0.204:50000 (host - host): in its own network that "
                               "is alice itself, so no check gets to bob"));
  EXPECT_THAT(story, HasSubstr("home-b  maps 192.168.0.204:50000"));
}

// RFC 4787 section 5: what a check that leaves lets in depends on the filter.
TEST(Story, AFilterNamesWhomACheckThatLeavesLetsIn) {
  const auto story = [](const char* filtering) {
    return story_of(
        parse_scenario(with(good_scenario(), "inside: 10.0.0.1/24}",
                            std::string("inside: 10.0.0.1/24, filtering: ") + filtering + "}"),
                       "x.yaml"));
  };
  EXPECT_THAT(story("apd"), HasSubstr("home-b  lets bob's check to 198.51.100.1:50000 out: "
                                      "packets from there may come in"));
  EXPECT_THAT(story("ad"), HasSubstr("home-b  lets bob's check to 198.51.100.1:50000 out: "
                                     "packets from 198.51.100.1 may come in"));
}

TEST(Story, TheVerdictIsTheCallersInWordAndSentence) {
  const std::string story =
      story_of(parse_scenario(with(good_scenario(), "duration: 20s", "duration: 200ms"), "x.yaml"),
               saying({"in-progress", false, "The run ended too early.", {}, {}}));
  EXPECT_THAT(story, HasSubstr("\nIN PROGRESS   The run ended too early.\n"));
  EXPECT_THAT(story, Not(HasSubstr("FAILED   ")));
}

// Two calls behind one NAT and none: what the NAT does for the one is no part of the other.
TEST(Story, ACallHearsNothingOfAnotherCallsNat) {
  const Scenario scenario = parse_scenario(
      "name: Two\n"
      "duration: 5s\n"
      "nodes:\n"
      "  internet: {kind: router}\n"
      "  stun: {kind: server, address: 203.0.113.10, stun: {}}\n"
      "  home-a: {kind: nat, outside: 198.51.100.1, inside: 192.168.0.1/24}\n"
      "  a: {kind: host, address: 192.168.0.2}\n"
      "  b: {kind: host, address: 192.168.0.3}\n"
      "  c: {kind: host, address: 203.0.113.21}\n"
      "  d: {kind: host, address: 203.0.113.22}\n"
      "links:\n"
      "  - {between: [a, home-a], delay: 1ms}\n"
      "  - {between: [b, home-a], delay: 1ms}\n"
      "  - {between: [home-a, internet], delay: 10ms}\n"
      "  - {between: [stun, internet], delay: 10ms}\n"
      "  - {between: [c, internet], delay: 10ms}\n"
      "  - {between: [d, internet], delay: 10ms}\n"
      "calls:\n"
      "  one: {offerer: a, peers: {a: {ice-servers: [\"stun:203.0.113.10\"]}, b: {}}}\n"
      "  two: {offerer: c, peers: {c: {}, d: {}}}\n",
      "x.yaml");
  const std::string text = story_of(scenario);
  const std::size_t second = text.find("call two");
  ASSERT_NE(second, std::string::npos);
  EXPECT_THAT(text.substr(0, second), HasSubstr("home-a  maps 192.168.0.2:50000"));
  EXPECT_THAT(text.substr(second), Not(HasSubstr("home-a")));
}

// The peer's check comes before its candidate does.
TEST(Story, ACandidateThatSignalingNamesLaterHasOneTypeEverywhere) {
  const std::string text =
      story_of(parse_scenario("name: x\n"
                              "duration: 5s\n"
                              "nodes:\n"
                              "  internet: {kind: router}\n"
                              "  a: {kind: host, address: 198.51.100.1}\n"
                              "  b: {kind: host, address: 203.0.113.1}\n"
                              "links:\n"
                              "  - {between: [a, internet], delay: 10ms}\n"
                              "  - {between: [b, internet], delay: 10ms}\n"
                              "call:\n"
                              "  offerer: a\n"
                              "  peers: {a: {}, b: {}}\n",
                              "x.yaml"));
  EXPECT_THAT(text, HasSubstr("   host - host"));
  EXPECT_THAT(text, HasSubstr("pairs of a  host - host"));
  EXPECT_THAT(text, HasSubstr("pairs of b  host - host"));
}

// A link that loses a third: consent goes unanswered for a while and comes back.
TEST(Story, ALossyLinkIsToldWithWhatWasLostAndWhatFollowed) {
  const std::string net = with(with(good_scenario(), "[home-a, internet], delay: 15ms",
                                    "[home-a, internet], delay: 15ms, loss: 30%"),
                               "duration: 20s", "duration: 90s");
  bool again = false;
  bool repeated = false;
  bool more = false;
  bool caused = false;
  for (int seed = 1; seed <= 20; ++seed) {
    const std::string text =
        story_of(parse_scenario(with(net, "seed: 1", "seed: " + std::to_string(seed)), "x.yaml"));
    again =
        again || text.find("ICE connected again: consent is answered again") != std::string::npos;
    repeated = repeated || text.find("loses Binding request of alice to bob; sent again at ") !=
                               std::string::npos;
    more = more || text.find(" more STUN packets until ") != std::string::npos;
    caused = caused || text.find(
                           "two consent checks in a row stayed unanswered; the link "
                           "home-a-internet lost ") != std::string::npos;
    EXPECT_THAT(text, HasSubstr("  The link home-a-internet lost "));
    EXPECT_THAT(text, Not(HasSubstr("loses a packet")));
    EXPECT_THAT(text, Not(HasSubstr(" 1 packets")));
  }
  EXPECT_TRUE(again);
  EXPECT_TRUE(repeated);
  EXPECT_TRUE(more);
  EXPECT_TRUE(caused);
}

TEST(Story, LinesBreakAtTheWidthUnderTheirText) {
  StoryOptions narrow = saying(connected());
  narrow.width = 80;
  const std::string text = story_of(load_scenario("two-home-routers"), narrow);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    EXPECT_LE(line.size(), 80U) << line;
  EXPECT_THAT(text, HasSubstr("connected as server:\n" + std::string(21, ' ')));
}

TEST(Story, QuietKeepsTheVerdictAndWhatFailed) {
  StoryOptions quiet = saying(connected());
  quiet.quiet = true;
  const std::string story = story_of(load_scenario("two-home-routers"), quiet);
  EXPECT_THAT(story, HasSubstr("CONNECTED"));
  EXPECT_THAT(story, Not(HasSubstr("pairs of")));
  EXPECT_THAT(story, Not(HasSubstr("held  ")));
}

TEST(Story, AScenarioWithoutACallSaysSo) {
  const std::string story =
      story_of(parse_scenario("name: Empty\n"
                              "nodes:\n"
                              "  r: {kind: router}\n"
                              "  s: {kind: host, address: 203.0.113.1}\n"
                              "links: [{between: [r, s]}]\n",
                              "x.yaml"));
  EXPECT_THAT(story, HasSubstr("No call in this scenario.\n"));
}

}  // namespace
}  // namespace parley::sim

#include "sim/story.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/support.h"

namespace parley::sim {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string story_of(const Scenario& scenario, const StoryOptions& how = {}) {
  const RunOptions options;
  return tell_story(scenario, run(scenario, options), options, how);
}

TEST(Story, TellsHowTheHoleWasPunched) {
  const std::string text = story_of(load_scenario("two-home-routers"));
  EXPECT_THAT(text, StartsWith("Two home routers   seed 1, 20 s simulated, "));
  EXPECT_THAT(text, HasSubstr("CONNECTED   ICE bob 0.287 s, alice 0.330 s"));
  EXPECT_THAT(text, HasSubstr("srflx - srflx   RTT 86 ms   3 of 3 held"));
  EXPECT_THAT(text, HasSubstr("alice 192.168.0.204 - home-a 198.51.100.1 - internet - "
                              "198.51.100.2 home-b - 10.0.0.7 bob"));
  EXPECT_THAT(text,
              HasSubstr("0.142  home-b  lets bob's check to 198.51.100.1:50000 out: alice may "
                        "now come in"));
  EXPECT_THAT(text,
              HasSubstr("0.182  home-a  lets bob's check in: 37 ms earlier it would have been "
                        "filtered.   HOLE PUNCHED"));
  EXPECT_THAT(text, HasSubstr("dropped at internet, no route"));
  EXPECT_THAT(text, HasSubstr("SELECTED"));
  EXPECT_THAT(text, HasSubstr("held    alice.ice is connected within 2s"));
}

TEST(Story, AFailedCallNamesTheNodeWhereThePacketsEnded) {
  std::string text = with(
      with(good_scenario(), "inside: 192.168.0.1/24", "inside: 192.168.0.1/24, profile: symmetric"),
      "inside: 10.0.0.1/24", "inside: 10.0.0.1/24, profile: symmetric");
  text = with(text, "duration: 20s", "duration: 60s");
  const std::string story = story_of(parse_scenario(text, "x.yaml"));
  EXPECT_THAT(story, HasSubstr("\nFAILED   ICE found no path: "));
  EXPECT_THAT(story, HasSubstr("0 of 1 held"));
  EXPECT_THAT(story, HasSubstr("packets at home-b: nat-filtered"));
  EXPECT_THAT(story, HasSubstr("FAILED  alice.ice is connected within 2s"));
  EXPECT_THAT(story, Not(HasSubstr("HOLE PUNCHED")));
}

TEST(Story, ARunThatEndsTooEarlyIsNotCalledFailed) {
  const std::string story =
      story_of(parse_scenario(with(good_scenario(), "duration: 20s", "duration: 200ms"), "x.yaml"));
  EXPECT_THAT(story, HasSubstr("NOT CONNECTED   the run ended while alice was checking"));
}

TEST(Story, QuietKeepsTheVerdictAndWhatFailed) {
  StoryOptions quiet;
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
  EXPECT_THAT(story, HasSubstr("No call in this scenario."));
}

}  // namespace
}  // namespace parley::sim

#include "sim/story_cause.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/story.h"
#include "tests/sim/support.h"

namespace parley::sim {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A run of the good scenario with one change, long enough for agents to give up.
class CauseOf : public testing::Test {
 protected:
  void run_with(std::string_view from, std::string_view to) {
    text = with(with(text, from, to), "duration: 20s", "duration: 60s");
    scenario = parse_scenario(text, "x.yaml");
    result = run(scenario, {});
    cause = cause_of(scenario, result, 0);
  }

  std::string text = good_scenario();
  Scenario scenario;
  RunResult result;
  Cause cause;
};

TEST_F(CauseOf, ALinkThatLosesAllIsNamedAndAdvisedAbout) {
  run_with("{between: [home-a, internet], delay: 15ms}",
           "{between: [home-a, internet], delay: 15ms, loss: 100%}");
  EXPECT_THAT(cause.why, Contains(HasSubstr("The link home-a-internet lost ")));
  EXPECT_THAT(cause.advice, Contains("In the scenario: less loss on the link home-a-internet."));
  EXPECT_THAT(cause.advice, Not(Contains(HasSubstr("TURN"))));
  EXPECT_FALSE(cause.both_change_ports);
}

TEST_F(CauseOf, ANatWithoutRoomForMappingsIsNamedInWords) {
  run_with("inside: 10.0.0.1/24", "inside: 10.0.0.1/24, profile: symmetric, max-mappings: 1");
  EXPECT_THAT(cause.why, Contains(HasSubstr("ended at home-b: no mapping left.")));
  EXPECT_THAT(cause.advice, Contains(HasSubstr("a higher max-mappings")));
  StoryOptions how;
  how.width = 200;
  const std::string story = tell_story(scenario, result, {}, how);
  EXPECT_THAT(story, HasSubstr("home-b  has no mapping left for 10.0.0.7:50000; 13 more times "
                               "until 31."));
  EXPECT_THAT(story, Not(HasSubstr("nat-refused")));
}

TEST_F(CauseOf, NatsThatChangePortsOnBothSidesAreBothToBlame) {
  text = with(text, "inside: 192.168.0.1/24", "inside: 192.168.0.1/24, profile: symmetric");
  run_with("inside: 10.0.0.1/24", "inside: 10.0.0.1/24, profile: symmetric");
  EXPECT_TRUE(cause.both_change_ports);
  EXPECT_THAT(cause.why, Contains(HasSubstr("home-a gives each destination another port "
                                            "(address-and-port-dependent mapping): "
                                            "192.168.0.204:50000 leaves as 198.51.100.1:")));
  EXPECT_THAT(cause.advice,
              Contains(HasSubstr("mapping: endpoint-independent at home-a and home-b")));
}

TEST_F(CauseOf, ANatThatChangesPortsOnOneSideIsNotBoth) {
  run_with("inside: 10.0.0.1/24", "inside: 10.0.0.1/24, profile: symmetric");
  EXPECT_FALSE(cause.both_change_ports);
  EXPECT_THAT(cause.why, Contains(HasSubstr("home-b gives each destination another port")));
}

// RFC 4787 section 6: two homes behind one NAT of their provider.
TEST_F(CauseOf, ANatThatWouldHaveToHairpinIsNamedAndAdvisedAbout) {
  text = with(text, "  alice: {kind: host",
              "  cgn: {kind: nat, outside: 198.51.100.1, inside: 100.64.0.1/10}\n"
              "  alice: {kind: host");
  text = with(text, "outside: 198.51.100.1, inside: 192", "outside: 100.64.0.2/10, inside: 192");
  text = with(text, "outside: 198.51.100.2", "outside: 100.64.0.3/10");
  text = with(text, "{between: [home-a, internet]",
              "{between: [cgn, internet]}\n"
              "  - {between: [home-a, cgn]");
  run_with("{between: [home-b, internet]", "{between: [home-b, cgn]");
  EXPECT_EQ(cause.no_hairpin, "cgn");
  EXPECT_THAT(cause.why, Contains(HasSubstr("ended at cgn: no hairpinning.")));
  EXPECT_THAT(cause.advice, Contains(HasSubstr("hairpinning at cgn (RFC 4787 REQ-9), or a TURN")));
}

// Two homes with one prefix: each host takes the other for a neighbour.
TEST_F(CauseOf, WhatNobodyOnTheLinkHasEndsAtItsSender) {
  text = with(text, "inside: 10.0.0.1/24", "inside: 192.168.0.1/24");
  run_with("address: 10.0.0.7", "address: 192.168.0.205");
  EXPECT_THAT(cause.why,
              Contains("1 packet of alice to 192.168.0.205:50000 ended at alice: by its "
                       "prefix the address is on the link of alice, and nobody there has "
                       "it."));
  for (const trace::Record& record : result.records)
    if (const auto* mapping = std::get_if<trace::NatMapping>(&record.event)) {
      EXPECT_NE(to_string(mapping->remote.address), "192.168.0.205");
      EXPECT_NE(to_string(mapping->remote.address), "192.168.0.204");
    }
  StoryOptions how;
  how.width = 200;
  EXPECT_THAT(tell_story(scenario, result, {}, how),
              HasSubstr("dropped at alice, nobody on the link has this address"));
}

TEST_F(CauseOf, ACallThatIsUpAndInTroubleAtItsEndIsExplained) {
  text = with(text, "duration: 20s", "duration: 61s");
  text = with(text, "{between: [home-b, internet], delay: 25ms}",
              "{between: [home-b, internet], delay: 25ms, loss: 20%}");
  bool seen = false;
  for (std::uint64_t seed = 1; seed < 60 && !seen; ++seed) {
    scenario = parse_scenario(text, "x.yaml");
    RunOptions options;
    options.seed = seed;
    result = run(scenario, options);
    StoryOptions how;
    how.width = 200;
    StoryVerdict verdict;
    verdict.outcome = "connected";
    how.verdicts = {verdict};
    const std::string story = tell_story(scenario, result, options, how);
    seen = story.find("is disconnected: ") != std::string::npos;
    EXPECT_EQ(story.find("\nWHY  ") != std::string::npos,
              story.find("at the end ") != std::string::npos)
        << story;
    if (seen) {
      EXPECT_THAT(story, HasSubstr("WHY  The link home-b-internet lost "));
      EXPECT_THAT(story, HasSubstr("TRY  In the scenario: less loss on the link home-b-internet."));
    }
  }
  EXPECT_TRUE(seen) << "no seed ends in trouble";
}

TEST_F(CauseOf, ACallThatIsUpHasNothingToAdvise) {
  run_with("duration: 20s", "duration: 20s");
  EXPECT_THAT(cause.advice, IsEmpty());
}

}  // namespace
}  // namespace parley::sim

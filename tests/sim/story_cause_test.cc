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

TEST_F(CauseOf, ACallThatIsUpHasNothingToAdvise) {
  run_with("duration: 20s", "duration: 20s");
  EXPECT_THAT(cause.advice, IsEmpty());
}

}  // namespace
}  // namespace parley::sim

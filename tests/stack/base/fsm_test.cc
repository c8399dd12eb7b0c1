#include "stack/base/fsm.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

enum class Light { Red, Green };
enum class Press { Go, Stop };

constexpr TransitionTable kLights{std::to_array<Transition<Light, Press>>(
    {{Light::Red, Press::Go, Light::Green}, {Light::Green, Press::Stop, Light::Red}})};

TEST(TransitionTable, AnswersTheNextStateOrNothing) {
  EXPECT_EQ(kLights.next(Light::Red, Press::Go), Light::Green);
  EXPECT_EQ(kLights.next(Light::Green, Press::Stop), Light::Red);
  EXPECT_EQ(kLights.next(Light::Red, Press::Stop), std::nullopt);
}

TEST(TransitionTable, KnowsWhichEdgesThereAre) {
  EXPECT_TRUE(kLights.reachable(Light::Red, Light::Green));
  EXPECT_FALSE(kLights.reachable(Light::Red, Light::Red));
  EXPECT_EQ(kLights.rows().size(), 2U);
}

TEST(TransitionTable, FindsAStateWithTwoWaysForOneInput) {
  EXPECT_TRUE(kLights.deterministic());
  constexpr TransitionTable kTorn{std::to_array<Transition<Light, Press>>(
      {{Light::Red, Press::Go, Light::Green}, {Light::Red, Press::Go, Light::Red}})};
  EXPECT_FALSE(kTorn.deterministic());
}

}  // namespace
}  // namespace parley

#include "stack/srtp/packet_index.h"

#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "stack/base/random.h"
#include "tests/support/files.h"

namespace parley::srtp {
namespace {

using Place = ReplayWindow::Place;

TEST(EstimateRoc, FollowsRfc3711AppendixA) {
  const auto rules = nlohmann::json::parse(
      test::read_text(test::source_path("tests/vectors/srtp_roc_replay_rules.json")));
  int checked = 0;
  for (const auto& rule : rules["index_guess"]) {
    const std::uint64_t highest = index_of(rule["roc"].get<std::uint32_t>(), rule["s_l"]);
    // The one entry in words is of ROC 0, before which there was nothing.
    const std::uint32_t expected = rule["v"].is_number() ? rule["v"].get<std::uint32_t>() : 0U;
    EXPECT_EQ(estimate_roc(highest, rule["seq"]), expected) << rule.dump();
    ++checked;
  }
  EXPECT_GE(checked, 7);
}

TEST(EstimateRoc, FindsEveryIndexWithinHalfATurn) {
  SeededRandom random(3, "index");
  for (int round = 0; round < 20000; ++round) {
    const std::uint64_t highest = 0x10000 + random.below(kIndexLimit / 2);
    const std::uint64_t index = highest - 0x7fff + random.below(0xffff);
    ASSERT_EQ(estimate_roc(highest, static_cast<std::uint16_t>(index)), roc_of(index));
  }
}

TEST(ReplayWindow, AnswersLikeASetOfIndices) {
  SeededRandom random(4, "window");
  for (int run = 0; run < 20; ++run) {
    ReplayWindow window;
    std::set<std::uint64_t> received;
    std::uint64_t at = random.below(1000);
    for (int i = 0; i < 2000; ++i) {
      at += random.chance(0.01) ? random.below(300) : random.below(3);
      const std::uint64_t back = random.below(200);
      const std::uint64_t index = random.chance(0.5) || back > at ? at : at - back;
      Place expected = Place::New;
      if (!received.empty() && index + ReplayWindow::kWidth <= *received.rbegin())
        expected = Place::TooOld;
      else if (received.count(index) != 0)
        expected = Place::Repeated;
      ASSERT_EQ(window.place(index), expected) << index;
      if (expected == Place::New) {
        window.receive(index);
        received.insert(index);
        ASSERT_EQ(window.highest(), *received.rbegin());
      }
    }
  }
}

TEST(ReplayWindow, ForgetsEverythingBehindALongJump) {
  for (const std::uint64_t jump : {63U, 64U, 65U, 127U, 128U, 129U, 100000U}) {
    ReplayWindow window;
    window.receive(10);
    window.receive(10 + jump);
    EXPECT_EQ(window.place(10), jump < 128 ? Place::Repeated : Place::TooOld) << jump;
    EXPECT_EQ(window.place(10 + jump), Place::Repeated);
    EXPECT_EQ(window.place(9 + jump), Place::New);
  }
}

}  // namespace
}  // namespace parley::srtp

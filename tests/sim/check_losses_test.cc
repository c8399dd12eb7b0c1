#include "sim/check_losses.h"

#include <gtest/gtest.h>

namespace parley::sim {
namespace {

constexpr trace::ActorId kAlice{0};
constexpr trace::ActorId kNat{1};

RunResult result_of(std::vector<trace::Event> at_alice, std::vector<trace::Event> in_network) {
  RunResult result;
  result.nodes = {"alice", "home"};
  for (trace::Event& event : at_alice)
    result.records.push_back({Instant{}, kAlice, std::move(event)});
  for (trace::Event& event : in_network)
    result.records.push_back({Instant{}, kNat, std::move(event)});
  return result;
}

trace::IceCheckSent sent(const char* transaction) {
  trace::IceCheckSent check;
  check.transaction = transaction;
  return check;
}

trace::PacketDropped dropped(const char* transaction, const char* content, const char* place) {
  trace::PacketDropped drop;
  drop.transaction = transaction;
  drop.content = content;
  drop.place = place;
  return drop;
}

TEST(CheckLosses, CountRequestsAndResponsesByPlace) {
  const RunResult result = result_of(
      {sent("01"), sent("02")},
      {dropped("01", "Binding request", "a-b"), dropped("01", "Binding request", "a-b"),
       dropped("02", "Binding success response", "a-b"),
       dropped("02", "Binding success response", ""), dropped("99", "Binding request", "a-b")});
  EXPECT_EQ(lost_since_last_answer(result, kAlice, result.records.size()),
            "home dropped 1 response, the link a-b lost 2 requests and 1 response");
  EXPECT_EQ(lost_since_last_answer(result, kAlice, 3), "the link a-b lost 1 request");
}

TEST(CheckLosses, BeforeAnAnswerAreOver) {
  const RunResult result = result_of({sent("01"), trace::IceCheckAnswered{}, sent("02")},
                                     {dropped("01", "Binding request", "a-b")});
  EXPECT_EQ(lost_since_last_answer(result, kAlice, result.records.size()), "");
}

}  // namespace
}  // namespace parley::sim

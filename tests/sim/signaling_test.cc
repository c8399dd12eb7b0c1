// Signaling as a run uses it: what one peer says arrives at the other after the delay, in order.

#include "sim/signaling.h"

#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "sim/run.h"
#include "tests/sim/support.h"

namespace parley::sim {
namespace {

using std::chrono::milliseconds;

struct Message {
  Instant at;
  std::string kind, content;
};

template <class Event>
std::vector<Message> messages(const RunResult& result, const std::string& node) {
  std::vector<Message> found;
  for (const trace::Record& record : result.records)
    if (const auto* event = std::get_if<Event>(&record.event);
        event != nullptr && result.nodes[record.actor.value()] == node)
      found.push_back({record.at, event->kind, event->content});
  return found;
}

TEST(Signaling, BringsEverythingToTheOtherPeerInOrderAfterItsDelay) {
  const RunResult result = run(parse_scenario(
      with(good_scenario(), "signaling: {delay: 40ms}", "signaling: {delay: 70ms}"), "x.yaml"));
  for (const auto& [from, to] :
       std::map<std::string, std::string>{{"alice", "bob"}, {"bob", "alice"}}) {
    const auto sent = messages<trace::SignalingSent>(result, from);
    const auto received = messages<trace::SignalingReceived>(result, to);
    ASSERT_GE(sent.size(), 4U) << "description, two candidates, their end";
    ASSERT_EQ(sent.size(), received.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      EXPECT_EQ(received[i].at, sent[i].at + milliseconds(70));
      EXPECT_EQ(received[i].kind, sent[i].kind);
      EXPECT_EQ(received[i].content, sent[i].content);
    }
    EXPECT_EQ(received.back().kind, "end-of-candidates");
  }
}

TEST(Signaling, BeginsWithTheOfferWhenTheCallStarts) {
  const RunResult result = run(parse_scenario(
      with(good_scenario(), "  offerer: alice\n", "  offerer: bob\n  start: 3s\n"), "x.yaml"));
  const auto sent = messages<trace::SignalingSent>(result, "bob");
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent.front().kind, "offer");
  EXPECT_EQ(sent.front().at, Instant{std::chrono::seconds(3)});
  EXPECT_EQ(messages<trace::SignalingSent>(result, "alice").front().kind, "answer");
}

}  // namespace
}  // namespace parley::sim

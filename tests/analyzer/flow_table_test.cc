#include "analyzer/flow_table.h"

#include <gtest/gtest.h>

namespace parley::analyzer {
namespace {

Packet packet_at(int seconds) {
  Packet p;
  p.at = Instant{} + std::chrono::seconds(seconds);
  return p;
}

FlowKey key(const std::string& a, const std::string& b, std::uint32_t point = 0) {
  FlowKey k;
  k.a = *Endpoint::parse(a);
  k.b = *Endpoint::parse(b);
  k.point = point;
  return k;
}

TEST(FlowTable, BothDirectionsAreOneFlow) {
  FlowTable table;
  const auto out = table.find_or_add(key("10.0.0.1:1000", "[2001:db8::1]:2000"), packet_at(0));
  const auto back = table.find_or_add(key("[2001:db8::1]:2000", "10.0.0.1:1000"), packet_at(0));
  EXPECT_EQ(out.id, back.id);
  EXPECT_EQ(out.direction, 0);
  EXPECT_EQ(back.direction, 1);
  EXPECT_EQ(table[out.id].source(1), *Endpoint::parse("[2001:db8::1]:2000"));
}

TEST(FlowTable, TheSameAddressesAtAnotherPointAreAnotherFlow) {
  FlowTable table;
  const auto one = table.find_or_add(key("10.0.0.1:1000", "10.0.0.2:2000", 0), packet_at(0));
  const auto two = table.find_or_add(key("10.0.0.1:1000", "10.0.0.2:2000", 1), packet_at(0));
  EXPECT_NE(one.id, two.id);
  EXPECT_EQ(table.find(key("10.0.0.2:2000", "10.0.0.1:1000", 1)).id, two.id);
}

TEST(FlowTable, EveryFlowIsFoundAgainAmongThousands) {
  FlowTable table;
  std::vector<FlowId> ids;
  ids.reserve(5000);
  for (int i = 0; i < 5000; ++i)
    ids.push_back(
        table.find_or_add(key("10.0.0.1:" + std::to_string(i + 1), "10.0.0.2:9"), packet_at(0)).id);
  for (int i = 0; i < 5000; ++i)
    EXPECT_EQ(table.find(key("10.0.0.2:9", "10.0.0.1:" + std::to_string(i + 1))).id,
              ids[static_cast<std::size_t>(i)]);
}

TEST(FlowTable, AFullTableForgetsIdleFlowsButNoneOfACall) {
  FlowTable table(16);
  std::vector<FlowId> forgotten;
  table.on_evict([&](FlowId id) { forgotten.push_back(id); });
  const auto call = table.find_or_add(key("10.0.0.1:1", "10.0.0.2:1"), packet_at(0));
  table[call.id].proof = FlowProof::Ice;
  for (int i = 2; i < 200; ++i)
    EXPECT_NE(
        table.find_or_add(key("10.0.0.1:" + std::to_string(i), "10.0.0.2:1"), packet_at(i)).id,
        kNone);
  EXPECT_LE(table.size(), 17U);
  EXPECT_GT(forgotten.size(), 100U);
  EXPECT_EQ(table.find(key("10.0.0.1:1", "10.0.0.2:1")).id, call.id);
}

TEST(FlowTable, ATableFullOfCallsRefusesNewFlows) {
  FlowTable table(8);
  for (int i = 1; i <= 8; ++i)
    table[table.find_or_add(key("10.0.0.1:" + std::to_string(i), "10.0.0.2:1"), packet_at(0)).id]
        .proof = FlowProof::Ice;
  EXPECT_EQ(table.find_or_add(key("10.0.0.1:99", "10.0.0.2:1"), packet_at(100)).id, kNone);
}

}  // namespace
}  // namespace parley::analyzer

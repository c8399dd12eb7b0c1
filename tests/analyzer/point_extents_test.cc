#include "analyzer/point_extents.h"

#include <gtest/gtest.h>

#include "tests/analyzer/packet_script.h"

namespace parley::analyzer {
namespace {

using std::chrono::milliseconds;

constexpr const char* kA = "192.0.2.2:5000";
constexpr const char* kB = "198.51.100.3:6000";
constexpr const char* kElsewhere = "203.0.113.10:7000";

TEST(PointExtents, GoFromTheFirstPacketOfAnyFlowToTheLastOfAny) {
  PacketScript s;
  s.point(0).time(100).udp(kA, kB, PacketScript::rtp(1, 1));
  s.point(1).time(130).udp(kA, kB, PacketScript::rtp(1, 1));
  s.point(0).time(50'000).udp(kElsewhere, kA, PacketScript::rtp(2, 1));
  s.point(1).time(60'000).udp(kB, kA, PacketScript::rtp(3, 1));
  s.pipeline.finish();
  const PointExtents& extents = s.pipeline.extents();
  ASSERT_NE(extents.of(0), nullptr);
  EXPECT_EQ(extents.of(0)->first, Instant{} + milliseconds(100));
  EXPECT_EQ(extents.of(0)->last, Instant{} + milliseconds(50'000));
  EXPECT_EQ(extents.of(2), nullptr);
  const Instant from = Instant{} + milliseconds(130);
  EXPECT_TRUE(extents.cover(1, from, from + milliseconds(59'870)));
  EXPECT_FALSE(extents.cover(1, from - milliseconds(1), from));
  EXPECT_FALSE(extents.cover(0, from, from + milliseconds(49'871)));
  EXPECT_FALSE(extents.cover(2, from, from));
}

TEST(PointExtents, HoldTheirPartOfATime) {
  const Instant zero;
  const Extent extent{zero + milliseconds(10), zero + milliseconds(20)};
  EXPECT_EQ(extent.within(zero, zero + milliseconds(100)), milliseconds(10));
  EXPECT_EQ(extent.within(zero + milliseconds(15), zero + milliseconds(100)), milliseconds(5));
  EXPECT_EQ(extent.within(zero, zero + milliseconds(10)), Duration::zero());
  EXPECT_EQ(extent.within(zero + milliseconds(30), zero + milliseconds(40)), Duration::zero());
}

}  // namespace
}  // namespace parley::analyzer

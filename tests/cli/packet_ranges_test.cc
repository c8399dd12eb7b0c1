#include "cli/packet_ranges.h"

#include <gtest/gtest.h>

#include "cli/error.h"

namespace parley::cli {
namespace {

TEST(PacketRanges, NumbersAndRangesAreThePacketsThatTheyName) {
  const PacketRanges ranges = PacketRanges::parse("8,27..30");
  for (std::uint64_t packet = 1; packet < 40; ++packet)
    EXPECT_EQ(ranges.contains(packet), packet == 8 || (packet >= 27 && packet <= 30)) << packet;
  EXPECT_EQ(ranges.last(), 30U);
  EXPECT_FALSE(ranges.all());
}

TEST(PacketRanges, WithoutAListAllPacketsAreMeant) {
  EXPECT_TRUE(PacketRanges{}.all());
  EXPECT_TRUE(PacketRanges{}.contains(1));
}

TEST(PacketRanges, WhatIsNoListOfPacketsIsRefused) {
  for (const std::string_view text :
       {"", "0", "8,", ",8", "8;9", "9..8", "..8", "8..", "-1", "8-9"})
    EXPECT_THROW(PacketRanges::parse(text), CommandError) << text;
}

}  // namespace
}  // namespace parley::cli

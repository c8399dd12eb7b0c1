#include "analyzer/protocol_tally.h"

#include <gtest/gtest.h>

namespace parley::analyzer {
namespace {

TEST(ProtocolTally, SharesOfAFlowGoToTheirFilesAndTheRestToTheLast) {
  ProtocolTally tally;
  FlowRecord flow;
  FlowDirection& way = flow.directions[0];
  way.rtp = 3;
  tally.turn_to(0, flow, 1, false);
  way.rtp += 4;
  way.rtcp_copies = 1;
  tally.turn_to(0, flow, 0, false);
  flow.directions[1].dtls = 2;
  flow.proof = FlowProof::Ice;
  tally.settle(0, flow, false);
  EXPECT_EQ(tally.of(0).srtp, 3U);
  EXPECT_EQ(tally.of(0).dtls, 2U);
  EXPECT_EQ(tally.of(1).srtp, 4U);
  EXPECT_EQ(tally.of(1).srtcp, 1U);
}

TEST(ProtocolTally, BeyondItsLimitAShareIsBookedByWhatIsKnownByThen) {
  ProtocolTally tally(1);
  FlowRecord first, second;
  first.directions[0].rtp = 2;
  tally.turn_to(0, first, 1, false);
  second.directions[0].rtp = 5;
  tally.turn_to(1, second, 1, true);
  second.directions[0].rtp += 6;
  first.proof = second.proof = FlowProof::Ice;
  tally.settle(0, first, false);
  tally.settle(1, second, false);
  EXPECT_EQ(tally.of(0).srtp, 2U);
  EXPECT_EQ(tally.of(0).rtp, 5U);
  EXPECT_EQ(tally.of(1).srtp, 6U);
}

TEST(ProtocolTally, ASettledFlowMakesRoomForOthers) {
  ProtocolTally tally(1);
  for (FlowId id = 0; id < 3; ++id) {
    FlowRecord flow;
    flow.directions[0].rtp = 1;
    tally.turn_to(id, flow, 1, false);
    flow.proof = FlowProof::Ice;
    tally.settle(id, flow, false);
  }
  EXPECT_EQ(tally.of(0).srtp, 3U);
}

TEST(ProtocolTally, ChannelDataThatProvesToBeTurnIsTakenBackFromItsFile) {
  ProtocolTally tally;
  FlowRecord flow;
  flow.directions[0].early_channel = 3;
  tally.turn_to(0, flow, 1, false);
  flow.directions[0].early_channel += 2;
  tally.turn_to(0, flow, 0, false);
  --flow.directions[0].early_channel;
  tally.turn_to(0, flow, 1, false);
  flow.turn = 0;
  tally.settle(0, flow, false);
  EXPECT_EQ(tally.of(0).turn, 2U);
  EXPECT_EQ(tally.of(1).turn, 2U);
}

}  // namespace
}  // namespace parley::analyzer

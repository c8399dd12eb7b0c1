// What was lost between two points of which one was captured for a part of the time only.

#include "analyzer/stream_loss.h"

#include <set>
#include <utility>

#include <gtest/gtest.h>

#include "tests/analyzer/packet_script.h"

namespace parley::analyzer {
namespace {

using std::chrono::milliseconds;
using Numbers = std::set<std::uint32_t>;

constexpr Duration kOneWay = milliseconds(30);

// A number is sent every 20 ms, number 0 at the start.
Instant sent_at(std::uint32_t number) {
  return Instant{} + number * milliseconds(20);
}

// A point that saw these numbers and those between them, but for some.
RtpStream seen(std::uint32_t first, std::uint32_t last, const Numbers& missing = {},
               Duration later = {}) {
  RtpTracker tracker;
  FlowRecord flow;
  flow.proof = FlowProof::Ice;
  for (std::uint32_t number = first; number <= last; ++number) {
    if (missing.count(number) > 0)
      continue;
    const ByteBuffer bytes = PacketScript::rtp(1, static_cast<std::uint16_t>(number));
    Packet p;
    p.payload = bytes;
    p.wire_payload_size = static_cast<std::uint32_t>(bytes.size());
    p.at = sent_at(number) + later;
    tracker.on_rtp(flow, 0, 0, p);
  }
  return tracker[flow.streams.at(0)];
}

RtpStream arrived(std::uint32_t first, std::uint32_t last, const Numbers& missing = {}) {
  return seen(first, last, missing, kOneWay);
}

// From a little before that number to a little after the other.
Extent captured(std::uint32_t first, std::uint32_t last) {
  return {sent_at(first) - milliseconds(5), sent_at(last) + kOneWay + milliseconds(5)};
}

// The same, but that nothing of the numbers before that one can have come.
Extent receiving(std::uint32_t first, std::uint32_t last) {
  return {sent_at(first) + kOneWay - milliseconds(5), sent_at(last) + kOneWay + milliseconds(5)};
}

void expect_certain(const StreamLoss& loss, std::uint64_t lost) {
  EXPECT_EQ(loss.lost, lost);
  EXPECT_FALSE(loss.inferred);
}

TEST(LostBetween, TwoWholeCapturesIsWhatDidNotArrive) {
  const StreamLoss loss =
      lost_between(seen(0, 999), captured(0, 999), arrived(0, 999, {7, 8, 500}), captured(0, 999));
  expect_certain(loss, 3);
  EXPECT_FALSE(loss.sent_in_part || loss.arrived_in_part);
}

TEST(LostBetween, AReceiverThatWasThereAllTheTimeLacksWhatNeverCame) {
  expect_certain(
      lost_between(seen(0, 999), captured(0, 999), arrived(0, 299, {7}), captured(0, 999)), 701);
  expect_certain(
      lost_between(seen(0, 999), captured(0, 999), arrived(700, 999, {800}), captured(0, 999)),
      701);
}

TEST(LostBetween, WhatIsSentAfterTheReceiversCaptureEndsIsNotLost) {
  const StreamLoss loss =
      lost_between(seen(0, 999), captured(0, 999), arrived(0, 299, {7, 8}), captured(0, 299));
  expect_certain(loss, 2);
  EXPECT_TRUE(loss.arrived_in_part);
  EXPECT_FALSE(loss.sent_in_part);
}

TEST(LostBetween, WhatIsSentBeforeTheReceiversCaptureBeginsIsNotLost) {
  const StreamLoss loss =
      lost_between(seen(0, 999), captured(0, 999), arrived(600, 999, {700}), receiving(600, 999));
  expect_certain(loss, 1);
  EXPECT_TRUE(loss.arrived_in_part);
}

TEST(LostBetween, NumbersOutsideOfTheSendersCaptureMayNeverHaveBeenSent) {
  for (const auto& [first, last] : {std::pair(0U, 299U), std::pair(700U, 999U)}) {
    const StreamLoss loss = lost_between(seen(first, last), captured(first, last),
                                         arrived(0, 999, {3, 500, 501}), captured(0, 999));
    EXPECT_EQ(loss.lost, 3U);
    EXPECT_TRUE(loss.inferred) << first;
    EXPECT_TRUE(loss.sent_in_part) << first;
    EXPECT_FALSE(loss.arrived_in_part) << first;
  }
}

TEST(LostBetween, WhereNothingMoreCameBeforeTheCaptureEndsAShareIsInferred) {
  StreamLoss loss = lost_between(seen(0, 999), captured(0, 999), arrived(0, 299), captured(0, 649));
  EXPECT_NEAR(static_cast<double>(loss.lost), 350, 2);
  EXPECT_TRUE(loss.inferred);
  EXPECT_TRUE(loss.arrived_in_part);
  loss = lost_between(seen(0, 999), captured(0, 999), arrived(700, 999), captured(500, 999));
  EXPECT_NEAR(static_cast<double>(loss.lost), 200, 2);
  EXPECT_TRUE(loss.inferred);
}

TEST(LostBetween, AReceiverThatWasThereUntilTheEndIsCertainThoughItBeganLate) {
  expect_certain(
      lost_between(seen(0, 999), captured(0, 999), arrived(300, 499), receiving(300, 999)), 500);
}

TEST(LostBetween, FewNumbersAtTheEndMayBeUnderWay) {
  expect_certain(
      lost_between(seen(0, 999), captured(0, 999), arrived(0, 989, {7}), captured(0, 995)), 1);
}

// 16 bits of a number go round every 65536 packets.
TEST(LostBetween, NumbersThatGoRoundBetweenTheTwoCapturesAreNotMixedUp) {
  const RtpStream sent = seen(0, 139'999);
  const Extent whole = captured(0, 139'999);
  for (const std::uint32_t n : {20'000U, 40'000U, 65'536U, 90'000U, 131'100U}) {
    expect_certain(lost_between(sent, whole, arrived(0, n, {5}), captured(0, n)), 1);
    expect_certain(lost_between(sent, whole, arrived(n, 139'999), receiving(n, 139'999)), 0);
    expect_certain(lost_between(sent, whole, arrived(n, 139'999), whole), n);
    expect_certain(lost_between(sent, whole, arrived(0, n), whole), 139'999 - n);
  }
}

TEST(LostBetween, CapturesOneAfterTheOtherTellNothingOfTheWay) {
  const StreamLoss loss =
      lost_between(seen(0, 399), captured(0, 399), arrived(600, 999, {700}), receiving(600, 999));
  EXPECT_EQ(loss.lost, 1U);
  EXPECT_TRUE(loss.inferred && loss.sent_in_part && loss.arrived_in_part);
}

}  // namespace
}  // namespace parley::analyzer

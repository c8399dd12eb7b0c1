#include "sim/tap.h"

#include <string>

#include <gtest/gtest.h>

namespace parley::sim {
namespace {

using std::chrono::milliseconds;

Instant at(std::int64_t ms) {
  return Instant{milliseconds(ms)};
}

Packet packet(std::string_view text) {
  return {to_buffer(as_bytes(text)), {}};
}

struct Files {
  ByteBuffer first, second, common;
  static ByteConsumer into(ByteBuffer& buffer) {
    return [&buffer](Bytes bytes) { buffer.insert(buffer.end(), bytes.begin(), bytes.end()); };
  }
};

std::size_t place(const ByteBuffer& file, std::string_view text) {
  return as_text(file).find(text);
}

TEST(Tap, WritesACommentToTheLastPointThatSawThePacket) {
  Files files;
  Tap tap("test");
  const PointId first = tap.add_point("first", Files::into(files.first));
  const PointId second = tap.add_point("second", Files::into(files.second));
  Packet p = packet("PACKET-A");
  tap.sight(first, at(1), p);
  tap.sight(second, at(2), p);
  tap.comment(p, "lost on link x");
  tap.finish();
  EXPECT_NE(place(files.first, "PACKET-A"), std::string::npos);
  EXPECT_EQ(place(files.first, "lost on link x"), std::string::npos);
  EXPECT_NE(place(files.second, "lost on link x"), std::string::npos);
  EXPECT_EQ(tap.packets(first), 1U);
  EXPECT_EQ(tap.packets(second), 1U);
}

TEST(Tap, KeepsTheOrderOfTimeWhileFatesAreUnknown) {
  Files files;
  Tap tap("test");
  const PointId first = tap.add_point("first", Files::into(files.first));
  tap.add_point("second", Files::into(files.second));
  tap.set_common_file(Files::into(files.common));
  Packet slow = packet("SLOW");
  Packet fast = packet("FAST");
  tap.sight(first, at(1), slow);
  tap.sight(first, at(2), fast);
  tap.settle(fast);
  tap.comment(slow, "dropped");
  tap.finish();
  EXPECT_LT(place(files.first, "SLOW"), place(files.first, "FAST"));
  EXPECT_LT(place(files.common, "SLOW"), place(files.common, "FAST"));
  EXPECT_NE(place(files.common, "dropped"), std::string::npos);
}

TEST(Tap, WritesWhatIsStillUnderWayAtTheEnd) {
  Files files;
  Tap tap("test");
  const PointId first = tap.add_point("first", Files::into(files.first));
  Packet p = packet("PACKET-A");
  tap.sight(first, at(1), p);
  tap.finish();
  EXPECT_NE(place(files.first, "PACKET-A"), std::string::npos);
}

TEST(Tap, SecretsStandInFrontOfThePacketsTheyOpen) {
  Files files;
  Tap tap("test");
  const PointId first = tap.add_point("first", Files::into(files.first));
  Packet before = packet("BEFORE");
  tap.sight(first, at(1), before);
  tap.settle(before);
  tap.key_log("CLIENT_RANDOM aa bb");
  Packet after = packet("AFTER");
  tap.sight(first, at(2), after);
  tap.finish();
  EXPECT_LT(place(files.first, "BEFORE"), place(files.first, "CLIENT_RANDOM"));
  EXPECT_LT(place(files.first, "CLIENT_RANDOM"), place(files.first, "AFTER"));
}

TEST(Tap, APointThatIsNotCapturedLeavesNoTrace) {
  Tap tap("test");
  Packet p = packet("PACKET-A");
  tap.sight(kNoPoint, at(1), p);
  EXPECT_EQ(p.sighting.record, 0U);
  tap.comment(p, "dropped");
  tap.settle(p);
  tap.finish();
}

}  // namespace
}  // namespace parley::sim

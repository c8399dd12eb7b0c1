// The world and the router: how packets travel, where they end, and what is told about it.

#include "sim/world.h"

#include <gtest/gtest.h>

#include "sim/router.h"
#include "stack/wire/stun.h"
#include "tests/sim/small_world.h"

namespace parley::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// a - router - b, 10 ms each; the router knows no other address.
class WorldTest : public ::testing::Test {
 protected:
  explicit WorldTest(WorldLimits limits = {}) : world(1, limits, records, nullptr) {
    a = add_host(world, 0, "203.0.113.1:5000");
    RoutingTable routes;
    routes.add(ip("203.0.113.1"), 32, PortId{0});
    routes.add(ip("203.0.113.2"), 32, PortId{1});
    world.add(std::make_unique<Router>(
        NodeId{1}, "router", std::vector<IpAddress>{ip("203.0.113.254")}, std::move(routes)));
    b = add_host(world, 2, "203.0.113.2:6000");
    LinkConfig link;
    link.delay = milliseconds(10);
    LinkConfig lossy = link;
    lossy.loss = 1;
    world.connect("left", NodeId{0}, NodeId{1}, link, link);
    world.connect("right", NodeId{1}, NodeId{2}, link, lossy);
  }

  trace::RecordList records;
  World world;
  SmallHost a, b;
};

TEST_F(WorldTest, ARouterForwardsAndCountsAHop) {
  a.send(world, b.socket, as_bytes("hello"));
  world.run_until(Instant{seconds(1)});
  EXPECT_EQ(b.listener->at, std::vector<Instant>{Instant{milliseconds(20)}});
  EXPECT_EQ(world.packets(), 1U) << "a packet that is forwarded counts once";
}

TEST_F(WorldTest, EventsAreHandledUpToTheEndAndTheClockStopsThere) {
  a.send(world, b.socket, as_bytes("hello"));
  world.run_until(Instant{milliseconds(19)});
  EXPECT_TRUE(b.listener->heard.empty());
  EXPECT_EQ(world.now(), Instant{milliseconds(19)});
  world.run_until(Instant{milliseconds(20)});
  EXPECT_EQ(b.listener->heard.size(), 1U);
}

TEST_F(WorldTest, ADropTellsWhatWasLostAndWhere) {
  ByteBuffer check;
  const stun::TransactionId id{std::byte{0xab}};
  stun::MessageBuilder builder(check, stun::Class::Request, stun::Method::Binding, id);
  (void)builder.flag(stun::Attribute::UseCandidate).finish();
  b.send(world, a.socket, check);
  world.run_until(Instant{seconds(1)});
  ASSERT_EQ(drops(records).size(), 1U);
  const trace::PacketDropped lost = drops(records)[0];
  EXPECT_EQ(lost.reason, "loss");
  EXPECT_EQ(lost.place, "right");
  EXPECT_EQ(lost.source, b.socket);
  EXPECT_EQ(lost.destination, a.socket);
  EXPECT_EQ(lost.content, "Binding request with USE-CANDIDATE");
  EXPECT_EQ(lost.transaction, stun::to_string(id));
}

TEST_F(WorldTest, ARouterDropsWhatItHasNoRouteForAndWhatIsMeantForItself) {
  a.send(world, ep("192.168.0.9:1"), as_bytes("hello"));
  a.send(world, ep("203.0.113.254:1"), as_bytes("hello"));
  world.run_until(Instant{seconds(1)});
  ASSERT_EQ(drops(records).size(), 2U);
  EXPECT_EQ(drops(records)[0].reason, "no-route");
  EXPECT_EQ(drops(records)[0].place, "") << "the node itself, not a link";
  EXPECT_EQ(drops(records)[1].reason, "no-socket");
}

class LimitedWorldTest : public WorldTest {
 protected:
  LimitedWorldTest() : WorldTest({3, 2}) {}
};

TEST_F(LimitedWorldTest, NamesTheLimitThatIsExceeded) {
  a.send(world, b.socket, as_bytes("1"));
  a.send(world, b.socket, as_bytes("2"));
  EXPECT_THROW(a.send(world, b.socket, as_bytes("3")), LimitExceeded);
  EXPECT_THROW(world.run_until(Instant{seconds(1)}), LimitExceeded);
  EXPECT_EQ(world.events(), 4U);
}

}  // namespace
}  // namespace parley::sim

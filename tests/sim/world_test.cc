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
  explicit WorldTest(WorldLimits limits = {}) : world_(1, limits, records_, nullptr) {
    a_ = add_host(world_, 0, "203.0.113.1:5000");
    RoutingTable routes;
    routes.add(ip("203.0.113.1"), 32, PortId{0});
    routes.add(ip("203.0.113.2"), 32, PortId{1});
    world_.add(std::make_unique<Router>(
        NodeId{1}, "router", std::vector<IpAddress>{ip("203.0.113.254")}, std::move(routes)));
    b_ = add_host(world_, 2, "203.0.113.2:6000");
    LinkConfig link;
    link.delay = milliseconds(10);
    LinkConfig lossy = link;
    lossy.loss = 1;
    world_.connect("left", NodeId{0}, NodeId{1}, link, link);
    world_.connect("right", NodeId{1}, NodeId{2}, link, lossy);
  }

  trace::RecordList records_;
  World world_;
  SmallHost a_, b_;
};

TEST_F(WorldTest, ARouterForwardsAndCountsAHop) {
  a_.send(world_, b_.socket, as_bytes("hello"));
  world_.run_until(Instant{seconds(1)});
  EXPECT_EQ(b_.listener->at, std::vector<Instant>{Instant{milliseconds(20)}});
  EXPECT_EQ(world_.packets(), 1U) << "a packet that is forwarded counts once";
}

TEST_F(WorldTest, EventsAreHandledUpToTheEndAndTheClockStopsThere) {
  a_.send(world_, b_.socket, as_bytes("hello"));
  world_.run_until(Instant{milliseconds(19)});
  EXPECT_TRUE(b_.listener->heard.empty());
  EXPECT_EQ(world_.now(), Instant{milliseconds(19)});
  world_.run_until(Instant{milliseconds(20)});
  EXPECT_EQ(b_.listener->heard.size(), 1U);
}

TEST_F(WorldTest, ADropTellsWhatWasLostAndWhere) {
  ByteBuffer check;
  const stun::TransactionId id{std::byte{0xab}};
  stun::MessageBuilder builder(check, stun::Class::Request, stun::Method::Binding, id);
  (void)builder.flag(stun::Attribute::UseCandidate).finish();
  b_.send(world_, a_.socket, check);
  world_.run_until(Instant{seconds(1)});
  ASSERT_EQ(drops(records_).size(), 1U);
  const trace::PacketDropped lost = drops(records_)[0];
  EXPECT_EQ(lost.reason, "loss");
  EXPECT_EQ(lost.place, "right");
  EXPECT_EQ(lost.source, b_.socket);
  EXPECT_EQ(lost.destination, a_.socket);
  EXPECT_EQ(lost.content, "Binding request with USE-CANDIDATE");
  EXPECT_EQ(lost.transaction, stun::to_string(id));
}

TEST_F(WorldTest, ARouterDropsWhatItHasNoRouteForAndWhatIsMeantForItself) {
  a_.send(world_, ep("192.168.0.9:1"), as_bytes("hello"));
  a_.send(world_, ep("203.0.113.254:1"), as_bytes("hello"));
  world_.run_until(Instant{seconds(1)});
  ASSERT_EQ(drops(records_).size(), 2U);
  EXPECT_EQ(drops(records_)[0].reason, "no-route");
  EXPECT_EQ(drops(records_)[0].place, "") << "the node itself, not a link";
  EXPECT_EQ(drops(records_)[1].reason, "no-socket");
}

class LimitedWorldTest : public WorldTest {
 protected:
  LimitedWorldTest() : WorldTest({3, 2}) {}
};

TEST_F(LimitedWorldTest, NamesTheLimitThatIsExceeded) {
  a_.send(world_, b_.socket, as_bytes("1"));
  a_.send(world_, b_.socket, as_bytes("2"));
  EXPECT_THROW(a_.send(world_, b_.socket, as_bytes("3")), LimitExceeded);
  EXPECT_THROW(world_.run_until(Instant{seconds(1)}), LimitExceeded);
  EXPECT_EQ(world_.events(), 4U);
}

}  // namespace
}  // namespace parley::sim

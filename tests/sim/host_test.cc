#include "sim/host.h"

#include <gtest/gtest.h>

#include "stack/wire/ip.h"
#include "tests/sim/small_world.h"

namespace parley::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HostTest : public ::testing::Test {
 protected:
  HostTest() {
    LinkConfig link;
    link.delay = milliseconds(10);
    world.connect("wire", NodeId{0}, NodeId{1}, link, link);
  }
  void run() { world.run_until(world.now() + seconds(1)); }

  trace::RecordList records;
  World world{1, {}, records, nullptr};
  SmallHost a = add_host(world, 0, "203.0.113.1:5000");
  SmallHost b = add_host(world, 1, "203.0.113.2:6000");
};

TEST_F(HostTest, HearsWhatIsSentToItsSocketAfterTheDelay) {
  a.send(world, b.socket, as_bytes("hello"));
  run();
  EXPECT_EQ(b.listener->heard, std::vector<std::string>{"hello"});
  EXPECT_EQ(b.listener->at, std::vector<Instant>{Instant{milliseconds(10)}});
  EXPECT_TRUE(drops(records).empty());
}

// RFC 1122 section 4.1.3.1.
TEST_F(HostTest, RefusesAPortThatNobodyListensOnByIcmp) {
  a.send(world, ep("203.0.113.2:6001"), as_bytes("hello"));
  run();
  ASSERT_EQ(drops(records).size(), 1U);
  EXPECT_EQ(drops(records)[0].reason, "no-socket");
  EXPECT_EQ(drops(records)[0].destination, ep("203.0.113.2:6001"));
  EXPECT_TRUE(b.listener->heard.empty());
  EXPECT_EQ(world.packets(), 2U) << "the datagram and the ICMP error";
  EXPECT_TRUE(a.listener->heard.empty()) << "an ICMP error is no datagram";
}

TEST_F(HostTest, DropsWhatIsNotForItsAddress) {
  a.send(world, ep("203.0.113.3:6000"), as_bytes("hello"));
  run();
  ASSERT_EQ(drops(records).size(), 1U);
  EXPECT_EQ(drops(records)[0].reason, "not-for-this-host");
  EXPECT_EQ(world.packets(), 1U) << "no answer to a stray packet";
}

TEST_F(HostTest, DropsWhatIsNoIpPacket) {
  const PacketId packet = world.make_packet();
  world.packet(packet).bytes = to_buffer(as_bytes("not an IP packet at all"));
  world.transmit(NodeId{0}, PortId{0}, packet);
  run();
  ASSERT_EQ(drops(records).size(), 1U);
  EXPECT_EQ(drops(records)[0].reason, "malformed");
}

// A host asks for an address of its own prefix on the link (RFC 1122 section 2.3.2.2, ARP): what
// nobody there has never leaves, and no router sees it.
TEST_F(HostTest, KeepsWhatNobodyOnItsLinkHas) {
  const auto present = std::make_shared<const AddressSet>(
      AddressSet{ip("203.0.113.1"), ip("203.0.113.2"), ip("203.0.113.3")});
  a.host->set_neighbours(OnLink({{ip("203.0.113.1"), 24, {}}}, present));
  a.send(world, ep("203.0.113.4:6000"), as_bytes("nobody"));
  run();
  ASSERT_EQ(drops(records).size(), 1U);
  EXPECT_EQ(drops(records)[0].reason, "no-neighbor");
  EXPECT_EQ(drops(records)[0].destination, ep("203.0.113.4:6000"));
  a.send(world, b.socket, as_bytes("somebody"));
  a.send(world, ep("198.51.100.7:6000"), as_bytes("far away"));
  run();
  EXPECT_EQ(b.listener->heard, std::vector<std::string>{"somebody"});
  ASSERT_EQ(drops(records).size(), 2U);
  EXPECT_EQ(drops(records)[1].reason, "not-for-this-host") << "the next hop decides";
}

TEST(OnLink, ARouteWithALongerPrefixGoesFirst) {
  const auto present = std::make_shared<const AddressSet>();
  const OnLink link({{ip("10.0.0.1"), 16, {}}}, present);
  EXPECT_TRUE(link.nobody(ip("10.0.7.7")));
  EXPECT_TRUE(link.nobody(ip("10.0.7.7"), 8));
  EXPECT_FALSE(link.nobody(ip("10.0.7.7"), 16));
  EXPECT_FALSE(link.nobody(ip("10.0.7.7"), 24));
  EXPECT_FALSE(link.nobody(ip("10.1.7.7")));
}

}  // namespace
}  // namespace parley::sim

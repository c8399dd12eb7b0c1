#include "analyzer/nat_builder.h"

#include <gtest/gtest.h>

#include "tests/analyzer/packet_script.h"

namespace parley::analyzer {
namespace {

constexpr const char* kInside = "192.168.1.2:5000";
constexpr const char* kOutside = "203.0.113.1:5000";
constexpr const char* kOtherOutside = "203.0.113.1:40001";
constexpr const char* kFar = "198.51.100.9:6000";
constexpr const char* kServer = "198.51.100.53:3478";
constexpr const char* kServer2 = "198.51.100.54:3478";

class NatBuilderTest : public testing::Test {
 protected:
  // A question to a STUN server and the address that it answers.
  void ask(const std::string& server, const std::string& mapped) {
    PacketScript::Check question;
    question.id = ++last_id;
    question.username.clear();
    script.udp(kInside, server, PacketScript::request(question));
    script.udp(server, kInside, PacketScript::success(question.id, mapped));
  }
  void check(const std::string& mapped) {
    PacketScript::Check c;
    c.id = ++last_id;
    c.username = "bbbb:aaaa";
    script.udp(kInside, kFar, PacketScript::request(c));
    script.udp(kFar, kInside, PacketScript::success(c.id, mapped));
  }
  Nat nat() {
    const std::vector<Call> calls = script.calls();
    return calls.empty() ? Nat{} : calls[0].peers[index_of(Side::A)].nat;
  }

  PacketScript script;
  std::uint32_t last_id = 0;
};

TEST_F(NatBuilderTest, OneOutsideAddressForAllDestinationsIsEndpointIndependent) {
  ask(kServer, kOutside);
  check(kOutside);
  const Nat n = nat();
  EXPECT_EQ(n.mapping, "endpoint-independent");
  EXPECT_EQ(n.ports, "preserving");
  EXPECT_FALSE(n.filtering) << "nothing shows it";
  EXPECT_EQ(n.evidence.size(), 2U);
}

TEST_F(NatBuilderTest, AnotherOutsideAddressForEachDestinationIsNot) {
  ask(kServer, kOutside);
  ask(kServer2, kOtherOutside);
  check("203.0.113.1:40002");
  const Nat n = nat();
  EXPECT_EQ(n.mapping, "not-endpoint-independent");
  EXPECT_EQ(n.ports, "not-preserving");
  EXPECT_EQ(n.evidence.size(), 3U);
}

TEST_F(NatBuilderTest, EachMappingIsListedWithThePacketThatShowsIt) {
  ask(kServer, kOutside);
  check(kOtherOutside);
  const Nat n = nat();
  ASSERT_EQ(n.mappings.size(), 2U);
  EXPECT_EQ(to_string(n.mappings[0].inside), kInside);
  EXPECT_EQ(to_string(n.mappings[0].outside), kOutside);
  EXPECT_EQ(to_string(n.mappings[0].destination), kServer);
  EXPECT_EQ(n.mappings[0].shown_by.packet, 2U);
  EXPECT_EQ(to_string(n.mappings[1].outside), kOtherOutside);
  EXPECT_EQ(to_string(n.mappings[1].destination), kFar);
  EXPECT_EQ(n.mappings[1].shown_by.packet, 4U);
}

// Two peers of one home: a peer sees the inside address, a server the outside one. No packet
// crossed the NAT to the peer, so that it saw another address says nothing about the mapping.
TEST_F(NatBuilderTest, ADestinationOnThisSideOfTheNatSaysNothingAboutIt) {
  ask(kServer, kOutside);
  check(kInside);
  const Nat n = nat();
  EXPECT_FALSE(n.mapping);
  EXPECT_EQ(n.ports, "preserving");
  EXPECT_EQ(n.mappings.size(), 1U);
}

TEST_F(NatBuilderTest, OneDestinationTellsOnlyTheNewPort) {
  check(kOtherOutside);
  const Nat n = nat();
  EXPECT_FALSE(n.mapping);
  EXPECT_EQ(n.ports, "not-preserving");
}

TEST_F(NatBuilderTest, AHostThatSeesItsOwnAddressHasNoNat) {
  ask(kServer, kInside);
  check(kInside);
  const Nat n = nat();
  EXPECT_FALSE(n.mapping);
  EXPECT_FALSE(n.ports);
  EXPECT_TRUE(n.evidence.empty());
}

// A mapping that expired, or a NAT that was restarted, gives another address for the same
// destination: that is no proof of address-dependent mapping.
TEST_F(NatBuilderTest, AWayThatGoesPastTheNatShowsNothingOfIt) {
  ask(kServer, kOutside);
  check(kInside);
  EXPECT_FALSE(nat().mapping.has_value());
}

TEST_F(NatBuilderTest, AnotherPortIsNoProofThatTheNatNeverKeepsThem) {
  ask(kServer, kOtherOutside);
  check(kOtherOutside);
  const Nat seen = nat();
  EXPECT_EQ(seen.ports, "not-preserving");
  EXPECT_EQ(seen.inferred, Inferred{"ports"});
}

TEST_F(NatBuilderTest, OneDestinationThatSawTwoAddressesProvesNothing) {
  ask(kServer, kOutside);
  ask(kServer, kOtherOutside);
  check(kOtherOutside);
  EXPECT_FALSE(nat().mapping);
}

// Between captures on both sides of the NAT the packets themselves show the mapping.
TEST_F(NatBuilderTest, ACaptureOutsideShowsTheMappingWithoutAnyAnswer) {
  PacketScript::Check c;
  c.username = "bbbb:aaaa";
  c.id = 1;
  script.point(0).time(0).udp(kInside, kFar, PacketScript::request(c));
  script.point(1).time(1).udp(kOtherOutside, kFar, PacketScript::request(c));
  const Nat n = nat();
  EXPECT_EQ(n.ports, "not-preserving");
  ASSERT_EQ(n.evidence.size(), 1U);
  EXPECT_EQ(n.evidence[0].capture, 1U);
}

}  // namespace
}  // namespace parley::analyzer

#include "stack/base/address.h"

#include <array>
#include <set>
#include <unordered_set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace parley {
namespace {

IpAddress ip(std::string_view text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address.has_value()) << text;
  return address.value_or(IpAddress{});
}

TEST(IpAddress, ReadsAndWritesIpv4) {
  EXPECT_EQ(ip("192.0.2.1"), IpAddress::v4(0xc0000201U));
  EXPECT_EQ(to_string(IpAddress::v4(0xc0000201U)), "192.0.2.1");
  EXPECT_EQ(to_hex(ip("192.0.2.1").bytes()), "c0000201");
  EXPECT_EQ(ip("255.255.255.255").v4_host_order(), 0xffffffffU);
}

// RFC 5952 section 4.
TEST(IpAddress, WritesIpv6InCanonicalForm) {
  EXPECT_EQ(to_string(ip("2001:DB8:0:0:0:0:0:1")), "2001:db8::1");
  EXPECT_EQ(to_string(ip("2001:0db8::0001")), "2001:db8::1");
  EXPECT_EQ(to_string(ip("2001:db8:0:1:1:1:1:1")), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(to_string(ip("2001:0:0:1:0:0:0:1")), "2001:0:0:1::1");
  EXPECT_EQ(to_string(ip("2001:db8:0:0:1:0:0:1")), "2001:db8::1:0:0:1");
  EXPECT_EQ(to_string(ip("::ffff:192.0.2.1")), "::ffff:192.0.2.1");
  EXPECT_EQ(to_string(ip("::")), "::");
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (const std::string_view bad :
       {"", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", " 1.2.3.4",
        "::1::", "1:2:3:4:5:6:7", "gggg::", "[::1]", "fe80::1%eth0", "192.0.2.1:80"})
    EXPECT_EQ(IpAddress::parse(bad), std::nullopt) << bad;
  EXPECT_EQ(IpAddress::parse(std::string_view("1.2.3.4\0", 8)), std::nullopt);
  EXPECT_EQ(IpAddress::parse(std::string(1000, '1')), std::nullopt);
}

TEST(IpAddress, DefaultIsNoAddress) {
  const IpAddress none;
  EXPECT_EQ(none.family(), AddressFamily::None);
  EXPECT_TRUE(none.bytes().empty());
  EXPECT_EQ(to_string(none), "?");
  EXPECT_FALSE(none.in_prefix(none, 0));
  EXPECT_NE(none, ip("0.0.0.0"));
}

TEST(IpAddress, KnowsWhatAddressesAreFor) {
  using C = AddressClass;
  constexpr std::array<std::pair<std::string_view, C>, 31> kCases{
      {{"0.0.0.0", C::Unspecified},
       {"127.0.0.1", C::Loopback},
       {"127.255.255.255", C::Loopback},
       {"128.0.0.0", C::Global},
       {"169.254.0.1", C::LinkLocal},
       {"169.255.0.1", C::Global},
       {"10.0.0.1", C::Private},
       {"11.0.0.1", C::Global},
       {"172.15.255.255", C::Global},
       {"172.16.0.0", C::Private},
       {"172.31.255.255", C::Private},
       {"172.32.0.0", C::Global},
       {"192.168.1.1", C::Private},
       {"192.169.0.0", C::Global},
       {"100.63.255.255", C::Global},
       {"100.64.0.0", C::CarrierNat},
       {"100.127.255.255", C::CarrierNat},
       {"100.128.0.0", C::Global},
       {"224.0.0.251", C::Multicast},
       {"239.255.255.255", C::Multicast},
       {"255.255.255.255", C::Broadcast},
       {"192.0.2.1", C::Global},
       {"::", C::Unspecified},
       {"::1", C::Loopback},
       {"::2", C::Global},
       {"fe80::1", C::LinkLocal},
       {"febf::1", C::LinkLocal},
       {"fc00::1", C::Private},
       {"fdff::1", C::Private},
       {"ff02::fb", C::Multicast},
       {"2001:db8::1", C::Global}}};
  for (const auto& [text, expected] : kCases)
    EXPECT_EQ(ip(text).classify(), expected) << text;
}

TEST(IpAddress, ComparesPrefixesBitByBit) {
  const IpAddress network = ip("192.0.2.128");
  EXPECT_TRUE(ip("192.0.2.255").in_prefix(network, 25));
  EXPECT_FALSE(ip("192.0.2.127").in_prefix(network, 25));
  EXPECT_TRUE(ip("192.0.2.127").in_prefix(network, 24));
  EXPECT_TRUE(ip("1.2.3.4").in_prefix(network, 0));
  EXPECT_TRUE(network.in_prefix(network, 32));
  EXPECT_FALSE(network.in_prefix(network, 33));
  EXPECT_FALSE(ip("::1").in_prefix(network, 0));
  EXPECT_TRUE(ip("2001:db8:ffff::1").in_prefix(ip("2001:db8::"), 32));
  EXPECT_FALSE(ip("2001:db9::1").in_prefix(ip("2001:db8::"), 32));
  EXPECT_FALSE(ip("2001:db8::1").in_prefix(ip("2001:db8::2"), 127));
  EXPECT_TRUE(ip("2001:db8::3").in_prefix(ip("2001:db8::2"), 127));
}

TEST(Endpoint, ReadsAndWritesBothFamilies) {
  EXPECT_EQ(to_string(Endpoint::parse("192.0.2.1:3478").value()), "192.0.2.1:3478");
  EXPECT_EQ(to_string(Endpoint::parse("[2001:db8::1]:65535").value()), "[2001:db8::1]:65535");
  EXPECT_EQ(Endpoint::parse("1.2.3.4:0")->port, 0);
}

TEST(Endpoint, RefusesWhatIsNone) {
  for (const std::string_view bad :
       {"", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:+1", "1.2.3.4:1x",
        "::1:80", "2001:db8::1", "[::1]", "[::1]:", "[::1:80", "host:80", "[]:80"})
    EXPECT_EQ(Endpoint::parse(bad), std::nullopt) << bad;
}

TEST(Endpoint, OrdersByFamilyAddressAndPort) {
  const std::vector<std::string_view> sorted{"1.2.3.4:1",   "1.2.3.4:2", "1.2.3.5:1",
                                             "200.0.0.1:0", "[::1]:1",   "[::2]:0"};
  for (std::size_t i = 0; i + 1 < sorted.size(); ++i)
    EXPECT_LT(Endpoint::parse(sorted[i]), Endpoint::parse(sorted[i + 1]));
}

TEST(Endpoint, HashesApart) {
  std::unordered_set<Endpoint> set;
  std::set<std::size_t> hashes;
  for (std::uint32_t address = 0; address < 100; ++address)
    for (std::uint16_t port = 0; port < 100; ++port) {
      const Endpoint e{IpAddress::v4(0x0a000000U + address), port};
      set.insert(e);
      hashes.insert(std::hash<Endpoint>{}(e));
    }
  EXPECT_EQ(set.size(), 10000U);
  EXPECT_GT(hashes.size(), 9990U);
}

}  // namespace
}  // namespace parley

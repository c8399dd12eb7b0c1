#include "analyzer/dissect/frame.h"

#include <gtest/gtest.h>

#include "stack/wire/ip.h"

namespace parley::analyzer {
namespace {

ByteBuffer frame(bool v6) {
  ip::UdpHeader header;
  header.source = Endpoint::parse(v6 ? "[2001:db8::1]:5000" : "10.1.0.2:5000").value();
  header.destination = Endpoint::parse(v6 ? "[2001:db8::2]:3478" : "203.0.113.10:3478").value();
  ByteBuffer out =
      parse_hex("0a0b0c0d0e0f101112131415" + std::string(v6 ? "86dd" : "0800")).value();
  ip::append_udp(out, header, as_bytes("payload"));
  return out;
}

TEST(DissectFrameTest, EachHeaderIsAFieldWithItsPlaceInTheFrame) {
  const std::vector<Field> fields = dissect_frame(frame(false), 14);
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(to_text(fields[0]), "[0..14)  Link header: 0a0b0c0d0e0f1011121314150800\n");
  EXPECT_EQ(fields[1].name, "IPv4");
  EXPECT_EQ(fields[1].value, "10.1.0.2 to 203.0.113.10");
  EXPECT_EQ(fields[1].offset, 14U);
  EXPECT_EQ(fields[1].length, 20U);
  EXPECT_EQ(fields[2].name, "UDP");
  EXPECT_EQ(fields[2].value, "5000 to 3478");
  EXPECT_EQ(fields[2].offset, 34U);
  EXPECT_EQ(fields[2].children[2].value, "15");
}

TEST(DissectFrameTest, Ipv6AddressesStandWhereTheHeaderHasThem) {
  const std::vector<Field> fields = dissect_frame(frame(true), 14);
  ASSERT_EQ(fields.size(), 3U);
  const Field& ip = fields[1];
  EXPECT_EQ(ip.name, "IPv6");
  const Field& destination = ip.children.back();
  EXPECT_EQ(destination.name, "Destination");
  EXPECT_EQ(destination.value, "2001:db8::2");
  EXPECT_EQ(destination.offset, 14U + 24U);
  EXPECT_EQ(destination.length, 16U);
}

TEST(DissectFrameTest, AFrameThatEndsInItsIpHeaderShowsTheFault) {
  const ByteBuffer whole = frame(false);
  for (std::size_t size = 14; size < 34; ++size) {
    const std::vector<Field> fields = dissect_frame(Bytes(whole).first(size), 14);
    ASSERT_EQ(fields.size(), 2U) << size;
    EXPECT_TRUE(fields[1].fault) << size;
  }
  EXPECT_TRUE(dissect_frame(Bytes(whole).first(10), 14).empty());
}

TEST(DissectFrameTest, AnIcmpErrorNamesThePacketThatItQuotes) {
  ByteBuffer offending;
  ip::UdpHeader header;
  header.source = Endpoint::parse("10.1.0.2:5000").value();
  header.destination = Endpoint::parse("203.0.113.10:3478").value();
  ip::append_udp(offending, header, as_bytes("payload"));
  ip::IcmpErrorHeader error;
  error.source = IpAddress::parse("203.0.113.10").value();
  ByteBuffer packet;
  ASSERT_TRUE(ip::append_icmp_error(packet, error, offending));
  const std::vector<Field> fields = dissect_frame(packet, 0);
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields[1].value, "type 3 code 3");
  EXPECT_EQ(fields[1].children.back().value, "10.1.0.2:5000 to 203.0.113.10:3478, protocol 17");
}

TEST(FieldTest, ATreeCanBeIndentedAsAWhole) {
  Field root{"Root", "value", 0, 4, {}, false};
  root.add("Child", "1", 2, 2);
  EXPECT_EQ(to_text(root, 1), "  [0..4)  Root: value\n    [2..4)  Child: 1\n");
}

}  // namespace
}  // namespace parley::analyzer

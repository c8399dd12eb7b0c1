#include "analyzer/dissect/frame.h"

#include <algorithm>
#include <stdexcept>

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

constexpr std::uint16_t kEthernet = 1;
constexpr std::uint16_t kRaw = 101;

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

std::string text_of(const std::vector<Field>& fields) {
  std::string text;
  for (const Field& field : fields)
    text += to_text(field);
  return text;
}

const Field& child(const Field& field, std::string_view name) {
  for (const Field& candidate : field.children)
    if (candidate.name == name)
      return candidate;
  throw std::runtime_error("no field " + std::string(name) + " in " + to_text(field));
}

bool has_fault(const std::vector<Field>& fields) {
  return text_of(fields).find(" ! ") != std::string::npos;
}

void mark(const Field& field, std::vector<bool>& covered) {
  if (field.children.empty())
    for (std::size_t i = 0; i < field.length; ++i)
      covered.at(field.offset + i) = true;
  for (const Field& part : field.children)
    mark(part, covered);
}

// How many bytes from the start the leaves cover without a gap.
std::size_t covered_by(const std::vector<Field>& fields, std::size_t size) {
  std::vector<bool> covered(size);
  for (const Field& field : fields)
    mark(field, covered);
  return static_cast<std::size_t>(std::find(covered.begin(), covered.end(), false) -
                                  covered.begin());
}

TEST(DissectFrameTest, EveryHeaderIsTakenApartWithItsPlaceInTheFrame) {
  EXPECT_EQ(text_of(dissect_frame(frame(false), kEthernet)),
            "[0..14)   Ethernet: 10:11:12:13:14:15 to 0a:0b:0c:0d:0e:0f\n"
            "  [0..6)    Destination: 0a:0b:0c:0d:0e:0f\n"
            "  [6..12)   Source: 10:11:12:13:14:15\n"
            "  [12..14)  Type: IPv4 (0x0800)\n"
            "[14..34)  IPv4: 10.1.0.2 to 203.0.113.10\n"
            "  [14..15)  Version: 4\n"
            "  [14..15)  IHL: 20 bytes\n"
            "  [15..16)  DSCP: CS0 (0)\n"
            "  [15..16)  ECN: Not-ECT (0)\n"
            "  [16..18)  Total Length: 35\n"
            "  [18..20)  Identification: 0x0000\n"
            "  [20..22)  Flags: don't fragment\n"
            "  [20..22)  Fragment Offset: 0\n"
            "  [22..23)  Time to Live: 64\n"
            "  [23..24)  Protocol: UDP (17)\n"
            "  [24..26)  Header Checksum: 0xf4bc (good)\n"
            "  [26..30)  Source: 10.1.0.2\n"
            "  [30..34)  Destination: 203.0.113.10\n"
            "[34..42)  UDP: 5000 to 3478\n"
            "  [34..36)  Source Port: 5000\n"
            "  [36..38)  Destination Port: 3478\n"
            "  [38..40)  Length: 15\n"
            "  [40..42)  Checksum: 0xdb74 (good)\n");
}

TEST(DissectFrameTest, Ipv6AddressesStandWhereTheHeaderHasThem) {
  const std::vector<Field> fields = dissect_frame(frame(true), kEthernet);
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields[1].value, "2001:db8::1 to 2001:db8::2");
  const Field& destination = child(fields[1], "Destination");
  EXPECT_EQ(destination.value, "2001:db8::2");
  EXPECT_EQ(destination.offset, 14U + 24U);
  EXPECT_EQ(child(fields[1], "Flow Label").value, "0x00000");
  EXPECT_EQ(child(fields[1], "Next Header").offset, 14U + 6U);
}

TEST(DissectFrameTest, ExtensionHeadersOfIpv6AreFieldsOfTheirOwn) {
  ByteBuffer packet = frame(true);
  packet.erase(packet.begin(), packet.begin() + 14);
  // Hop-by-Hop before UDP: what follows the IPv6 header is 0, what follows the option is 17.
  packet[6] = std::byte{0};
  packet[5] = static_cast<std::byte>(std::to_integer<unsigned>(packet[5]) + 8U);
  const ByteBuffer extension = hex("1100050200000100");
  packet.insert(packet.begin() + 40, extension.begin(), extension.end());
  const std::vector<Field> fields = dissect_frame(packet, kRaw);
  ASSERT_EQ(fields.size(), 3U) << text_of(fields);
  EXPECT_EQ(child(fields[0], "Next Header").value, "Hop-by-Hop Options (0)");
  EXPECT_EQ(fields[1].name, "Hop-by-Hop Options");
  EXPECT_EQ(fields[1].offset, 40U);
  EXPECT_EQ(fields[1].length, 8U);
  EXPECT_EQ(child(fields[1], "Next Header").value, "UDP (17)");
  EXPECT_EQ(child(fields[2], "Checksum").value.substr(6), " (good)");
}

TEST(DissectFrameTest, AFrameThatEndsInAHeaderShowsTheFaultUnlessASnapLengthCutIt) {
  for (const bool v6 : {false, true}) {
    const ByteBuffer whole = frame(v6);
    for (std::size_t size = 1; size < whole.size() - 7; ++size) {
      const Bytes part = Bytes(whole).first(size);
      EXPECT_TRUE(has_fault(dissect_frame(part, kEthernet))) << size;
      const std::vector<Field> cut = dissect_frame(part, kEthernet, whole.size() - size);
      EXPECT_FALSE(has_fault(cut)) << size << '\n' << text_of(cut);
    }
  }
}

TEST(DissectFrameTest, TheLinkHeadersOfACaptureAreTakenApart) {
  ByteBuffer packet = frame(false);
  packet.erase(packet.begin(), packet.begin() + 14);
  struct Case {
    std::uint16_t link_type;
    std::string header, text;
  };
  const std::vector<Case> cases{
      {1, "0a0b0c0d0e0f10111213141588a80064810060c80800", "VLAN 200"},
      {1,
       "0a0b0c0d0e0f1011121314158864110012340025"
       "0021",
       "Protocol: IPv4 (0x0021)"},
      {113,
       "00040001000600155dcc1a2b0000"
       "0800",
       "from this host (4)"},
      {276, "0800000000000003000104060a0b0c0d0e0f0000", "interface 3"},
      {0, "02000000", "Address Family: 2"},
      {9, "ff030021", "Control: 0x3"},
  };
  for (const Case& one : cases) {
    ByteBuffer bytes = hex(one.header);
    bytes.insert(bytes.end(), packet.begin(), packet.end());
    const std::vector<Field> fields = dissect_frame(bytes, one.link_type);
    const std::string text = text_of(fields);
    EXPECT_NE(text.find(one.text), std::string::npos) << text;
    EXPECT_NE(text.find("UDP: 5000 to 3478"), std::string::npos) << text;
    EXPECT_EQ(covered_by(fields, bytes.size()), bytes.size() - 7) << text;
  }
}

TEST(DissectFrameTest, ArpSaysWhoAsksForWhom) {
  const ByteBuffer request =
      hex("ffffffffffff02000000000108060001080006040001020000000001c0000201000000000000c0000202");
  const std::vector<Field> fields = dissect_frame(request, kEthernet);
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields[1].name, "ARP");
  EXPECT_EQ(fields[1].value, "who has 192.0.2.2? tell 192.0.2.1");
  EXPECT_EQ(covered_by(fields, request.size()), request.size());
}

TEST(DissectFrameTest, OptionsOfTcpAreNamed) {
  // A SYN of Linux: MSS 1460, SACK permitted, timestamps, window scale 7.
  const ByteBuffer packet =
      hex("4500003c00004000400600000a0100020a020002"
          "c35000500000000100000000a002faf0000000000204"
          "05b40402080a0000000a0000000001030307");
  const std::vector<Field> fields = dissect_frame(packet, kRaw);
  ASSERT_EQ(fields.size(), 2U) << text_of(fields);
  EXPECT_EQ(fields[1].value, "50000 to 80, SYN, 0 bytes of data");
  EXPECT_EQ(child(fields[1], "Data Offset").value, "40 bytes");
  EXPECT_EQ(child(fields[1], "Maximum Segment Size").value, "1460");
  EXPECT_EQ(child(fields[1], "Timestamps").value, "value 10, echo 0");
  EXPECT_EQ(child(fields[1], "Checksum").value,
            "0x0000 (does not fit: damaged, or left to the network card)");
  EXPECT_EQ(covered_by(fields, packet.size()), packet.size());
  EXPECT_FALSE(has_fault(fields)) << text_of(fields);
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
  const std::vector<Field> fields = dissect_frame(packet, kRaw);
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields[1].value, "port unreachable about 10.1.0.2:5000 to 203.0.113.10:3478");
  const Field& quote = child(fields[1], "Quoted Packet");
  EXPECT_EQ(quote.value, "UDP 10.1.0.2:5000 to 203.0.113.10:3478");
  EXPECT_EQ(child(child(quote, "UDP"), "Source Port").value, "5000");
  EXPECT_EQ(covered_by(fields, packet.size()), packet.size());
  // The least that RFC 792 asks for: the IP header and eight bytes.
  const std::vector<Field> shorter = dissect_frame(Bytes(packet).first(20 + 8 + 28), kRaw, 7);
  EXPECT_FALSE(has_fault(shorter)) << text_of(shorter);
}

TEST(FieldTest, ATreeCanBeIndentedAsAWhole) {
  Field root{"Root", "value", 0, 4, {}, false};
  root.add("Child", "1", 2, 2);
  EXPECT_EQ(to_text(root, 1), "  [0..4)  Root: value\n    [2..4)  Child: 1\n");
}

}  // namespace
}  // namespace parley::analyzer

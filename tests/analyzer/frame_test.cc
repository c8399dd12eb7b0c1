#include "analyzer/frame.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "analyzer/capture_file.h"
#include "analyzer/link.h"
#include "analyzer/link_types.h"
#include "stack/wire/ip.h"
#include "tests/support/files.h"

namespace parley::analyzer {
namespace {

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}
ByteBuffer udp_packet(std::string_view payload = "payload", bool v6 = false) {
  ip::UdpHeader header;
  header.source = Endpoint::parse(v6 ? "[2001:db8::1]:5000" : "10.1.0.2:5000").value();
  header.destination = Endpoint::parse(v6 ? "[2001:db8::2]:3478" : "203.0.113.10:3478").value();
  ByteBuffer out;
  ip::append_udp(out, header, as_bytes(payload));
  return out;
}

class FrameTest : public testing::Test {
 protected:
  FrameVerdict decode(std::uint16_t link_type, Bytes frame, std::size_t original = 0,
                      std::uint32_t point = 0) {
    kept = to_buffer(frame);
    RawPacket raw;
    raw.number = ++next_number;
    raw.at = Instant(std::chrono::milliseconds(next_number));
    raw.link_type = link_type;
    raw.bytes = kept;
    raw.original_size = static_cast<std::uint32_t>(std::max(original, frame.size()));
    return decoder.decode(raw, {0, raw.number}, point, decoded);
  }
  // Every field that a UDP packet of udp_packet() must have, whatever stood before it.
  void expect_udp(bool v6 = false) const {
    EXPECT_EQ(decoded.protocol, TransportProtocol::Udp);
    EXPECT_EQ(to_string(decoded.source), v6 ? "[2001:db8::1]:5000" : "10.1.0.2:5000");
    EXPECT_EQ(to_string(decoded.destination), v6 ? "[2001:db8::2]:3478" : "203.0.113.10:3478");
    EXPECT_EQ(as_text(decoded.payload), "payload");
    EXPECT_EQ(decoded.wire_payload_size, 7U);
    EXPECT_FALSE(decoded.cut_short);
    EXPECT_EQ(as_text(Bytes(kept).subspan(decoded.payload_offset, 7)), "payload");
  }

  FrameDecoder decoder;
  Packet decoded;
  ByteBuffer kept;
  std::uint64_t next_number = 0;
};

ByteBuffer behind(std::string_view header, const ByteBuffer& packet) {
  ByteBuffer out = hex(header);
  out.insert(out.end(), packet.begin(), packet.end());
  return out;
}
// Two addresses, and what follows them.
std::string macs(std::string_view rest) {
  return "020000000001020000000002" + std::string(rest);
}

TEST_F(FrameTest, EveryLinkTypeLeadsToTheSamePacket) {
  const std::vector<std::pair<std::uint16_t, std::string>> links{
      {1, macs("0800")},
      {1, macs("8100006f0800")},                     // 802.1Q
      {1, macs("88a800018100006f0800")},             // QinQ
      {1, macs("8864") + "1100000100250021"},        // PPPoE session
      {1, macs("8100006f8864") + "11000001002521"},  // the same, compressed, in a VLAN
      {1, macs("8847") + "00010040" + "00011140"},   // MPLS, two labels (RFC 3032)
      {1, macs("0040") + "aaaa030000000800"},        // 802.3 with SNAP (RFC 1042)
      {113, "0000000100060200000000010000" + std::string("0800")},
      {276, "0800" + std::string("000000000002000100060200000000010000")},
      {12, ""},
      {14, ""},
      {101, ""},
      {228, ""},
      {0, "02000000"},  // AF_INET, little endian
      {0, "00000002"},  // big endian
      {108, "00000002"},
      {9, "ff030021"},
      {9, "0021"},
      {9, "21"},
      {50, "ff030021"},
      {51, "1100000100250021"},
  };
  for (const auto& [type, header] : links) {
    SCOPED_TRACE(link_type_name(type) + " " + header);
    ASSERT_EQ(decode(type, behind(header, udp_packet())), FrameVerdict::Decoded);
    EXPECT_EQ(decoder.network_offset(), header.size() / 2);
    expect_udp();
  }
}

TEST_F(FrameTest, Ipv6OnEveryLinkType) {
  const std::vector<std::pair<std::uint16_t, std::string>> links{
      {1, macs("86dd")},
      {113, "000000010006020000000001000086dd"},
      {276, "86dd000000000002000100060200000000010000"},
      {101, ""},
      {229, ""},
      {0, "1e000000"},
      {0, "0000001c"},
      {0, "18000000"},
      {0, "0a000000"},
      {0, "17000000"},
      {9, "ff030057"},
  };
  for (const auto& [type, header] : links) {
    SCOPED_TRACE(link_type_name(type) + " " + header);
    ASSERT_EQ(decode(type, behind(header, udp_packet("payload", true))), FrameVerdict::Decoded);
    expect_udp(true);
  }
}

TEST_F(FrameTest, ArpIsKnownBehindEveryTag) {
  const std::vector<std::pair<std::uint16_t, std::string>> links{
      {1, macs("0806")},
      {1, macs("9100006f0806")},
      {1, macs("9200006f8100006f0806")},
      {113, "00000001000602000000000100000806"},
      {276, "8100000000000002000100060200000000010000" + std::string("006f0806")},
  };
  for (const auto& [type, header] : links) {
    SCOPED_TRACE(link_type_name(type) + " " + header);
    EXPECT_EQ(decode(type, behind(header, hex("000108000604"))), FrameVerdict::NotIp);
    EXPECT_EQ(decoder.ether_type(), kEtherArp);
  }
}

TEST_F(FrameTest, OtherProtocolsAndLinksAreNotDamage) {
  EXPECT_EQ(decode(1, hex(macs("884700011140") + "00000000")),
            FrameVerdict::NotIp);                                                // pseudowire
  EXPECT_EQ(decode(1, hex(macs("0806000108000604"))), FrameVerdict::NotIp);      // ARP
  EXPECT_EQ(decode(1, hex(macs("0026424203000000"))), FrameVerdict::NotIp);      // 802.3, LLC
  EXPECT_EQ(decode(1, hex(macs("8863110900000000"))), FrameVerdict::NotIp);      // PPPoE discovery
  EXPECT_EQ(decode(1, hex(macs("886411000001000ac021"))), FrameVerdict::NotIp);  // PPP LCP
  EXPECT_EQ(decode(0, hex("07000000")), FrameVerdict::NotIp);
  EXPECT_EQ(decode(147, hex("00")), FrameVerdict::UnknownLink);
}

TEST_F(FrameTest, EveryPrefixOfAFrameIsCutShortOrSaysWhere) {
  const ByteBuffer whole = behind(macs("8100006f0800"), udp_packet());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes prefix = Bytes(whole).first(size);
    // A snap length cut it: never called malformed.
    const FrameVerdict cut = decode(1, prefix, whole.size());
    EXPECT_TRUE(decoded.cut_short) << size;
    EXPECT_EQ(cut, size < 46 ? FrameVerdict::Undecoded : FrameVerdict::Decoded) << size;
    if (cut == FrameVerdict::Decoded) {
      EXPECT_EQ(decoded.payload.size(), size - 46);
      EXPECT_EQ(decoded.wire_payload_size, 7U);
    }
    // The frame claims to be whole.
    EXPECT_EQ(decode(1, prefix), FrameVerdict::Undecoded) << size;
    EXPECT_FALSE(decoded.cut_short) << size;
    EXPECT_FALSE(decoder.reason().empty()) << size;
  }
}

TEST_F(FrameTest, EthernetPaddingIsNoPayload) {
  ByteBuffer frame = behind(macs("0800"), udp_packet());
  frame.resize(60, std::byte{0xee});
  ASSERT_EQ(decode(1, frame), FrameVerdict::Decoded);
  expect_udp();
}

TEST_F(FrameTest, SuperFramesWithoutALengthAreTakenAsTheyAre) {
  ByteBuffer frame = behind(macs("0800"), udp_packet(std::string(60000, 'x')));
  frame[16] = frame[17] = std::byte{0};
  ASSERT_EQ(decode(1, frame), FrameVerdict::Decoded);
  EXPECT_EQ(decoded.payload.size(), 60000U);
  EXPECT_FALSE(decoded.cut_short);
}

TEST_F(FrameTest, LengthsThatContradictEachOtherAreNamed) {
  ByteBuffer packet = udp_packet();
  packet[25] = std::byte{200};  // UDP length beyond the IP payload
  EXPECT_EQ(decode(101, packet), FrameVerdict::Undecoded);
  EXPECT_EQ(decoder.reason(), "UDP length");
  packet[25] = std::byte{10};  // smaller: trims
  ASSERT_EQ(decode(101, packet), FrameVerdict::Decoded);
  EXPECT_EQ(as_text(decoded.payload), "pa");
  EXPECT_FALSE(decoded.cut_short);
  packet = udp_packet();
  packet[3] = std::byte{100};  // IP length beyond a frame that was not cut
  EXPECT_EQ(decode(101, packet), FrameVerdict::Undecoded);
  EXPECT_EQ(decoder.reason(), "IP length");
  EXPECT_EQ(decode(101, hex("c0ffee")), FrameVerdict::Undecoded);
  EXPECT_EQ(decoder.reason(), "IP version");
}

TEST_F(FrameTest, ChecksumsAreNotVerified) {
  ByteBuffer packet = udp_packet();
  packet[10] ^= std::byte{0xff};
  packet[26] ^= std::byte{0xff};
  ASSERT_EQ(decode(101, packet), FrameVerdict::Decoded);
  expect_udp();
}

TEST_F(FrameTest, IcmpErrorsNameTheFlowTheyQuote) {
  for (const bool v6 : {false, true}) {
    ByteBuffer icmp;
    ip::IcmpErrorHeader header;
    header.source = IpAddress::parse(v6 ? "2001:db8::2" : "203.0.113.10").value();
    ASSERT_TRUE(ip::append_icmp_error(icmp, header, udp_packet("payload", v6)));
    ASSERT_EQ(decode(101, icmp), FrameVerdict::Decoded);
    EXPECT_EQ(decoded.protocol, TransportProtocol::Icmp);
    ASSERT_TRUE(decoded.icmp_error.has_value());
    EXPECT_EQ(decoded.icmp_error->type, v6 ? 1 : 3);
    EXPECT_EQ(decoded.icmp_error->code, v6 ? 4 : 3);
    EXPECT_EQ(to_string(decoded.icmp_error->quoted_source),
              v6 ? "[2001:db8::1]:5000" : "10.1.0.2:5000");
    EXPECT_EQ(decoded.icmp_error->quoted_destination.port, 3478);
    EXPECT_EQ(decoded.icmp_error->quoted_protocol, TransportProtocol::Udp);
    ASSERT_EQ(decode(101, udp_packet()), FrameVerdict::Decoded);
    EXPECT_FALSE(decoded.icmp_error.has_value()) << "left over from the packet before";
  }
}

// tshark -r captures/c13-udp-blocked-turn-tcp/peerA.pcapng -T fields -e tcp.len -e tcp.flags.syn,
// summed up.
TEST_F(FrameTest, RealTcpSegments) {
  const auto file = CaptureFile::open(
      test::source_path("captures/c13-udp-blocked-turn-tcp/peerA.pcapng").string());
  RawPacket raw;
  std::size_t segments = 0;
  std::size_t bytes = 0;
  std::size_t syns = 0;
  while (file->next(raw)) {
    if (decoder.decode(raw, {0, raw.number}, 0, decoded) != FrameVerdict::Decoded ||
        decoded.protocol != TransportProtocol::Tcp)
      continue;
    ++segments;
    bytes += decoded.payload.size();
    syns += (decoded.tcp_flags & ip::kTcpSyn) != 0 ? 1 : 0;
    EXPECT_FALSE(decoded.cut_short);
  }
  EXPECT_EQ(segments, 895U);
  EXPECT_EQ(bytes, 75300U);
  EXPECT_EQ(syns, 2U);
}

// One UDP datagram as IPv4 fragments of `size` bytes of payload each.
std::vector<ByteBuffer> fragments_of(const ByteBuffer& packet, std::size_t size) {
  std::vector<ByteBuffer> out;
  const Bytes payload = Bytes(packet).subspan(20);
  for (std::size_t at = 0; at < payload.size(); at += size) {
    const Bytes part = payload.subspan(at, std::min(size, payload.size() - at));
    ByteBuffer fragment = to_buffer(Bytes(packet).first(20));
    ByteWriter writer(fragment);
    writer.patch_u16(2, static_cast<std::uint16_t>(20 + part.size()));
    const bool more = at + part.size() < payload.size();
    writer.patch_u16(6, static_cast<std::uint16_t>((more ? 0x2000U : 0U) | at / 8));
    writer.bytes(part);
    out.push_back(std::move(fragment));
  }
  return out;
}

TEST_F(FrameTest, FragmentsBecomeOneDatagramOfTheLastOne) {
  const std::string text(3000, 'f');
  const auto parts = fragments_of(udp_packet(text), 1480);
  ASSERT_EQ(parts.size(), 3U);
  for (const std::vector<std::size_t>& order :
       {std::vector<std::size_t>{0, 1, 2}, {2, 1, 0}, {1, 2, 1, 0}}) {
    for (std::size_t i = 0; i + 1 < order.size(); ++i)
      EXPECT_EQ(decode(101, parts[order[i]]), FrameVerdict::Fragment);
    ASSERT_EQ(decode(101, parts[order.back()]), FrameVerdict::Decoded);
    EXPECT_EQ(decoded.ref.packet, next_number);
    EXPECT_EQ(to_string(decoded.source), "10.1.0.2:5000");
    EXPECT_EQ(as_text(decoded.payload), text);
    EXPECT_EQ(decoded.payload_offset, 0U);
    EXPECT_FALSE(decoded.cut_short);
  }
  EXPECT_EQ(decoder.incomplete_datagrams(), 0U);
}

TEST_F(FrameTest, FragmentsOfDifferentPointsDoNotMix) {
  const auto parts = fragments_of(udp_packet(std::string(2000, 'f')), 1480);
  EXPECT_EQ(decode(101, parts[0], 0, 0), FrameVerdict::Fragment);
  EXPECT_EQ(decode(101, parts[1], 0, 1), FrameVerdict::Fragment);
  EXPECT_EQ(decode(101, parts[1], 0, 0), FrameVerdict::Decoded);
  EXPECT_EQ(decode(101, parts[0], 0, 1), FrameVerdict::Decoded);
}

TEST_F(FrameTest, Ipv6FragmentsWithHeadersBehindTheFragmentHeader) {
  const std::string addresses = "20010db800000000000000000000000120010db8000000000000000000000002";
  // Destination options (8 bytes) and UDP header in the first fragment, the payload in the second.
  const ByteBuffer first =
      hex("60000000"
          "0018"
          "2c"
          "40" +
          addresses + "3c00000100000042" + "1100010400000000" +
          "1388"
          "0d96"
          "000f"
          "0000");
  const ByteBuffer second =
      hex("60000000"
          "000f"
          "2c"
          "40" +
          addresses + "3c00001000000042" + "7061796c6f6164");
  EXPECT_EQ(decode(101, first), FrameVerdict::Fragment);
  ASSERT_EQ(decode(101, second), FrameVerdict::Decoded);
  EXPECT_EQ(to_string(decoded.destination), "[2001:db8::2]:3478");
  EXPECT_EQ(as_text(decoded.payload), "payload");
}

}  // namespace
}  // namespace parley::analyzer

#include "stack/wire/ip.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace parley::ip {
namespace {

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}
Endpoint endpoint(std::string_view text) {
  return Endpoint::parse(text).value();
}
ByteBuffer text_bytes(std::string_view text) {
  return to_buffer(as_bytes(text));
}

// captures/c02-two-cone-stun/peerA.pcapng, packet 17, behind the Ethernet header: a check that came
// through a NAT.
ByteBuffer real_v4() {
  return hex(
      "4500007c85cc40003e11708bcb0071160a010002"
      "9f33b4ff00685aa9"
      "0001004c2112a44230377347314936"
      "59396b355500060009"
      "5a724d663a39677a50000000c057000400010000"
      "802900083e43a3f45e3d7431002400046e7f1eff"
      "000800142c39e14eb6a4de1b120c093cedc178c2477c6425"
      "80280004"
      "12654bc9");
}
// captures/c06-aiortc-data-keylog/peerA.pcapng, packet 1, behind the Ethernet header: a
// multicast listener report behind a hop-by-hop header with router alert.
ByteBuffer real_v6() {
  return hex(
      "6000000000240001fe8000000000000054935ffffe9e6f14ff020000000000000000000000000016"
      "3a00050200000100"
      "8f00df100000000104000000ff0200000000000000000001ff9e6f14");
}

// captures/c13-udp-blocked-turn-tcp/peerA.pcapng: the client's SYN to the TURN server.
ByteBuffer real_tcp_syn() {
  return hex(
      "4500003c8c784000400668360a010002cb00710a"
      "e8540d9689bcc42c00000000a002faf0bd000000020405b40402080a3eefc73a000000000103030a");
}

UdpHeader header_v4() {
  UdpHeader header;
  header.source = endpoint("10.1.0.2:5000");
  header.destination = endpoint("203.0.113.22:40755");
  header.ttl = 63;
  header.identification = 0x1234;
  return header;
}
UdpHeader header_v6() {
  UdpHeader header;
  header.source = endpoint("[2001:db8::1]:5000");
  header.destination = endpoint("[2001:db8:1::22]:40755");
  header.traffic_class = 0xb8;
  return header;
}
ByteBuffer udp_packet(const UdpHeader& header, std::string_view payload = "hello, peer") {
  ByteBuffer out;
  append_udp(out, header, as_bytes(payload));
  return out;
}

TEST(InternetChecksum, ExampleOfRfc1071) {
  // Section 3: the sum of these bytes is ddf2.
  EXPECT_EQ(internet_checksum(hex("0001f203f4f5f6f7")), 0xffff - 0xddf2);
  EXPECT_EQ(internet_checksum({}), 0xffff);
  EXPECT_EQ(internet_checksum(hex("ab")), 0xffff - 0xab00);
}

TEST(PacketView, RealIpv4Packet) {
  const ByteBuffer bytes = real_v4();
  const auto view = PacketView::decode(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->version, 4);
  EXPECT_EQ(view->ttl, 62);
  EXPECT_EQ(view->identification, 0x85ccU);
  EXPECT_TRUE(view->dont_fragment);
  EXPECT_FALSE(view->fragment);
  EXPECT_TRUE(view->is(Protocol::Udp));
  EXPECT_EQ(to_string(view->source), "203.0.113.22");
  EXPECT_EQ(to_string(view->destination), "10.1.0.2");
  EXPECT_EQ(view->header_size, 20U);
  EXPECT_EQ(view->wire_payload_size, 104U);
  EXPECT_EQ(view->payload.size(), 104U);
  const auto udp = UdpView::decode(view->payload);
  ASSERT_TRUE(udp.has_value());
  EXPECT_EQ(udp->source_port, 40755);
  EXPECT_EQ(udp->destination_port, 46335);
  EXPECT_EQ(udp->payload.size(), 96U);
  EXPECT_EQ(verify_checksums(bytes), true);
}

TEST(PacketView, RealIpv6PacketWithHopByHopHeader) {
  const ByteBuffer bytes = real_v6();
  const auto view = PacketView::decode(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->version, 6);
  EXPECT_TRUE(view->is(Protocol::IcmpV6));
  EXPECT_EQ(to_string(view->destination), "ff02::16");
  EXPECT_EQ(view->header_size, 48U);
  EXPECT_EQ(view->payload.size(), 28U);
  EXPECT_EQ(verify_checksums(bytes), true);
}

TEST(PacketView, EveryPrefixOfTheHeadersIsTruncated) {
  for (const ByteBuffer& whole : {real_v4(), real_v6()}) {
    const std::size_t header_size = PacketView::decode(whole)->header_size;
    for (std::size_t size = 0; size < header_size; ++size) {
      const auto view = PacketView::decode(Bytes(whole).first(size), 100);
      ASSERT_FALSE(view.has_value()) << size;
      EXPECT_EQ(view.error().fault, WireFault::Truncated) << size;
      EXPECT_EQ(view.error().offset, 100 + size);
    }
    for (std::size_t size = header_size; size < whole.size(); ++size) {
      const auto view = PacketView::decode(Bytes(whole).first(size));
      ASSERT_TRUE(view.has_value()) << size;
      EXPECT_EQ(view->payload.size(), size - header_size);
      EXPECT_EQ(view->wire_payload_size, whole.size() - header_size)
          << "a cut packet is not malformed";
    }
  }
}

TEST(PacketView, LinkPaddingIsNoPayload) {
  ByteBuffer bytes = udp_packet(header_v4(), "x");
  bytes.resize(46, std::byte{0xee});
  EXPECT_EQ(PacketView::decode(bytes)->payload.size(), 9U);
}

TEST(PacketView, OptionsAreStepped) {
  // Header length 6: one word of options.
  ByteBuffer bytes = hex("46000020000100004011000001020304050607080101010100350035000c0000");
  bytes.resize(32);
  const auto view = PacketView::decode(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->header_size, 24U);
  EXPECT_EQ(view->payload.size(), 8U);
}

TEST(PacketView, LengthZeroMeansASuperFrame) {
  ByteBuffer bytes = udp_packet(header_v4());
  bytes[2] = bytes[3] = std::byte{0};
  const auto v4 = PacketView::decode(bytes);
  ASSERT_TRUE(v4.has_value());
  EXPECT_TRUE(v4->length_unknown);
  EXPECT_EQ(v4->payload.size(), 19U);
  bytes = udp_packet(header_v6());
  bytes[4] = bytes[5] = std::byte{0};
  const auto v6 = PacketView::decode(bytes);
  ASSERT_TRUE(v6.has_value());
  EXPECT_TRUE(v6->length_unknown);
  EXPECT_EQ(v6->payload.size(), 19U);
}

TEST(PacketView, ContradictionsAreNamed) {
  ByteBuffer bytes = real_v4();
  bytes[0] = std::byte{0x44};
  EXPECT_EQ(PacketView::decode(bytes).error(),
            (WireError{WireFault::BadLength, 0, "IPv4 header length"}));
  bytes = real_v4();
  bytes[2] = std::byte{0};
  bytes[3] = std::byte{19};
  EXPECT_EQ(PacketView::decode(bytes).error(),
            (WireError{WireFault::BadLength, 2, "IPv4 total length"}));
  bytes[0] = std::byte{0x55};
  EXPECT_EQ(PacketView::decode(bytes).error(), (WireError{WireFault::BadValue, 0, "IP version"}));
}

TEST(PacketView, Ipv6ExtensionHeadersOfEveryKindAreStepped) {
  // Hop-by-hop (8), routing (8), authentication (12 + 12 = 24), destination options (16), UDP.
  const ByteBuffer bytes =
      hex("60000000004811401111111111111111111111111111111122222222222222222222222222222222"
          "2b00010400000000"
          "3300000000000000"
          "3c04000000000001000000020000000000000000aaaaaaaa"
          "1101010c000000000000000000000000"
          "00350036001000006162636465666768");
  ByteBuffer with_hop = bytes;
  with_hop[6] = std::byte{0};
  const auto view = PacketView::decode(with_hop);
  ASSERT_TRUE(view.has_value());
  EXPECT_TRUE(view->is(Protocol::Udp));
  EXPECT_EQ(view->header_size, 40U + 8 + 8 + 24 + 16);
  EXPECT_EQ(as_text(view->payload.subspan(8)), "abcdefgh");
}

TEST(PacketView, AnEndlessExtensionChainIsRefused) {
  ByteBuffer bytes =
      hex("60000000100000401111111111111111111111111111111122222222222222222222222222222222");
  bytes.resize(40 + 4096);  // headers of type 0 and length 0, each pointing at the next
  EXPECT_EQ(PacketView::decode(bytes).error().fault, WireFault::Unsupported);
}

TEST(PacketView, FragmentsAndAtomicFragments) {
  ByteBuffer bytes = udp_packet(header_v4());
  bytes[6] = std::byte{0x20};
  bytes[7] = std::byte{0x02};
  auto view = PacketView::decode(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_TRUE(view->fragment);
  EXPECT_TRUE(view->more_fragments);
  EXPECT_EQ(view->fragment_offset, 16U);

  const std::string head =
      "60000000001040402222222222222222222222222222222211111111111111111111111111111111";
  ByteBuffer v6 = hex(head + "1100000100000007" + "0035003600080000");
  v6[6] = std::byte{44};
  view = PacketView::decode(v6);
  ASSERT_TRUE(view.has_value());
  EXPECT_TRUE(view->fragment);
  EXPECT_TRUE(view->more_fragments);
  EXPECT_EQ(view->identification, 7U);
  v6[43] = std::byte{0};  // neither offset nor more fragments: RFC 6946
  view = PacketView::decode(v6);
  ASSERT_TRUE(view.has_value());
  EXPECT_FALSE(view->fragment);
  EXPECT_TRUE(view->is(Protocol::Udp));
}

TEST(UdpView, LengthsThatCannotBe) {
  EXPECT_EQ(UdpView::decode(hex("00350036000700")).error().fault, WireFault::Truncated);
  EXPECT_EQ(UdpView::decode(hex("0035003600070000")).error(),
            (WireError{WireFault::BadLength, 4, "UDP length"}));
  const ByteBuffer trailing = hex("00350036000a00006162ffff");
  EXPECT_EQ(as_text(UdpView::decode(trailing)->payload), "ab");
}

TEST(TcpView, RealSynAndItsPrefixes) {
  const ByteBuffer bytes = real_tcp_syn();
  const auto view = PacketView::decode(bytes);
  ASSERT_TRUE(view.has_value());
  const auto tcp = TcpView::decode(view->payload);
  ASSERT_TRUE(tcp.has_value());
  EXPECT_EQ(tcp->destination_port, 3478);
  EXPECT_EQ(tcp->flags, kTcpSyn);
  EXPECT_EQ(tcp->header_size, 40U);
  EXPECT_TRUE(tcp->payload.empty());
  for (std::size_t size = 0; size < 40; ++size)
    EXPECT_EQ(TcpView::decode(view->payload.first(size)).error().fault, WireFault::Truncated);
  ByteBuffer lying = to_buffer(view->payload);
  lying[12] = std::byte{0x40};
  EXPECT_EQ(TcpView::decode(lying).error().fault, WireFault::BadLength);
}

TEST(UdpPacket, ComesBackAsItWasBuilt) {
  for (const UdpHeader& header : {header_v4(), header_v6()}) {
    for (const std::size_t size : {0U, 1U, 2U, 1199U, 1200U}) {
      ByteBuffer out = hex("ff");
      const ByteBuffer payload(size, std::byte{0x5a});
      append_udp(out, header, payload);
      const Bytes packet = Bytes(out).subspan(1);
      const auto back = UdpPacket::decode(packet);
      ASSERT_TRUE(back.has_value());
      EXPECT_EQ(back->source, header.source);
      EXPECT_EQ(back->destination, header.destination);
      EXPECT_EQ(back->ttl, header.ttl);
      EXPECT_EQ(back->traffic_class, header.traffic_class);
      EXPECT_EQ(to_hex(back->payload), to_hex(payload));
      EXPECT_EQ(verify_checksums(packet), true);
      if (header.source.address.is_v4()) {
        EXPECT_EQ(PacketView::decode(packet)->identification, 0x1234U);
      }
    }
  }
}

TEST(UdpPacket, EveryPrefixFails) {
  for (const UdpHeader& header : {header_v4(), header_v6()}) {
    const ByteBuffer whole = udp_packet(header);
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_EQ(UdpPacket::decode(Bytes(whole).first(size)).error().fault, WireFault::Truncated);
  }
}

TEST(UdpPacket, AnyFlippedBitOfThePayloadIsFound) {
  const ByteBuffer whole = udp_packet(header_v4());
  for (std::size_t i = 28; i < whole.size(); ++i) {
    ByteBuffer bad = whole;
    bad[i] ^= std::byte{0x10};
    EXPECT_EQ(UdpPacket::decode(bad).error().fault, WireFault::BadChecksum);
  }
}

TEST(UdpPacket, AChecksumOfZeroIsSentAsAllOnes) {
  // RFC 768. Find the two bytes that make the sum come out as zero.
  bool found = false;
  for (unsigned value = 0; value < 0x10000 && !found; ++value) {
    ByteBuffer payload(2);
    ByteWriter(payload).patch_u16(0, static_cast<std::uint16_t>(value));
    ByteBuffer out;
    append_udp(out, header_v4(), payload);
    ASSERT_NE(load_u16(&out[26]), 0);
    found = load_u16(&out[26]) == 0xffff;
    if (found) {
      EXPECT_EQ(verify_checksums(out), true);
    }
  }
  EXPECT_TRUE(found);
}

TEST(DecrementTtl, KeepsTheChecksumAndStopsAtOne) {
  ByteBuffer v4 = udp_packet(header_v4());
  ByteBuffer v6 = udp_packet(header_v6());
  for (int ttl = 62; ttl >= 1; --ttl) {
    ASSERT_TRUE(decrement_ttl(v4));
    EXPECT_EQ(PacketView::decode(v4)->ttl, ttl);
    EXPECT_EQ(verify_checksums(v4), true);
  }
  const ByteBuffer last = v4;
  EXPECT_FALSE(decrement_ttl(v4));
  EXPECT_EQ(v4, last);
  ASSERT_TRUE(decrement_ttl(v6));
  EXPECT_EQ(PacketView::decode(v6)->ttl, 63);
  ByteBuffer junk = text_bytes("no packet at all");
  EXPECT_FALSE(decrement_ttl(junk));
}

TEST(Rewrite, GivesTheSameBytesAsBuildingAnew) {
  for (UdpHeader header : {header_v4(), header_v6()}) {
    const bool v4 = header.source.address.is_v4();
    ByteBuffer packet = udp_packet(header);
    const Endpoint outside = endpoint(v4 ? "203.0.113.21:61000" : "[2001:db8:ffff::9]:61000");
    const Endpoint inside = endpoint(v4 ? "10.2.0.2:1" : "[fd00::7]:1");
    ASSERT_TRUE(rewrite_source(packet, outside));
    header.source = outside;
    EXPECT_EQ(to_hex(packet), to_hex(udp_packet(header)));
    ASSERT_TRUE(rewrite_destination(packet, inside));
    header.destination = inside;
    EXPECT_EQ(to_hex(packet), to_hex(udp_packet(header)));
  }
}

TEST(Rewrite, RepairsNothingAndInventsNothing) {
  ByteBuffer broken = udp_packet(header_v4());
  broken.back() ^= std::byte{1};
  ASSERT_TRUE(rewrite_source(broken, endpoint("203.0.113.21:61000")));
  EXPECT_EQ(verify_checksums(broken), false);

  ByteBuffer without = udp_packet(header_v4());
  without[26] = without[27] = std::byte{0};
  ASSERT_TRUE(rewrite_source(without, endpoint("203.0.113.21:61000")));
  EXPECT_EQ(load_u16(&without[26]), 0);
  EXPECT_EQ(verify_checksums(without), std::nullopt);
  EXPECT_EQ(internet_checksum(Bytes(without).first(20)), 0);
}

TEST(Rewrite, TcpKeepsItsChecksum) {
  ByteBuffer bytes = real_tcp_syn();
  ASSERT_EQ(verify_checksums(bytes), true);
  ASSERT_TRUE(rewrite_source(bytes, endpoint("203.0.113.21:61000")));
  ASSERT_TRUE(rewrite_destination(bytes, endpoint("198.51.100.1:3479")));
  EXPECT_EQ(verify_checksums(bytes), true);
  const auto view = PacketView::decode(bytes);
  EXPECT_EQ(TcpView::decode(view->payload)->source_port, 61000);
}

TEST(Rewrite, RefusesWhatItCannotDo) {
  ByteBuffer packet = udp_packet(header_v4());
  const ByteBuffer before = packet;
  EXPECT_FALSE(rewrite_source(packet, endpoint("[2001:db8::1]:1")));
  EXPECT_EQ(packet, before);
  packet[7] = std::byte{1};  // a later fragment has no ports
  EXPECT_FALSE(rewrite_source(packet, endpoint("203.0.113.21:61000")));
  packet = before;
  packet[9] = std::byte{47};
  EXPECT_FALSE(rewrite_source(packet, endpoint("203.0.113.21:61000")));
  packet = before;
  packet.resize(10);
  EXPECT_FALSE(rewrite_source(packet, endpoint("203.0.113.21:61000")));
}

class IcmpErrors : public testing::TestWithParam<bool> {
 protected:
  UdpHeader header() const { return GetParam() ? header_v6() : header_v4(); }
  IpAddress router() const {
    return IpAddress::parse(GetParam() ? "2001:db8:9::1" : "192.0.2.1").value();
  }
  IcmpErrorHeader error(IcmpKind kind = IcmpKind::PortUnreachable) const {
    IcmpErrorHeader result;
    result.kind = kind;
    result.source = router();
    return result;
  }
};

TEST_P(IcmpErrors, QuoteThePacketAndVerify) {
  const ByteBuffer offending = udp_packet(header());
  ByteBuffer out;
  ASSERT_TRUE(append_icmp_error(out, error(), offending));
  EXPECT_EQ(verify_checksums(out), true);
  const auto view = PacketView::decode(out);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->source, router());
  EXPECT_EQ(view->destination, header().source.address);
  const auto icmp = IcmpView::decode(view->payload, GetParam());
  ASSERT_TRUE(icmp.has_value());
  EXPECT_TRUE(icmp->error);
  EXPECT_EQ(icmp->type, GetParam() ? 1 : 3);
  EXPECT_EQ(icmp->code, GetParam() ? 4 : 3);
  EXPECT_EQ(to_hex(icmp->body), to_hex(offending));
  const auto flow = decode_quote(icmp->body);
  ASSERT_TRUE(flow.has_value());
  EXPECT_EQ(flow->source, header().source);
  EXPECT_EQ(flow->destination, header().destination);
  EXPECT_EQ(flow->protocol, 17);
}

TEST_P(IcmpErrors, QuoteNoMoreThanAllowed) {
  ByteBuffer out;
  ASSERT_TRUE(append_icmp_error(out, error(IcmpKind::TimeExceeded),
                                udp_packet(header(), std::string(2000, 'x'))));
  EXPECT_EQ(out.size(), GetParam() ? 1280U : 576U);
  EXPECT_EQ(verify_checksums(out), true);
  const auto icmp = IcmpView::decode(PacketView::decode(out)->payload, GetParam());
  EXPECT_EQ(decode_quote(icmp->body)->destination, header().destination);
}

TEST_P(IcmpErrors, CarryTheMtu) {
  IcmpErrorHeader too_big = error(IcmpKind::PacketTooBig);
  too_big.mtu = 1280;
  ByteBuffer out;
  ASSERT_TRUE(append_icmp_error(out, too_big, udp_packet(header())));
  const auto icmp = IcmpView::decode(PacketView::decode(out)->payload, GetParam());
  EXPECT_EQ(icmp->parameter, 1280U);
  EXPECT_EQ(icmp->type, GetParam() ? 2 : 3);
}

TEST_P(IcmpErrors, AreNotSentAboutErrorsFragmentsOrCrowds) {
  ByteBuffer first;
  ASSERT_TRUE(append_icmp_error(first, error(), udp_packet(header())));
  ByteBuffer out;
  EXPECT_FALSE(append_icmp_error(out, error(), first));
  UdpHeader crowd = header();
  crowd.destination.address = IpAddress::parse(GetParam() ? "ff02::fb" : "224.0.0.251").value();
  EXPECT_FALSE(append_icmp_error(out, error(), udp_packet(crowd)));
  EXPECT_FALSE(append_icmp_error(out, error(), text_bytes("junk")));
  if (!GetParam()) {
    ByteBuffer fragment = udp_packet(header());
    fragment[7] = std::byte{1};
    EXPECT_FALSE(append_icmp_error(out, error(), fragment));
  }
  EXPECT_TRUE(out.empty());
}

// RFC 5508 section 4.2: the host behind the NAT must see its own packet quoted.
TEST_P(IcmpErrors, GoBackThroughANat) {
  const Endpoint outside = endpoint(GetParam() ? "[2001:db8:ffff::9]:61000" : "203.0.113.21:61000");
  const ByteBuffer original = udp_packet(header());
  ByteBuffer translated = original;
  ASSERT_TRUE(rewrite_source(translated, outside));
  ByteBuffer icmp;
  ASSERT_TRUE(append_icmp_error(icmp, error(), translated));

  ASSERT_TRUE(rewrite_quoted_source(icmp, header().source));
  ASSERT_TRUE(rewrite_destination(icmp, header().source));
  EXPECT_EQ(verify_checksums(icmp), true);
  ByteBuffer expected;
  ASSERT_TRUE(append_icmp_error(expected, error(), original));
  EXPECT_EQ(to_hex(icmp), to_hex(expected));

  ASSERT_TRUE(rewrite_quoted_destination(icmp, outside));
  EXPECT_EQ(verify_checksums(icmp), true);
  ByteBuffer udp = original;
  EXPECT_FALSE(rewrite_quoted_source(udp, outside)) << "quotes nothing";
}

TEST_P(IcmpErrors, AShortQuoteIsRewrittenAsFarAsItGoes) {
  const ByteBuffer offending = udp_packet(header());
  const std::size_t ip_size = GetParam() ? 40 : 20;
  ByteBuffer icmp;
  ASSERT_TRUE(append_icmp_error(icmp, error(), Bytes(offending).first(ip_size + 4)));
  ASSERT_TRUE(rewrite_quoted_source(icmp, header().destination));
  EXPECT_EQ(verify_checksums(icmp), true);
  const auto body = IcmpView::decode(PacketView::decode(icmp)->payload, GetParam())->body;
  EXPECT_EQ(decode_quote(body)->source, header().destination);
}

INSTANTIATE_TEST_SUITE_P(Families, IcmpErrors, testing::Bool(), [](const auto& family) {
  return family.param ? std::string("Ipv6") : std::string("Ipv4");
});

}  // namespace
}  // namespace parley::ip

#include "stack/wire/sdp_attributes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace parley::sdp {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(SdpCandidate, OfAChromiumHostBehindMdns) {
  const std::string_view text =
      "candidate:1467250027 1 udp 2113937151 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 54596 typ "
      "host generation 0 ufrag EsAw network-cost 999";
  const auto candidate = Candidate::decode(text);
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->foundation, "1467250027");
  EXPECT_EQ(candidate->component, 1);
  EXPECT_EQ(candidate->transport, "udp");
  EXPECT_EQ(candidate->priority, 2113937151U);
  EXPECT_TRUE(candidate->is_mdns());
  EXPECT_EQ(candidate->port, 54596);
  EXPECT_EQ(candidate->type, "host");
  EXPECT_EQ(candidate->extension("ufrag"), "EsAw");
  EXPECT_EQ(candidate->extension("network-cost"), "999");
  EXPECT_EQ(candidate->extension("network-id"), std::nullopt);
  EXPECT_EQ("candidate:" + to_value(*candidate), text);
}

TEST(SdpCandidate, OfRfc8839AndRfc6544) {
  const auto reflexive = Candidate::decode(std::string_view(
      "2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998"));
  ASSERT_TRUE(reflexive);
  EXPECT_EQ(reflexive->ip, IpAddress::parse("192.0.2.3"));
  EXPECT_EQ(reflexive->related_address, "203.0.113.141");
  EXPECT_EQ(reflexive->related_port, 8998);
  const auto active = Candidate::decode(
      std::string_view("a=candidate:1 1 TCP 2128609279 10.0.1.1 9 typ host tcptype active"));
  ASSERT_TRUE(active);
  EXPECT_EQ(active->tcp_type, "active");
  EXPECT_EQ(active->port, 9);
}

TEST(SdpCandidate, PointsAtTheWordThatIsWrong) {
  const auto offset = [](std::string_view text) {
    const auto result = Candidate::decode(Value(text, 1000));
    return result ? 0U : result.error().offset;
  };
  EXPECT_EQ(offset("1 0 udp 1 10.0.0.1 1 typ host"), 1002U);
  EXPECT_EQ(offset("1 257 udp 1 10.0.0.1 1 typ host"), 1002U);
  EXPECT_EQ(offset("1 1 udp 4294967296 10.0.0.1 1 typ host"), 1008U);
  EXPECT_EQ(offset("1 1 udp 1 10.0.0.1 65536 typ host"), 1019U);
  EXPECT_EQ(offset("1 1 udp 1 10.0.0.1 1 type host"), 1021U);
  EXPECT_EQ(offset("1 1 udp 1 10.0.0.1 1 typ"), 1024U);
  EXPECT_EQ(offset("1 1 udp 1 10.0.0.1 1 typ host generation"), 1040U);
  EXPECT_EQ(offset("1 1 udp 1 10.0.0.1 1 typ host rport x"), 1036U);
  EXPECT_EQ(offset("ü 1 udp 1 10.0.0.1 1 typ host"), 1000U);
  EXPECT_EQ(offset("candidate:1 0 udp 1 10.0.0.1 1 typ host"), 1012U);
}

TEST(SdpFingerprint, IsReadInAnyCaseAndWrittenInCapitals) {
  const auto fingerprint = Fingerprint::decode(std::string_view("SHA-256 8a:3E:1e"));
  ASSERT_TRUE(fingerprint);
  EXPECT_EQ(fingerprint->algorithm, "sha-256");
  EXPECT_THAT(fingerprint->digest, ElementsAre(0x8a, 0x3e, 0x1e));
  EXPECT_EQ(to_value(*fingerprint), "sha-256 8A:3E:1E");
  for (const std::string_view wrong :
       {"sha-256", "sha-256 ", "sha-256 8", "sha-256 8A:", "sha-256 8A:3", "sha-256 8A3E",
        "sha-256 8A 3E", "sha-256 G0", " 8A:3E"})
    EXPECT_FALSE(Fingerprint::decode(wrong)) << wrong;
}

TEST(SdpIceCredentials, HaveTheLengthsAndTheAlphabetOfRfc8839) {
  EXPECT_EQ(decode_ice_ufrag(std::string_view("8hhY")), "8hhY");
  EXPECT_EQ(decode_ice_ufrag(std::string_view("8hh")).error().fault, WireFault::BadLength);
  EXPECT_EQ(decode_ice_ufrag(Value("8h-Y", 10)).error().offset, 12U);
  EXPECT_TRUE(decode_ice_password(std::string_view("asd88fgpdd777uzjYhagZg")));
  EXPECT_FALSE(decode_ice_password(std::string_view("asd88fgpdd777uzjYhagZ")));
  EXPECT_FALSE(decode_ice_password(std::string_view(std::string(257, 'a'))));
}

TEST(SdpSetup, KnowsTheFourRoles) {
  for (const auto setup :
       {sdp::Setup::Active, sdp::Setup::Passive, sdp::Setup::ActPass, sdp::Setup::HoldConn})
    EXPECT_EQ(decode_setup(to_string(setup)), setup);
  EXPECT_FALSE(decode_setup(std::string_view("Active")));
}

TEST(SdpRtp, ReadsCodecsAndTheirFeedback) {
  const auto opus = RtpMap::decode(std::string_view("111 opus/48000/2"));
  ASSERT_TRUE(opus);
  EXPECT_EQ(opus->payload_type, 111);
  EXPECT_EQ(opus->encoding, "opus");
  EXPECT_EQ(opus->clock_rate, 48000U);
  EXPECT_EQ(opus->channels, 2);
  EXPECT_EQ(RtpMap::decode(std::string_view("96 VP8/90000"))->channels, std::nullopt);
  for (const std::string_view wrong :
       {"128 x/1", "96", "96 VP8", "96 VP8/", "96 VP8/0", "96 /90000", "96 opus/48000/0"})
    EXPECT_FALSE(RtpMap::decode(wrong)) << wrong;

  const auto h264 = FormatParameters::decode(std::string_view(
      "102 level-asymmetry-allowed=1;packetization-mode=1; profile-level-id=42001f"));
  ASSERT_TRUE(h264);
  EXPECT_EQ(h264->parameter("Packetization-Mode"), "1");
  EXPECT_EQ(h264->parameter("profile-level-id"), "42001f");
  EXPECT_EQ(h264->parameter("apt"), std::nullopt);

  const auto pli = RtcpFeedback::decode(std::string_view("96 nack pli"));
  ASSERT_TRUE(pli);
  EXPECT_EQ(pli->payload_type, 96);
  EXPECT_EQ(pli->type, "nack");
  EXPECT_EQ(pli->parameter, "pli");
  EXPECT_EQ(RtcpFeedback::decode(std::string_view("* transport-cc"))->payload_type, std::nullopt);
  EXPECT_FALSE(RtcpFeedback::decode(std::string_view("96")));
}

TEST(SdpRtp, ReadsExtensionsSourcesAndGroups) {
  const auto mid =
      ExtensionMap::decode(std::string_view("4/sendonly urn:ietf:params:rtp-hdrext:sdes:mid long"));
  ASSERT_TRUE(mid);
  EXPECT_EQ(mid->id, 4);
  EXPECT_EQ(mid->direction, "sendonly");
  EXPECT_EQ(mid->uri, "urn:ietf:params:rtp-hdrext:sdes:mid");
  EXPECT_EQ(mid->attributes, "long");
  EXPECT_FALSE(ExtensionMap::decode(std::string_view("0 urn:x")));
  EXPECT_FALSE(ExtensionMap::decode(std::string_view("4")));

  const auto bundle = Group::decode(std::string_view("BUNDLE 0 1 2"));
  ASSERT_TRUE(bundle);
  EXPECT_THAT(bundle->mids, ElementsAre("0", "1", "2"));
  const auto flow = SsrcGroup::decode(std::string_view("FID 3460543126 793677501"));
  ASSERT_TRUE(flow);
  EXPECT_THAT(flow->ssrcs, ElementsAre(3460543126U, 793677501U));
  EXPECT_EQ(SsrcGroup::decode(Value("FID 1 x", 5)).error().offset, 11U);
  const auto source = SsrcAttribute::decode(std::string_view("2490451315 cname:bCOVFGr7MP+5mJvd"));
  ASSERT_TRUE(source);
  EXPECT_EQ(source->ssrc, 2490451315U);
  EXPECT_EQ(source->name, "cname");
  EXPECT_EQ(source->value, "bCOVFGr7MP+5mJvd");
  EXPECT_EQ(Msid::decode(std::string_view("- track"))->stream, "-");
}

TEST(SdpSimulcast, ReadsStreamsAlternativesAndPauses) {
  const auto hi = Rid::decode(std::string_view("hi send pt=96,97;max-width=1280;max-fps=30"));
  ASSERT_TRUE(hi);
  EXPECT_TRUE(hi->send);
  EXPECT_THAT(hi->payload_types, ElementsAre(96, 97));
  EXPECT_THAT(hi->restrictions, ElementsAre(Pair("max-width", "1280"), Pair("max-fps", "30")));
  EXPECT_FALSE(Rid::decode(std::string_view("hi both")));

  const auto simulcast = Simulcast::decode(std::string_view("send hi,~mid;lo recv q"));
  ASSERT_TRUE(simulcast);
  ASSERT_EQ(simulcast->send.size(), 2U);
  EXPECT_EQ(simulcast->send[0][0].rid, "hi");
  EXPECT_EQ(simulcast->send[0][1].rid, "mid");
  EXPECT_TRUE(simulcast->send[0][1].paused);
  EXPECT_EQ(simulcast->send[1][0].rid, "lo");
  EXPECT_EQ(simulcast->receive[0][0].rid, "q");
  for (const std::string_view wrong : {"", "send", "send hi;", "send ;", "sent hi", "send ~"})
    EXPECT_FALSE(Simulcast::decode(wrong)) << wrong;
}

TEST(SdpSctp, ReadsPortsSizesAndTheInitChunk) {
  EXPECT_EQ(decode_sctp_port(std::string_view("5000")), 5000);
  EXPECT_EQ(decode_max_message_size(std::string_view("262144")), 262144U);
  const auto old = SctpMap::decode(std::string_view("5000 webrtc-datachannel 1024"));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->port, 5000);
  EXPECT_EQ(old->streams, 1024U);
  const auto init = decode_sctp_init(std::string_view("AQAAEg=="));
  ASSERT_TRUE(init);
  EXPECT_THAT(*init, ElementsAre(std::byte{1}, std::byte{0}, std::byte{0}, std::byte{0x12}));
  EXPECT_EQ(decode_sctp_init(Value("AQ*A", 3)).error().offset, 5U);
  EXPECT_FALSE(decode_sctp_init(std::string_view("")));
}

TEST(SdpRtcpAddress, HasAPortAndMayHaveAnAddress) {
  EXPECT_EQ(RtcpAddress::decode(std::string_view("9 IN IP4 0.0.0.0"))->address, "0.0.0.0");
  EXPECT_EQ(RtcpAddress::decode(std::string_view("53020"))->port, 53020);
  EXPECT_FALSE(RtcpAddress::decode(std::string_view("9 IN")));
}

TEST(SdpDirection, OfAMediumIsItsOwnElseTheSessionsElseBothWays) {
  const auto text = Description::decode(
      "v=0\r\na=recvonly\r\nm=audio 9 RTP/AVP 0\r\na=inactive\r\nm=video 9 RTP/AVP 96\r\n");
  EXPECT_EQ(direction_of(text->media(0), text->session()), MediaDirection::Inactive);
  EXPECT_EQ(direction_of(text->media(1), text->session()), MediaDirection::ReceiveOnly);
  EXPECT_EQ(direction_of(text->media(1), {}), MediaDirection::SendReceive);
}

template <class T>
void expect_readable(const Description& description, std::string_view name, std::size_t& count) {
  for (const Line& line : description.lines())
    if (const auto attribute = attribute_of(line); attribute && attribute->name == name) {
      const auto result = T::decode(*attribute);
      EXPECT_TRUE(result) << name << ": " << to_string(result.error());
      ++count;
    }
}

// What browsers write is read without exception.
TEST(SdpVectors, HoldAttributesThatAreAllReadable) {
  std::size_t count = 0;
  for (const auto& file : test::files_in(test::source_path("tests/vectors/sdp"))) {
    const std::string text = test::read_text(file);
    const auto description = Description::decode(text);
    ASSERT_TRUE(description) << file;
    expect_readable<Candidate>(*description, "candidate", count);
    expect_readable<Fingerprint>(*description, "fingerprint", count);
    expect_readable<RtpMap>(*description, "rtpmap", count);
    expect_readable<FormatParameters>(*description, "fmtp", count);
    expect_readable<RtcpFeedback>(*description, "rtcp-fb", count);
    expect_readable<ExtensionMap>(*description, "extmap", count);
    expect_readable<Group>(*description, "group", count);
    expect_readable<SsrcAttribute>(*description, "ssrc", count);
    expect_readable<SsrcGroup>(*description, "ssrc-group", count);
    expect_readable<Msid>(*description, "msid", count);
    expect_readable<Rid>(*description, "rid", count);
    expect_readable<Simulcast>(*description, "simulcast", count);
  }
  EXPECT_GE(count, 500U);
}

}  // namespace
}  // namespace parley::sdp

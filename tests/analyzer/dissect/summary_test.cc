#include "analyzer/dissect/summary.h"

#include <string>

#include <gtest/gtest.h>

#include "analyzer/dissect/stream_frames.h"
#include "stack/wire/stun.h"
#include "stack/wire/turn.h"

namespace parley::analyzer {
namespace {

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

Endpoint at(std::string_view text) {
  return Endpoint::parse(text).value();
}

ByteBuffer check() {
  ByteBuffer out;
  stun::MessageBuilder(out, stun::Class::Request, stun::Method::Binding, {})
      .text(stun::Attribute::Username, "rrrr:ssss")
      .u64(stun::Attribute::IceControlling, 1)
      .flag(stun::Attribute::UseCandidate)
      .fingerprint()
      .finish();
  return out;
}

ByteBuffer allocated() {
  ByteBuffer out;
  stun::MessageBuilder(out, stun::Class::Success, stun::Method::Allocate, {})
      .address(stun::Attribute::XorRelayedAddress, at("203.0.113.10:49152"))
      .address(stun::Attribute::XorMappedAddress, at("198.51.100.7:40000"))
      .u32(stun::Attribute::Lifetime, 600)
      .finish();
  return out;
}

ByteBuffer channel_data(Bytes data) {
  ByteBuffer out;
  turn::append_channel_data(out, 0x4001, data, true);
  return out;
}

void append(ByteBuffer& to, const ByteBuffer& more) {
  to.insert(to.end(), more.begin(), more.end());
}

TEST(SummaryTest, ACheckShowsWhoAsksInWhichRole) {
  const Summary summary = summarize(PayloadClass::Stun, check());
  EXPECT_EQ(summary.protocol, "STUN");
  EXPECT_EQ(summary.info, "Binding request  user rrrr:ssss  controlling  USE-CANDIDATE");
}

TEST(SummaryTest, AnAllocationShowsItsAddressesAndLifetime) {
  const Summary summary = summarize(PayloadClass::Stun, allocated());
  EXPECT_EQ(summary.protocol, "TURN");
  EXPECT_EQ(summary.info,
            "Allocate success response  mapped 198.51.100.7:40000  relayed 203.0.113.10:49152  "
            "lifetime 600 s");
}

TEST(SummaryTest, AWrongFingerprintIsSaid) {
  ByteBuffer message = check();
  message.back() ^= std::byte{1};
  EXPECT_NE(summarize(PayloadClass::Stun, message).info.find("FINGERPRINT is wrong"),
            std::string::npos);
}

TEST(SummaryTest, ErrorTextFromTheWireIsMadePrintable) {
  ByteBuffer message;
  stun::MessageBuilder(message, stun::Class::Error, stun::Method::Allocate, {})
      .error_code(401, "No\x1b[31m")
      .finish();
  const std::string info = summarize(PayloadClass::Stun, message).info;
  EXPECT_EQ(info.find('\x1b'), std::string::npos) << info;
  EXPECT_NE(info.find("401 No"), std::string::npos) << info;
}

TEST(SummaryTest, ChannelDataShowsWhatItCarries) {
  const Summary summary = summarize(PayloadClass::ChannelData, channel_data(check()));
  EXPECT_EQ(summary.protocol, "TURN");
  EXPECT_EQ(summary.info.find("ChannelData 0x4001  STUN Binding request"), 0U) << summary.info;
}

TEST(SummaryTest, EachRecordOfADatagramIsNamed) {
  const Summary summary =
      summarize(PayloadClass::Dtls, hex("16fefd0000000000000000000c0e0000000000000000000000"
                                        "14fefd0000000000000001000101"
                                        "15fefd000000000000000200020228"
                                        "17fefd00010000000000010018" +
                                        std::string(48, '0')));
  EXPECT_EQ(summary.protocol, "DTLS");
  EXPECT_EQ(summary.info,
            "ServerHelloDone | change_cipher_spec | Alert fatal handshake_failure | "
            "application_data, epoch 1, encrypted, 24 bytes");
}

TEST(SummaryTest, RtpAndRtcpShowTheirSources) {
  EXPECT_EQ(summarize(PayloadClass::Rtp, hex("80e00001000003e80000000aaabbccdd")).info,
            "payload type 96  sequence 1  time 1000  SSRC 0x0000000a  marker  4 bytes");
  EXPECT_EQ(summarize(PayloadClass::Rtcp, hex("80c900010000000a")).info,
            "receiver report  sender SSRC 0x0000000a  8 bytes");
  EXPECT_EQ(summarize(PayloadClass::Rtcp, hex("80c9")).info, "too short");
}

TEST(SummaryTest, ProtectedMediaIsCalledSo) {
  const SummaryScope scope{0, true};
  EXPECT_EQ(summarize(PayloadClass::Rtp, hex("80e00001000003e80000000aaabbccdd"), scope).protocol,
            "SRTP");
  EXPECT_EQ(summarize(PayloadClass::Rtcp, hex("81ce00010000000a"), scope).info,
            "picture loss indication  sender SSRC 0x0000000a  8 bytes");
}

TEST(SummaryTest, AnIndicationShowsWhatItCarries) {
  ByteBuffer message;
  const ByteBuffer inner = check();
  stun::MessageBuilder(message, stun::Class::Indication, stun::Method::Send, {})
      .address(stun::Attribute::XorPeerAddress, at("192.0.2.1:5000"))
      .attribute(stun::Attribute::Data, inner)
      .finish();
  EXPECT_EQ(summarize(PayloadClass::Stun, message).info,
            "Send indication  peer 192.0.2.1:5000  data: STUN Binding request  user rrrr:ssss  "
            "controlling  USE-CANDIDATE");
}

TEST(SummaryTest, ACutMessageShowsTheAttributesThatAreWhole) {
  const ByteBuffer whole = check();
  const Bytes part = Bytes(whole).first(20 + 16 + 3);
  const Summary summary = summarize(PayloadClass::Stun, part, {whole.size() - part.size(), false});
  EXPECT_EQ(summary.info, "Binding request  user rrrr:ssss");
}

TEST(SummaryTest, NamesOfDnsAreShown) {
  EXPECT_EQ(dns_info(hex("80010100000100000000000007657861706c65036f72670000010001")),
            std::nullopt);
  EXPECT_EQ(dns_info(hex("800101000001000000000000076578616d706c65036f72670000010001")),
            "query A example.org");
  EXPECT_EQ(dns_info(hex("800181830001000000000000076578616d706c65036f72670000010001")),
            "response A example.org  no such name");
}

TEST(SummaryTest, WhatNoEvidenceSupportsIsUdp) {
  const Summary summary = summarize(PayloadClass::Unknown, hex("80e00001"));
  EXPECT_EQ(summary.protocol, "UDP");
  EXPECT_EQ(summary.info, "4 bytes");
}

TEST(StreamFramesTest, ASegmentIsCutAtItsFrames) {
  ByteBuffer segment = allocated();
  append(segment, channel_data(hex("0102030405")));
  append(segment, check());
  const StreamFrames split = split_stream(segment);
  ASSERT_EQ(split.frames.size(), 3U);
  EXPECT_EQ(to_buffer(split.frames[0]), allocated());
  EXPECT_EQ(to_hex(split.frames[1]), "400100050102030405000000");
  EXPECT_EQ(to_buffer(split.frames[2]), check());
  EXPECT_TRUE(split.rest.empty());
}

TEST(StreamFramesTest, EveryPrefixGivesTheWholeFramesAndTheRest) {
  ByteBuffer segment = channel_data(hex("01020304"));
  const std::size_t first = segment.size();
  append(segment, check());
  for (std::size_t size = 0; size < segment.size(); ++size) {
    const StreamFrames split = split_stream(Bytes(segment).first(size));
    EXPECT_EQ(split.frames.size(), size < first ? 0U : 1U) << size;
    EXPECT_EQ(split.rest.size(), size < first ? size : size - first) << size;
  }
}

TEST(SummaryTest, ASegmentShowsItsFramesAndWhatFollows) {
  ByteBuffer segment = check();
  append(segment, channel_data(hex("80e00001000003e80000000a")));
  append(segment, hex("4001"));
  const Summary summary = summarize_segment(segment);
  EXPECT_EQ(summary.protocol, "TURN");
  EXPECT_EQ(
      summary.info,
      "Binding request  user rrrr:ssss  controlling  USE-CANDIDATE | "
      "ChannelData 0x4001  RTP payload type 96  sequence 1  time 1000  SSRC 0x0000000a  marker  "
      "0 bytes | 2 bytes of another segment's message");
}

TEST(SummaryTest, ASuperFrameOfManyMessagesStaysOneLine) {
  ByteBuffer segment;
  for (int i = 0; i < 100; ++i)
    append(segment, channel_data(hex("00")));
  const std::string info = summarize_segment(segment).info;
  EXPECT_TRUE(info.ends_with(" | 96 more")) << info;
}

}  // namespace
}  // namespace parley::analyzer

#include <array>

#include <gtest/gtest.h>

#include "analyzer/dissect/field.h"
#include "stack/base/random.h"
#include "stack/wire/rtcp_builder.h"
#include "tests/analyzer/dissect/field_search.h"
#include "tests/support/files.h"

namespace parley::analyzer {
namespace {

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

std::string range(const Field& root, std::string_view name) {
  const Field* field = find(root, name);
  return field == nullptr ? "(absent)"
                          : std::to_string(field->offset) + "+" + std::to_string(field->length);
}

TEST(DissectRtcp, ACompoundPacketShowsItsPartsInOrder) {
  const Field root = dissect_rtcp(hex("80c900010000000a81ce00020000000a0000000b"), {}, 100);
  EXPECT_FALSE(root.fault);
  EXPECT_EQ(root.value, "receiver report, picture loss indication");
  ASSERT_EQ(root.children.size(), 2U);
  EXPECT_EQ(root.children[1].offset, 108U);
  EXPECT_EQ(root.children[1].length, 12U);
  EXPECT_EQ(value(root, "Sender SSRC"), "0x0000000a");
  EXPECT_EQ(value(root, "Media Source SSRC"), "0x0000000b");
  EXPECT_EQ(range(root, "Media Source SSRC"), "116+4");
}

TEST(DissectRtcp, BehindTheFirstHeaderOfSrtcpNothingIsRead) {
  DissectOptions options;
  options.srtp = true;
  const Field root = dissect_rtcp(hex("80c900010000000a81ce00020000000a0000000b"), options);
  EXPECT_EQ(root.name, "SRTCP");
  EXPECT_EQ(root.value, "receiver report");
  EXPECT_EQ(value(root, "Encrypted Part, Index and Tag"), "12 bytes");
}

TEST(DissectRtcp, WhatLooksLikeSrtcpIsNotOpenedWhereNothingProvesIt) {
  const Field root = dissect_rtcp(
      hex("81c90007 0000000a" + std::string(48, '7') + "80000001 00112233445566778899"));
  EXPECT_FALSE(root.fault);
  EXPECT_EQ(find(root, "Report Block"), nullptr);
  EXPECT_EQ(value(root, "Rest"), "38 bytes (SRTCP, or lengths that do not fit)");
}

TEST(DissectRtcp, AReportBlockShowsWhatTheReceiverSays) {
  const Field root =
      dissect_rtcp(hex("81c90007 0000000a 0000000b 40 fffffe 00010276 00000772 b7052000 00054000"));
  EXPECT_EQ(value(root, "Report Block"), "about 0x0000000b");
  EXPECT_EQ(value(root, "Fraction Lost"), "64 of 256 (25.0 %)");
  EXPECT_EQ(value(root, "Cumulative Number of Packets Lost"), "-2");
  EXPECT_EQ(value(root, "Extended Highest Sequence Number"),
            "66166 (cycle 1, sequence number 630)");
  EXPECT_EQ(value(root, "Interarrival Jitter"), "1906");
  EXPECT_EQ(value(root, "Last SR"), "0xb7052000");
  EXPECT_EQ(value(root, "Delay Since Last SR"), "344064 (5.250000 s)");
  EXPECT_EQ(range(root, "Report Block"), "8+24");
}

TEST(DissectRtcp, AnNtpTimestampIsADateWithItsHalves) {
  const auto time = [](std::string_view ntp) {
    return value(dissect_rtcp(hex("80c80006 0000000a" + std::string(ntp) + std::string(24, '0'))),
                 "NTP Timestamp");
  };
  EXPECT_EQ(time("de46475b151a005c"), "0xde46475b.151a005c (2018-03-04 10:22:19.082 UTC)");
  EXPECT_EQ(time("0000000080000000"), "0x00000000.80000000 (2036-02-07 06:28:16.500 UTC)");
  EXPECT_EQ(time("83aa7e8000000000"), "0x83aa7e80.00000000 (1970-01-01 00:00:00.000 UTC)");
  EXPECT_EQ(time("0000000000000000"), "0 (no clock)");
}

TEST(DissectRtcp, TextsFromTheWireAreMadePrintable) {
  const Field cname = dissect_rtcp(hex("81ca0003 0000000a 0104 611b5b6d 0000"));
  EXPECT_EQ(value(cname, "CNAME"), "a\\x1b[m");
  EXPECT_EQ(range(cname, "Text"), "10+4");
  EXPECT_EQ(range(cname, "End"), "14+2");
  EXPECT_EQ(value(dissect_rtcp(hex("81cb0002 0000000a 03621b65")), "Reason for Leaving"),
            "b\\x1be");
  EXPECT_EQ(value(dissect_rtcp(hex("80cc0002 0000000a 4e1b4d45")), "Name"), "N\\x1bME");
}

TEST(DissectRtcp, AnItemOfAPrivateExtensionShowsItsPrefix) {
  const Field root = dissect_rtcp(hex("81ca0004 0000000a 0807 03 78797a 616263 0000 00"));
  EXPECT_EQ(value(root, "Prefix"), "xyz");
  EXPECT_EQ(value(root, "Value"), "abc");
  EXPECT_TRUE(dissect_rtcp(hex("81ca0003 0000000a 0803 03 7879 000000")).fault);
}

TEST(DissectRtcp, FeedbackShowsWhichPacketsAndHowMuch) {
  const Field nack = dissect_rtcp(hex("81cd0003 0000000a 0000000b ffff8003"));
  EXPECT_EQ(nack.children[0].children.back().value, "65535, 0, 1, 15");
  const Field fir = dissect_rtcp(hex("84ce0004 0000000a 00000000 0000000b 07000000"));
  EXPECT_EQ(value(fir, "Entry"), "of 0x0000000b");
  EXPECT_EQ(value(fir, "Sequence Number"), "7");
  const Field remb = dissect_rtcp(hex("8fce0005 0000000a 00000000 52454d42 0107fb93 0000000b"));
  EXPECT_EQ(remb.value, "REMB");
  EXPECT_EQ(value(remb, "Bitrate"), "522022 bit/s");
  EXPECT_EQ(value(remb, "BR Exp"), "1");
  EXPECT_EQ(value(remb, "BR Mantissa"), "261011");
  const Field limit = dissect_rtcp(hex("83cd0004 0000000a 00000000 0000000b 0a6161fe"));
  EXPECT_EQ(value(limit, "Entry"), "312000 bit/s");
  EXPECT_EQ(value(limit, "Measured Overhead"), "510 bytes");
  const Field slice = dissect_rtcp(hex("82ce0003 0000000a 0000000b f30e82bf"));
  EXPECT_EQ(value(slice, "First"), "7777");
  EXPECT_EQ(value(slice, "Number"), "6666");
  EXPECT_EQ(value(slice, "Picture ID"), "63");
}

TEST(DissectRtcp, TransportWideFeedbackNamesThePacketOfEachDelta) {
  const Field root = dissect_rtcp(hex("8fcd0005 0000000a 0000000b ffff0004 fffffe07 c440 0480"));
  EXPECT_FALSE(root.fault) << to_text(root);
  EXPECT_EQ(value(root, "Reference Time"), "-2 (-0.128 s)");
  EXPECT_EQ(value(root, "Packet Chunk"), "two-bit symbols 0 1 0 1 0 0 0");
  const Field* delta = find(root, "Receive Delta");
  ASSERT_NE(delta, nullptr);
  EXPECT_EQ(delta->value, "1.00 ms (packet 0)");
  EXPECT_EQ(delta[1].value, "32.00 ms (packet 2)");
}

TEST(DissectRtcp, ValuesThatNoStandardAllowsAreNamed) {
  const Field rate = dissect_rtcp(hex("8fce0004 0000000a 00000000 52454d42 00ffffff"));
  EXPECT_TRUE(rate.fault);
  EXPECT_EQ(value(rate, "Fault"), "bad value at byte 17: bitrate of at most 64 bits");
  const Field padding = dissect_rtcp(hex("a0c90002 0000000a 00000003"));
  EXPECT_EQ(value(padding, "Padding Length"), "3 (expected 4 to 8, in words)");
  const Field early = dissect_rtcp(hex("a0c90002 0000000a 00000004 80cb0000"));
  EXPECT_TRUE(early.children[0].fault);
  EXPECT_FALSE(early.children[1].fault);
  EXPECT_TRUE(dissect_rtcp(hex("40c900010000000a")).fault);
  const Field length = dissect_rtcp(hex("80c900020000000a"));
  EXPECT_EQ(find(length, "Length")->value, "12 bytes");
  EXPECT_TRUE(length.fault);
}

TEST(DissectRtcp, ExtendedReportsShowEveryBlock) {
  const Field root =
      dissect_rtcp(test::read_bytes(test::source_path("fuzz/corpora/libwebrtc-rtcp/0.rtcp")));
  EXPECT_FALSE(root.fault);
  EXPECT_EQ(range(root, "Receiver Reference Time"), "8+12");
  EXPECT_EQ(range(root, "DLRR"), "20+16");
  EXPECT_EQ(range(root, "VoIP Metrics"), "36+36");
  EXPECT_EQ(value(root, "Signal Level"), "-7 dBm");
  EXPECT_EQ(value(root, "Jitter Buffer Nominal Delay"), "7005 ms");
  const Field rle =
      dissect_rtcp(hex("80cf0006 0000000a 01030004 0000000b 00010064 4005c001 20030000"));
  EXPECT_EQ(value(rle, "Thinning"), "3");
  EXPECT_EQ(value(rle, "Chunk"), "run of 5 ones");
  const Field summary = dissect_rtcp(hex("80cf000b 0000000a 06a80009 0000000b 00010064 0000000c" +
                                         std::string(40, '0') + "3c403e01"));
  EXPECT_EQ(value(summary, "Loss Report"), "yes");
  EXPECT_EQ(value(summary, "Duplicate Report"), "no");
  EXPECT_EQ(value(summary, "TTL or Hop Limit Report"), "TTL of IPv4");
  EXPECT_EQ(value(summary, "Lost Packets"), "12");
  EXPECT_EQ(value(summary, "Mean TTL or Hop Limit"), "62");
}

// The tree shows a fault where the codec finds one, and only there.
TEST(DissectRtcp, JudgesDamagedPacketsAsTheCodecDoes) {
  SeededRandom random(7, "dissect");
  ByteBuffer out;
  rtcp::write_sender_report(out, 1, {}, std::array{rtcp::ReportBlock{}});
  rtcp::write_transport_wide(out, {}, std::vector<rtcp::PacketStatus>(30, {0, true, 300}));
  rtcp::write_nack(out, 1, 2, std::array<std::uint16_t, 3>{1, 2, 99});
  rtcp::write_congestion_control(out, 1, std::array{rtcp::ArrivalReport{3, 4, {}}}, 7);
  rtcp::write_reference_time(out, 1, 2);
  rtcp::write_goodbye(out, std::array<std::uint32_t, 1>{1}, "bye");
  int faults = 0;
  for (int round = 0; round < 5000; ++round) {
    ByteBuffer damaged = out;
    const std::size_t bit = random.below(8 * out.size());
    damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    const rtcp::Compound compound = rtcp::decode_compound(damaged);
    bool fault = compound.error.has_value();
    for (const rtcp::PacketView& packet : compound.packets)
      fault = fault || rtcp::check_body(packet);
    const Field root = dissect_rtcp(damaged);
    if (root.children.back().name == "Rest")
      continue;
    EXPECT_EQ(root.fault, fault) << to_hex(damaged) << '\n' << to_text(root);
    faults += fault ? 1 : 0;
  }
  EXPECT_GT(faults, 100);
}

}  // namespace
}  // namespace parley::analyzer

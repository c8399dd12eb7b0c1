#include "stack/wire/rtcp_xr.h"

#include <gtest/gtest.h>

namespace parley::rtcp {
namespace {

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

// A report with one block: its contents, in hexadecimal, behind a header of that type. Borrows
// `bytes`, which it fills.
Result<ExtendedReport> with_block(ByteBuffer& bytes, unsigned type, unsigned specific,
                                  std::string_view contents) {
  const ByteBuffer inside = hex(contents);
  ByteWriter writer(bytes);
  writer.u32(0x80cf0000U + static_cast<std::uint32_t>(2 + inside.size() / 4));
  writer.u32(0x12345678);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u8(static_cast<std::uint8_t>(specific));
  writer.u16(static_cast<std::uint16_t>(inside.size() / 4));
  writer.bytes(inside);
  const auto packet = PacketView::decode(bytes);
  EXPECT_TRUE(packet);
  return ExtendedReport::decode(packet.value_or(PacketView{}));
}

TEST(RtcpXr, ReadsRunLengthsAndBitVectors) {
  ByteBuffer bytes;
  const auto report = with_block(bytes, 1, 0x03, "23456789 00010064 4005 c001 2003 0000");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->ssrc, 0x12345678U);
  ASSERT_EQ(report->blocks.size(), 1U);
  EXPECT_EQ(report->blocks[0].offset, 8U);
  const auto rle = XrRle::decode(report->blocks[0]);
  ASSERT_TRUE(rle);
  EXPECT_EQ(rle->thinning, 3);
  EXPECT_EQ(rle->ssrc, 0x23456789U);
  EXPECT_EQ(rle->begin_sequence, 1);
  EXPECT_EQ(rle->end_sequence, 100);
  ASSERT_EQ(rle->chunks.size(), 4U);
  EXPECT_TRUE(rle->chunks[0].run_of_ones());
  EXPECT_EQ(rle->chunks[0].run_length(), 5);
  EXPECT_TRUE(rle->chunks[1].is_vector());
  EXPECT_EQ(rle->chunks[1].vector(), 0x4001);
  EXPECT_FALSE(rle->chunks[2].run_of_ones());
  EXPECT_EQ(rle->chunks[2].run_length(), 0x2003);
  EXPECT_TRUE(rle->chunks[3].is_null());
}

TEST(RtcpXr, ReadsReceiptTimesAndReferenceTimes) {
  ByteBuffer bytes;
  const auto times = with_block(bytes, 3, 0, "23456789 00010003 0000000a 0000000b");
  const auto receipt = XrReceiptTimes::decode(times->blocks[0]);
  ASSERT_TRUE(receipt);
  ASSERT_EQ(receipt->times.size(), 2U);
  EXPECT_EQ(receipt->times[1].timestamp, 11U);
  ByteBuffer other;
  const auto reference = with_block(other, 4, 0, "0102030405060708");
  EXPECT_EQ(XrReferenceTime::decode(reference->blocks[0])->ntp, 0x0102030405060708U);
}

TEST(RtcpXr, ReadsDelaysSinceTheLastReceiverReport) {
  ByteBuffer bytes;
  const auto report =
      with_block(bytes, 5, 0, "23456789 b7052000 00054000 2345678a 00000000 00000000");
  const auto dlrr = XrDlrr::decode(report->blocks[0]);
  ASSERT_TRUE(dlrr);
  ASSERT_EQ(dlrr->entries.size(), 2U);
  EXPECT_EQ(dlrr->entries[0].ssrc, 0x23456789U);
  EXPECT_EQ(dlrr->entries[0].last_rr, 0xb7052000U);
  EXPECT_EQ(dlrr->entries[0].delay_since_last_rr, 0x54000U);
  ByteBuffer uneven;
  const auto wrong = with_block(uneven, 5, 0, "23456789 b7052000 00054000 2345678a");
  EXPECT_EQ(XrDlrr::decode(wrong->blocks[0]).error(),
            (WireError{WireFault::BadLength, 24, "sub-block of three words"}));
}

TEST(RtcpXr, ReadsTheStatisticsSummary) {
  ByteBuffer bytes;
  const auto report = with_block(bytes, 6, 0xa8,
                                 "23456789 00010064 0000000a 0000000b 00000001 00000002"
                                 "00000003 00000004 3c403e01");
  const auto summary = XrStatistics::decode(report->blocks[0]);
  ASSERT_TRUE(summary);
  EXPECT_TRUE(summary->has_loss);
  EXPECT_FALSE(summary->has_duplicates);
  EXPECT_TRUE(summary->has_jitter);
  EXPECT_EQ(summary->hop_limit, XrStatistics::HopLimit::Ipv4);
  EXPECT_EQ(summary->end_sequence, 100);
  EXPECT_EQ(summary->lost, 10U);
  EXPECT_EQ(summary->duplicates, 11U);
  EXPECT_EQ(summary->min_jitter, 1U);
  EXPECT_EQ(summary->max_jitter, 2U);
  EXPECT_EQ(summary->mean_jitter, 3U);
  EXPECT_EQ(summary->jitter_deviation, 4U);
  EXPECT_EQ(summary->min_ttl, 0x3c);
  EXPECT_EQ(summary->max_ttl, 0x40);
  EXPECT_EQ(summary->mean_ttl, 0x3e);
  EXPECT_EQ(summary->ttl_deviation, 1);
}

TEST(RtcpXr, ReadsVoipMetrics) {
  ByteBuffer bytes;
  const auto report = with_block(bytes, 7, 0,
                                 "23456789 01020304 00050006 00070008 f6c43710"
                                 "5d7f2a2b f0000001 00020003");
  const auto voip = XrVoip::decode(report->blocks[0]);
  ASSERT_TRUE(voip);
  EXPECT_EQ(voip->ssrc, 0x23456789U);
  EXPECT_EQ(voip->loss_rate, 1);
  EXPECT_EQ(voip->discard_rate, 2);
  EXPECT_EQ(voip->burst_density, 3);
  EXPECT_EQ(voip->gap_density, 4);
  EXPECT_EQ(voip->burst_duration, 5);
  EXPECT_EQ(voip->gap_duration, 6);
  EXPECT_EQ(voip->round_trip_delay, 7);
  EXPECT_EQ(voip->end_system_delay, 8);
  EXPECT_EQ(voip->signal_level, -10);
  EXPECT_EQ(voip->noise_level, -60);
  EXPECT_EQ(voip->echo_return_loss, 0x37);
  EXPECT_EQ(voip->gmin, 16);
  EXPECT_EQ(voip->r_factor, 93);
  EXPECT_EQ(voip->external_r_factor, 127);
  EXPECT_EQ(voip->mos_lq, 42);
  EXPECT_EQ(voip->mos_cq, 43);
  EXPECT_EQ(voip->receiver_configuration, 0xf0);
  EXPECT_EQ(voip->jitter_buffer_nominal, 1);
  EXPECT_EQ(voip->jitter_buffer_maximum, 2);
  EXPECT_EQ(voip->jitter_buffer_absolute_maximum, 3);
}

TEST(RtcpXr, ABlockShorterOrLongerThanItsTypeIsAFault) {
  struct Row {
    unsigned type;
    std::size_t words;  // 0: any number from two on
  };
  for (const Row& row : {Row{1, 0}, Row{2, 0}, Row{3, 0}, Row{4, 2}, Row{6, 9}, Row{7, 8}}) {
    for (std::size_t words = 0; words < 12; ++words) {
      ByteBuffer bytes;
      const auto report = with_block(bytes, row.type, 0, std::string(words * 8, '0'));
      ASSERT_TRUE(report);
      const bool fits = row.words == 0 ? words >= 2 : words == row.words;
      EXPECT_EQ(!check_block(report->blocks[0]), fits) << row.type << " of " << words << " words";
    }
  }
}

TEST(RtcpXr, ABlockPastTheEndIsAFaultAndUnknownOnesArePassedOver) {
  ByteBuffer bytes;
  const auto unknown = with_block(bytes, 99, 0x12, "cafecafe");
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->blocks[0].specific, 0x12);
  EXPECT_EQ(to_hex(unknown->blocks[0].contents), "cafecafe");
  EXPECT_FALSE(check_block(unknown->blocks[0]));
  const ByteBuffer overrun = hex("80cf0002 12345678 04000002");
  const auto report = ExtendedReport::decode(*PacketView::decode(overrun));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error(), (WireError{WireFault::Truncated, 12, "report block"}));
}

TEST(RtcpXr, BlocksAreNamedAsTheStandardDoes) {
  EXPECT_EQ(xr_name(4), "Receiver Reference Time");
  EXPECT_EQ(xr_name(5), "DLRR");
  EXPECT_EQ(xr_name(200), "block type 200");
}

}  // namespace
}  // namespace parley::rtcp

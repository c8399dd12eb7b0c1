#include "stack/wire/rtcp_feedback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parley::rtcp {
namespace {

using testing::ElementsAre;

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

// Borrows `bytes`.
PacketView packet_of(const ByteBuffer& bytes) {
  const auto packet = PacketView::decode(bytes);
  EXPECT_TRUE(packet);
  return packet.value_or(PacketView{});
}

std::vector<std::string> described(const TransportWide& feedback) {
  std::vector<std::string> list;
  StatusReader reader(feedback);
  while (const auto status = reader.next())
    list.push_back(std::to_string(status->sequence) +
                   (status->received ? ":" + std::to_string(status->delta) : ":lost"));
  return list;
}

TEST(RtcpFeedback, ANackNamesTheFirstPacketAndTheSixteenBehindIt) {
  const ByteBuffer bytes = hex("81cd0004 12345678 23456789 00640003 ffff8000");
  const auto nack = Nack::decode(packet_of(bytes));
  ASSERT_TRUE(nack);
  EXPECT_EQ(nack->sender_ssrc, 0x12345678U);
  EXPECT_EQ(nack->media_ssrc, 0x23456789U);
  ASSERT_EQ(nack->entries.size(), 2U);
  EXPECT_EQ(nack->entries[0].packet_id, 100);
  EXPECT_EQ(nack->entries[0].packets(), 3U);
  EXPECT_EQ(nack->entries[1].packet_id, 0xffff);
  EXPECT_EQ(nack->entries[1].following, 0x8000);
  EXPECT_EQ(nack->entries[1].packets(), 2U);
}

TEST(RtcpFeedback, ControlInformationHasAtLeastOneEntryAndWholeOnes) {
  EXPECT_EQ(Nack::decode(packet_of(hex("81cd0002 12345678 23456789"))).error(),
            (WireError{WireFault::Truncated, 12, "feedback control information"}));
  EXPECT_EQ(FullIntra::decode(packet_of(hex("84ce0003 12345678 00000000 23456789"))).error(),
            (WireError{WireFault::BadLength, 12, "feedback control information"}));
  EXPECT_TRUE(MaxBitrate::decode(packet_of(hex("84cd0002 12345678 00000000")))) << "TMMBN";
  EXPECT_FALSE(MaxBitrate::decode(packet_of(hex("83cd0002 12345678 00000000")))) << "TMMBR";
}

TEST(RtcpFeedback, APictureLossIndicationHasNoControlInformation) {
  EXPECT_EQ(PictureLoss::decode(packet_of(hex("81ce0002 12345678 23456789")))->media_ssrc,
            0x23456789U);
  EXPECT_FALSE(PictureLoss::decode(packet_of(hex("81ce0003 12345678 23456789 00000000"))));
  EXPECT_EQ(PictureLoss::decode(packet_of(hex("81ce0001 12345678"))).error(),
            (WireError{WireFault::Truncated, 8, "SSRC of the media source"}));
}

TEST(RtcpFeedback, ReadsSlicesFullIntraRequestsAndMaximalBitrates) {
  const ByteBuffer sli = hex("82ce0003 12345678 23456789 f30e82bf");
  const SliceEntry slice = SliceLoss::decode(packet_of(sli))->entries[0];
  EXPECT_EQ(slice.first, 0x1e61);
  EXPECT_EQ(slice.number, 0x1a0a);
  EXPECT_EQ(slice.picture_id, 0x3f);
  const ByteBuffer fir = hex("84ce0006 12345678 00000000 23456789 0d000000 2345678a 0e000000");
  const auto requests = FullIntra::decode(packet_of(fir));
  ASSERT_EQ(requests->entries.size(), 2U);
  EXPECT_EQ(requests->entries[1].ssrc, 0x2345678aU);
  EXPECT_EQ(requests->entries[1].sequence, 14);
  const ByteBuffer tmmbr = hex("83cd0004 12345678 00000000 23456789 0a6161fe");
  const BitrateEntry limit = MaxBitrate::decode(packet_of(tmmbr))->entries[0];
  EXPECT_EQ(limit.ssrc, 0x23456789U);
  EXPECT_EQ(limit.exponent, 2);
  EXPECT_EQ(limit.mantissa, 0x130b0U);
  EXPECT_EQ(limit.overhead, 0x1fe);
  EXPECT_EQ(limit.bitrate(), std::uint64_t{0x130b0} * 4);
}

TEST(RtcpFeedback, ABitrateOfMoreThanSixtyFourBitsIsNone) {
  BitrateEntry entry;
  entry.exponent = 63;
  entry.mantissa = 2;
  EXPECT_EQ(entry.bitrate(), std::nullopt);
  entry.mantissa = 1;
  EXPECT_EQ(entry.bitrate(), std::uint64_t{1} << 63U);
  const auto remb =
      ReceiverBitrate::decode(packet_of(hex("8fce0004 12345678 00000000 52454d42 00ffffff")));
  ASSERT_FALSE(remb);
  EXPECT_EQ(remb.error(), (WireError{WireFault::BadValue, 17, "bitrate of at most 64 bits"}));
}

TEST(RtcpFeedback, ReadsReferencePictureSelections) {
  const ByteBuffer bytes = hex("83ce0004 12345678 23456789 1864c1c2 43000000");
  const auto selection = ReferenceSelection::decode(packet_of(bytes));
  ASSERT_TRUE(selection);
  EXPECT_EQ(selection->padding_bits, 24);
  EXPECT_EQ(selection->payload_type, 100);
  EXPECT_EQ(to_hex(selection->bit_string), "c1c243000000");
  EXPECT_FALSE(ReferenceSelection::decode(packet_of(hex("83ce0003 00000000 00000000 20640000"))));
  EXPECT_FALSE(ReferenceSelection::decode(packet_of(hex("83ce0003 00000000 00000000 11640000"))));
}

TEST(RtcpFeedback, ReadsTheReceiversBitrate) {
  const ByteBuffer bytes =
      hex("8fce0007 12345678 00000000 52454d42 0307fb93 23456789 2345678a 2345678b");
  const PacketView packet = packet_of(bytes);
  EXPECT_TRUE(is_receiver_bitrate(packet));
  const auto remb = ReceiverBitrate::decode(packet);
  ASSERT_TRUE(remb);
  EXPECT_EQ(remb->bitrate, std::uint64_t{0x3fb93} << 1U);
  ASSERT_EQ(remb->sources.size(), 3U);
  EXPECT_EQ(remb->sources[2].ssrc, 0x2345678bU);
  const ByteBuffer other = hex("8fce0003 12345678 00000000 4e454d42");
  EXPECT_FALSE(is_receiver_bitrate(packet_of(other)));
  EXPECT_EQ(ReceiverBitrate::decode(packet_of(other)).error().fault, WireFault::BadMagic);
  EXPECT_FALSE(check_body(packet_of(other)));
}

TEST(RtcpFeedback, ReadsEveryKindOfPacketChunk) {
  // A run of two small deltas, a vector of one bit, a vector of two bits.
  const ByteBuffer whole =
      hex("8fcd0008 12345678 23456789 fffe0017 fffffe07"
          "2002 9000 d840"
          "04 08 10 20 fffc 40 000000");
  const auto wide = TransportWide::decode(packet_of(whole));
  ASSERT_TRUE(wide) << to_string(wide.error());
  EXPECT_EQ(wide->sender_ssrc, 0x12345678U);
  EXPECT_EQ(wide->media_ssrc, 0x23456789U);
  EXPECT_EQ(wide->base_sequence, 0xfffe);
  EXPECT_EQ(wide->status_count, 23);
  EXPECT_EQ(wide->reference_time, -2);
  EXPECT_EQ(wide->feedback_count, 7);
  EXPECT_EQ(wide->chunks.size(), 6U);
  const auto list = described(*wide);
  ASSERT_EQ(list.size(), 23U);
  EXPECT_THAT(std::vector(list.begin(), list.begin() + 5),
              ElementsAre("65534:4", "65535:8", "0:lost", "1:16", "2:lost"));
  EXPECT_THAT(std::vector(list.begin() + 16, list.end()),
              ElementsAre("14:32", "15:-4", "16:lost", "17:64", "18:lost", "19:lost", "20:lost"));
}

TEST(RtcpFeedback, AChunkMaySpeakOfMorePacketsThanThereAre) {
  const ByteBuffer bytes = hex("8fcd0006 12345678 23456789 00010003 00000100 3fff0102 03000000");
  const auto wide = TransportWide::decode(packet_of(bytes));
  ASSERT_TRUE(wide) << to_string(wide.error());
  EXPECT_THAT(described(*wide), ElementsAre("1:1", "2:2", "3:3"));
}

TEST(RtcpFeedback, StatusesWithoutDeltasOrWithReservedSymbolsAreFaults) {
  EXPECT_EQ(
      TransportWide::decode(packet_of(hex("8fcd0005 00000001 00000002 00010010 00000100 2010aabb")))
          .error(),
      (WireError{WireFault::Truncated, 22, "receive delta"}));
  EXPECT_EQ(
      TransportWide::decode(packet_of(hex("8fcd0005 00000001 00000002 00010001 00000100 60010000")))
          .error(),
      (WireError{WireFault::BadValue, 20, "status symbol that is not reserved"}));
  EXPECT_EQ(
      TransportWide::decode(packet_of(hex("8fcd0004 00000001 00000002 00010001 00000100"))).error(),
      (WireError{WireFault::Truncated, 20, "packet chunk"}));
  EXPECT_EQ(TransportWide::decode(
                packet_of(hex("8fcd0006 00000001 00000002 00010001 00000100 00010000 00000000")))
                .error(),
            (WireError{WireFault::BadLength, 22, "end of the packet"}));
}

TEST(RtcpFeedback, RunsOfNothingEndWithTheirBytes) {
  const auto wide = TransportWide::decode(
      packet_of(hex("8fcd0006 00000001 00000002 0001ffff 00000100 00000000 00000000")));
  ASSERT_FALSE(wide);
  EXPECT_EQ(wide.error(), (WireError{WireFault::Truncated, 28, "packet chunk"}));
}

TEST(RtcpFeedback, ReadsCongestionControlFeedback) {
  const ByteBuffer bytes =
      hex("8bcd0009 12345678"
          "23456789 ffff0003 8001 0000 fffe 0000"
          "2345678a 00010000"
          "b7052000"
          "00000000");
  ByteBuffer exact = to_buffer(Bytes(bytes).first(36));
  exact[3] = std::byte{8};
  const auto feedback = CongestionControl::decode(packet_of(exact));
  ASSERT_TRUE(feedback) << to_string(feedback.error());
  EXPECT_EQ(feedback->sender_ssrc, 0x12345678U);
  EXPECT_EQ(feedback->timestamp, 0xb7052000U);
  ASSERT_EQ(feedback->blocks.size(), 2U);
  EXPECT_EQ(feedback->blocks[0].ssrc, 0x23456789U);
  EXPECT_EQ(feedback->blocks[0].begin_sequence, 0xffff);
  ASSERT_EQ(feedback->blocks[0].metrics.size(), 3U);
  EXPECT_TRUE(feedback->blocks[0].metrics[0].received);
  EXPECT_EQ(feedback->blocks[0].metrics[0].arrival_offset, 1);
  EXPECT_FALSE(feedback->blocks[0].metrics[1].received);
  EXPECT_EQ(feedback->blocks[0].metrics[2].ecn, 3);
  EXPECT_EQ(feedback->blocks[0].metrics[2].arrival_offset, ArrivalMetric::kTooLong);
  EXPECT_TRUE(feedback->blocks[1].metrics.empty());
  // One word more: no block begins there.
  EXPECT_FALSE(CongestionControl::decode(packet_of(bytes)));
}

TEST(RtcpFeedback, MetricsPastTheEndAreAFault) {
  const auto feedback =
      CongestionControl::decode(packet_of(hex("8bcd0004 12345678 23456789 0001ffff 80018001")));
  ASSERT_FALSE(feedback);
  EXPECT_EQ(feedback.error(), (WireError{WireFault::Truncated, 16, "packet metric block"}));
}

}  // namespace
}  // namespace parley::rtcp

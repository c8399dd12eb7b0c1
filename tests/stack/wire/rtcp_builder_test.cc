// Round trips: what the builder wrote is what the views read.

#include "stack/wire/rtcp_builder.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/base/random.h"

namespace parley::rtcp {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t kSeed = 20261122;
constexpr int kRounds = 300;

PacketView packet_of(const ByteBuffer& bytes) {
  const Compound compound = decode_compound(bytes);
  EXPECT_FALSE(compound.error) << to_string(*compound.error) << " in " << to_hex(bytes);
  EXPECT_EQ(compound.packets.size(), 1U);
  if (compound.packets.empty())
    return {};
  EXPECT_FALSE(check_body(compound.packets[0])) << to_hex(bytes);
  return compound.packets[0];
}

std::string text_of(const ReportBlock& b) {
  return testing::PrintToString(std::tuple(b.ssrc, int{b.fraction_lost}, b.cumulative_lost,
                                           b.highest_sequence, b.jitter, b.last_sr,
                                           b.delay_since_last_sr));
}

ReportBlock random_block(Random& random) {
  ReportBlock block;
  block.ssrc = random.next_u32();
  block.fraction_lost = static_cast<std::uint8_t>(random.below(256));
  block.cumulative_lost = static_cast<std::int32_t>(random.below(0x1000000)) - 0x800000;
  block.highest_sequence = random.next_u32();
  block.jitter = random.next_u32();
  block.last_sr = random.next_u32();
  block.delay_since_last_sr = random.next_u32();
  return block;
}

TEST(RtcpBuilder, ReportsComeBackWithEveryBlock) {
  SeededRandom random(kSeed, "reports");
  for (int round = 0; round < kRounds; ++round) {
    std::vector<ReportBlock> blocks(random.below(kMaxCount + 1));
    for (ReportBlock& block : blocks)
      block = random_block(random);
    const SenderInfo info{random.next_u64(), random.next_u32(), random.next_u32(),
                          random.next_u32()};
    ByteBuffer out;
    write_sender_report(out, 17, info, blocks);
    const auto sent = SenderReport::decode(packet_of(out));
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->ssrc, 17U);
    EXPECT_EQ(sent->info.ntp, info.ntp);
    EXPECT_EQ(sent->info.rtp_timestamp, info.rtp_timestamp);
    EXPECT_EQ(sent->info.packet_count, info.packet_count);
    EXPECT_EQ(sent->info.octet_count, info.octet_count);
    ByteBuffer other;
    write_receiver_report(other, 18, blocks);
    const auto received = ReceiverReport::decode(packet_of(other));
    ASSERT_TRUE(received);
    ASSERT_EQ(sent->blocks.size(), blocks.size());
    ASSERT_EQ(received->blocks.size(), blocks.size());
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      EXPECT_EQ(text_of(sent->blocks[i]), text_of(blocks[i]));
      EXPECT_EQ(text_of(received->blocks[i]), text_of(blocks[i]));
    }
  }
}

TEST(RtcpBuilder, LossThatTwentyFourBitsCannotSayIsClamped) {
  for (const auto& [lost, said] :
       {std::pair{0x7fffffff, 0x7fffff}, std::pair{-0x7fffffff, -0x800000}}) {
    ReportBlock block;
    block.cumulative_lost = lost;
    ByteBuffer out;
    write_receiver_report(out, 1, std::array{block});
    EXPECT_EQ(ReceiverReport::decode(packet_of(out))->blocks[0].cumulative_lost, said);
  }
}

TEST(RtcpBuilder, SourceDescriptionsEndOnAWordWithAZero) {
  SeededRandom random(kSeed, "sdes");
  const std::string letters(255, 'x');
  for (int round = 0; round < kRounds; ++round) {
    std::vector<SdesChunk> chunks(random.below(5));
    for (SdesChunk& chunk : chunks) {
      chunk.ssrc = random.next_u32();
      chunk.items.resize(random.below(4));
      for (SdesItem& item : chunk.items) {
        item.type = static_cast<std::uint8_t>(1 + random.below(255));
        item.text = as_bytes(letters).first(random.below(256));
      }
    }
    ByteBuffer out;
    write_source_description(out, chunks);
    const auto description = SourceDescription::decode(packet_of(out));
    ASSERT_TRUE(description) << to_string(description.error());
    ASSERT_EQ(description->chunks.size(), chunks.size());
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      EXPECT_EQ(description->chunks[i].ssrc, chunks[i].ssrc);
      ASSERT_EQ(description->chunks[i].items.size(), chunks[i].items.size());
      for (std::size_t k = 0; k < chunks[i].items.size(); ++k) {
        EXPECT_EQ(description->chunks[i].items[k].type, chunks[i].items[k].type);
        EXPECT_EQ(as_text(description->chunks[i].items[k].text), as_text(chunks[i].items[k].text));
      }
    }
  }
}

TEST(RtcpBuilder, AGoodbyeWithAndWithoutReason) {
  for (const std::string_view reason : {"", "o", "bye", "camera", "restarting"}) {
    ByteBuffer out;
    write_goodbye(out, std::array<std::uint32_t, 2>{1, 2}, reason);
    const auto goodbye = Goodbye::decode(packet_of(out));
    ASSERT_TRUE(goodbye);
    EXPECT_EQ(goodbye->sources[1].ssrc, 2U);
    EXPECT_EQ(as_text(goodbye->reason.value_or(Bytes{})), reason);
    EXPECT_EQ(goodbye->reason.has_value(), !reason.empty());
  }
}

std::vector<std::uint16_t> asked_by(const Nack& nack) {
  std::vector<std::uint16_t> list;
  for (const NackEntry entry : nack.entries) {
    list.push_back(entry.packet_id);
    for (unsigned i = 0; i < 16; ++i)
      if (((entry.following >> i) & 1U) != 0)
        list.push_back(static_cast<std::uint16_t>(entry.packet_id + i + 1));
  }
  return list;
}

TEST(RtcpBuilder, ANackAsksForEveryPacketOfItsListAcrossTheWrapToo) {
  const std::vector<std::uint16_t> few{0xfffe, 0xffff, 0, 14, 15, 40};
  ByteBuffer out;
  write_nack(out, 1, 2, few);
  const auto nack = Nack::decode(packet_of(out));
  EXPECT_EQ(nack->entries.size(), 3U) << "0xfffe to 14, 15, 40";
  EXPECT_EQ(asked_by(*nack), few);
  SeededRandom random(kSeed, "nack");
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::uint16_t> list{static_cast<std::uint16_t>(random.below(0x10000))};
    while (random.chance(0.95))
      list.push_back(static_cast<std::uint16_t>(list.back() + 1 + random.below(40)));
    ByteBuffer bytes;
    write_nack(bytes, 1, 2, list);
    EXPECT_EQ(asked_by(*Nack::decode(packet_of(bytes))), list);
  }
}

TEST(RtcpBuilder, RequestsForAPictureNameTheirSource) {
  ByteBuffer pli;
  write_picture_loss(pli, 1, 2);
  EXPECT_EQ(to_hex(pli), "81ce00020000000100000002");
  ByteBuffer fir;
  write_full_intra(fir, 1, std::array{FullIntraEntry{2, 7}, FullIntraEntry{3, 8}});
  const auto requests = FullIntra::decode(packet_of(fir));
  EXPECT_EQ(requests->media_ssrc, 0U);
  EXPECT_EQ(requests->entries[1].ssrc, 3U);
  EXPECT_EQ(requests->entries[1].sequence, 8);
}

TEST(RtcpBuilder, ABitrateKeepsEighteenBits) {
  SeededRandom random(kSeed, "remb");
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t bitrate = random.next_u64() >> random.below(64);
    ByteBuffer out;
    write_receiver_bitrate(out, 1, bitrate, std::array<std::uint32_t, 3>{4, 5, 6});
    const auto remb = ReceiverBitrate::decode(packet_of(out));
    ASSERT_TRUE(remb) << bitrate;
    EXPECT_LE(remb->bitrate, bitrate);
    EXPECT_LE(bitrate - remb->bitrate, bitrate >> 17U);
    EXPECT_EQ(remb->sources.size(), 3U);
  }
}

std::vector<PacketStatus> random_statuses(Random& random) {
  // Losses and large deltas come in bursts of a length that each round draws.
  const std::size_t count = 1 + random.below(400);
  const double stay = random.unit();
  std::vector<PacketStatus> list(count);
  std::uint64_t kind = random.below(3);
  for (PacketStatus& status : list) {
    if (!random.chance(stay))
      kind = random.below(3);
    status.received = kind > 0;
    if (kind == 1)
      status.delta = static_cast<std::int16_t>(random.below(256));
    if (kind == 2)
      status.delta = static_cast<std::int16_t>(static_cast<int>(random.below(0x10000)) - 0x8000);
  }
  return list;
}

TEST(RtcpBuilder, TransportWideFeedbackTellsOfEveryPacket) {
  SeededRandom random(kSeed, "twcc");
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<PacketStatus> statuses = random_statuses(random);
    TransportWideHeader header;
    header.base_sequence = static_cast<std::uint16_t>(random.below(0x10000));
    header.reference_time = static_cast<std::int32_t>(random.below(0x1000000)) - 0x800000;
    header.feedback_count = static_cast<std::uint8_t>(random.below(256));
    ByteBuffer out;
    write_transport_wide(out, header, statuses);
    const auto wide = TransportWide::decode(packet_of(out));
    ASSERT_TRUE(wide) << to_string(wide.error());
    EXPECT_EQ(wide->reference_time, header.reference_time);
    EXPECT_EQ(wide->feedback_count, header.feedback_count);
    EXPECT_EQ(wide->status_count, statuses.size());
    StatusReader reader(*wide);
    std::uint16_t sequence = header.base_sequence;
    for (const PacketStatus& status : statuses) {
      const auto read = reader.next();
      ASSERT_TRUE(read);
      EXPECT_EQ(read->sequence, sequence++);
      EXPECT_EQ(read->received, status.received);
      EXPECT_EQ(read->delta, status.delta);
    }
    EXPECT_FALSE(reader.next());
  }
}

TEST(RtcpBuilder, LongRunsTakeOneChunk) {
  ByteBuffer out;
  write_transport_wide(out, {}, std::vector<PacketStatus>(8000));
  EXPECT_EQ(out.size(), 24U);
  ByteBuffer longest;
  write_transport_wide(longest, {}, std::vector<PacketStatus>(0xffff));
  EXPECT_EQ(TransportWide::decode(packet_of(longest))->status_count, 0xffff);
}

TEST(RtcpBuilder, CongestionControlFeedbackComesBack) {
  SeededRandom random(kSeed, "ccfb");
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::vector<ArrivalMetric>> metrics(random.below(4));
    std::vector<ArrivalReport> reports;
    for (std::vector<ArrivalMetric>& list : metrics) {
      list.resize(random.below(50));
      for (ArrivalMetric& metric : list)
        if (random.chance(0.8))
          metric = {true, static_cast<std::uint8_t>(random.below(4)),
                    static_cast<std::uint16_t>(random.below(0x2000))};
      reports.push_back(
          {random.next_u32(), static_cast<std::uint16_t>(random.below(0x10000)), list});
    }
    ByteBuffer out;
    write_congestion_control(out, 9, reports, 0xb7052000);
    const auto feedback = CongestionControl::decode(packet_of(out));
    ASSERT_TRUE(feedback) << to_string(feedback.error());
    EXPECT_EQ(feedback->sender_ssrc, 9U);
    EXPECT_EQ(feedback->timestamp, 0xb7052000U);
    ASSERT_EQ(feedback->blocks.size(), reports.size());
    for (std::size_t i = 0; i < reports.size(); ++i) {
      EXPECT_EQ(feedback->blocks[i].ssrc, reports[i].ssrc);
      EXPECT_EQ(feedback->blocks[i].begin_sequence, reports[i].begin_sequence);
      ASSERT_EQ(feedback->blocks[i].metrics.size(), metrics[i].size());
      for (std::size_t k = 0; k < metrics[i].size(); ++k) {
        EXPECT_EQ(feedback->blocks[i].metrics[k].received, metrics[i][k].received);
        EXPECT_EQ(feedback->blocks[i].metrics[k].ecn, metrics[i][k].ecn);
        EXPECT_EQ(feedback->blocks[i].metrics[k].arrival_offset, metrics[i][k].arrival_offset);
      }
    }
  }
}

TEST(RtcpBuilder, ExtendedReportsForTheRoundTripComeBack) {
  ByteBuffer out;
  write_reference_time(out, 3, 0x0102030405060708);
  const auto first = ExtendedReport::decode(packet_of(out));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->ssrc, 3U);
  EXPECT_EQ(XrReferenceTime::decode(first->blocks.at(0))->ntp, 0x0102030405060708U);
  ByteBuffer answer;
  write_dlrr(answer, 4, std::array{DlrrEntry{3, 0x03040506, 0x8000}});
  const auto second = ExtendedReport::decode(packet_of(answer));
  const auto dlrr = XrDlrr::decode(second->blocks.at(0));
  ASSERT_TRUE(dlrr);
  EXPECT_EQ(dlrr->entries[0].ssrc, 3U);
  EXPECT_EQ(dlrr->entries[0].last_rr, 0x03040506U);
  EXPECT_EQ(dlrr->entries[0].delay_since_last_rr, 0x8000U);
}

TEST(RtcpBuilder, PacketsThatFollowOneAnotherAreACompound) {
  ByteBuffer out;
  write_receiver_report(out, 1, {});
  SdesChunk chunk;
  chunk.ssrc = 1;
  chunk.items.push_back({static_cast<std::uint8_t>(SdesType::Cname), 0, as_bytes("abc")});
  write_source_description(out, std::array{chunk});
  write_picture_loss(out, 1, 2);
  write_goodbye(out, std::array<std::uint32_t, 1>{1});
  const Compound compound = decode_compound(out);
  std::vector<unsigned> types;
  for (const PacketView& packet : compound.packets)
    types.push_back(packet.type);
  EXPECT_THAT(types, ElementsAre(201U, 202U, 206U, 203U));
  EXPECT_FALSE(compound.reduced_size());
  EXPECT_TRUE(is_clear(out));
}

// A changed bit gives other values or a fault, and never a view that leaves the datagram.
TEST(RtcpBuilder, FlippedBitsNeverLeadOutOfTheDatagram) {
  SeededRandom random(kSeed, "flips");
  ByteBuffer out;
  write_sender_report(out, 1, {}, std::array{random_block(random)});
  write_transport_wide(out, {}, random_statuses(random));
  write_congestion_control(out, 1, {}, 7);
  write_dlrr(out, 4, std::array{DlrrEntry{3, 5, 6}});
  for (int round = 0; round < 20 * kRounds; ++round) {
    ByteBuffer damaged = out;
    const std::size_t bit = random.below(8 * out.size());
    damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    const Compound compound = decode_compound(damaged);
    std::size_t covered = 0;
    for (const PacketView& packet : compound.packets) {
      covered += packet.bytes.size();
      if (const auto fault = check_body(packet)) {
        EXPECT_GE(fault->offset, packet.offset);
        EXPECT_LE(fault->offset, packet.offset + packet.bytes.size());
      }
    }
    EXPECT_LE(covered, damaged.size());
    EXPECT_TRUE(compound.error || covered == damaged.size());
  }
}

}  // namespace
}  // namespace parley::rtcp

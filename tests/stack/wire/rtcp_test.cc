#include "stack/wire/rtcp.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "stack/wire/rtcp_feedback.h"

namespace parley::rtcp {
namespace {

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

nlohmann::json vectors() {
  std::ifstream file(PARLEY_SOURCE_DIR "/tests/vectors/rtp_rtcp.json");
  return nlohmann::json::parse(file);
}

// Everything that the codec says against a datagram.
std::optional<WireError> first_fault(Bytes datagram) {
  const Compound compound = decode_compound(datagram);
  if (compound.error)
    return compound.error;
  for (const PacketView& packet : compound.packets)
    if (const auto fault = check_body(packet))
      return fault;
  return std::nullopt;
}

// The one packet of a datagram that has to be without a fault in its header.
PacketView only_packet(const ByteBuffer& datagram) {
  const Compound compound = decode_compound(datagram);
  EXPECT_FALSE(compound.error) << to_string(*compound.error);
  EXPECT_EQ(compound.packets.size(), 1U);
  return compound.packets.empty() ? PacketView{} : compound.packets.front();
}

void expect_values(const PacketView& packet, const nlohmann::json& expect) {
  const auto block_of = [&](const Entries<ReportBlock>& blocks) {
    ASSERT_EQ(blocks.size(), 1U);
    const nlohmann::json& report = expect["report"];
    const ReportBlock block = blocks[0];
    EXPECT_EQ(block.ssrc, report["ssrc"].get<std::uint32_t>());
    EXPECT_EQ(block.highest_sequence, report["highest_sequence"].get<std::uint32_t>());
    EXPECT_EQ(block.jitter, report["jitter"].get<std::uint32_t>());
    EXPECT_EQ(block.cumulative_lost, report.value("packets_lost", 0));
    EXPECT_EQ(block.fraction_lost, report.value("fraction_lost", 0));
    EXPECT_EQ(block.last_sr, report.value("lsr", 0U));
    EXPECT_EQ(block.delay_since_last_sr, report.value("dlsr", 0U));
  };
  if (packet.is(PacketType::SenderReport)) {
    const auto report = SenderReport::decode(packet);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->ssrc, expect["ssrc"].get<std::uint32_t>());
    EXPECT_EQ(report->info.ntp, expect["ntp"].get<std::uint64_t>());
    EXPECT_EQ(report->info.rtp_timestamp, expect["rtp_ts"].get<std::uint32_t>());
    EXPECT_EQ(report->info.packet_count, expect["packets"].get<std::uint32_t>());
    EXPECT_EQ(report->info.octet_count, expect["octets"].get<std::uint32_t>());
    block_of(report->blocks);
  } else if (packet.is(PacketType::ReceiverReport)) {
    const auto report = ReceiverReport::decode(packet);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->ssrc, expect["ssrc"].get<std::uint32_t>());
    block_of(report->blocks);
  } else if (packet.is(PacketType::Goodbye)) {
    const auto goodbye = Goodbye::decode(packet);
    ASSERT_TRUE(goodbye);
    std::vector<std::uint32_t> sources;
    for (const Source source : goodbye->sources)
      sources.push_back(source.ssrc);
    EXPECT_EQ(sources, expect["sources"].get<std::vector<std::uint32_t>>());
  } else if (packet.is(PacketType::SourceDescription)) {
    const auto description = SourceDescription::decode(packet);
    ASSERT_TRUE(description);
    ASSERT_EQ(description->chunks.size(), 1U);
    EXPECT_EQ(description->chunks[0].ssrc, expect["ssrc"].get<std::uint32_t>());
  } else {
    const auto feedback = Feedback::decode(packet);
    ASSERT_TRUE(feedback);
    EXPECT_EQ(packet.count, expect["fmt"].get<unsigned>());
    EXPECT_EQ(feedback->sender_ssrc, expect["ssrc"].get<std::uint32_t>());
    EXPECT_EQ(feedback->media_ssrc, expect["media_ssrc"].get<std::uint32_t>());
  }
}

TEST(Rtcp, ReadsThePacketsOfThePublicVectorsAndRejectsTheMalformedOnes) {
  int read = 0;
  int rejected = 0;
  const nlohmann::json all = vectors();
  for (const nlohmann::json& one : all["packets"]) {
    const std::string file = one["file"];
    if (!file.starts_with("rtcp_"))
      continue;
    const ByteBuffer bytes = hex(one["hex"].get<std::string>());
    SCOPED_TRACE(file);
    const auto fault = first_fault(bytes);
    if (one["expect"] == "reject") {
      ASSERT_TRUE(fault);
      EXPECT_LE(fault->offset, bytes.size());
      EXPECT_FALSE(is_clear(bytes));
      ++rejected;
      continue;
    }
    EXPECT_FALSE(fault) << to_string(*fault);
    EXPECT_TRUE(is_clear(bytes));
    const PacketView packet = only_packet(bytes);
    EXPECT_EQ(packet.type, one["expect"]["type"].get<unsigned>());
    expect_values(packet, one["expect"]);
    ++read;
  }
  EXPECT_EQ(read, 7);
  EXPECT_EQ(rejected, 7);
}

TEST(Rtcp, ReadsEveryFieldOfASenderReport) {
  const ByteBuffer bytes =
      hex("81c8000d 01020304 1112131415161718 21222324 31323334 41424344"
          "51525354 61 fffffe 71727374 81828384 91929394 a1a2a3a4 b1b2b3b4");
  const PacketView packet = only_packet(bytes);
  const auto report = SenderReport::decode(packet);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->ssrc, 0x01020304U);
  EXPECT_EQ(report->info.ntp, 0x1112131415161718U);
  EXPECT_EQ(report->info.rtp_timestamp, 0x21222324U);
  EXPECT_EQ(report->info.packet_count, 0x31323334U);
  EXPECT_EQ(report->info.octet_count, 0x41424344U);
  ASSERT_EQ(report->blocks.size(), 1U);
  const ReportBlock block = *report->blocks.begin();
  EXPECT_EQ(block.ssrc, 0x51525354U);
  EXPECT_EQ(block.fraction_lost, 0x61);
  EXPECT_EQ(block.cumulative_lost, -2);
  EXPECT_EQ(block.highest_sequence, 0x71727374U);
  EXPECT_EQ(block.jitter, 0x81828384U);
  EXPECT_EQ(block.last_sr, 0x91929394U);
  EXPECT_EQ(block.delay_since_last_sr, 0xa1a2a3a4U);
  EXPECT_EQ(to_hex(report->extension), "b1b2b3b4");
}

TEST(Rtcp, CumulativeLossHasTwentyFourBitsAndASign) {
  const auto lost = [](std::string_view octets) {
    const ByteBuffer bytes = hex("00000000 00" + std::string(octets) + std::string(32, '0'));
    return ReportBlock::load(bytes.data()).cumulative_lost;
  };
  EXPECT_EQ(lost("7fffff"), 0x7fffff);
  EXPECT_EQ(lost("800000"), -0x800000);
  EXPECT_EQ(lost("ffffff"), -1);
  EXPECT_EQ(lost("000001"), 1);
}

TEST(Rtcp, EveryPrefixOfAPacketIsTruncatedWhereItEnds) {
  const ByteBuffer bytes =
      hex("81c8000c6d2453eade46475b151a005c66a8dd3e0000010d000034f58ef891ed00000000000000f60000007f"
          "0000000000000000");
  ASSERT_FALSE(first_fault(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto fault = first_fault(Bytes(bytes).first(size));
    ASSERT_TRUE(fault) << size;
    EXPECT_EQ(fault->fault, WireFault::Truncated) << size;
    EXPECT_LE(fault->offset, size);
    EXPECT_FALSE(is_clear(Bytes(bytes).first(size)));
  }
}

// The length is shortened with the bytes: it is the body that does not hold its fields then.
TEST(Rtcp, EveryBodyThatIsTooShortIsFoundByItsView) {
  for (const char* text :
       {"81c8000c6d2453eade46475b151a005c66a8dd3e0000010d000034f58ef891ed00000000000000f60000007f"
        "0000000000000000",
        "81c9000730b68407479437af0000000000000276000007720000000000000000",
        "81ca000c6d2453ea01267b36336634353965612d343166652d343437342d396433332d393730376339656537"
        "3964317d00000000",
        "82cb00031234567823456789036f7574", "80cc0003123456784e414d4500000000",
        "81cd0003123456782345678900010002", "8fcd0005123456782345678900010001000001002001ff00"}) {
    ByteBuffer bytes = hex(text);
    const PacketView whole = only_packet(bytes);
    ASSERT_FALSE(check_body(whole)) << text << to_string(*check_body(whole));
    // What may be left out: data of APP, a reason, entries behind the first.
    const std::size_t needed = whole.is(PacketType::ApplicationDefined) ? 12
                               : whole.is(PacketType::Goodbye)          ? 12
                                                                        : bytes.size();
    for (std::size_t words = 0; words + 1 < needed / 4; ++words) {
      ByteBuffer shorter = to_buffer(Bytes(bytes).first(4 * (words + 1)));
      shorter[2] = std::byte{0};
      shorter[3] = static_cast<std::byte>(words);
      EXPECT_TRUE(check_body(only_packet(shorter))) << text << " cut to " << words;
    }
  }
}

TEST(Rtcp, WalksOverACompoundPacketAndPassesUnknownTypesByTheirLength) {
  const ByteBuffer bytes = hex("80c900010000000a 80d80001cafecafe 81cb00010000000a");
  const Compound compound = decode_compound(bytes, 100);
  EXPECT_FALSE(compound.error);
  ASSERT_EQ(compound.packets.size(), 3U);
  EXPECT_EQ(compound.packets[1].type, 0xd8);
  EXPECT_EQ(compound.packets[1].offset, 108U);
  EXPECT_EQ(compound.packets[2].offset, 116U);
  EXPECT_EQ(to_hex(compound.packets[1].body), "cafecafe");
  EXPECT_FALSE(compound.reduced_size());
  EXPECT_TRUE(is_clear(bytes));
}

TEST(Rtcp, AFirstPacketWithoutReportMakesItReducedSize) {
  EXPECT_TRUE(decode_compound(hex("81ce0002 0000000a 0000000b")).reduced_size());
  EXPECT_FALSE(decode_compound(hex("80c80006" + std::string(48, '0'))).reduced_size());
  EXPECT_FALSE(decode_compound({}).reduced_size());
}

TEST(Rtcp, TakesPaddingOffTheLastPacket) {
  const ByteBuffer bytes = hex("80c900010000000a a1cb0003 0000000a 00000000 00000008");
  const Compound compound = decode_compound(bytes);
  EXPECT_FALSE(compound.error);
  ASSERT_EQ(compound.packets.size(), 2U);
  EXPECT_EQ(compound.packets[1].padding_size, 8U);
  EXPECT_EQ(to_hex(compound.packets[1].body), "0000000a");
  const auto goodbye = Goodbye::decode(compound.packets[1]);
  ASSERT_TRUE(goodbye);
  EXPECT_EQ(goodbye->reason, std::nullopt);
}

TEST(Rtcp, PaddingThatDoesNotFitIsAFaultAtItsCount) {
  for (const char* count : {"00", "03", "0c", "ff"}) {
    const ByteBuffer bytes = hex("a0c90002 0000000a 000000" + std::string(count));
    const Compound compound = decode_compound(bytes);
    ASSERT_TRUE(compound.error) << count;
    EXPECT_EQ(compound.error->fault, WireFault::BadLength);
    EXPECT_EQ(compound.error->offset, 11U);
    EXPECT_TRUE(compound.packets.empty());
  }
  EXPECT_EQ(decode_compound(hex("a0c90000")).error->field, "padding count");
}

TEST(Rtcp, PaddingBeforeTheLastPacketIsAFaultThatDoesNotEndTheWalk) {
  const Compound compound = decode_compound(hex("a0c90002 0000000a 00000004 80cb0000"));
  EXPECT_EQ(compound.packets.size(), 2U);
  ASSERT_TRUE(compound.error);
  EXPECT_EQ(compound.error->offset, 0U);
  EXPECT_EQ(compound.error->fault, WireFault::BadValue);
}

TEST(Rtcp, AnotherVersionIsNoRtcp) {
  for (const char* first : {"00", "40", "c0"}) {
    const auto packet = PacketView::decode(hex(std::string(first) + "c900010000000a"), 7);
    ASSERT_FALSE(packet);
    EXPECT_EQ(packet.error(), (WireError{WireFault::BadValue, 7, "version"}));
  }
}

// RFC 3711 section 3.4: the index and the tag follow, and what the first header leads to is
// encrypted.
TEST(Rtcp, SrtcpDoesNotPassForClear) {
  EXPECT_FALSE(is_clear(hex("80c900010000000a 80000001 00112233445566778899")));
  EXPECT_FALSE(is_clear(hex("80c900010000000a 80000001 00112233445566778899aabb")));
  EXPECT_FALSE(is_clear(hex("80c900010000000a 8ac90003 00112233 80000001")));
  EXPECT_FALSE(is_clear(hex("8060000100000002")));
  EXPECT_FALSE(is_clear({}));
}

TEST(Rtcp, TheRoundTripOfTheStandardsExample) {
  const nlohmann::json example = vectors()["rfc3550_rtt_example"];
  const auto word = [&](const char* name) {
    return static_cast<std::uint32_t>(std::stoul(example[name].get<std::string>(), nullptr, 16));
  };
  const auto time = round_trip(word("A_hex"), word("lsr_hex"), word("dlsr_hex"));
  EXPECT_EQ(time, word("rtt_hex"));
}

TEST(Rtcp, NoReportOrOddClocksGiveNoRoundTrip) {
  EXPECT_EQ(round_trip(0x10000, 0, 0), std::nullopt);
  EXPECT_EQ(round_trip(0x10000, 0x8000, 0x8001), std::nullopt);
  EXPECT_EQ(round_trip(0x100, 0xffffff00U, 0x80), 0x180U) << "the clock wraps";
}

TEST(Rtcp, ReadsSourceDescriptions) {
  const ByteBuffer bytes =
      hex("82ca0009 12345678 010a616c69636540686f7374 00000000 12345679 0108626f6240686f7374 0000");
  const auto description = SourceDescription::decode(only_packet(bytes));
  ASSERT_TRUE(description) << to_string(description.error());
  ASSERT_EQ(description->chunks.size(), 2U);
  ASSERT_NE(description->chunks[0].find(SdesType::Cname), nullptr);
  EXPECT_EQ(as_text(description->chunks[0].find(SdesType::Cname)->text), "alice@host");
  EXPECT_EQ(description->chunks[0].items[0].offset, 8U);
  EXPECT_EQ(description->chunks[1].ssrc, 0x12345679U);
  EXPECT_EQ(as_text(description->chunks[1].find(SdesType::Cname)->text), "bob@host");
  EXPECT_EQ(description->chunks[1].find(SdesType::Tool), nullptr);
}

TEST(Rtcp, AnSdesItemPastTheEndAndABodyThatGoesOnAreFaults) {
  const auto overrun = SourceDescription::decode(only_packet(hex("81ca0002 12345678 01ff6161")));
  ASSERT_FALSE(overrun);
  EXPECT_EQ(overrun.error(), (WireError{WireFault::Truncated, 10, "SDES item text"}));
  const auto behind =
      SourceDescription::decode(only_packet(hex("81ca0003 12345678 00000000 61616161")));
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error(), (WireError{WireFault::BadLength, 12, "end of the packet"}));
}

TEST(Rtcp, ReadsWhyASourceLeaves) {
  const ByteBuffer bytes = hex("82cb0003 12345678 23456789 036f7574");
  const auto goodbye = Goodbye::decode(only_packet(bytes));
  ASSERT_TRUE(goodbye);
  ASSERT_EQ(goodbye->sources.size(), 2U);
  EXPECT_EQ(goodbye->sources[1].ssrc, 0x23456789U);
  EXPECT_EQ(as_text(goodbye->reason.value()), "out");
  const auto overrun = Goodbye::decode(only_packet(hex("81cb0002 12345678 046f7574")));
  ASSERT_FALSE(overrun);
  EXPECT_EQ(overrun.error().offset, 9U);
  EXPECT_FALSE(Goodbye::decode(only_packet(hex("81cb0003 12345678 016f0000 00000000"))));
}

TEST(Rtcp, ReadsApplicationDefinedPackets) {
  const ByteBuffer bytes = hex("85cc0003 12345678 4e414d45 cafecafe");
  const auto application = ApplicationDefined::decode(only_packet(bytes));
  ASSERT_TRUE(application);
  EXPECT_EQ(application->subtype, 5);
  EXPECT_EQ(application->ssrc, 0x12345678U);
  EXPECT_EQ(as_text(application->name), "NAME");
  EXPECT_EQ(to_hex(application->data), "cafecafe");
}

TEST(RtcpNames, SayWhatAReaderCallsAPacket) {
  EXPECT_EQ(packet_name(200, 0), "sender report");
  EXPECT_EQ(packet_name(205, 1), "NACK");
  EXPECT_EQ(packet_name(205, 15), "transport-wide feedback");
  EXPECT_EQ(packet_name(205, 30), "transport feedback");
  EXPECT_EQ(packet_name(206, 4), "full intra request");
  EXPECT_EQ(packet_name(199, 0), "packet type 199");
  EXPECT_EQ(packet_type_name(206), "PSFB");
  EXPECT_EQ(sdes_name(1), "CNAME");
  EXPECT_EQ(sdes_name(77), "item 77");
}

}  // namespace
}  // namespace parley::rtcp

#include "stack/wire/rtp.h"

#include <array>
#include <fstream>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace parley::rtp {
namespace {

nlohmann::json load(const std::string& name) {
  std::ifstream file(std::string(PARLEY_SOURCE_DIR "/tests/vectors/") + name);
  return nlohmann::json::parse(file);
}

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

constexpr std::string_view kHeader = "806000010000000200000003";
constexpr std::string_view kExtended = "906000010000000200000003";

TEST(Rtp, ReadsThePacketsOfThePublicVectors) {
  int seen = 0;
  const nlohmann::json vectors = load("rtp_rtcp.json");
  for (const auto& packet : vectors["packets"]) {
    const auto& expect = packet["expect"];
    if (!expect.is_object() || !expect.contains("payload_len"))
      continue;
    const ByteBuffer bytes = hex(packet["hex"].get<std::string>());
    const Result<PacketView> view = PacketView::decode(bytes);
    ASSERT_TRUE(view) << packet["file"];
    EXPECT_EQ(view->marker, expect["marker"].get<int>() != 0);
    EXPECT_EQ(view->payload_type, expect["pt"].get<int>());
    EXPECT_EQ(view->sequence, expect["seq"].get<int>());
    EXPECT_EQ(view->timestamp, expect["ts"].get<std::uint32_t>());
    EXPECT_EQ(view->payload.size(), expect["payload_len"].get<std::size_t>());
    ++seen;
  }
  EXPECT_GE(seen, 2);
}

TEST(Rtp, AgreesWithTsharkOnRealPackets) {
  const nlohmann::json vectors = load("rtp_captures.json");
  ASSERT_GE(vectors["packets"].size(), 8U);
  for (const auto& packet : vectors["packets"]) {
    const ByteBuffer bytes = hex(packet["hex"].get<std::string>());
    const auto number = [&](const char* field) {
      return std::stoul(packet["tshark"][field][0].get<std::string>(), nullptr, 0);
    };
    const Result<PacketView> view = PacketView::decode(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->padding, number("padding") != 0);
    EXPECT_EQ(view->extension, number("ext") != 0);
    EXPECT_EQ(view->csrc_count, number("cc"));
    EXPECT_EQ(view->marker, number("marker") != 0);
    EXPECT_EQ(view->payload_type, number("p_type"));
    EXPECT_EQ(view->sequence, number("seq"));
    EXPECT_EQ(view->timestamp, number("timestamp"));
    EXPECT_EQ(view->ssrc, number("ssrc"));
    EXPECT_EQ(view->extension_profile, number("ext.profile"));
    EXPECT_EQ(view->extension_data.size(), 4 * number("ext.len"));
    const auto elements = view->extension_elements();
    ASSERT_TRUE(elements);
    const auto& ids = packet["tshark"]["ext.rfc5285.id"];
    const auto& lengths = packet["tshark"]["ext.rfc5285.len"];
    ASSERT_EQ(elements->size(), ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      EXPECT_EQ((*elements)[i].id, std::stoul(ids[i].get<std::string>()));
      EXPECT_EQ((*elements)[i].data.size(), std::stoul(lengths[i].get<std::string>()));
    }
  }
}

TEST(Rtp, ReadsEveryHeaderField) {
  const ByteBuffer bytes = hex("b2e1d2c3b4a5968778695a4b1111111122222222bede000110aa0000c0ffee");
  const Result<PacketView> view = PacketView::decode(bytes, 100);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->padding);
  EXPECT_TRUE(view->extension);
  EXPECT_TRUE(view->marker);
  EXPECT_EQ(view->csrc_count, 2);
  EXPECT_EQ(view->payload_type, 0x61);
  EXPECT_EQ(view->sequence, 0xd2c3);
  EXPECT_EQ(view->timestamp, 0xb4a59687U);
  EXPECT_EQ(view->ssrc, 0x78695a4bU);
  EXPECT_EQ(to_hex(view->csrcs), "1111111122222222");
  EXPECT_EQ(view->extension_profile, kOneByteProfile);
  EXPECT_EQ(view->extension_offset, 120U);
  EXPECT_EQ(to_hex(view->extension_data), "10aa0000");
  EXPECT_EQ(view->payload_offset, 128U);
  EXPECT_EQ(to_hex(view->payload), "c0ffee");
}

TEST(Rtp, EveryPrefixOfTheHeaderIsTruncatedAtTheFieldThatIsCut) {
  const ByteBuffer bytes = hex("b2e1d2c3b4a5968778695a4b1111111122222222bede000110aa0000");
  const auto field_at = [](std::size_t size) -> std::string_view {
    constexpr std::array<std::pair<std::size_t, std::string_view>, 9> kEnds{
        {{1, "version"},
         {2, "payload type"},
         {4, "sequence number"},
         {8, "timestamp"},
         {12, "SSRC"},
         {20, "CSRC list"},
         {22, "extension profile"},
         {24, "extension length"},
         {28, "header extension"}}};
    for (const auto& [end, name] : kEnds)
      if (size < end)
        return name;
    return "";
  };
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Result<PacketView> view = PacketView::decode(Bytes(bytes).first(size));
    ASSERT_FALSE(view) << size;
    EXPECT_EQ(view.error().fault, WireFault::Truncated) << size;
    EXPECT_EQ(view.error().field, field_at(size)) << size;
    EXPECT_LE(view.error().offset, size);
  }
  EXPECT_TRUE(PacketView::decode(bytes));
}

TEST(Rtp, RefusesAnyVersionButTwo) {
  for (const unsigned first : {0x00U, 0x40U, 0xc0U}) {
    ByteBuffer bytes = hex(kHeader);
    bytes[0] = static_cast<std::byte>(first);
    const Result<PacketView> view = PacketView::decode(bytes, 7);
    ASSERT_FALSE(view);
    EXPECT_EQ(view.error(), (WireError{WireFault::BadValue, 7, "version"}));
  }
}

TEST(Rtp, RefusesAnExtensionThatRunsPastThePacket) {
  const ByteBuffer bytes = hex(std::string(kExtended) + "bedeffff00000000");
  const Result<PacketView> view = PacketView::decode(bytes);
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error(), (WireError{WireFault::Truncated, 16, "header extension"}));
}

TEST(Rtp, StopsOneByteElementsQuietlyAtId15) {
  // id 1 (2 octets), padding, id 15 with a length, then what looks like id 2.
  const ByteBuffer bytes = hex(std::string(kExtended) + "bede000311aabb00f2ffffff20cc0000");
  const auto view = PacketView::decode(bytes);
  ASSERT_TRUE(view);
  const auto elements = view->extension_elements();
  ASSERT_TRUE(elements);
  ASSERT_EQ(elements->size(), 1U);
  EXPECT_EQ(elements->front().id, 1);
  EXPECT_EQ(elements->front().offset, 16U);
  EXPECT_EQ(elements->front().header_size, 1);
  EXPECT_EQ(to_hex(elements->front().data), "aabb");
}

TEST(Rtp, StopsOneByteElementsQuietlyAtId0WithALength) {
  const ByteBuffer bytes = hex(std::string(kExtended) + "bede000210aa0320bb000000");
  const auto view = PacketView::decode(bytes);
  const auto elements = view->extension_elements();
  ASSERT_TRUE(elements);
  EXPECT_EQ(elements->size(), 1U);
}

TEST(Rtp, SkipsPaddingBetweenOneByteElements) {
  const ByteBuffer bytes = hex(std::string(kExtended) + "bede00020000120056ce3077");
  const auto view = PacketView::decode(bytes);
  const auto elements = view->extension_elements();
  ASSERT_TRUE(elements);
  ASSERT_EQ(elements->size(), 2U);
  EXPECT_EQ(to_hex((*elements)[0].data), "0056ce");
  EXPECT_EQ((*elements)[1].id, 3);
  EXPECT_EQ((*elements)[1].offset, 22U);
}

TEST(Rtp, ReadsTwoByteElementsWithLengthZero) {
  const ByteBuffer bytes = hex(std::string(kExtended) + "100500030100fe03aabbcc000f01ee00");
  const auto view = PacketView::decode(bytes);
  const auto elements = view->extension_elements();
  ASSERT_TRUE(elements);
  ASSERT_EQ(elements->size(), 3U);
  EXPECT_EQ((*elements)[0].id, 1);
  EXPECT_EQ((*elements)[0].data.size(), 0U);
  EXPECT_EQ((*elements)[1].id, 254);
  EXPECT_EQ(to_hex((*elements)[1].data), "aabbcc");
  EXPECT_EQ((*elements)[1].header_size, 2);
  // In the two-byte form 15 is an id like any other (RFC 8285 section 4.3).
  EXPECT_EQ((*elements)[2].id, 15);
}

TEST(Rtp, ReportsAnElementThatOverrunsItsBlock) {
  for (const std::string_view block :
       {"bede00011faabbcc", "1000000101030000", "1000000100000001"}) {
    const ByteBuffer bytes = hex(std::string(kExtended) + std::string(block));
    const auto view = PacketView::decode(bytes);
    ASSERT_TRUE(view);
    const auto elements = view->extension_elements();
    ASSERT_FALSE(elements) << block;
    EXPECT_EQ(elements.error().fault, WireFault::Truncated);
  }
}

TEST(Rtp, HasNoElementsInOtherProfilesOrWithoutExtension) {
  for (const std::string_view tail : {"c0de000110aa0000", "c2de000110aa0000", "1234000110aa0000"}) {
    const ByteBuffer bytes = hex(std::string(kExtended) + std::string(tail));
    EXPECT_TRUE(PacketView::decode(bytes)->extension_elements()->empty());
  }
  const ByteBuffer plain = hex(kHeader);
  EXPECT_TRUE(PacketView::decode(plain)->extension_elements()->empty());
}

TEST(Rtp, CountsThePaddingOfPacketsInClear) {
  const auto padding = [](std::string_view tail) {
    const ByteBuffer bytes = hex("a06000010000000200000003" + std::string(tail));
    return PacketView::decode(bytes)->padding_size();
  };
  EXPECT_EQ(padding("aabb0002").value(), 2U);
  EXPECT_EQ(padding("00000004").value(), 4U);
  EXPECT_EQ(padding("aabb0000").error(), (WireError{WireFault::BadLength, 15, "padding count"}));
  EXPECT_EQ(padding("aabb0005").error(), (WireError{WireFault::BadLength, 15, "padding count"}));
  EXPECT_EQ(padding("").error(), (WireError{WireFault::Truncated, 12, "padding count"}));
  const ByteBuffer without = hex(std::string(kHeader) + "ff");
  EXPECT_EQ(PacketView::decode(without)->padding_size().value(), 0U);
}

}  // namespace
}  // namespace parley::rtp

#include "stack/wire/rtp.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analyzer/dissect/field.h"
#include "tests/analyzer/dissect/field_search.h"
#include "tests/support/files.h"

namespace parley::analyzer {
namespace {

using nlohmann::json;

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

TEST(DissectRtp, ShowsWhatTsharkShows) {
  const json file =
      json::parse(test::read_text(test::source_path("tests/vectors/rtp_captures.json")));
  for (const json& packet : file["packets"]) {
    const auto expected = [&](const char* name) {
      return packet["tshark"][name][0].get<std::string>();
    };
    const Field root = dissect_rtp(hex(packet["hex"].get<std::string>()));
    EXPECT_EQ(value(root, "Version"), expected("version"));
    EXPECT_EQ(value(root, "Payload Type"), expected("p_type"));
    EXPECT_EQ(value(root, "Sequence Number"), expected("seq"));
    EXPECT_EQ(value(root, "Timestamp"), expected("timestamp"));
    EXPECT_EQ(value(root, "SSRC"), expected("ssrc"));
    EXPECT_EQ(value(root, "Marker"), expected("marker") == "1" ? "yes" : "no");
    EXPECT_EQ(value(root, "Padding"), expected("padding") == "1" ? "yes" : "no");
    for (const json& id : packet["tshark"]["ext.rfc5285.id"])
      EXPECT_NE(find(root, "Element " + id.get<std::string>()), nullptr);
  }
}

TEST(DissectRtp, GivesEveryPartItsByteRange) {
  const Field root =
      dissect_rtp(hex("b2e1d2c3b4a5968778695a4b1111111122222222bede000110aa0000c0ffee"), {}, 10);
  EXPECT_EQ(to_text(root),
            "[10..41)  RTP: payload type 97, sequence number 53955, SSRC 0x78695a4b\n"
            "  [10..11)  Version: 2\n"
            "  [10..11)  Padding: yes\n"
            "  [10..11)  Extension: yes\n"
            "  [10..11)  CSRC Count: 2\n"
            "  [11..12)  Marker: yes\n"
            "  [11..12)  Payload Type: 97\n"
            "  [12..14)  Sequence Number: 53955\n"
            "  [14..18)  Timestamp: 3030750855\n"
            "  [18..22)  SSRC: 0x78695a4b\n"
            "  [22..26)  CSRC: 0x11111111\n"
            "  [26..30)  CSRC: 0x22222222\n"
            "  [30..38)  Header Extension: 1 element\n"
            "    [30..32)  Profile: one-byte elements (0xbede)\n"
            "    [32..34)  Length: 1 word\n"
            "    [34..36)  Element 1: aa\n"
            "      [34..35)  ID: 1\n"
            "      [34..35)  Length: 1\n"
            "      [35..36)  Data: aa\n"
            "    [36..38)  Padding Bytes: 2 bytes\n"
            "  [38..40)  Payload: 2 bytes\n"
            "  [40..41)  Padding Length: 238 (expected 1 to 3, unless this is SRTP, where it is "
            "encrypted)\n");
}

TEST(DissectRtp, KeepsWhatStandsBeforeTheFault) {
  const Field root = dissect_rtp(hex("80e55e58efb0f6bca6a1"));
  EXPECT_TRUE(root.fault);
  EXPECT_EQ(value(root, "Sequence Number"), "24152");
  const Field* ssrc = find(root, "SSRC");
  ASSERT_NE(ssrc, nullptr);
  EXPECT_TRUE(ssrc->fault);
  EXPECT_EQ(ssrc->offset, 8U);
  EXPECT_TRUE(dissect_rtp({}).fault);
  EXPECT_TRUE(dissect_rtp(hex("4000")).fault);
}

TEST(DissectRtp, ReportsADamagedExtension) {
  const Field root = dissect_rtp(hex("906000010000000200000003bede000210aa2faabbccddee"));
  EXPECT_EQ(value(root, "Element 1"), "aa");
  const Field* element = find(root, "Element 2");
  ASSERT_NE(element, nullptr);
  EXPECT_TRUE(element->fault);
  EXPECT_EQ(value(root, "Header Extension"), "damaged");
}

TEST(DissectRtp, ATruncatedExtensionShowsItsProfileAndLength) {
  const Field root = dissect_rtp(hex("906000010000000200000003bede000210aa"));
  EXPECT_TRUE(root.fault);
  EXPECT_EQ(value(root, "Profile"), "one-byte elements (0xbede)");
  EXPECT_EQ(value(root, "Length"), "2 words");
}

TEST(DissectRtp, PaddingIsToldFromThePayloadInClearAlone) {
  const ByteBuffer packet = hex("a06000010000000200000003aabbcc0002");
  EXPECT_EQ(value(dissect_rtp(packet), "Payload"), "3 bytes");
  EXPECT_EQ(value(dissect_rtp(packet), "Padding Length").substr(0, 2), "2 ");
  DissectOptions options;
  options.srtp = true;
  const Field root = dissect_rtp(packet, options);
  EXPECT_EQ(root.name, "SRTP");
  EXPECT_EQ(value(root, "Padding Length"), "(absent)");
  EXPECT_EQ(value(root, "Encrypted Payload and Tag"), "5 bytes");
}

TEST(DissectRtp, DoesNotOpenEncryptedExtensions) {
  const Field root = dissect_rtp(hex("906000010000000200000003c0de000110aabbcc"));
  EXPECT_EQ(value(root, "Profile"), "encrypted elements, RFC 9335 (0xc0de)");
  EXPECT_EQ(find(root, "Element 1"), nullptr);
  EXPECT_EQ(value(root, "Data"), "10aabbcc");
}

}  // namespace
}  // namespace parley::analyzer

#include "stack/wire/sdp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace parley::sdp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kOffer =
    "v=0\r\n"
    "o=- 2686843187881128106 2 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=group:BUNDLE 0 1\r\n"
    "a=setup:actpass\r\n"
    "m=audio 9/2 UDP/TLS/RTP/SAVPF 111 63\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=mid:0\r\n"
    "a=rtcp-mux\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "a=mid:1\r\n"
    "a=setup:active\r\n";

TEST(SdpDescription, IsASessionAndItsMediaDescriptions) {
  const auto offer = Description::decode(kOffer);
  ASSERT_TRUE(offer);
  EXPECT_TRUE(offer->is_description());
  EXPECT_EQ(offer->lines().size(), 13U);
  EXPECT_EQ(offer->session().size(), 6U);
  ASSERT_EQ(offer->media_count(), 2U);
  EXPECT_EQ(offer->media(0).value("mid"), "0");
  EXPECT_EQ(offer->media(1).value("mid"), "1");
  EXPECT_TRUE(offer->media(2).empty());
  EXPECT_TRUE(offer->media(0).has("rtcp-mux"));
  EXPECT_EQ(offer->media(0).value("rtcp-mux"), std::nullopt);
  EXPECT_THAT(offer->faults(), IsEmpty());
}

TEST(SdpDescription, GivesEachPieceItsPlaceInTheText) {
  const auto offer = Description::decode(kOffer);
  ASSERT_TRUE(offer);
  for (const Line& line : offer->lines()) {
    EXPECT_EQ(kOffer[line.offset], line.type);
    EXPECT_EQ(kOffer.substr(line.value_offset(), line.value.size()), line.value);
    if (const auto attribute = attribute_of(line)) {
      EXPECT_EQ(kOffer.substr(attribute->offset, attribute->name.size()), attribute->name);
      const std::string_view value = attribute->value.value_or("");
      EXPECT_EQ(kOffer.substr(attribute->value_offset, value.size()), value);
    }
  }
}

TEST(SdpDescription, InheritsTheSessionsAttributeWhereAMediumHasNone) {
  const auto offer = Description::decode(kOffer);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->inherited(0, "setup"), "actpass");
  EXPECT_EQ(offer->inherited(1, "setup"), "active");
  EXPECT_EQ(offer->inherited(0, "fingerprint"), std::nullopt);
  EXPECT_EQ(offer->inherited_all(0, "group").size(), 1U);
}

TEST(SdpMediaLine, IsMediaPortsProtocolAndFormats) {
  const auto offer = Description::decode(kOffer);
  const auto audio = MediaLine::decode(*offer->media(0).begin());
  ASSERT_TRUE(audio);
  EXPECT_EQ(audio->media, "audio");
  EXPECT_EQ(audio->port, 9);
  EXPECT_EQ(audio->port_count, 2U);
  EXPECT_EQ(audio->protocol, "UDP/TLS/RTP/SAVPF");
  EXPECT_THAT(audio->formats, ElementsAre("111", "63"));
}

TEST(SdpMediaLine, PointsAtTheFieldThatIsWrong) {
  EXPECT_EQ(MediaLine::decode({'m', "audio 70000 RTP/AVP 0", 100}).error().offset, 108U);
  EXPECT_EQ(MediaLine::decode({'m', "audio 9 RTP/AVP", 100}).error().fault, WireFault::Truncated);
  EXPECT_EQ(MediaLine::decode({'m', "audio  9 RTP/AVP 0", 0}).error().fault, WireFault::BadValue);
  EXPECT_FALSE(MediaLine::decode({'m', "audio 9/0 RTP/AVP 0", 0}));
}

TEST(SdpOriginLine, KeepsIdsThatAreLongerThan64Bits) {
  const auto origin = OriginLine::decode(
      {'o', "mozilla...THIS_IS_SDPARTA 99999999999999999999999 0 IN IP6 ::1", 0});
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->session_id, "99999999999999999999999");
  EXPECT_EQ(origin->connection.address, "::1");
  EXPECT_EQ(OriginLine::decode({'o', "- x 0 IN IP4 1.2.3.4", 0}).error().offset, 4U);
}

TEST(SdpDescription, ReadsBareLineFeedsAndBlankLinesAtTheEnd) {
  const auto text = Description::decode("v=0\ns=-\n\n\r\n");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->lines().size(), 2U);
  EXPECT_EQ(text->lines()[1].value, "-");
}

TEST(SdpDescription, RefusesWhatIsNoTextOfLines) {
  EXPECT_EQ(Description::decode("").error().fault, WireFault::Truncated);
  EXPECT_EQ(Description::decode("v=0\r\nhello\r\n").error().offset, 5U);
  EXPECT_EQ(Description::decode("v=0\r\n\r\ns=-\r\n").error().offset, 5U);
  EXPECT_EQ(Description::decode(std::string_view("v=0\r\ns=\0", 8)).error().offset, 7U);
  EXPECT_EQ(Description::decode("V=0\r\n").error().fault, WireFault::BadMagic);
  std::string many = "v=0\n";
  for (std::size_t i = 0; i < kMaxLines; ++i)
    many += "a=x\n";
  EXPECT_EQ(Description::decode(many).error().fault, WireFault::BadLength);
}

TEST(SdpDescription, SaysWhatTheLinesAsAWholeLack) {
  const auto faults = [](std::string_view text) {
    std::vector<std::string_view> expected;
    const auto description = Description::decode(text);
    for (const WireError& fault : description->faults())
      expected.push_back(fault.field);
    return expected;
  };
  EXPECT_THAT(faults("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\n"), ElementsAre("a t= line"));
  EXPECT_THAT(faults("v=1\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\n"),
              ElementsAre("version 0"));
  EXPECT_THAT(faults("v=0\r\ns=-\r\no=- 1 1 IN IP4 1.2.3.4\r\nt=0 0\r\n"),
              ElementsAre("lines in the order of RFC 8866 section 9"));
  EXPECT_THAT(faults("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\nr=1 2 3\r\nt=1 2\r\n"),
              IsEmpty());
  // A fragment of trickle ICE has no session lines (RFC 8840 section 4.2).
  EXPECT_THAT(faults("a=ice-ufrag:8hhY\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"), IsEmpty());
}

TEST(SdpNumber, HoldsDigitsOnlyAndTheLimit) {
  EXPECT_EQ(number_of("0"), 0U);
  EXPECT_EQ(number_of("65535", 65535), 65535U);
  EXPECT_EQ(number_of("65536", 65535), std::nullopt);
  EXPECT_EQ(number_of("18446744073709551615"), 18446744073709551615ULL);
  EXPECT_EQ(number_of("18446744073709551616"), std::nullopt);
  EXPECT_EQ(number_of(""), std::nullopt);
  EXPECT_EQ(number_of("-1"), std::nullopt);
  EXPECT_EQ(number_of("7", 3), std::nullopt);
}

// Every description that browsers and standards give comes out as it went in.
TEST(SdpVectors, AreWrittenAgainAsTheyWere) {
  std::size_t read = 0;
  for (const auto& file : test::files_in(test::source_path("tests/vectors/sdp"))) {
    const std::string text = test::read_text(file);
    const auto description = Description::decode(text);
    ASSERT_TRUE(description) << file << ": " << to_string(description.error());
    Writer writer;
    for (const Line& line : description->lines())
      writer.line(line.type, line.value);
    EXPECT_EQ(writer.text(), text) << file;
    EXPECT_THAT(description->faults(), IsEmpty()) << file;
    for (std::size_t i = 0; i < description->media_count(); ++i)
      EXPECT_TRUE(MediaLine::decode(*description->media(i).begin())) << file;
    ++read;
  }
  EXPECT_GE(read, 20U);
}

TEST(SdpVectors, EveryPrefixIsReadOrRefusedInside) {
  const std::string text =
      test::read_text(test::source_path("tests/vectors/sdp/aiortc-video-chrome.sdp"));
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto description = Description::decode(std::string_view(text).substr(0, size));
    if (description)
      EXPECT_THAT(description->lines(), Not(IsEmpty()));
    else
      EXPECT_LE(description.error().offset, size);
  }
}

TEST(SdpWriter, EndsEachLineWithCrLf) {
  Writer writer;
  writer.line('v', "0").attribute("rtcp-mux").attribute("mid", "0");
  EXPECT_EQ(writer.text(), "v=0\r\na=rtcp-mux\r\na=mid:0\r\n");
}

}  // namespace
}  // namespace parley::sdp

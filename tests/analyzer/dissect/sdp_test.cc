#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/dissect/field.h"
#include "tests/support/files.h"

namespace parley::analyzer {
namespace {

using testing::HasSubstr;
using testing::Not;

void expect_inside(const Field& field, std::size_t size) {
  EXPECT_LE(std::size_t{field.offset} + field.length, size) << field.name;
  for (const Field& child : field.children)
    expect_inside(child, size);
}

TEST(DissectSdp, ShowsEveryLineAndThePartsOfItsValue) {
  const std::string text =
      test::read_text(test::source_path("tests/vectors/sdp/aiortc-video-chrome.sdp"));
  const Field field = dissect_sdp(text);
  expect_inside(field, text.size());
  const std::string shown = to_text(field);
  EXPECT_THAT(shown, HasSubstr("description, 1 media section"));
  EXPECT_THAT(shown, HasSubstr("Media Description 1"));
  EXPECT_THAT(shown, HasSubstr("Encoding: VP8"));
  EXPECT_THAT(shown, HasSubstr("Clock Rate: 90000 Hz"));
  EXPECT_THAT(shown, HasSubstr("Hash Function: sha-256"));
  EXPECT_THAT(shown, HasSubstr("Candidate Type: host"));
  EXPECT_THAT(shown, Not(HasSubstr("Fault")));
  std::size_t lines = 0;
  for (const Field& section : field.children)
    lines += section.children.size();
  EXPECT_EQ(lines, static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
}

TEST(DissectSdp, NamesAnMdnsCandidate) {
  const Field field = dissect_sdp(
      "m=audio 9 RTP/AVP 0\r\na=candidate:1 1 udp 2113937151 1f4712db.local 54596 typ host\r\n");
  EXPECT_THAT(to_text(field), HasSubstr("Address: 1f4712db.local (mDNS name)"));
  EXPECT_THAT(to_text(field), HasSubstr("fragment, 1 media section"));
}

TEST(DissectSdp, PointsAtWhatIsWrong) {
  const std::string text = "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\na=ice-ufrag:ab\r\n";
  const Field field = dissect_sdp(text);
  const Field& line = field.children.at(0).children.at(4);
  ASSERT_EQ(line.children.size(), 1U);
  EXPECT_TRUE(line.children[0].fault);
  EXPECT_EQ(line.children[0].offset, text.find("ab"));
  EXPECT_THAT(line.children[0].value, HasSubstr("4 to 256 ice-chars"));
}

TEST(DissectSdp, SaysThatOtherTextIsNoDescription) {
  const Field field = dissect_sdp("v=0\r\nGET / HTTP/1.1\r\n");
  EXPECT_EQ(field.value, "not a description");
  ASSERT_EQ(field.children.size(), 1U);
  EXPECT_EQ(field.children[0].offset, 5U);
}

}  // namespace
}  // namespace parley::analyzer

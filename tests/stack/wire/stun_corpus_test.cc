// Messages and registries that other projects keep.

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/wire/stun.h"
#include "tests/support/files.h"

namespace parley::stun {
namespace {

using testing::ElementsAre;

TEST(StunNames, SpeakTheRegistrysWords) {
  EXPECT_EQ(method_name(Method::ChannelBind), "ChannelBind");
  EXPECT_EQ(method_name(static_cast<Method>(0x123)), "0x0123");
  EXPECT_EQ(attribute_name(0x0020), "XOR-MAPPED-ADDRESS");
  EXPECT_EQ(attribute_name(0x7f01), "0x7f01");
  EXPECT_EQ(class_name(Class::Error), "error response");
  EXPECT_EQ(error_name(508), "Insufficient Capacity");
  EXPECT_EQ(error_name(499), "");
  EXPECT_EQ(to_string(TransactionId{std::byte{0xb7}}), "b70000000000000000000000");
}

// The registry as IANA publishes it, but for what it marks as reserved, and for 0xC001, which
// WebRTC agents use otherwise.
TEST(StunNames, AgreeWithTheRegistry) {
  std::ifstream registry(test::source_path("fuzz/corpora/pion-stun/stun-parameters-4.csv"));
  ASSERT_TRUE(registry.good());
  std::size_t compared = 0;
  for (std::string line; std::getline(registry, line);) {
    const std::size_t comma = line.find(',');
    if (!line.starts_with("0x") || comma != 6)
      continue;
    const std::string name = line.substr(comma + 1, line.find(',', comma + 1) - comma - 1);
    const auto type = static_cast<std::uint16_t>(std::stoul(line.substr(0, comma), nullptr, 16));
    if (name.starts_with("Reserved") || name == "Unassigned" || type == 0xc000 || type == 0xc001 ||
        type == 0xc002)
      continue;
    const std::string ours = attribute_name(type);
    EXPECT_EQ(ours, name == "ECN-CHECK STUN" ? "ECN-CHECK" : name);
    ++compared;
  }
  EXPECT_EQ(compared, 54U);
}

std::optional<MessageView> decoded(const ByteBuffer& bytes) {
  const auto view = MessageView::decode(bytes);
  return view ? std::optional(*view) : std::nullopt;
}

TEST(StunCorpus, LibwebrtcMessagesShowWhatTheirBytesSay) {
  const auto file = [](const std::string& name) {
    return test::read_bytes(test::source_path("fuzz/corpora/libwebrtc-stun/" + name + ".stun"));
  };
  const auto mapped = file("0");
  EXPECT_EQ(decoded(mapped)->mapped_address(), Endpoint::parse("172.23.68.230:40444"));
  const auto xored = file("1");
  EXPECT_EQ(decoded(xored)->xor_mapped_address(), Endpoint::parse("172.23.68.230:56743"));
  const auto plain6 = file("2");
  EXPECT_EQ(decoded(plain6)->mapped_address(),
            Endpoint::parse("[2401:fa00:4:1000:be30:5bff:fee5:c3]:47233"));
  const auto xored6 = file("4");
  EXPECT_EQ(decoded(xored6)->xor_mapped_address(),
            Endpoint::parse("[2401:fa00:4:1000:be30:5bff:fee5:c3]:59977"));
  const auto classic = file("9");
  EXPECT_FALSE(decoded(classic)->has_cookie());
  const auto named = file("13");
  EXPECT_EQ(decoded(named)->username(), "abc");
  const auto refused = file("14");
  EXPECT_EQ(decoded(refused)->error_code()->code, 401);
  EXPECT_EQ(decoded(refused)->error_code()->reason, "Unauthorized");
  const auto unknown = file("16");
  EXPECT_THAT(decoded(unknown)->unknown_required(), ElementsAre(0x00aa));
  EXPECT_EQ(decoded(unknown)->username(), "abc");
  // RFC 5769 section 2.2 with bytes exchanged: its MESSAGE-INTEGRITY reaches beyond the end.
  const auto crashed = file("validator-crash-1");
  EXPECT_EQ(MessageView::decode(crashed).error(),
            (WireError{WireFault::BadLength, 62, "attribute length within the message"}));
}

// Binding requests that browsers sent; Firefox adds FINGERPRINT.
TEST(StunCorpus, MessagesOfBrowsersDecodeAndTheirFingerprintsFit) {
  std::ifstream table(test::source_path("fuzz/corpora/pion-stun/frombrowsers.csv"));
  ASSERT_TRUE(table.good());
  std::size_t messages = 0, fingerprints = 0;
  for (std::string line; std::getline(table, line);) {
    const std::size_t begin = line.find(',') + 1;
    const std::string text = line.substr(begin, line.find(',', begin) - begin);
    if (!text.starts_with("AAE"))
      continue;
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    ByteBuffer bytes;
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text.substr(0, text.find('='))) {
      bits = (bits << 6U) | static_cast<std::uint32_t>(kAlphabet.find(c));
      held += 6;
      if (held >= 8) {
        held -= 8;
        bytes.push_back(static_cast<std::byte>((bits >> held) & 0xffU));
      }
    }
    const auto view = MessageView::decode(bytes);
    ASSERT_TRUE(view.has_value()) << text;
    EXPECT_EQ(view->message_class(), Class::Request);
    ++messages;
    if (line.find("Firefox") != std::string::npos) {
      EXPECT_EQ(view->verify_fingerprint(), Verification::Good) << text;
      ++fingerprints;
    }
  }
  EXPECT_EQ(messages, 14U);
  EXPECT_EQ(fingerprints, 5U);
}

}  // namespace
}  // namespace parley::stun

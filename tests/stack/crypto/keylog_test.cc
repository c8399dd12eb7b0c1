#include "stack/crypto/keylog.h"

#include <string>

#include <gtest/gtest.h>

namespace parley::crypto {
namespace {

// Written by OpenSSL 3.0 (s_client -keylogfile) for a DTLS 1.2 handshake.
constexpr std::string_view kRandom =
    "2a71adb6c011d452030a0b83f5ef6a3d220f37bd52eb701465cb15511c647104";
constexpr std::string_view kMasterSecret =
    "987b54b1a0cb83707200733862e13f3540aa40e1c5ff376440ef916061a6c84f3256a8cf27ff4e8be67b9c615b62fe"
    "3"
    "2";

std::string client_random_line() {
  return "CLIENT_RANDOM " + std::string(kRandom) + " " + std::string(kMasterSecret);
}

TEST(Keylog, ReadsAMasterSecret) {
  const Keylog log = parse_keylog(client_random_line() + "\n");
  ASSERT_EQ(log.entries.size(), 1U);
  EXPECT_EQ(log.entries[0].label, KeylogLabel::ClientRandom);
  EXPECT_EQ(to_hex(log.entries[0].client_random), kRandom);
  EXPECT_EQ(to_hex(log.entries[0].secret), kMasterSecret);
  EXPECT_EQ(log.bad_line_count, 0U);
}

TEST(Keylog, WritesWhatItReads) {
  for (const KeylogLabel label :
       {KeylogLabel::ClientEarlyTrafficSecret, KeylogLabel::ClientHandshakeTrafficSecret,
        KeylogLabel::ServerHandshakeTrafficSecret, KeylogLabel::ClientTrafficSecret0,
        KeylogLabel::ServerTrafficSecret0, KeylogLabel::EarlyExporterSecret,
        KeylogLabel::ExporterSecret}) {
    const KeylogEntry entry{label, ByteBuffer(32, std::byte{0xa5}), ByteBuffer(32, std::byte{1})};
    const Keylog log = parse_keylog(to_line(entry));
    ASSERT_EQ(log.entries.size(), 1U) << to_string(label);
    EXPECT_EQ(log.entries[0], entry);
  }
  const Keylog log = parse_keylog(client_random_line());
  ASSERT_EQ(log.entries.size(), 1U);
  EXPECT_EQ(to_line(log.entries[0]), client_random_line());
}

TEST(Keylog, SkipsCommentsBlankLinesCarriageReturnsAndAByteOrderMark) {
  const Keylog log = parse_keylog("\xef\xbb\xbf# SSL/TLS secrets log file\r\n\r\n  \r\n" +
                                  client_random_line() + "\r\n#end");
  EXPECT_EQ(log.entries.size(), 1U);
  EXPECT_EQ(log.bad_line_count, 0U);
}

TEST(Keylog, ReportsTheNumberOfEachBadLineAndReadsOn) {
  const std::string random(kRandom);
  const Keylog log = parse_keylog("CLIENT_RANDOM\n" + client_random_line() + "\n" +      // 1, 2
                                  "CLIENT_RANDOM " + random + " 00\n" +                  // 3
                                  "CLIENT_RANDOM zz" + random.substr(2) + " 00\n" +      // 4
                                  client_random_line() + " more\n" +                     // 5
                                  "client_random is a lower-case word\n" +               // 6
                                  "EXPORTER_SECRET " + random.substr(2) + " 00\n" +      // 7
                                  "EXPORTER_SECRET " + random + " 0x" + random + "\n");  // 8
  EXPECT_EQ(log.entries.size(), 1U);
  ASSERT_EQ(log.bad_lines.size(), 7U);
  const std::vector<std::pair<std::size_t, std::string>> expected = {
      {1, "expected a label, a client random and a secret"},
      {3, "the secret's size does not fit its label"},
      {4, "the client random is not hexadecimal"},
      {5, "more than three words"},
      {6, "not a key log line"},
      {7, "the client random is not 32 bytes"},
      {8, "the secret is not hexadecimal"}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(log.bad_lines[i].number, expected[i].first);
    EXPECT_EQ(log.bad_lines[i].reason, expected[i].second);
  }
}

TEST(Keylog, CountsLabelsOfOtherProgramsWithoutCallingThemBad) {
  const Keylog log = parse_keylog("RSA 0011223344556677 00\nECH_SECRET 00 00\n");
  EXPECT_EQ(log.unknown_labels, 2U);
  EXPECT_EQ(log.bad_line_count, 0U);
}

TEST(Keylog, EveryPrefixOfALineIsEitherBadOrEmptyAndNeverAnEntry) {
  const std::string line = client_random_line();
  for (std::size_t size = 0; size < line.size(); ++size)
    EXPECT_TRUE(parse_keylog(std::string_view(line).substr(0, size)).entries.empty()) << size;
}

TEST(Keylog, RemembersABoundedNumberOfBadLines) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += "no key log at all\n";
  const Keylog log = parse_keylog(text);
  EXPECT_EQ(log.bad_line_count, 1000U);
  EXPECT_EQ(log.bad_lines.size(), Keylog::kMaxBadLines);
}

}  // namespace
}  // namespace parley::crypto

#include "stack/wire/dtls.h"

#include <algorithm>
#include <string>
#include <vector>

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

json vectors() {
  return json::parse(test::read_text(test::source_path("tests/vectors/dtls_captures.json")));
}

ByteBuffer captured(std::string_view source, std::uint64_t packet) {
  const json file = vectors();
  for (const json& d : file["datagrams"])
    if (d["packet"] == packet && d["source"].get<std::string>().find(source) != std::string::npos)
      return hex(d["hex"].get<std::string>());
  throw std::runtime_error("no vector");
}

bool has_fault(const Field& field) {
  for (const Field& part : field.children)
    if (has_fault(part))
      return true;
  return field.fault;
}

// The values of all fields of that name, in order.
void collect(const Field& field, std::string_view name, std::vector<std::string>& values) {
  if (field.name == name)
    values.push_back(field.value);
  for (const Field& part : field.children)
    collect(part, name, values);
}

std::vector<std::string> all(const Field& field, std::string_view name) {
  std::vector<std::string> values;
  collect(field, name, values);
  return values;
}

void expect_inside(const Field& field, std::size_t begin, std::size_t end) {
  EXPECT_GE(field.offset, begin) << field.name;
  EXPECT_LE(field.offset + field.length, end) << field.name;
  for (const Field& part : field.children)
    expect_inside(part, begin, end);
}

TEST(DissectDtls, OpensEveryRealDatagramWithoutAFault) {
  const json file = vectors();
  for (const json& d : file["datagrams"]) {
    const ByteBuffer bytes = hex(d["hex"].get<std::string>());
    const Field root = dissect_dtls(bytes, {}, 100);
    EXPECT_FALSE(has_fault(root)) << to_text(root);
    expect_inside(root, 100, 100 + bytes.size());
    EXPECT_TRUE(json::accept(to_json(root)));
  }
}

TEST(DissectDtls, ShowsWhatAServerChose) {
  const Field root = dissect_dtls(captured("c06-aiortc", 18));
  EXPECT_EQ(root.value,
            "ServerHello; Certificate; ServerKeyExchange; CertificateRequest; ServerHelloDone");
  using Values = std::vector<std::string>;
  EXPECT_EQ(all(root, "Cipher Suite"),
            Values{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 (0xcca9)"});
  EXPECT_EQ(all(root, "Named Curve"), Values{"x25519 (0x001d)"});
  EXPECT_EQ(all(root, "use_srtp"), Values{"SRTP_AES128_CM_HMAC_SHA1_80 (0x0001)"});
  EXPECT_EQ(all(root, "Certificate"), (Values{"287 bytes", "281 bytes"}));
  EXPECT_EQ(all(root, "Certificate Type"), (Values{"rsa_sign (1)", "ecdsa_sign (64)"}));
  EXPECT_EQ(all(root, "Signature Algorithm").size(), 10U);
  EXPECT_NE(find(root, "extended_master_secret"), nullptr);
}

TEST(DissectDtls, ShowsTheKeyShareOfDtls13WithItsSize) {
  const Field root = dissect_dtls(captured("c01-lan", 29));
  EXPECT_EQ(all(root, "key_share"), std::vector<std::string>{"X25519MLKEM768, 1120 bytes"});
  EXPECT_EQ(all(root, "supported_versions"), std::vector<std::string>{"DTLS 1.3 (0xfefc)"});
}

TEST(DissectDtls, PutsTogetherAHelloOfOneDatagramAndPointsAtItsOctets) {
  const ByteBuffer bytes = captured("c06-aiortc", 17);
  const Field root = dissect_dtls(bytes);
  const Field* hello = find(root, "Reassembled ClientHello");
  ASSERT_NE(hello, nullptr);
  EXPECT_EQ(all(*hello, "Cipher Suite").size(), 56U);
  const Field* random = find(*hello, "Random");
  ASSERT_NE(random, nullptr);
  EXPECT_EQ(to_hex(Bytes(bytes).subspan(random->offset, random->length)), random->value);
  // The last signature algorithm stands behind the fragment boundary.
  const Field* list = find(*hello, "Signature Algorithms");
  ASSERT_NE(list, nullptr);
  const Field& last = list->children.back();
  EXPECT_EQ(last.offset + last.length, bytes.size());
}

TEST(DissectDtls, ShowsAHelloOfSeveralDatagramsAsFragments) {
  const Field root = dissect_dtls(captured("c01-lan", 17));
  EXPECT_EQ(root.value, "ClientHello (bytes 1175..1413 of 1413)");
  EXPECT_EQ(find(root, "Reassembled ClientHello"), nullptr);
}

TEST(DissectDtls, SaysEncryptedWhereItIs) {
  EXPECT_EQ(dissect_dtls(captured("c01-lan", 30)).value, "DTLS 1.3 record, encrypted");
  EXPECT_EQ(dissect_dtls(captured("c06-aiortc", 1077)).value, "alert, encrypted");
  EXPECT_EQ(dissect_dtls(captured("c06-aiortc", 21)).value,
            "change_cipher_spec; handshake, encrypted");
  EXPECT_EQ(find(dissect_dtls(captured("c06-aiortc", 1077)), "Level"), nullptr);
}

TEST(DissectDtls, ReadsAlertsAndAcknowledgmentsInClear) {
  EXPECT_EQ(dissect_dtls(hex("15fefd000000000000000000020228")).value,
            "alert: fatal handshake_failure");
  const Field ack =
      dissect_dtls(hex("1afefd00000000000000000012001000000000000000000000000000000003"));
  EXPECT_FALSE(has_fault(ack)) << to_text(ack);
  EXPECT_EQ(all(ack, "Record Numbers"), std::vector<std::string>{"1"});
  EXPECT_EQ(all(ack, "Record Number"), std::vector<std::string>{"epoch 0, sequence number 3"});
}

TEST(DissectDtls, ARecordOfBadLengthDoesNotHideTheNext) {
  // Eight octets of ciphertext are fewer than any suite makes; an alert in clear follows.
  const Field root =
      dissect_dtls(hex("17fefd000100000000000100080102030405060708"
                       "15fefd000000000000000000020228"));
  ASSERT_EQ(root.children.size(), 2U) << to_text(root);
  EXPECT_TRUE(root.fault);
  EXPECT_TRUE(root.children[0].fault);
  EXPECT_EQ(root.children[0].length, 21U);
  EXPECT_EQ(all(root.children[0], "Length"),
            std::vector<std::string>{"8 (expected 16 to 18432 bytes)"});
  EXPECT_EQ(root.children[1].value, "alert: fatal handshake_failure");
  EXPECT_FALSE(root.children[1].fault);
}

TEST(DissectDtls, FlagsAHelloRetryRequest) {
  const ByteBuffer bytes =
      hex("16fefd000000000000000000480200003c000000000000003c"
          "fefdcf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c00130100"
          "0014002b0002fefc00330002001d002c00040002abcd");
  const Field root = dissect_dtls(bytes);
  EXPECT_FALSE(has_fault(root)) << to_text(root);
  EXPECT_NE(find(root, "HelloRetryRequest"), nullptr);
  EXPECT_EQ(all(root, "Selected Group"), std::vector<std::string>{"x25519 (0x001d)"});
  EXPECT_EQ(all(root, "cookie"), std::vector<std::string>{"abcd"});
}

TEST(DissectDtls, EveryPrefixShowsAFaultInsideItOrWholeRecords) {
  const ByteBuffer bytes = captured("c06-aiortc", 18);
  std::vector<std::size_t> ends;
  for (const dtls::RecordView& record : dtls::decode_records(bytes).records)
    ends.push_back(record.offset + record.size());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Field root = dissect_dtls(Bytes(bytes).first(size));
    expect_inside(root, 0, size);
    const bool whole = std::find(ends.begin(), ends.end(), size) != ends.end();
    EXPECT_EQ(has_fault(root), !whole) << size;
  }
}

TEST(DissectDtls, KeepsWhatStandsBeforeTheFault) {
  const Field root = dissect_dtls(hex("16fefd00000000000000000fff0100"));
  EXPECT_TRUE(has_fault(root));
  EXPECT_EQ(all(root, "Length"), std::vector<std::string>{"4095 (expected at most 2 bytes)"});
  const Field list = dissect_dtls(
      hex("16fefd0000000000000000001a0300000e000000000000000efefdff0102030405060708090a0b"));
  EXPECT_EQ(all(list, "Server Version"), std::vector<std::string>{"DTLS 1.2 (0xfefd)"});
  EXPECT_EQ(all(list, "Cookie"), std::vector<std::string>{"expected 255 bytes, 11 are left"});
}

}  // namespace
}  // namespace parley::analyzer

#include "stack/wire/stun.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analyzer/dissect/field.h"
#include "stack/crypto/hmac.h"
#include "tests/support/files.h"

namespace parley::analyzer {
namespace {

using nlohmann::json;
using stun::Attribute;

constexpr stun::TransactionId kId{std::byte{1}, std::byte{2}, std::byte{3}};

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

DissectOptions with_password(std::string password) {
  DissectOptions options;
  if (!password.empty())
    options.passwords.push_back(std::move(password));
  return options;
}

ByteBuffer vector_named(const std::string& name) {
  const json file = json::parse(test::read_text(test::source_path("tests/vectors/stun.json")));
  for (const json& vector : file["vectors"])
    if (vector["name"] == name)
      return hex(vector["hex"].get<std::string>());
  throw std::runtime_error("no vector " + name);
}

const Field& child(const Field& field, std::string_view name) {
  for (const Field& candidate : field.children)
    if (candidate.name == name)
      return candidate;
  throw std::runtime_error("no field " + std::string(name) + " in " + to_text(field));
}

bool has_fault(const Field& field) {
  for (const Field& part : field.children)
    if (has_fault(part))
      return true;
  return field.fault;
}

// A message of one attribute, whose value is written in hexadecimal, dissected.
Field one_attribute(Attribute type, std::string_view value,
                    stun::Method method = stun::Method::Binding) {
  ByteBuffer out;
  stun::MessageBuilder builder(out, stun::Class::Request, method, kId);
  const Field root = dissect_stun(builder.attribute(type, hex(value)).finish(), {});
  return child(root, stun::attribute_name(static_cast<std::uint16_t>(type)));
}

TEST(DissectStun, ShowsTheRequestOfRfc5769WithItsRanges) {
  const Field root = dissect_stun(vector_named("rfc5769-2.1-sample-request"),
                                  with_password("VOkJxbRl1RmTxUk/WvJxBt"), 42);
  EXPECT_EQ(root.value, "Binding request");
  EXPECT_FALSE(has_fault(root)) << to_text(root);
  const std::string expected =
      "[42..150)   STUN: Binding request\n"
      "  [42..44)    Message Type: 0x0001 (Binding request)\n"
      "  [44..46)    Message Length: 88\n"
      "  [46..50)    Magic Cookie: 0x2112a442\n"
      "  [50..62)    Transaction ID: b7e7a701bc34d686fa87dfae\n"
      "  [62..82)    SOFTWARE: STUN test client\n"
      "    [62..64)    Type: 0x8022\n"
      "    [64..66)    Length: 16\n"
      "    [66..82)    Value: STUN test client\n"
      "  [82..90)    PRIORITY: 1845494271\n"
      "    [82..84)    Type: 0x0024\n"
      "    [84..86)    Length: 4\n"
      "    [86..87)    Type Preference: 110\n"
      "    [87..89)    Local Preference: 1\n"
      "    [89..90)    Component: 1 (256 - 255)\n"
      "  [90..102)   ICE-CONTROLLED: 0x932ff9b151263b36\n"
      "    [90..92)    Type: 0x8029\n"
      "    [92..94)    Length: 8\n"
      "    [94..102)   Value: 0x932ff9b151263b36\n"
      "  [102..118)  USERNAME: evtj:h6vY\n"
      "    [102..104)  Type: 0x0006\n"
      "    [104..106)  Length: 9\n"
      "    [106..110)  Receiver's ufrag: evtj\n"
      "    [110..111)  Separator: :\n"
      "    [111..115)  Sender's ufrag: h6vY\n"
      "    [115..118)  Padding: 202020\n"
      "  [118..142)  MESSAGE-INTEGRITY: 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 (good: "
      "short-term "
      "password)\n"
      "    [118..120)  Type: 0x0008\n"
      "    [120..122)  Length: 20\n"
      "    [122..142)  Value: 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2\n"
      "  [142..150)  FINGERPRINT: 0xe57a3bcf (good)\n"
      "    [142..144)  Type: 0x8028\n"
      "    [144..146)  Length: 4\n"
      "    [146..150)  Value: 0xe57a3bcf\n";
  EXPECT_EQ(to_text(root), expected);
}

TEST(DissectStun, ChecksIntegrityByWhatThePasswordCanMean) {
  const auto integrity = [](const ByteBuffer& message, const std::string& password) {
    return child(dissect_stun(message, with_password(password)), "MESSAGE-INTEGRITY")
        .value.substr(41);
  };
  const ByteBuffer short_term = vector_named("rfc5769-2.1-sample-request");
  EXPECT_EQ(integrity(short_term, ""), "(not checked: no password given)");
  EXPECT_EQ(integrity(short_term, "wrong"), "(bad: does not fit the short-term password)");
  const ByteBuffer long_term = vector_named("rfc5769-2.4-long-term-request");
  EXPECT_EQ(integrity(long_term, "TheMatrIX"), "(good: long-term password)");
  // As it is typed, with what SASLprep maps to nothing (RFC 5769 section 2.4).
  EXPECT_EQ(integrity(long_term, "The\u00ADM\u00AAtr\u2168"),
            "(bad: does not fit the long-term password)");
  EXPECT_EQ(integrity(long_term, "The\u00ADMatrIX"), "(good: long-term password)");
  EXPECT_EQ(integrity(long_term, "TheMatrix"), "(bad: does not fit the long-term password)");
  ByteBuffer response;
  const Bytes success =
      stun::MessageBuilder(response, stun::Class::Success, stun::Method::Allocate, kId)
          .message_integrity(as_bytes("key"))
          .finish();
  EXPECT_EQ(integrity(to_buffer(success), "key"),
            "(not checked: the long-term key needs USERNAME and REALM)");
}

TEST(DissectStun, ChecksTheSha256IntegrityWithBothLongTermKeys) {
  for (const bool sha256_key : {false, true}) {
    ByteBuffer out;
    const auto md5 = crypto::long_term_key("u", "r", "p");
    const auto sha = crypto::long_term_key_sha256("u", "r", "p");
    stun::MessageBuilder builder(out, stun::Class::Request, stun::Method::Allocate, kId);
    builder.text(Attribute::Username, "u").text(Attribute::Realm, "r");
    if (sha256_key)
      builder.u32(Attribute::PasswordAlgorithm, 0x00020000);
    builder.message_integrity_sha256(sha256_key ? Bytes(sha) : Bytes(md5));
    const Field root = dissect_stun(builder.finish(), with_password("p"));
    const std::string value = child(root, "MESSAGE-INTEGRITY-SHA256").value;
    EXPECT_TRUE(value.ends_with(sha256_key ? "(good: long-term password, SHA-256)"
                                           : "(good: long-term password)"))
        << value;
  }
}

TEST(DissectStun, ChecksTheShortIntegrityOfGoogPing) {
  ByteBuffer full;
  const Bytes with_sha1 =
      stun::MessageBuilder(full, stun::Class::Request, stun::Method::GoogPing, kId)
          .attribute(Attribute::GoogMessageIntegrity32, ByteBuffer(4))
          .finish();
  const auto digest = crypto::hmac_sha1(as_bytes("key"), {with_sha1.first(20)});
  std::copy_n(digest.begin(), 4, full.begin() + 24);
  const auto value = [&](const std::string& password) {
    return child(dissect_stun(full, with_password(password)), "GOOG-MESSAGE-INTEGRITY-32")
        .value.substr(9);
  };
  EXPECT_EQ(value("key"), "(good: short-term password)");
  EXPECT_EQ(value("kez"), "(bad: does not fit the short-term password)");
}

TEST(DissectStun, WrongFingerprintShowsWhatWasExpected) {
  ByteBuffer bytes = vector_named("rfc5769-2.1-sample-request");
  bytes[30] ^= std::byte{1};
  const Field root = dissect_stun(bytes, {});
  const Field& field = child(root, "FINGERPRINT");
  EXPECT_TRUE(field.fault);
  const auto expected = stun::MessageView::decode(bytes)->computed_fingerprint().value();
  ByteBuffer octets;
  ByteWriter(octets).u32(expected);
  EXPECT_EQ(field.value, "0xe57a3bcf (bad: expected 0x" + to_hex(octets) + ")");
}

TEST(DissectStun, ShowsWhatDoesNotCountAsIgnored) {
  ByteBuffer out;
  stun::MessageBuilder builder(out, stun::Class::Request, stun::Method::Binding, kId);
  builder.u32(Attribute::Priority, 1)
      .u32(Attribute::Priority, 2)
      .message_integrity(as_bytes("key"))
      .flag(Attribute::UseCandidate);
  const Field root = dissect_stun(builder.finish(), {});
  EXPECT_EQ(root.children[4].value, "1");
  EXPECT_EQ(root.children[5].value, "2 (ignored: the first one counts)");
  EXPECT_EQ(child(root, "USE-CANDIDATE").value,
            "set (ignored: stands behind the attribute that ends the checked part)");
}

struct Expected {
  Attribute type;
  std::string_view value;
  std::string_view text;
};

TEST(DissectStun, SaysWhatEachAttributeMeans) {
  const std::vector<Expected> cases{
      {Attribute::XorMappedAddress, "0001a147e112a643", "192.0.2.1:32853"},
      {Attribute::MappedAddress, "00018055c0000201", "192.0.2.1:32853"},
      {Attribute::ChangeRequest, "00000006", "answer from another address and port"},
      {Attribute::ChangeRequest, "00000002", "answer from another port"},
      {Attribute::ErrorCode, "00000457526f6c6520436f6e666c696374", "487 Role Conflict"},
      {Attribute::ErrorCode, "00000401556e617574686f72697a6564",
       "401 Unauthorized (Unauthenticated)"},
      {Attribute::ErrorCode, "00000426", "438 (Stale Nonce)"},
      {Attribute::ErrorCode, "000003010d0a", "301 \\x0d\\x0a"},
      {Attribute::UnknownAttributes, "001a7f01", "DONT-FRAGMENT (0x001a), 0x7f01"},
      {Attribute::ChannelNumber, "40010000", "0x4001"},
      {Attribute::ChannelNumber, "50000000", "0x5000 (of the range that RFC 8656 reserves)"},
      {Attribute::ChannelNumber, "00010000", "0x0001 (no channel number: 0x4000 to 0x4fff)"},
      {Attribute::Lifetime, "00000258", "600 s"},
      {Attribute::RequestedAddressFamily, "02000000", "IPv6"},
      {Attribute::EvenPort, "80", "even port, and the next one reserved"},
      {Attribute::EvenPort, "00", "even port"},
      {Attribute::RequestedTransport, "11000000", "UDP (17)"},
      {Attribute::DontFragment, "", "set"},
      {Attribute::PasswordAlgorithms, "0001000000020000", "MD5, SHA-256"},
      {Attribute::PasswordAlgorithm, "00020000", "SHA-256"},
      {Attribute::ReservationToken, "0102030405060708", "0102030405060708"},
      {Attribute::ResponsePort, "1f900000", "8080"},
      {Attribute::Padding, "0000000000", "5 bytes"},
      {Attribute::ConnectionId, "0000beef", "0x0000beef"},
      {Attribute::AddressErrorCode, "02000428", "IPv6: 440 (Address Family not Supported)"},
      {Attribute::Icmp, "0000060400000514", "type 3 code 4"},
      {Attribute::TransactionTransmitCounter, "00000301", "request 3, response 1"},
      {Attribute::EcnCheck, "00000005", "received with ECN 10"},
      {Attribute::MobilityTicket, "", "empty: a ticket is asked for"},
      {Attribute::IceControlling, "932ff9b151263b36", "0x932ff9b151263b36"},
      {Attribute::Renomination, "00000003", "3"},
      {Attribute::GoogNetworkInfo, "0001000a", "network 1, cost 10 (Wi-Fi)"},
      {Attribute::GoogNetworkInfo, "00020007", "network 2, cost 7"},
      {Attribute::GoogMiscInfo, "00010005", "GOOG-PING version 1, 5"},
      {Attribute::GoogDeltaAck, "0000000000000085", "0x0000000000000085"},
      {Attribute::DtlsInStunAck, "12345678deadbeef", "CRC-32 0x12345678, 0xdeadbeef"},
      {Attribute::DtlsInStunAck, "", "no datagram received"},
      {Attribute::Software, "6c6962006e", "lib\\x00n"},
  };
  for (const Expected& c : cases) {
    const Field field = one_attribute(c.type, c.value);
    EXPECT_EQ(field.value, c.text);
    EXPECT_FALSE(has_fault(field)) << to_text(field);
  }
}

TEST(DissectStun, UnknownAttributesSayWhetherTheyMayBeIgnored) {
  for (unsigned type = 0; type <= 0xffff; type += 61) {
    if (stun::is_known_attribute(static_cast<std::uint16_t>(type)))
      continue;
    const Field field = one_attribute(static_cast<Attribute>(type), "0102");
    EXPECT_EQ(field.value, type < 0x8000 ? "0102 (unknown, must be understood)"
                                         : "0102 (unknown, may be ignored)");
  }
}

TEST(DissectStun, NonceCookieNamesTheSecurityFeatures) {
  const Field nonce =
      one_attribute(Attribute::Nonce, to_hex(as_bytes("obMatJos2gAAAadl7W7PeDU4hKE72jda")));
  EXPECT_EQ(child(nonce, "Security Features").value, "0x800000: password algorithms");
  EXPECT_EQ(child(nonce, "Security Features").offset, 33U);
}

TEST(DissectStun, UserFragmentsAreShownOnlyInChecks) {
  EXPECT_EQ(one_attribute(Attribute::Username, "613a62").children.size(), 6U);
  EXPECT_EQ(one_attribute(Attribute::Username, "613a62", stun::Method::Allocate).children.size(),
            4U);
}

TEST(DissectStun, MalformedAttributeIsAFaultAtItsOffset) {
  const Field field = one_attribute(Attribute::XorMappedAddress, "0003a147e112a643");
  EXPECT_TRUE(field.fault);
  const Field& fault = child(field, "Fault");
  EXPECT_EQ(fault.offset, 25U);
  EXPECT_EQ(fault.value, "bad value: expected address family 1 (IPv4) or 2 (IPv6)");
}

TEST(DissectStun, DamagedMessageIsShownUpToTheDamage) {
  const ByteBuffer whole = vector_named("rfc5769-2.1-sample-request");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Field root =
        dissect_stun(Bytes(whole).first(size), with_password("VOkJxbRl1RmTxUk/WvJxBt"));
    EXPECT_TRUE(root.fault) << size;
    // Attributes that are whole are there: SOFTWARE ends at 40, PRIORITY at 48.
    const std::string text = to_text(root);
    EXPECT_EQ(text.find("SOFTWARE: STUN test client") != std::string::npos, size >= 40) << size;
    EXPECT_EQ(text.find("PRIORITY: 1845494271") != std::string::npos, size >= 48) << size;
  }
}

TEST(DissectStun, WrongLengthFieldIsMarkedThere) {
  const Field root = dissect_stun(vector_named("rfc8489-B.1-as-printed"), {});
  EXPECT_TRUE(root.fault);
  const Field& length = child(root, "Message Length");
  EXPECT_TRUE(length.fault);
  EXPECT_EQ(length.value, "156 (expected 136)");
}

TEST(DissectStun, MessageOfRfc3489IsNamed) {
  ByteBuffer bytes = hex("0001000041424344291fcd7cba58abd7f2410100");
  EXPECT_EQ(child(dissect_stun(bytes, {}), "Magic Cookie").value,
            "0x41424344 (not 0x2112a442: a message of RFC 3489)");
}

TEST(FieldText, JsonHasTheKeysOfTheContract) {
  Field root{"A \"name\"", "back\\slash\n", 1, 2, {}, false};
  root.add("child", "ü", 3, 4).fault = true;
  const json parsed = json::parse(to_json(root));
  EXPECT_EQ(parsed, (json{{"name", "A \"name\""},
                          {"value", "back\\slash\n"},
                          {"offset", 1},
                          {"length", 2},
                          {"children", json::array({{{"name", "child"},
                                                     {"value", "ü"},
                                                     {"offset", 3},
                                                     {"length", 4},
                                                     {"children", json::array()},
                                                     {"fault", true}}})}}));
  EXPECT_EQ(to_text(root), "[1..3)  A \"name\": back\\slash\n\n  [3..7) ! child: ü\n");
}

}  // namespace
}  // namespace parley::analyzer

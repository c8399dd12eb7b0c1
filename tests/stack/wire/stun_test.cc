#include "stack/wire/stun.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "stack/crypto/hmac.h"
#include "tests/support/files.h"

namespace parley::stun {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

const json& vectors() {
  static const json kList =
      json::parse(test::read_text(test::source_path("tests/vectors/stun.json")))["vectors"];
  return kList;
}

const json& vector_named(const std::string& name) {
  for (const json& vector : vectors())
    if (vector["name"] == name)
      return vector;
  throw std::runtime_error("no vector " + name);
}

ByteBuffer bytes_of(const json& vector) {
  return parse_hex(vector["hex"].get<std::string>()).value();
}

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

TransactionId id_of(std::string_view text) noexcept {
  TransactionId id{};
  const ByteBuffer bytes = hex(text);
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

const TransactionId kId = id_of("b7e7a701bc34d686fa87dfae");

// A Binding request with attributes written in hexadecimal, the length filled in.
ByteBuffer request_with(std::string_view attributes) {
  const ByteBuffer tail = hex(attributes);
  ByteBuffer message;
  ByteWriter writer(message);
  writer.u16(0x0001);
  writer.u16(static_cast<std::uint16_t>(tail.size()));
  writer.u32(kMagicCookie);
  writer.bytes(kId);
  writer.bytes(tail);
  return message;
}

ByteBuffer key_of(const json& vector) {
  if (vector["credential"] == "short-term")
    return to_buffer(as_bytes(vector["password"].get_ref<const std::string&>()));
  const std::string field =
      vector.contains("long_term_key_md5") ? "long_term_key_md5" : "long_term_key_sha256";
  return hex(vector[field].get<std::string>());
}

TEST(StunVectors, MessagesOfTheRfcsShowTheirPrintedFields) {
  for (const json& vector : vectors()) {
    if (vector.contains("expect"))
      continue;
    SCOPED_TRACE(vector["name"].get<std::string>());
    const ByteBuffer bytes = bytes_of(vector);
    const auto view = MessageView::decode(bytes);
    ASSERT_TRUE(view.has_value()) << to_string(view.error());
    EXPECT_EQ(view->method(), Method::Binding);
    EXPECT_FALSE(view->malformed().has_value());
    EXPECT_THAT(view->unknown_required(), IsEmpty());
    if (vector.contains("class")) {
      EXPECT_EQ(view->message_class(),
                vector["class"] == "success" ? Class::Success : Class::Request);
    }
    const auto expect_text = [&](const char* name, std::optional<std::string_view> found) {
      if (vector.contains(name)) {
        EXPECT_EQ(found, vector[name].get<std::string>()) << name;
      }
    };
    expect_text("software", view->text(Attribute::Software));
    expect_text("realm", view->text(Attribute::Realm));
    expect_text("nonce", view->text(Attribute::Nonce));
    if (!vector.contains("userhash"))
      expect_text("username", view->username());
    if (vector.contains("priority")) {
      EXPECT_EQ(view->priority(), vector["priority"].get<std::uint32_t>());
    }
    if (vector.contains("xor_mapped_address")) {
      EXPECT_EQ(view->xor_mapped_address(),
                Endpoint::parse(vector["xor_mapped_address"].get<std::string>()));
    }
  }
}

TEST(StunVectors, IntegrityAndFingerprintAreFoundAsPrinted) {
  for (const json& vector : vectors()) {
    if (vector.contains("expect"))
      continue;
    SCOPED_TRACE(vector["name"].get<std::string>());
    const ByteBuffer bytes = bytes_of(vector);
    const auto view = MessageView::decode(bytes);
    ASSERT_TRUE(view.has_value());
    const ByteBuffer key = key_of(vector);
    const bool sha256 = vector.contains("message_integrity_sha256");
    EXPECT_EQ(view->verify_integrity(key), sha256 ? Verification::Absent : Verification::Good);
    EXPECT_EQ(view->verify_integrity_sha256(key),
              sha256 ? Verification::Good : Verification::Absent);
    EXPECT_EQ(view->verify_fingerprint(),
              vector["fingerprint"] == "valid" ? Verification::Good : Verification::Absent);
  }
}

TEST(StunVectors, EveryChangedByteOfTheCheckedPartIsNoticed) {
  const json& vector = vector_named("rfc5769-2.1-sample-request");
  const ByteBuffer good = bytes_of(vector);
  const ByteBuffer key = key_of(vector);
  for (std::size_t i = kHeaderSize; i < good.size(); ++i) {
    ByteBuffer bad = good;
    bad[i] ^= std::byte{0x01};
    const auto view = MessageView::decode(bad);
    if (!view)
      continue;
    const bool both = view->verify_integrity(key) == Verification::Good &&
                      view->verify_fingerprint() == Verification::Good;
    EXPECT_FALSE(both) << "byte " << i;
  }
}

TEST(StunVectors, WrongPasswordDoesNotVerify) {
  const ByteBuffer bytes = bytes_of(vector_named("rfc5769-2.1-sample-request"));
  const auto view = MessageView::decode(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->verify_integrity(as_bytes("VOkJxbRl1RmTxUk/WvJxBT")), Verification::Bad);
}

TEST(StunVectors, TheExampleThatRfc8489PrintsWrongIsRejected) {
  const ByteBuffer bytes = bytes_of(vector_named("rfc8489-B.1-as-printed"));
  const auto view = MessageView::decode(bytes);
  ASSERT_FALSE(view.has_value());
  EXPECT_EQ(view.error().fault, WireFault::Truncated);
  EXPECT_EQ(view.error().offset, bytes.size());
  // Nor does its integrity fit when the length is mended.
  ByteBuffer mended = bytes;
  ByteWriter(mended).patch_u16(2, static_cast<std::uint16_t>(bytes.size() - kHeaderSize));
  const auto other = MessageView::decode(mended);
  ASSERT_TRUE(other.has_value());
  for (const std::string_view key :
       {"e8ca7ad59d5eb0518e312911d2dab2a9",
        "dd295a613b9058c3c23d6dc7165bda072304d989c9d0af3a8c7e184b4f9bb4a1"})
    EXPECT_EQ(other->verify_integrity_sha256(hex(key)), Verification::Bad);
}

TEST(StunDecode, EveryPrefixIsTruncated) {
  for (const json& vector : vectors()) {
    if (vector.contains("expect"))
      continue;
    const ByteBuffer bytes = bytes_of(vector);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto view = MessageView::decode(Bytes(bytes).first(size), 100);
      ASSERT_FALSE(view.has_value()) << size;
      EXPECT_EQ(view.error().fault, WireFault::Truncated) << size;
      EXPECT_EQ(view.error().offset, 100 + size);
    }
  }
}

TEST(StunDecode, WhatIsNoStunIsNamedWithItsOffset) {
  ByteBuffer bytes = request_with("");
  bytes[0] = std::byte{0x40};
  EXPECT_EQ(MessageView::decode(bytes, 7).error().fault, WireFault::BadMagic);
  EXPECT_EQ(MessageView::decode(bytes, 7).error().offset, 7U);
  EXPECT_FALSE(MessageView::looks_like(bytes));

  ByteBuffer odd = request_with("");
  ByteWriter(odd).patch_u16(2, 2);
  odd.resize(22);
  EXPECT_EQ(MessageView::decode(odd).error().fault, WireFault::BadLength);
  EXPECT_EQ(MessageView::decode(odd).error().offset, 2U);
  EXPECT_FALSE(MessageView::looks_like(odd));

  ByteBuffer more = request_with("");
  more.resize(24);
  EXPECT_EQ(MessageView::decode(more).error().fault, WireFault::BadLength);
}

TEST(StunDecode, AttributeLengthBeyondTheMessageIsFound) {
  for (const std::string_view attributes :
       {"0006000561626364", "8022ffff61626364", "8022fffd00000000", "0020000800000000"}) {
    const ByteBuffer bytes = request_with(attributes);
    const auto view = MessageView::decode(bytes);
    ASSERT_FALSE(view.has_value()) << attributes;
    EXPECT_EQ(view.error().fault, WireFault::BadLength);
    EXPECT_EQ(view.error().offset, 22U);
  }
}

TEST(StunDecode, OfACutMessageTheAttributesBeforeTheCutAreRead) {
  ByteBuffer out;
  MessageBuilder builder(out, Class::Request, Method::Binding, kId);
  builder.text(Attribute::Username, "abcd:efgh").u32(Attribute::Priority, 5);
  const Bytes whole = builder.message_integrity(as_bytes("key")).fingerprint().finish();
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    SCOPED_TRACE(size);
    const auto view = MessageView::decode_cut(whole.first(size), whole.size());
    ASSERT_EQ(view.has_value(), size >= kHeaderSize);
    if (!view)
      continue;
    EXPECT_EQ(view->transaction_id(), kId);
    EXPECT_EQ(view->is_cut(), size < whole.size());
    EXPECT_EQ(view->username().has_value(), size >= 33);
    EXPECT_EQ(view->priority().has_value(), size >= 44);
    EXPECT_EQ(view->verify_fingerprint(),
              size < whole.size() ? Verification::Absent : Verification::Good);
  }
  EXPECT_FALSE(MessageView::decode_cut(whole.first(40), whole.size() + 4).has_value());
}

TEST(StunDecode, AnErrorCodeIsReadThoughItsReasonIsCut) {
  ByteBuffer out;
  MessageBuilder builder(out, Class::Error, Method::Allocate, kId);
  const Bytes whole = builder.error_code(401, "Unauthorized").finish();
  const auto view = MessageView::decode_cut(whole.first(30), whole.size());
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->error_code()->code, 401);
  EXPECT_EQ(view->error_code()->reason, "");
  EXPECT_EQ(view->cut_attribute()->size, 16);
  EXPECT_FALSE(MessageView::decode_cut(whole.first(27), whole.size())->error_code().has_value());
}

TEST(StunDecode, MessageWithoutCookieIsOfRfc3489) {
  ByteBuffer bytes = request_with("");
  bytes[4] = std::byte{0x41};
  const auto view = MessageView::decode(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_FALSE(view->has_cookie());
  EXPECT_FALSE(MessageView::looks_like(bytes));
  EXPECT_TRUE(MessageView::looks_like(request_with("")));
}

TEST(StunDecode, MessageSizeComesFromTheLengthField) {
  const ByteBuffer bytes = request_with("00250000");
  EXPECT_EQ(MessageView::message_size(bytes), 24U);
  EXPECT_EQ(MessageView::message_size(Bytes(bytes).first(4)), 24U);
  EXPECT_EQ(MessageView::message_size(Bytes(bytes).first(3)), 0U);
}

TEST(StunDecode, ClassAndMethodAreTakenApartForAllValues) {
  for (unsigned method = 0; method <= 0xfff; ++method) {
    for (unsigned c = 0; c < 4; ++c) {
      ByteBuffer out;
      MessageBuilder(out, static_cast<Class>(c), static_cast<Method>(method), kId).finish();
      const auto view = MessageView::decode(out);
      ASSERT_TRUE(view.has_value());
      ASSERT_EQ(view->message_class(), static_cast<Class>(c));
      ASSERT_EQ(view->method(), static_cast<Method>(method));
    }
  }
}

TEST(StunPosition, AttributeBehindMessageIntegrityIsIgnored) {
  ByteBuffer out;
  MessageBuilder builder(out, Class::Request, Method::Binding, kId);
  builder.u32(Attribute::Priority, 1)
      .message_integrity(as_bytes("key"))
      .flag(Attribute::UseCandidate)
      .message_integrity_sha256(as_bytes("key"))
      .text(Attribute::Username, "a:b")
      .fingerprint()
      .text(Attribute::Software, "behind");
  const auto view = MessageView::decode(builder.finish());
  ASSERT_TRUE(view.has_value());
  EXPECT_TRUE(view->has(Attribute::Priority));
  EXPECT_TRUE(view->has(Attribute::MessageIntegritySha256));
  EXPECT_TRUE(view->has(Attribute::Fingerprint));
  EXPECT_FALSE(view->has(Attribute::UseCandidate));
  EXPECT_FALSE(view->username().has_value());
  EXPECT_FALSE(view->text(Attribute::Software).has_value());
  EXPECT_EQ(view->verify_integrity(as_bytes("key")), Verification::Good);
  EXPECT_EQ(view->verify_integrity_sha256(as_bytes("key")), Verification::Good);
  EXPECT_EQ(view->verify_fingerprint(), Verification::Good);
  std::vector<bool> ignored;
  for (const AttributeView& attribute : view->attributes())
    ignored.push_back(MessageView::is_ignored(attribute));
  EXPECT_THAT(ignored, ElementsAre(false, false, true, false, true, false, true));
}

TEST(StunPosition, OnlyFingerprintCountsBehindTheSha256Integrity) {
  ByteBuffer out;
  MessageBuilder builder(out, Class::Request, Method::Binding, kId);
  builder.message_integrity_sha256(as_bytes("key"))
      .message_integrity(as_bytes("key"))
      .fingerprint();
  const auto view = MessageView::decode(builder.finish());
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->verify_integrity(as_bytes("key")), Verification::Absent);
  EXPECT_EQ(view->verify_fingerprint(), Verification::Good);
}

TEST(StunPosition, UnknownAttributeBehindTheIntegrityDoesNotCount) {
  ByteBuffer out;
  MessageBuilder builder(out, Class::Request, Method::Binding, kId);
  builder.message_integrity(as_bytes("key")).attribute(std::uint16_t{0x7f01}, {});
  EXPECT_THAT(MessageView::decode(builder.finish())->unknown_required(), IsEmpty());
}

TEST(StunAttributes, FirstOfTwoCounts) {
  const auto bytes = request_with("0024000400000001 0024000400000002");
  EXPECT_EQ(MessageView::decode(bytes)->priority(), 1U);
}

TEST(StunAttributes, UnknownTypesThatMustBeUnderstoodAreListedOnce) {
  const auto bytes = request_with("7f010000 80fe0000 00330000 7f010000");
  EXPECT_THAT(MessageView::decode(bytes)->unknown_required(), ElementsAre(0x7f01, 0x0033));
}

TEST(StunAttributes, PaddingMayHoldAnything) {
  const auto bytes = request_with("00060001 61ffffff 00240004 00000007");
  const auto view = MessageView::decode(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->username(), "a");
  EXPECT_EQ(view->priority(), 7U);
}

struct Malformed {
  std::string_view attribute;
  std::uint32_t offset;
  WireFault fault;
};

TEST(StunAttributes, MalformedValuesAreNamedWithTheirOffset) {
  const std::vector<Malformed> cases{
      {"0020000800000d96c0000201", 25, WireFault::BadValue},    // family 0
      {"0020000800030d96c0000201", 25, WireFault::BadValue},    // family 3
      {"0020000800020d96c0000201", 22, WireFault::BadLength},   // IPv6 in 8 bytes
      {"0020000400010d96", 22, WireFault::BadLength},           // no address
      {"0020000000240004 00000001", 22, WireFault::BadLength},  // empty
      {"0009000200000000", 22, WireFault::BadLength},           // ERROR-CODE of 2 bytes
      {"0009000400000201", 26, WireFault::BadValue},            // class 2
      {"0009000400000701", 26, WireFault::BadValue},            // class 7
      {"0009000400000464", 27, WireFault::BadValue},            // number 100
      {"000a000300240000", 22, WireFault::BadLength},           // odd list
      {"00250004 00000000", 22, WireFault::BadLength},          // USE-CANDIDATE with a value
      {"0024000200010000", 22, WireFault::BadLength},           // PRIORITY of 2 bytes
      {"802a000400000001", 22, WireFault::BadLength},           // tie-breaker of 4 bytes
      {"0008000400000001", 22, WireFault::BadLength},           // integrity of 4 bytes
      {"80280002 00010000", 22, WireFault::BadLength},          // fingerprint of 2 bytes
      {"8002000800020008 00000000", 26, WireFault::BadLength},  // parameters beyond the attribute
      {"80020006000200000001 0000", 28, WireFault::Truncated},  // half an algorithm
      {"001d000800020000 00010000", 28, WireFault::BadLength},  // two algorithms where one may be
      {"0017000403000000", 24, WireFault::BadValue},            // REQUESTED-ADDRESS-FAMILY 3
  };
  for (const Malformed& c : cases) {
    SCOPED_TRACE(c.attribute);
    const ByteBuffer bytes = request_with(c.attribute);
    const auto view = MessageView::decode(bytes, 1000);
    ASSERT_TRUE(view.has_value());
    const auto error = view->malformed();
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->fault, c.fault);
    EXPECT_EQ(error->offset, 1000 + c.offset);
    const AttributeView first = view->attributes().front();
    const auto type = static_cast<Attribute>(first.type);
    EXPECT_FALSE(view->endpoint(type).has_value());
    EXPECT_FALSE(view->u32(type).has_value());
    EXPECT_FALSE(view->u64(type).has_value());
    EXPECT_FALSE(view->text(type).has_value());
  }
  EXPECT_FALSE(MessageView::decode(request_with("0009000400000201"))->error_code().has_value());
}

TEST(StunAttributes, ErrorCodeIsHundredsAndNumber) {
  ByteBuffer out;
  MessageBuilder builder(out, Class::Error, Method::Binding, kId);
  builder.error_code(487, "Role Conflict").unknown_attributes({0x7f01, 0x0024});
  const auto view = MessageView::decode(builder.finish());
  ASSERT_TRUE(view->error_code().has_value());
  EXPECT_EQ(view->error_code()->code, 487);
  EXPECT_EQ(view->error_code()->reason, "Role Conflict");
  EXPECT_EQ(to_hex(view->find(Attribute::UnknownAttributes)->value), "7f010024");
}

TEST(StunBuilder, EveryKindOfValueComesBack) {
  const auto v4 = Endpoint::parse("192.0.2.1:32853").value();
  const auto v6 = Endpoint::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853").value();
  ByteBuffer out = to_buffer(as_bytes("before"));
  MessageBuilder builder(out, Class::Success, Method::Allocate, kId);
  builder.address(Attribute::XorMappedAddress, v4)
      .address(Attribute::XorRelayedAddress, v6)
      .address(Attribute::XorPeerAddress, v4)
      .address(Attribute::MappedAddress, v6)
      .u32(Attribute::Lifetime, 600)
      .u32(Attribute::ChannelNumber, 0x40010000)
      .u64(Attribute::IceControlling, 0x932ff9b151263b36)
      .text(Attribute::Username, "evtj:h6vY")
      .attribute(Attribute::Data, as_bytes("abcde"))
      .flag(Attribute::DontFragment)
      .message_integrity(as_bytes("key"))
      .fingerprint();
  const Bytes message = builder.finish();
  EXPECT_EQ(message.size() + 6, out.size());
  const auto view = MessageView::decode(message);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->transaction_id(), kId);
  EXPECT_EQ(view->xor_mapped_address(), v4);
  EXPECT_EQ(view->xor_relayed_address(), v6);
  EXPECT_EQ(view->xor_peer_address(), v4);
  EXPECT_EQ(view->mapped_address(), v6);
  EXPECT_EQ(view->u32(Attribute::Lifetime), 600U);
  EXPECT_EQ(view->channel_number(), 0x4001);
  EXPECT_EQ(view->u64(Attribute::IceControlling), 0x932ff9b151263b36U);
  EXPECT_EQ(view->username(), "evtj:h6vY");
  EXPECT_EQ(as_text(view->data().value()), "abcde");
  EXPECT_TRUE(view->has(Attribute::DontFragment));
  EXPECT_EQ(view->verify_integrity(as_bytes("key")), Verification::Good);
  EXPECT_EQ(view->verify_fingerprint(), Verification::Good);
  EXPECT_FALSE(view->malformed().has_value());
}

TEST(StunBuilder, RebuildsTheMessagesOfRfc5769) {
  for (const std::string_view name : {"rfc5769-2.2-ipv4-response", "rfc5769-2.3-ipv6-response"}) {
    const json& vector = vector_named(std::string(name));
    ByteBuffer out;
    MessageBuilder builder(out, Class::Success, Method::Binding, kId);
    const auto mapped = Endpoint::parse(vector["xor_mapped_address"].get<std::string>()).value();
    // The RFC pads "test vector" with a space.
    const Bytes message = builder.attribute(Attribute::Software, as_bytes("test vector"))
                              .address(Attribute::XorMappedAddress, mapped)
                              .finish();
    ByteBuffer expected = bytes_of(vector);
    expected[kHeaderSize + 4 + 11] = std::byte{0};
    EXPECT_EQ(to_hex(message.subspan(kHeaderSize)),
              to_hex(Bytes(expected).subspan(kHeaderSize, message.size() - kHeaderSize)));
  }
}

TEST(StunBuilder, MessageThatOutgrowsItsLengthFieldIsNotGivenOut) {
  ByteBuffer out;
  MessageBuilder builder(out, Class::Indication, Method::Send, kId);
  const ByteBuffer half(0x8000);
  builder.attribute(Attribute::Data, half).attribute(Attribute::Data, half).fingerprint();
  EXPECT_TRUE(builder.finish().empty());

  ByteBuffer fits;
  const ByteBuffer most(0xfff8);
  const Bytes message = MessageBuilder(fits, Class::Indication, Method::Send, kId)
                            .attribute(Attribute::Data, most)
                            .finish();
  ASSERT_TRUE(MessageView::decode(message).has_value());
  EXPECT_EQ(MessageView::decode(message)->data()->size(), most.size());
}

}  // namespace
}  // namespace parley::stun

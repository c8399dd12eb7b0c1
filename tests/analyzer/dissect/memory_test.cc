#include "analyzer/dissect/memory.h"

#include <gtest/gtest.h>

#include "analyzer/dissect/field.h"
#include "stack/crypto/hmac.h"
#include "stack/wire/turn.h"
#include "tests/analyzer/dissect/field_search.h"

namespace parley::analyzer {
namespace {

using stun::Attribute;

Endpoint at(std::string_view text) {
  return Endpoint::parse(text).value();
}

std::string hex_number(std::size_t value, std::size_t octets) {
  ByteBuffer out;
  for (std::size_t i = octets; i > 0; --i)
    out.push_back(static_cast<std::byte>(value >> (8 * (i - 1))));
  return to_hex(out);
}

// A HelloVerifyRequest of 20 bytes in a record of its own, from byte `begin` to `end`.
ByteBuffer fragment(std::size_t begin, std::size_t end, std::size_t type = 3) {
  const std::string body = "fefd11" + to_hex(ByteBuffer(17, std::byte{0xaa}));
  const std::string part = body.substr(2 * begin, 2 * (end - begin));
  return parse_hex("16fefd0000000000000000" + hex_number(12 + end - begin, 2) +
                   hex_number(type, 1) + "000014" + "0000" + hex_number(begin, 3) +
                   hex_number(end - begin, 3) + part)
      .value();
}

class DissectMemoryTest : public testing::Test {
 protected:
  Field dtls(std::uint64_t packet, const ByteBuffer& bytes, std::string_view from = kA) {
    memory.begin(packet, at(from), at(kB));
    return dissect_dtls(bytes, options);
  }
  Field turn(std::uint64_t packet, const ByteBuffer& bytes) {
    memory.begin(packet, at(kA), at(kB));
    return dissect_turn(bytes, options);
  }

  static constexpr std::string_view kA = "192.0.2.1:1000";
  static constexpr std::string_view kB = "192.0.2.2:2000";
  DissectMemory memory;
  DissectOptions options{{}, {}, {}, false, &memory, {}};
};

TEST_F(DissectMemoryTest, AMessageOfTwoPacketsIsOpenedUnderItsLastFragment) {
  EXPECT_EQ(find(dtls(13, fragment(0, 8)), "Reassembled HelloVerifyRequest"), nullptr);
  const Field root = dtls(14, fragment(8, 20));
  const Field* whole = find(root, "Reassembled HelloVerifyRequest");
  ASSERT_NE(whole, nullptr) << to_text(root);
  EXPECT_EQ(whole->value, "20 bytes from packets 13, 14; ranges below count in the message's body");
  EXPECT_NE(to_json(root).find(R"("length": 20, "within": "message", "children")"),
            std::string::npos)
      << to_json(root);
  EXPECT_EQ(to_json(dtls(15, fragment(0, 20))).find("within"), std::string::npos);
  const Field* cookie = find(*whole, "Cookie");
  ASSERT_NE(cookie, nullptr);
  EXPECT_EQ(cookie->offset, 3U);
  EXPECT_EQ(cookie->length, 17U);
}

TEST_F(DissectMemoryTest, TheFragmentsOfTwoFlowsAreKeptApart) {
  dtls(1, fragment(0, 8));
  const Field root = dtls(2, fragment(8, 20), "192.0.2.3:1000");
  EXPECT_EQ(find(root, "Reassembled HelloVerifyRequest"), nullptr) << to_text(root);
}

TEST_F(DissectMemoryTest, TheFragmentsOfTwoChannelsAreKeptApart) {
  const auto channel = [](std::uint16_t number, const ByteBuffer& data) {
    ByteBuffer out;
    turn::append_channel_data(out, number, data, false);
    return out;
  };
  turn(1, channel(0x4000, fragment(0, 8)));
  EXPECT_EQ(find(turn(2, channel(0x4001, fragment(8, 20))), "Reassembled HelloVerifyRequest"),
            nullptr);
  EXPECT_NE(find(turn(3, channel(0x4000, fragment(8, 20))), "Reassembled HelloVerifyRequest"),
            nullptr);
}

TEST_F(DissectMemoryTest, ARetransmissionIsNotOpenedAgain) {
  dtls(1, fragment(0, 8));
  dtls(2, fragment(8, 20));
  EXPECT_EQ(find(dtls(3, fragment(8, 20)), "Reassembled HelloVerifyRequest"), nullptr);
}

TEST_F(DissectMemoryTest, AnotherMessageOfTheSameNumberBeginsANewHandshake) {
  constexpr std::size_t kServerHello = 2;
  dtls(1, fragment(0, 8));
  dtls(2, fragment(8, 20));
  dtls(3, fragment(0, 8, kServerHello));
  EXPECT_NE(find(dtls(4, fragment(8, 20, kServerHello)), "Reassembled ServerHello"), nullptr);
}

TEST_F(DissectMemoryTest, MoreFlowsThanFitForgetTheOneUnusedForLongest) {
  dtls(1, fragment(0, 8));
  for (std::size_t i = 0; i < DissectMemory::kMaxFlows; ++i)
    dtls(2 + i, fragment(0, 8), "192.0.2.9:" + std::to_string(1000 + i));
  EXPECT_EQ(find(dtls(99, fragment(8, 20)), "Reassembled HelloVerifyRequest"), nullptr);
}

TEST_F(DissectMemoryTest, AResponseIsCheckedWithTheNamesOfItsRequest) {
  options.passwords = {"other", "secret"};
  const auto key = crypto::long_term_key("user", "realm", "secret");
  ByteBuffer request;
  stun::MessageBuilder(request, stun::Class::Request, stun::Method::Refresh, {})
      .text(Attribute::Username, "user")
      .text(Attribute::Realm, "realm")
      .message_integrity(key);
  ByteBuffer response;
  stun::MessageBuilder(response, stun::Class::Success, stun::Method::Refresh, {})
      .u32(Attribute::Lifetime, 600)
      .message_integrity(key);
  EXPECT_TRUE(find(turn(1, response), "MESSAGE-INTEGRITY")
                  ->value.ends_with("(not checked: the long-term key needs USERNAME and REALM)"));
  turn(2, request);
  EXPECT_TRUE(
      find(turn(3, response), "MESSAGE-INTEGRITY")->value.ends_with("(good: long-term password)"));
}

TEST_F(DissectMemoryTest, APasswordOfOneCredentialIsNoFaultOfAnother) {
  options.passwords = {"secret"};
  ByteBuffer check;
  stun::MessageBuilder(check, stun::Class::Request, stun::Method::Binding, {})
      .text(Attribute::Username, "a:b")
      .message_integrity(as_bytes("password of ICE"));
  const Field root = turn(1, check);
  EXPECT_FALSE(root.fault);
  EXPECT_TRUE(
      find(root, "MESSAGE-INTEGRITY")->value.ends_with("(the password given does not fit)"));
}

TEST(DissectIntegrity, AUserhashIsConfirmedByTheNamesGiven) {
  const auto key = crypto::long_term_key("user", "realm", "secret");
  const auto hash = crypto::sha256(as_bytes("user:realm"));
  ByteBuffer request;
  stun::MessageBuilder(request, stun::Class::Request, stun::Method::Allocate, {})
      .attribute(Attribute::Userhash, hash)
      .text(Attribute::Realm, "realm")
      .message_integrity(key);
  DissectOptions options;
  options.passwords = {"secret"};
  const auto text = [&] {
    return find(dissect_stun(request, options), "MESSAGE-INTEGRITY")->value;
  };
  EXPECT_TRUE(text().ends_with("needs USERNAME and REALM)")) << text();
  options.username = "user";
  EXPECT_TRUE(text().ends_with("(good: long-term password)")) << text();
  options.username = "another";
  EXPECT_TRUE(text().ends_with("needs USERNAME and REALM)")) << text();
}

}  // namespace
}  // namespace parley::analyzer

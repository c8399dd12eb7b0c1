#include "stack/wire/turn.h"

#include <gtest/gtest.h>

#include "analyzer/dissect/field.h"
#include "stack/wire/stun.h"

namespace parley::analyzer {
namespace {

using stun::Attribute;

const Field& child(const Field& field, std::string_view name) {
  for (const Field& candidate : field.children)
    if (candidate.name == name)
      return candidate;
  throw std::runtime_error("no field " + std::string(name) + " in " + to_text(field));
}

ByteBuffer binding_request() {
  ByteBuffer out;
  stun::MessageBuilder(out, stun::Class::Request, stun::Method::Binding, {})
      .message_integrity(as_bytes("inner password"))
      .fingerprint();
  return out;
}

TEST(DissectTurn, OpensTheCheckInsideChannelData) {
  ByteBuffer message;
  turn::append_channel_data(message, 0x4000, binding_request(), false);
  DissectOptions options;
  options.passwords = {"inner password"};
  const Field root = dissect_turn(message, options, 10);
  EXPECT_EQ(root.name, "ChannelData");
  EXPECT_EQ(root.value, "channel 0x4000, 52 bytes");
  const Field& inner = child(root, "STUN");
  EXPECT_EQ(inner.offset, 14U);
  EXPECT_EQ(inner.length, 52U);
  EXPECT_TRUE(child(inner, "MESSAGE-INTEGRITY").value.ends_with("(good: short-term password)"));
  EXPECT_EQ(child(inner, "FINGERPRINT").offset, 58U);
}

TEST(DissectTurn, OpensTheCheckInsideASendIndication) {
  ByteBuffer message;
  stun::MessageBuilder(message, stun::Class::Indication, stun::Method::Send, {})
      .address(Attribute::XorPeerAddress, Endpoint::parse("192.0.2.150:32102").value())
      .attribute(Attribute::Data, binding_request());
  const Field root = dissect_turn(message, {});
  EXPECT_EQ(root.value, "Send indication");
  EXPECT_EQ(child(root, "XOR-PEER-ADDRESS").value, "192.0.2.150:32102");
  const Field& data = child(root, "DATA");
  EXPECT_EQ(data.value, "52 bytes");
  EXPECT_EQ(child(data, "STUN").offset, 36U);
  // As STUN alone, DATA is not opened.
  const Field plain = dissect_stun(message, {});
  EXPECT_EQ(child(plain, "DATA").children.size(), 3U);
}

TEST(DissectTurn, ChecksTheIntegrityOfAMessageInsideASendIndication) {
  ByteBuffer message;
  stun::MessageBuilder(message, stun::Class::Indication, stun::Method::Send, {})
      .attribute(Attribute::Data, binding_request());
  DissectOptions options;
  options.passwords = {"inner password"};
  const Field root = dissect_turn(message, options);
  const Field& inner = child(child(root, "DATA"), "STUN");
  EXPECT_TRUE(child(inner, "MESSAGE-INTEGRITY").value.ends_with("(good: short-term password)"));
}

TEST(DissectTurn, RtpAndDtlsInsideAreOpened) {
  for (const std::string_view text : {"806f0001000000000000002a01020304",   // RTP
                                      "15fefd000000000000000000020228"}) {  // an alert
    ByteBuffer message;
    turn::append_channel_data(message, 0x4000, parse_hex(text).value(), true);
    const Field root = dissect_turn(message, {});
    const Field& inner = root.children[2];
    EXPECT_EQ(inner.name, text.starts_with("80") ? "RTP" : "DTLS");
    EXPECT_EQ(inner.offset, 4U);
    EXPECT_FALSE(inner.children.empty());
  }
}

TEST(DissectTurn, OctetsThatAreNoneOfTheseStayOctets) {
  ByteBuffer message;
  turn::append_channel_data(message, 0x4001, as_bytes("\x05hello"), true);
  const Field root = dissect_turn(message, {});
  EXPECT_EQ(child(root, "Application Data").value, "0568656c6c6f");
  EXPECT_EQ(child(root, "Padding").value, "0000");
}

TEST(DissectTurn, EveryPrefixOfChannelDataIsAFault) {
  ByteBuffer message;
  turn::append_channel_data(message, 0x4000, as_bytes("abcdef"), false);
  for (std::size_t size = 1; size < message.size(); ++size) {
    const Field root = dissect_turn(Bytes(message).first(size), {});
    EXPECT_TRUE(root.fault) << size;
    EXPECT_EQ(root.children.size(), size < 3 ? 1U : size < 5 ? 2U : 3U);
  }
}

TEST(DissectTurn, PeersOfOnePermissionAllCount) {
  ByteBuffer message;
  stun::MessageBuilder(message, stun::Class::Request, stun::Method::CreatePermission, {})
      .address(Attribute::XorPeerAddress, Endpoint::parse("192.0.2.150:0").value())
      .address(Attribute::XorPeerAddress, Endpoint::parse("192.0.2.151:0").value());
  const Field root = dissect_turn(message, {});
  EXPECT_EQ(root.children[4].value, "192.0.2.150:0");
  EXPECT_EQ(root.children[5].value, "192.0.2.151:0");
}

}  // namespace
}  // namespace parley::analyzer

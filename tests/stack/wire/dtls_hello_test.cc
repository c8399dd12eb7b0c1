#include <algorithm>

#include <gtest/gtest.h>

#include "stack/wire/dtls.h"
#include "tests/stack/wire/dtls_vectors.h"

namespace parley::dtls {
namespace {

using Numbers = std::vector<std::uint64_t>;
using Message = HandshakeReassembler::Message;

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

template <class T>
Numbers wide(const std::vector<T>& list) {
  return {list.begin(), list.end()};
}

Numbers types_of(const std::vector<Extension>& extensions) {
  Numbers types;
  for (const Extension& e : extensions)
    types.push_back(e.type);
  return types;
}

void expect_client_hello(std::string_view source, const std::vector<std::uint64_t>& packets) {
  SCOPED_TRACE(std::string(source) + " " + std::to_string(packets.back()));
  const std::vector<Message> messages = captured_messages(source, packets);
  ASSERT_EQ(messages.size(), 1U);
  ASSERT_EQ(messages[0].type, HandshakeType::ClientHello);
  const CapturedDatagram expected = captured(source, packets.back());
  const Result<ClientHello> hello = ClientHello::decode(messages[0].body);
  ASSERT_TRUE(hello) << to_string(hello.error());
  EXPECT_EQ(Numbers{hello->legacy_version}, expected.numbers("handshake.version"));
  EXPECT_EQ(to_hex(hello->random), expected.text("handshake.random"));
  EXPECT_EQ(to_hex(hello->session_id), expected.text("handshake.session_id"));
  EXPECT_EQ(to_hex(hello->cookie), expected.text("handshake.cookie"));
  EXPECT_EQ(wide(hello->cipher_suites), expected.numbers("handshake.ciphersuite"));
  EXPECT_EQ(types_of(hello->extensions), expected.numbers("handshake.extension.type"));
  EXPECT_EQ(wide(hello->supported_versions),
            expected.numbers("handshake.extensions.supported_version"));
  EXPECT_EQ(wide(hello->groups), expected.numbers("handshake.extensions_supported_group"));
  EXPECT_EQ(wide(hello->key_share_groups),
            expected.numbers("handshake.extensions_key_share_group"));
  EXPECT_EQ(wide(hello->signature_algorithms), expected.numbers("handshake.sig_hash_alg"));
  EXPECT_EQ(wide(hello->srtp_profiles), expected.numbers("use_srtp.protection_profile"));
  EXPECT_EQ(hello->extended_master_secret,
            std::ranges::count(types_of(hello->extensions), 23U) == 1);
}

TEST(DtlsClientHello, AgreesWithTsharkOnChromium) {
  expect_client_hello("c01-lan-av-data", {16, 17});
}
TEST(DtlsClientHello, AgreesWithTsharkOnChromiumBeforeAndAfterACookie) {
  expect_client_hello("c14-werift", {11, 12});
  expect_client_hello("c14-werift", {14, 15});
}
TEST(DtlsClientHello, AgreesWithTsharkOnOpenSsl) {
  expect_client_hello("c06-aiortc", {17});
  expect_client_hello("c18-janus", {14});
}
TEST(DtlsClientHello, AgreesWithTsharkOnDtls10) {
  expect_client_hello("dtls1_0", {1, 2});
  expect_client_hello("dtls1_0", {4, 5});
}

TEST(DtlsClientHello, OffersItsLegacyVersionWithoutSupportedVersions) {
  const auto old = captured_messages("c18-janus", {14});
  EXPECT_EQ(ClientHello::decode(old[0].body)->offered_versions(),
            std::vector<std::uint16_t>{kDtls12});
  const auto recent = captured_messages("c01-lan", {16, 17});
  EXPECT_EQ(ClientHello::decode(recent[0].body)->offered_versions(),
            (std::vector<std::uint16_t>{kDtls13, kDtls12}));
}

// A hello may end behind its compression methods (RFC 5246 section 7.4.1.2): that prefix is valid.
TEST(DtlsClientHello, EveryOtherPrefixFails) {
  for (const Message& message :
       {captured_messages("c01-lan", {16, 17})[0], captured_messages("c06-aiortc", {17})[0]}) {
    const Bytes body = message.body;
    std::vector<std::size_t> valid;
    for (std::size_t size = 0; size < body.size(); ++size) {
      const Result<ClientHello> hello = ClientHello::decode(body.first(size), 12);
      if (hello) {
        valid.push_back(size);
        EXPECT_TRUE(hello->extensions.empty());
        continue;
      }
      EXPECT_EQ(hello.error().fault, WireFault::Truncated) << size;
      EXPECT_LE(hello.error().offset, 12 + size);
    }
    EXPECT_EQ(valid.size(), 1U);
    EXPECT_TRUE(ClientHello::decode(body));
  }
}

TEST(DtlsClientHello, OctetsBehindItAreAFault) {
  ByteBuffer body = captured_messages("c18-janus", {14})[0].body;
  const std::size_t end = body.size();
  body.push_back(std::byte{0});
  EXPECT_EQ(ClientHello::decode(body).error(),
            (WireError{WireFault::BadLength, static_cast<std::uint32_t>(end), "end of the hello"}));
}

std::string client_hello_with(std::string_view extension) {
  ByteBuffer block = hex(extension);
  ByteBuffer length;
  ByteWriter(length).u16(static_cast<std::uint16_t>(block.size()));
  std::string random(64, '0');
  return "fefd" + random + "00" + "00" + "0002c02b" + "0100" + to_hex(length) + to_hex(block);
}

TEST(DtlsClientHello, ReadsNamesAndConnectionId) {
  const ByteBuffer body =
      hex(client_hello_with("0000000e000c000009612e6578616d706c65"
                            "0010000e000c0677656272746304632d7765"
                            "0036000302cafe"));
  const Result<ClientHello> hello = ClientHello::decode(body);
  ASSERT_TRUE(hello) << to_string(hello.error());
  EXPECT_EQ(hello->server_name, "a.example");
  EXPECT_EQ(hello->alpn, (std::vector<std::string>{"webrtc", "c-we"}));
  ASSERT_TRUE(hello->connection_id);
  EXPECT_EQ(to_hex(*hello->connection_id), "cafe");
}

TEST(DtlsClientHello, ShowsNoControlCharactersOfNames) {
  const ByteBuffer body = hex(client_hello_with("0000000800060000031b5b6d"));
  EXPECT_EQ(ClientHello::decode(body)->server_name, "\\x1b[m");
}

TEST(DtlsClientHello, ListsThatContradictTheirLengthsAreFaults) {
  const auto fault = [](std::string_view extension) {
    const ByteBuffer body = hex(client_hello_with(extension));
    const Result<ClientHello> hello = ClientHello::decode(body);
    return hello ? std::string("accepted") : std::string(to_string(hello.error().fault));
  };
  const std::string bad(to_string(WireFault::BadLength));
  const std::string cut(to_string(WireFault::Truncated));
  EXPECT_EQ(fault("000a00040002001d"), "accepted");
  EXPECT_EQ(fault("000a000500030017aa"), bad);    // an odd length
  EXPECT_EQ(fault("000a00040004001d"), cut);      // longer than the extension
  EXPECT_EQ(fault("000a00060002001d0000"), bad);  // octets behind the list
  EXPECT_EQ(fault("000e00050002000101"), cut);
  EXPECT_EQ(fault("0010000400020261"), cut);  // a name longer than its list
  EXPECT_EQ(fault("003300060005001d0001"), cut);
  EXPECT_EQ(fault("003300080004001d0002aabb"), bad);
  EXPECT_EQ(fault("000affff001d"), cut);
}

TEST(DtlsClientHello, ASessionIdLongerThan32IsAFault) {
  const ByteBuffer body = hex("fefd" + std::string(64, '0') + "21" + std::string(200, '0'));
  EXPECT_EQ(ClientHello::decode(body).error(),
            (WireError{WireFault::BadLength, 34, "session ID length"}));
}

void expect_server_hello(std::string_view source, std::uint64_t packet) {
  SCOPED_TRACE(std::string(source) + " " + std::to_string(packet));
  const std::vector<Message> messages = captured_messages(source, {packet});
  ASSERT_FALSE(messages.empty());
  ASSERT_EQ(messages[0].type, HandshakeType::ServerHello);
  const CapturedDatagram expected = captured(source, packet);
  const Result<ServerHello> hello = ServerHello::decode(messages[0].body);
  ASSERT_TRUE(hello) << to_string(hello.error());
  EXPECT_EQ(Numbers{hello->legacy_version}, expected.numbers("handshake.version"));
  EXPECT_EQ(to_hex(hello->random), expected.text("handshake.random"));
  EXPECT_EQ(to_hex(hello->session_id), expected.text("handshake.session_id"));
  EXPECT_EQ(Numbers{hello->cipher_suite}, expected.numbers("handshake.ciphersuite"));
  EXPECT_EQ(types_of(hello->extensions), expected.numbers("handshake.extension.type"));
  const auto optional = [](const std::optional<std::uint16_t>& value) {
    return value ? Numbers{*value} : Numbers{};
  };
  EXPECT_EQ(optional(hello->selected_version),
            expected.numbers("handshake.extensions.supported_version"));
  EXPECT_EQ(optional(hello->group), expected.numbers("handshake.extensions_key_share_group"));
  EXPECT_EQ(optional(hello->srtp_profile), expected.numbers("use_srtp.protection_profile"));
  EXPECT_FALSE(hello->is_hello_retry_request());
  for (std::size_t size = 0; size < messages[0].body.size(); ++size) {
    const auto cut = ServerHello::decode(Bytes(messages[0].body).first(size));
    if (cut)
      EXPECT_TRUE(cut->extensions.empty()) << size;
    else
      EXPECT_EQ(cut.error().fault, WireFault::Truncated) << size;
  }
}

TEST(DtlsServerHello, AgreesWithTshark) {
  expect_server_hello("c01-lan-av-data", 29);
  expect_server_hello("c14-werift", 16);
  expect_server_hello("c06-aiortc", 18);
  expect_server_hello("c18-janus", 15);
  expect_server_hello("dtls1_0", 6);
}

TEST(DtlsServerHello, TheVersionIsTheSelectedOne) {
  const auto recent = captured_messages("c01-lan", {29});
  const Result<ServerHello> hello = ServerHello::decode(recent[0].body);
  EXPECT_EQ(version_name(hello->version()), "DTLS 1.3");
  EXPECT_EQ(version_name(hello->legacy_version), "DTLS 1.2");
  EXPECT_EQ(group_name(hello->group.value()), "X25519MLKEM768");
}

TEST(DtlsServerHello, KnowsAHelloRetryRequestByItsRandom) {
  const ByteBuffer body =
      hex("fefdcf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c00130100"
          "0014002b0002fefc00330002001d002c00040002abcd");
  const Result<ServerHello> hello = ServerHello::decode(body);
  ASSERT_TRUE(hello) << to_string(hello.error());
  EXPECT_TRUE(hello->is_hello_retry_request());
  EXPECT_EQ(hello->group, 0x001d);
  EXPECT_EQ(hello->version(), kDtls13);
}

TEST(DtlsServerHello, NamesExactlyOneSrtpProfile) {
  const std::string start = "fefd" + std::string(64, '0') + "00c02b00";
  const ByteBuffer two = hex(start + "000b000e000700040001000700");
  EXPECT_EQ(ServerHello::decode(two).error().fault, WireFault::BadLength);
  const ByteBuffer one = hex(start + "0009000e00050002000700");
  EXPECT_EQ(ServerHello::decode(one)->srtp_profile, 0x0007);
}

TEST(DtlsHelloVerifyRequest, ReadsTheCookieAndFailsOnEveryPrefix) {
  const auto messages = captured_messages("c14-werift", {13});
  ASSERT_EQ(messages.size(), 1U);
  const Bytes body = messages[0].body;
  const Result<HelloVerifyRequest> request = HelloVerifyRequest::decode(body);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->version, kDtls12);
  EXPECT_EQ(to_hex(request->cookie), captured("c14-werift", 13).text("handshake.cookie"));
  for (std::size_t size = 0; size < body.size(); ++size)
    EXPECT_EQ(HelloVerifyRequest::decode(body.first(size)).error().fault, WireFault::Truncated);
}

TEST(DtlsCertificate, HasTheSizesThatTsharkSees) {
  for (const auto& [source, packet] :
       {std::pair{"c14-werift", 17U}, std::pair{"c18-janus", 16U}, std::pair{"dtls1_0", 6U}}) {
    const auto messages = captured_messages(source, {packet});
    const auto found = std::ranges::find(messages, HandshakeType::Certificate, &Message::type);
    ASSERT_NE(found, messages.end());
    const Result<CertificateMessage> list = CertificateMessage::decode(found->body);
    ASSERT_TRUE(list);
    Numbers sizes;
    for (const Bytes certificate : list->certificates)
      sizes.push_back(certificate.size());
    EXPECT_EQ(sizes, captured(source, packet).numbers("handshake.certificate_length"));
    for (std::size_t size = 0; size < found->body.size(); ++size)
      EXPECT_FALSE(CertificateMessage::decode(Bytes(found->body).first(size))) << size;
  }
}

TEST(DtlsCertificate, MayBeEmptyButHoldsNoEmptyCertificate) {
  EXPECT_TRUE(CertificateMessage::decode(hex("000000"))->certificates.empty());
  EXPECT_EQ(CertificateMessage::decode(hex("000003000000")).error().fault, WireFault::BadLength);
  EXPECT_EQ(CertificateMessage::decode(hex("ffffff0000010a")).error().fault, WireFault::Truncated);
  EXPECT_EQ(CertificateMessage::decode(hex("0000040000020a0b")).error().fault,
            WireFault::BadLength);
}

TEST(DtlsServerKeyExchange, NamesTheCurveThatTsharkSees) {
  for (const auto& [source, packet] : {std::pair{"c14-werift", 18U}, std::pair{"c06-aiortc", 18U},
                                       std::pair{"c18-janus", 15U}, std::pair{"dtls1_0", 6U}}) {
    const auto messages = captured_messages(source, {packet});
    const auto found =
        std::ranges::find(messages, HandshakeType::ServerKeyExchange, &Message::type);
    ASSERT_NE(found, messages.end());
    const auto group = server_key_exchange_group(found->body);
    ASSERT_TRUE(group) << source;
    EXPECT_EQ(Numbers{*group}, captured(source, packet).numbers("handshake.server_named_curve"));
    for (std::size_t size = 0; size < found->body.size(); ++size) {
      // Behind the point the message of an anonymous suite would end.
      const auto cut = server_key_exchange_group(Bytes(found->body).first(size));
      EXPECT_TRUE(!cut || size == 4U + load_u8(found->body.data() + 3)) << size;
    }
  }
}

TEST(DtlsServerKeyExchange, OfADiffieHellmanSuiteHasNoCurve) {
  // A prime of 768 octets: its length begins with the octet of named_curve.
  ByteBuffer body = hex("0300");
  body.resize(2 + 768, std::byte{0x11});
  EXPECT_EQ(server_key_exchange_group(body), std::nullopt);
  EXPECT_EQ(server_key_exchange_group({}), std::nullopt);
}

}  // namespace
}  // namespace parley::dtls

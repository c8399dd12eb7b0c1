// What the key log and the exporter give, checked against a key schedule that is not libssl's.

#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "stack/crypto/keylog.h"
#include "stack/wire/dtls.h"
#include "tests/stack/dtls/tls12.h"
#include "tests/stack/dtls/transport_pair.h"
#include "tests/support/files.h"

namespace parley::dtls {
namespace {

nlohmann::json vectors() {
  return nlohmann::json::parse(
      test::read_text(test::source_path("tests/vectors/dtls.json")))["tls12"];
}
ByteBuffer hex(const nlohmann::json& vector, const char* field) {
  return *parse_hex(vector[field].get<std::string>());
}

TEST(Tls12Prf, GivesThePublishedOutput) {
  int checked = 0;
  for (const auto& vector : vectors()) {
    const std::string name = vector["name"];
    if (!name.starts_with("tls12-prf-"))
      continue;
    const ByteBuffer expected = hex(vector, "output");
    const char* digest = name.ends_with("sha384") ? "SHA384" : "SHA256";
    EXPECT_EQ(to_hex(test::prf(digest, hex(vector, "secret"), vector["label"].get<std::string>(),
                               hex(vector, "seed"), expected.size())),
              to_hex(expected))
        << name;
    ++checked;
  }
  EXPECT_EQ(checked, 2);
}

// RFC 5705 section 4 without a context, over handshakes of OpenSSL's own programs.
TEST(Tls12Prf, GivesTheSrtpKeysOfOtherPrograms) {
  int checked = 0;
  for (const auto& vector : vectors()) {
    if (!vector.contains("exporter_output"))
      continue;
    const ByteBuffer expected = hex(vector, "exporter_output");
    const ByteBuffer randoms =
        test::concatenate({hex(vector, "client_random"), hex(vector, "server_random")});
    EXPECT_EQ(
        to_hex(test::prf("SHA384", hex(vector, "master_secret"),
                         vector["exporter_label"].get<std::string>(), randoms, expected.size())),
        to_hex(expected));
    ++checked;
  }
  EXPECT_EQ(checked, 2);
}

// One finished handshake with what a capture and a key log of it would hold.
class KeyLog : public testing::Test {
 protected:
  void SetUp() override {
    handshake.start();
    handshake.run();
    ASSERT_TRUE(handshake.both_connected());
    const auto lines = handshake.client().take_keylog_lines();
    ASSERT_EQ(lines.size(), 1U);
    const crypto::Keylog log = crypto::parse_keylog(lines[0]);
    ASSERT_EQ(log.entries.size(), 1U) << lines[0];
    entry = log.entries[0];
    for (const Sent& sent : handshake.sent())
      for (const RecordView& record : decode_records(sent.payload).records)
        read_record(record);
    ASSERT_EQ(server_random.size(), 32U);
  }
  void read_record(const RecordView& record) {
    if (record.type != ContentType::Handshake || !record.in_clear())
      return;
    for (const auto& fragment : decode_handshake_fragments(record.fragment, 0).fragments) {
      if (fragment.type == HandshakeType::ClientHello)
        client_random = to_buffer(ClientHello::decode(fragment.body)->random);
      if (fragment.type == HandshakeType::ServerHello)
        server_random = to_buffer(ServerHello::decode(fragment.body)->random);
    }
  }

  TransportPair handshake{PairOptions{}};
  crypto::KeylogEntry entry;
  ByteBuffer client_random, server_random;
};

TEST_F(KeyLog, NamesTheHandshakeByTheRandomOfItsClientHello) {
  EXPECT_EQ(entry.label, crypto::KeylogLabel::ClientRandom);
  EXPECT_EQ(to_hex(entry.client_random), to_hex(client_random));
}

TEST_F(KeyLog, LeadsToTheSrtpKeysThatTheTransportExports) {
  const ByteBuffer block =
      test::prf("SHA256", entry.secret, "EXTRACTOR-dtls_srtp",
                test::concatenate({client_random, server_random}), std::size_t{2} * (16 + 12));
  const SrtpKeys keys = handshake.server().srtp_keys();
  ASSERT_EQ(keys.profile, 0x0007);  // AEAD_AES_128_GCM
  EXPECT_EQ(to_hex(block), to_hex(test::concatenate({keys.client_key, keys.server_key,
                                                     keys.client_salt, keys.server_salt})));
}

TEST_F(KeyLog, OpensTheApplicationDataOnTheWire) {
  handshake.act(
      [](Instant now, Transport& client, Outbox& out) {
        EXPECT_TRUE(client.send_application_data(now, as_bytes("for the peer only"), out));
      },
      true);
  const ByteBuffer record = handshake.sent().back().payload;
  // RFC 5246 section 6.3: two keys of 16 bytes, then two fixed nonces of 4 (RFC 5288).
  const ByteBuffer block = test::prf("SHA256", entry.secret, "key expansion",
                                     test::concatenate({server_random, client_random}), 40);
  const Bytes keys(block);
  const auto plain = test::open_record(keys.first(16), keys.subspan(32, 4), record);
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(as_text(*plain), "for the peer only");
  EXPECT_FALSE(test::open_record(keys.subspan(16, 16), keys.subspan(36, 4), record).has_value());
}

}  // namespace
}  // namespace parley::dtls

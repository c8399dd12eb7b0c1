#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "stack/srtp/packet_index.h"
#include "stack/srtp/transform.h"
#include "tests/support/files.h"

namespace parley::srtp {
namespace {

using nlohmann::json;

const json& vector_named(std::string_view name) {
  static const json kAll =
      json::parse(test::read_text(test::source_path("tests/vectors/srtp.json")))["vectors"];
  for (const json& vector : kAll)
    if (vector["name"] == name)
      return vector;
  throw std::runtime_error("no vector " + std::string(name));
}
ByteBuffer hex(const json& value) {
  return parse_hex(value.get<std::string>()).value();
}
MasterKey master_of(const json& vector) {
  return {hex(vector["master_key"]), hex(vector["master_salt"])};
}

Transform transform_of(Profile profile, const json& vector, Options options = {}) {
  return Transform::make(profile, derive_session_keys(profile, master_of(vector)).value(),
                         std::move(options))
      .value();
}

std::string opened(Transform& transform, const ByteBuffer& packet, std::uint32_t roc = 0) {
  const auto view = rtp::PacketView::decode(packet);
  if (!view)
    return "no RTP";
  ByteBuffer plain(packet.size());
  const auto size = transform.open_rtp(packet, *view, index_of(roc, view->sequence), plain);
  return size ? to_hex(Bytes(plain).first(*size)) : to_string(size.error());
}
std::string sealed(Transform& transform, const ByteBuffer& packet, std::uint32_t roc = 0) {
  ByteBuffer out(packet.size() + transform.rtp_overhead());
  const std::uint16_t sequence = load_u16(packet.data() + 2);
  const auto size = transform.seal_rtp(packet, index_of(roc, sequence), out);
  return size ? to_hex(Bytes(out).first(*size)) : to_string(size.error());
}
std::string opened_rtcp(Transform& transform, const ByteBuffer& packet, std::uint32_t index,
                        bool encrypted) {
  ByteBuffer plain(packet.size());
  const auto result = transform.open_rtcp(packet, plain);
  if (!result)
    return to_string(result.error());
  EXPECT_EQ(result->index, index);
  EXPECT_EQ(result->encrypted, encrypted);
  EXPECT_EQ(result->ssrc, load_u32(packet.data() + 4));
  return to_hex(Bytes(plain).first(result->size));
}
std::string sealed_rtcp(Transform& transform, const ByteBuffer& packet, std::uint32_t index,
                        bool encrypt) {
  ByteBuffer out(packet.size() + transform.rtcp_overhead());
  const auto size = transform.seal_rtcp(packet, index, encrypt, out);
  return size ? to_hex(Bytes(out).first(*size)) : to_string(size.error());
}

TEST(SrtpVectors, KeyDerivationOfRfc3711AndRfc6188) {
  for (const char* name : {"rfc3711-B.3-key-derivation", "rfc6188-7.2-aes256-key-derivation",
                           "rfc6188-7.4-aes192-key-derivation"}) {
    const json& v = vector_named(name);
    const std::vector<std::pair<KeyLabel, const char*>> parts{
        {KeyLabel::RtpEncryption, "srtp_cipher_key_label0"},
        {KeyLabel::RtpAuthentication, "srtp_auth_key_label1"},
        {KeyLabel::RtpSalt, "srtp_salt_label2"},
        {KeyLabel::RtcpEncryption, "srtcp_cipher_key_label3_computed"},
        {KeyLabel::RtcpAuthentication, "srtcp_auth_key_label4_computed"},
        {KeyLabel::RtcpSalt, "srtcp_salt_label5_computed"}};
    for (const auto& [label, field] : parts) {
      const ByteBuffer expected = hex(v[field]);
      EXPECT_EQ(to_hex(derive(master_of(v), label, expected.size()).value()), to_hex(expected))
          << name << " " << field;
    }
  }
}

// The key stream is what a payload of zeros becomes.
TEST(SrtpVectors, KeyStreamOfRfc3711B2AndRfc6188) {
  struct Case {
    const char* name;
    Profile profile;
  };
  for (const Case& c : {Case{"rfc3711-B.2-aes-cm-keystream", Profile::Aes128CmSha1_80},
                        Case{"rfc6188-7.1-aes256-cm-keystream", Profile::Aes256CmSha1_80}}) {
    const json& v = vector_named(c.name);
    const ByteBuffer key = hex(v["session_key"]);
    const ByteBuffer salt = hex(v["session_salt"]);
    const SessionKeys keys{{key, ByteBuffer(20), salt}, {key, ByteBuffer(20), salt}, {}};
    Transform transform = Transform::make(c.profile, keys, {}).value();
    const std::size_t length = v.value("keystream_length_octets", std::size_t{48});
    ByteBuffer packet(12 + length);
    packet[0] = std::byte{0x80};
    const std::string text = sealed(transform, packet).substr(std::size_t{2} * 12);
    if (v.contains("first_48_octets")) {
      EXPECT_EQ(text.substr(0, 96), v["first_48_octets"]);
    } else {
      ASSERT_GE(v["blocks"].size(), 6U);
      for (const auto& [number, block] : v["blocks"].items())
        EXPECT_EQ(text.substr(32 * std::stoul(number, nullptr, 16), 32), block) << number;
    }
  }
}

TEST(SrtpVectors, GcmPacketsOfRfc7714) {
  for (const auto& [name, profile] :
       {std::pair{"rfc7714-aead-aes-128-gcm", Profile::AeadAes128Gcm},
        std::pair{"rfc7714-aead-aes-256-gcm", Profile::AeadAes256Gcm}}) {
    const json& v = vector_named(name);
    const SessionKeys::Half half{hex(v["session_key"]), {}, hex(v["session_salt"])};
    Transform transform = Transform::make(profile, {half, half, {}}, {}).value();
    EXPECT_EQ(sealed(transform, hex(v["rtp_plain"])), v["srtp_encrypted"]);
    EXPECT_EQ(opened(transform, hex(v["srtp_encrypted"])), v["rtp_plain"]);
    const std::uint32_t index = v["srtcp_index"];
    EXPECT_EQ(sealed_rtcp(transform, hex(v["rtcp_plain"]), index, true), v["srtcp_encrypted"]);
    EXPECT_EQ(opened_rtcp(transform, hex(v["srtcp_encrypted"]), index, true), v["rtcp_plain"]);
    EXPECT_EQ(sealed_rtcp(transform, hex(v["rtcp_plain"]), index, false), v["srtcp_auth_only"]);
    EXPECT_EQ(opened_rtcp(transform, hex(v["srtcp_auth_only"]), index, false), v["rtcp_plain"]);
  }
}

struct Reference {
  const char* name;
  Profile profile;
  bool encrypted = true;
};

TEST(SrtpVectors, ReferencePacketsOfEveryKindOfProfile) {
  const std::vector<Reference> cases{
      {"libsrtp-validate-aes128-cm-sha1-80", Profile::Aes128CmSha1_80},
      {"libsrtp-validate-null-cipher-sha1-80", Profile::NullSha1_80, false},
      {"libsrtp-validate-mki", Profile::Aes128CmSha1_80},
      {"libsrtp-validate-aes192-cm-sha1-80", Profile::Aes192CmSha1_80},
      {"libsrtp-validate-aes256-cm-sha1-80", Profile::Aes256CmSha1_80},
      {"libsrtp-validate-aead-aes-128-gcm-with-kdf", Profile::AeadAes128Gcm}};
  for (const Reference& c : cases) {
    const json& v = vector_named(c.name);
    Options options;
    if (v.contains("mki"))
      options.mki = hex(v["mki"]);
    Transform transform = transform_of(c.profile, v, options);
    EXPECT_EQ(sealed(transform, hex(v["rtp_plain"])), v["srtp"]) << c.name;
    EXPECT_EQ(opened(transform, hex(v["srtp"])), v["rtp_plain"]) << c.name;
    if (!v.contains("srtcp"))
      continue;
    EXPECT_EQ(sealed_rtcp(transform, hex(v["rtcp_plain"]), v["srtcp_index"], c.encrypted),
              v["srtcp"])
        << c.name;
    EXPECT_EQ(opened_rtcp(transform, hex(v["srtcp"]), v["srtcp_index"], c.encrypted),
              v["rtcp_plain"])
        << c.name;
  }
}

TEST(SrtpVectors, EncryptedHeaderExtensionsOfRfc6904) {
  const json& v = vector_named("rfc6904-A-encrypted-header-extension");
  Options options;
  for (const std::size_t id : v["encrypted_extension_ids"])
    options.encrypted_extensions.set(id);
  Transform transform = transform_of(Profile::Aes128CmSha1_80, v, options);
  EXPECT_EQ(sealed(transform, hex(v["rtp_plain"])), v["srtp"]);
  EXPECT_EQ(opened(transform, hex(v["srtp"])), v["rtp_plain"]);
}

TEST(SrtpVectors, CryptexOfRfc9335) {
  int checked = 0;
  for (const auto& [name, profile] :
       {std::pair{"rfc9335-cryptex-aes128-cm-sha1-80", Profile::Aes128CmSha1_80},
        std::pair{"rfc9335-cryptex-aead-aes-128-gcm", Profile::AeadAes128Gcm}}) {
    const json& v = vector_named(name);
    Options options;
    options.cryptex = true;
    Transform sending = transform_of(profile, v, options);
    Transform receiving = transform_of(profile, v);
    for (const auto& [key, plain] : v["pairs"].items()) {
      if (!key.ends_with("_ref"))
        continue;
      const std::string packet = v["pairs"][key.substr(0, key.size() - 4) + "_cryptex"];
      EXPECT_EQ(sealed(sending, hex(plain)), packet) << name << " " << key;
      EXPECT_EQ(opened(receiving, hex(packet)), plain) << name << " " << key;
      ++checked;
    }
  }
  EXPECT_EQ(checked, 12);
}

// RFC 9335 section 5.1 asks for an empty extension where there are only CSRCs.
TEST(Cryptex, GivesCsrcsWithoutAnExtensionAnEmptyOne) {
  const json& v = vector_named("rfc9335-cryptex-aead-aes-128-gcm");
  Options options;
  options.cryptex = true;
  Transform transform = transform_of(Profile::AeadAes128Gcm, v, options);
  const ByteBuffer plain = parse_hex("820f1238decafbadcafebabe0001e2400000b26eabababab").value();
  const ByteBuffer packet = parse_hex(sealed(transform, plain)).value();
  EXPECT_EQ(to_hex(packet).find("0001e240"), std::string::npos);
  EXPECT_EQ(opened(transform, packet), "920f1238decafbadcafebabe0001e2400000b26ebede0000abababab");
}

TEST(Cryptex, RefusesToSendAnExtensionThatItHasNoMarkFor) {
  const json& v = vector_named("rfc9335-cryptex-aead-aes-128-gcm");
  Options options;
  options.cryptex = true;
  Transform transform = transform_of(Profile::AeadAes128Gcm, v, options);
  EXPECT_EQ(sealed(transform, parse_hex("900f1238decafbadcafebabe0bad0000abab").value()),
            "malformed: unsupported at byte 12: extension profile");
}

// Whatever is cut off a packet, nothing but an error comes of it, and no octet outside is read.
TEST(Transform, RefusesEveryPrefixOfAPacket) {
  const json& v = vector_named("libsrtp-validate-mki");
  Options options;
  options.mki = hex(v["mki"]);
  Transform transform = transform_of(Profile::Aes128CmSha1_80, v, options);
  for (const char* field : {"srtp", "srtcp"}) {
    const ByteBuffer whole = hex(v[field]);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const ByteBuffer prefix(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      ByteBuffer plain(size);
      EXPECT_FALSE(transform.open_rtcp(prefix, plain).has_value()) << size;
      const auto view = rtp::PacketView::decode(prefix);
      EXPECT_FALSE(view && transform.open_rtp(prefix, *view, view->sequence, plain)) << size;
    }
  }
}

TEST(Transform, SaysWhereAPacketIsTooShort) {
  const json& v = vector_named("libsrtp-validate-aes128-cm-sha1-80");
  Transform transform = transform_of(Profile::Aes128CmSha1_80, v);
  EXPECT_EQ(opened(transform, parse_hex("800f1234decafbadcafebabe0102").value()),
            "malformed: truncated at byte 12: authentication tag");
  ByteBuffer small(10);
  EXPECT_EQ(transform.open_rtcp(ByteBuffer(30), small).error().refusal, Refusal::NoRoom);
  EXPECT_EQ(transform.seal_rtcp(ByteBuffer(30), 1, true, small).error().refusal, Refusal::NoRoom);
  EXPECT_EQ(transform.seal_rtcp(ByteBuffer(7), 1, true, small).error().refusal, Refusal::Malformed);
  ByteBuffer room(100);
  EXPECT_EQ(transform.seal_rtcp(ByteBuffer(8), 1U << 31U, true, room).error().refusal,
            Refusal::KeyExhausted);
}

TEST(DtlsKeys, AreCutInTheOrderOfRfc5764) {
  ByteBuffer exported;
  for (unsigned i = 0; i < 60; ++i)
    exported.push_back(static_cast<std::byte>(i));
  const auto keys = cut_exported(Profile::Aes128CmSha1_80, exported);
  ASSERT_TRUE(keys.has_value());
  EXPECT_EQ(to_hex(keys->client.key), "000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(to_hex(keys->server.key), "101112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(to_hex(keys->client.salt), "202122232425262728292a2b2c2d");
  EXPECT_EQ(to_hex(keys->server.salt), "2e2f303132333435363738393a3b");
  EXPECT_FALSE(cut_exported(Profile::AeadAes128Gcm, exported).has_value());
  EXPECT_EQ(exported_size(Profile::AeadAes256Gcm), 88U);
}

TEST(Profiles, AreFoundByTheCodesOfUseSrtp) {
  EXPECT_EQ(profile_of_dtls(0x0001), Profile::Aes128CmSha1_80);
  EXPECT_EQ(profile_of_dtls(0x0002), Profile::Aes128CmSha1_32);
  EXPECT_EQ(profile_of_dtls(0x0005), Profile::NullSha1_80);
  EXPECT_EQ(profile_of_dtls(0x0006), Profile::NullSha1_32);
  EXPECT_EQ(profile_of_dtls(0x0007), Profile::AeadAes128Gcm);
  EXPECT_EQ(profile_of_dtls(0x0008), Profile::AeadAes256Gcm);
  EXPECT_FALSE(profile_of_dtls(0).has_value());
  EXPECT_FALSE(profile_of_dtls(0x0009).has_value());
  EXPECT_EQ(to_string(Profile::AeadAes128Gcm), "AEAD_AES_128_GCM");
}

}  // namespace
}  // namespace parley::srtp

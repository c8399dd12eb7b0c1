#include <memory>
#include <set>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "stack/wire/dtls.h"

namespace parley::dtls {
namespace {

TEST(DtlsNames, AgreeWithOpenSslOnEveryCipherSuite) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(DTLS_method()),
                                                                  &SSL_CTX_free);
  ASSERT_EQ(SSL_CTX_set_cipher_list(context.get(), "ALL:COMPLEMENTOFALL:@SECLEVEL=0"), 1);
  const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(context.get());
  ASSERT_GT(sk_SSL_CIPHER_num(ciphers), 100);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
    EXPECT_EQ(cipher_suite_name(SSL_CIPHER_get_protocol_id(cipher)),
              SSL_CIPHER_standard_name(cipher));
  }
}

TEST(DtlsNames, CoverWhatBrowsersOffer) {
  EXPECT_EQ(cipher_suite_name(0x1301), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(cipher_suite_name(0xc02b), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  EXPECT_EQ(cipher_suite_name(0xcca9), "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
  EXPECT_EQ(cipher_suite_name(0x00ff), "TLS_EMPTY_RENEGOTIATION_INFO_SCSV");
  EXPECT_EQ(cipher_suite_name(0x5600), "TLS_FALLBACK_SCSV");
  EXPECT_EQ(cipher_suite_name(0xc0ae), "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8");
  EXPECT_EQ(group_name(0x11ec), "X25519MLKEM768");
  EXPECT_EQ(group_name(0x11eb), "SecP256r1MLKEM768");
  EXPECT_EQ(group_name(0x001d), "x25519");
  EXPECT_EQ(group_name(0x0017), "secp256r1");
  EXPECT_EQ(group_name(0x0100), "ffdhe2048");
  EXPECT_EQ(group_name(0x001a), "brainpoolP256r1");
  EXPECT_EQ(srtp_profile_name(0x0001), "SRTP_AES128_CM_HMAC_SHA1_80");
  EXPECT_EQ(srtp_profile_name(0x0002), "SRTP_AES128_CM_HMAC_SHA1_32");
  EXPECT_EQ(srtp_profile_name(0x0007), "SRTP_AEAD_AES_128_GCM");
  EXPECT_EQ(srtp_profile_name(0x0008), "SRTP_AEAD_AES_256_GCM");
  EXPECT_EQ(srtp_profile_name(0x0009), "DOUBLE_AEAD_AES_128_GCM_AEAD_AES_128_GCM");
  EXPECT_EQ(srtp_profile_name(0x0010), "SRTP_AEAD_ARIA_256_GCM");
  EXPECT_EQ(extension_name(14), "use_srtp");
  EXPECT_EQ(extension_name(65281), "renegotiation_info");
  EXPECT_EQ(version_name(kDtls13), "DTLS 1.3");
}

TEST(DtlsNames, NameBothFormsOfSignatureSchemes) {
  EXPECT_EQ(signature_scheme_name(0x0403), "ecdsa_secp256r1_sha256");
  EXPECT_EQ(signature_scheme_name(0x0804), "rsa_pss_rsae_sha256");
  EXPECT_EQ(signature_scheme_name(0x0807), "ed25519");
  EXPECT_EQ(signature_scheme_name(0x0303), "ecdsa_sha224");
  EXPECT_EQ(signature_scheme_name(0x0402), "dsa_sha256");
  EXPECT_EQ(signature_scheme_name(0x0101), "rsa_pkcs1_md5");
  EXPECT_EQ(signature_scheme_name(0x0f0f), "0x0f0f");
}

TEST(DtlsNames, CallGreaseByItsNameEverywhere) {
  for (std::uint32_t high = 0; high < 16; ++high) {
    const auto value = static_cast<std::uint16_t>((high << 12U | 0x0a00U) | (high << 4U | 0x0aU));
    const std::string name = cipher_suite_name(value);
    EXPECT_EQ(name.substr(0, 8), "GREASE (") << value;
    EXPECT_EQ(name, group_name(value));
    EXPECT_EQ(name, extension_name(value));
    EXPECT_EQ(name, signature_scheme_name(value));
  }
  EXPECT_EQ(cipher_suite_name(0x0a0a), "GREASE (0x0a0a)");
  EXPECT_EQ(cipher_suite_name(0x0a1a), "0x0a1a");
}

TEST(DtlsNames, FallBackToHexadecimal) {
  EXPECT_EQ(cipher_suite_name(0xfffe), "0xfffe");
  EXPECT_EQ(group_name(0x7777), "0x7777");
  EXPECT_EQ(srtp_profile_name(0x0003), "0x0003");
  EXPECT_EQ(extension_name(0x4000), "0x4000");
  EXPECT_EQ(version_name(0x0303), "0x0303");
  EXPECT_EQ(content_type_name(static_cast<ContentType>(99)), "0x63");
  EXPECT_EQ(handshake_type_name(static_cast<HandshakeType>(99)), "0x63");
  EXPECT_EQ(alert_level_name(7), "0x07");
  EXPECT_EQ(alert_description_name(200), "0xc8");
}

TEST(DtlsNames, AreUniqueForEveryCodePoint) {
  std::set<std::string> suites, groups, extensions;
  for (std::uint32_t code = 0; code < 65536; ++code) {
    suites.insert(cipher_suite_name(static_cast<std::uint16_t>(code)));
    groups.insert(group_name(static_cast<std::uint16_t>(code)));
    extensions.insert(extension_name(static_cast<std::uint16_t>(code)));
  }
  EXPECT_EQ(suites.size(), 65536U);
  EXPECT_EQ(groups.size(), 65536U);
  EXPECT_EQ(extensions.size(), 65536U);
}

TEST(DtlsNames, NameMessagesAndAlerts) {
  EXPECT_EQ(content_type_name(ContentType::Handshake), "handshake");
  EXPECT_EQ(content_type_name(ContentType::ConnectionId), "tls12_cid");
  EXPECT_EQ(handshake_type_name(HandshakeType::ClientHello), "ClientHello");
  EXPECT_EQ(handshake_type_name(HandshakeType::HelloVerifyRequest), "HelloVerifyRequest");
  EXPECT_EQ(handshake_type_name(HandshakeType::MessageHash), "MessageHash");
  EXPECT_EQ(alert_description_name(0), "close_notify");
  EXPECT_EQ(alert_description_name(42), "bad_certificate");
}

}  // namespace
}  // namespace parley::dtls

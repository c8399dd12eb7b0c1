#include <array>

#include "stack/wire/dtls.h"
#include "stack/wire/name_table.h"

namespace parley::dtls {
namespace {

// RFC 6347 section 4.1, RFC 9147 section 5.3.
constexpr auto kVersions = std::to_array<CodeName>({
    {0xfefc, "DTLS 1.3"},
    {0xfefd, "DTLS 1.2"},
    {0xfeff, "DTLS 1.0"},
});
static_assert(sorted_by_code(kVersions));

// IANA, TLS Supported Groups.
constexpr auto kGroups = std::to_array<CodeName>({
    {0x0001, "sect163k1"},
    {0x0002, "sect163r1"},
    {0x0003, "sect163r2"},
    {0x0004, "sect193r1"},
    {0x0005, "sect193r2"},
    {0x0006, "sect233k1"},
    {0x0007, "sect233r1"},
    {0x0008, "sect239k1"},
    {0x0009, "sect283k1"},
    {0x000a, "sect283r1"},
    {0x000b, "sect409k1"},
    {0x000c, "sect409r1"},
    {0x000d, "sect571k1"},
    {0x000e, "sect571r1"},
    {0x000f, "secp160k1"},
    {0x0010, "secp160r1"},
    {0x0011, "secp160r2"},
    {0x0012, "secp192k1"},
    {0x0013, "secp192r1"},
    {0x0014, "secp224k1"},
    {0x0015, "secp224r1"},
    {0x0016, "secp256k1"},
    {0x0017, "secp256r1"},
    {0x0018, "secp384r1"},
    {0x0019, "secp521r1"},
    {0x001a, "brainpoolP256r1"},
    {0x001b, "brainpoolP384r1"},
    {0x001c, "brainpoolP512r1"},
    {0x001d, "x25519"},
    {0x001e, "x448"},
    {0x001f, "brainpoolP256r1tls13"},
    {0x0020, "brainpoolP384r1tls13"},
    {0x0021, "brainpoolP512r1tls13"},
    {0x0022, "GC256A"},
    {0x0023, "GC256B"},
    {0x0024, "GC256C"},
    {0x0025, "GC256D"},
    {0x0026, "GC512A"},
    {0x0027, "GC512B"},
    {0x0028, "GC512C"},
    {0x0029, "curveSM2"},
    {0x0100, "ffdhe2048"},
    {0x0101, "ffdhe3072"},
    {0x0102, "ffdhe4096"},
    {0x0103, "ffdhe6144"},
    {0x0104, "ffdhe8192"},
    {0x0200, "MLKEM512"},
    {0x0201, "MLKEM768"},
    {0x0202, "MLKEM1024"},
    {0x11eb, "SecP256r1MLKEM768"},
    {0x11ec, "X25519MLKEM768"},
    {0x11ed, "SecP384r1MLKEM1024"},
    {0x11ee, "curveSM2MLKEM768"},
    {0x6399, "X25519Kyber768Draft00"},
    {0x639a, "SecP256r1Kyber768Draft00"},
    {0xff01, "arbitrary_explicit_prime_curves"},
    {0xff02, "arbitrary_explicit_char2_curves"},
});
static_assert(sorted_by_code(kGroups));

// IANA, TLS SignatureScheme.
constexpr auto kSignatureSchemes = std::to_array<CodeName>({
    {0x0201, "rsa_pkcs1_sha1"},
    {0x0203, "ecdsa_sha1"},
    {0x0401, "rsa_pkcs1_sha256"},
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0420, "rsa_pkcs1_sha256_legacy"},
    {0x0501, "rsa_pkcs1_sha384"},
    {0x0503, "ecdsa_secp384r1_sha384"},
    {0x0520, "rsa_pkcs1_sha384_legacy"},
    {0x0601, "rsa_pkcs1_sha512"},
    {0x0603, "ecdsa_secp521r1_sha512"},
    {0x0620, "rsa_pkcs1_sha512_legacy"},
    {0x0704, "eccsi_sha256"},
    {0x0705, "iso_ibs1"},
    {0x0706, "iso_ibs2"},
    {0x0707, "iso_chinese_ibs"},
    {0x0708, "sm2sig_sm3"},
    {0x0709, "gostr34102012_256a"},
    {0x070a, "gostr34102012_256b"},
    {0x070b, "gostr34102012_256c"},
    {0x070c, "gostr34102012_256d"},
    {0x070d, "gostr34102012_512a"},
    {0x070e, "gostr34102012_512b"},
    {0x070f, "gostr34102012_512c"},
    {0x0804, "rsa_pss_rsae_sha256"},
    {0x0805, "rsa_pss_rsae_sha384"},
    {0x0806, "rsa_pss_rsae_sha512"},
    {0x0807, "ed25519"},
    {0x0808, "ed448"},
    {0x0809, "rsa_pss_pss_sha256"},
    {0x080a, "rsa_pss_pss_sha384"},
    {0x080b, "rsa_pss_pss_sha512"},
    {0x081a, "ecdsa_brainpoolP256r1tls13_sha256"},
    {0x081b, "ecdsa_brainpoolP384r1tls13_sha384"},
    {0x081c, "ecdsa_brainpoolP512r1tls13_sha512"},
    {0x0904, "mldsa44"},
    {0x0905, "mldsa65"},
    {0x0906, "mldsa87"},
});
static_assert(sorted_by_code(kSignatureSchemes));

// IANA, DTLS-SRTP Protection Profiles.
constexpr auto kSrtpProfiles = std::to_array<CodeName>({
    {0x0001, "SRTP_AES128_CM_HMAC_SHA1_80"},
    {0x0002, "SRTP_AES128_CM_HMAC_SHA1_32"},
    {0x0005, "SRTP_NULL_HMAC_SHA1_80"},
    {0x0006, "SRTP_NULL_HMAC_SHA1_32"},
    {0x0007, "SRTP_AEAD_AES_128_GCM"},
    {0x0008, "SRTP_AEAD_AES_256_GCM"},
    {0x0009, "DOUBLE_AEAD_AES_128_GCM_AEAD_AES_128_GCM"},
    {0x000a, "DOUBLE_AEAD_AES_256_GCM_AEAD_AES_256_GCM"},
    {0x000b, "SRTP_ARIA_128_CTR_HMAC_SHA1_80"},
    {0x000c, "SRTP_ARIA_128_CTR_HMAC_SHA1_32"},
    {0x000d, "SRTP_ARIA_256_CTR_HMAC_SHA1_80"},
    {0x000e, "SRTP_ARIA_256_CTR_HMAC_SHA1_32"},
    {0x000f, "SRTP_AEAD_ARIA_128_GCM"},
    {0x0010, "SRTP_AEAD_ARIA_256_GCM"},
});
static_assert(sorted_by_code(kSrtpProfiles));

// IANA, TLS ExtensionType Values.
constexpr auto kExtensions = std::to_array<CodeName>({
    {0x0000, "server_name"},
    {0x0001, "max_fragment_length"},
    {0x0002, "client_certificate_url"},
    {0x0003, "trusted_ca_keys"},
    {0x0004, "truncated_hmac"},
    {0x0005, "status_request"},
    {0x0006, "user_mapping"},
    {0x0007, "client_authz"},
    {0x0008, "server_authz"},
    {0x0009, "cert_type"},
    {0x000a, "supported_groups"},
    {0x000b, "ec_point_formats"},
    {0x000c, "srp"},
    {0x000d, "signature_algorithms"},
    {0x000e, "use_srtp"},
    {0x000f, "heartbeat"},
    {0x0010, "application_layer_protocol_negotiation"},
    {0x0011, "status_request_v2"},
    {0x0012, "signed_certificate_timestamp"},
    {0x0013, "client_certificate_type"},
    {0x0014, "server_certificate_type"},
    {0x0015, "padding"},
    {0x0016, "encrypt_then_mac"},
    {0x0017, "extended_master_secret"},
    {0x0018, "token_binding"},
    {0x0019, "cached_info"},
    {0x001a, "tls_lts"},
    {0x001b, "compress_certificate"},
    {0x001c, "record_size_limit"},
    {0x001d, "pwd_protect"},
    {0x001e, "pwd_clear"},
    {0x001f, "password_salt"},
    {0x0020, "ticket_pinning"},
    {0x0021, "tls_cert_with_extern_psk"},
    {0x0022, "delegated_credential"},
    {0x0023, "session_ticket"},
    {0x0024, "TLMSP"},
    {0x0025, "TLMSP_proxying"},
    {0x0026, "TLMSP_delegate"},
    {0x0027, "supported_ekt_ciphers"},
    {0x0029, "pre_shared_key"},
    {0x002a, "early_data"},
    {0x002b, "supported_versions"},
    {0x002c, "cookie"},
    {0x002d, "psk_key_exchange_modes"},
    {0x002f, "certificate_authorities"},
    {0x0030, "oid_filters"},
    {0x0031, "post_handshake_auth"},
    {0x0032, "signature_algorithms_cert"},
    {0x0033, "key_share"},
    {0x0034, "transparency_info"},
    {0x0035, "connection_id (deprecated)"},
    {0x0036, "connection_id"},
    {0x0037, "external_id_hash"},
    {0x0038, "external_session_id"},
    {0x0039, "quic_transport_parameters"},
    {0x003a, "ticket_request"},
    {0x003b, "dnssec_chain"},
    {0x003c, "sequence_number_encryption_algorithms"},
    {0x003d, "rrc"},
    {0x003e, "tls_flags"},
    {0xfd00, "ech_outer_extensions"},
    {0xfe0d, "encrypted_client_hello"},
    {0xff01, "renegotiation_info"},
});
static_assert(sorted_by_code(kExtensions));

// IANA, TLS ContentType.
constexpr auto kContentTypes = std::to_array<CodeName>({
    {0x14, "change_cipher_spec"},
    {0x15, "alert"},
    {0x16, "handshake"},
    {0x17, "application_data"},
    {0x18, "heartbeat"},
    {0x19, "tls12_cid"},
    {0x1a, "ack"},
});
static_assert(sorted_by_code(kContentTypes));

// IANA, TLS HandshakeType, in the spelling of the structures.
constexpr auto kHandshakeTypes = std::to_array<CodeName>({
    {0x00, "HelloRequest"},
    {0x01, "ClientHello"},
    {0x02, "ServerHello"},
    {0x03, "HelloVerifyRequest"},
    {0x04, "NewSessionTicket"},
    {0x05, "EndOfEarlyData"},
    {0x08, "EncryptedExtensions"},
    {0x09, "RequestConnectionId"},
    {0x0a, "NewConnectionId"},
    {0x0b, "Certificate"},
    {0x0c, "ServerKeyExchange"},
    {0x0d, "CertificateRequest"},
    {0x0e, "ServerHelloDone"},
    {0x0f, "CertificateVerify"},
    {0x10, "ClientKeyExchange"},
    {0x11, "ClientCertificateRequest"},
    {0x14, "Finished"},
    {0x15, "CertificateUrl"},
    {0x16, "CertificateStatus"},
    {0x17, "SupplementalData"},
    {0x18, "KeyUpdate"},
    {0x19, "CompressedCertificate"},
    {0x1a, "EktKey"},
    {0xfe, "MessageHash"},
});
static_assert(sorted_by_code(kHandshakeTypes));

// IANA, TLS Alerts.
constexpr auto kAlerts = std::to_array<CodeName>({
    {0x00, "close_notify"},
    {0x01, "end_of_early_data"},
    {0x0a, "unexpected_message"},
    {0x14, "bad_record_mac"},
    {0x15, "decryption_failed"},
    {0x16, "record_overflow"},
    {0x1e, "decompression_failure"},
    {0x28, "handshake_failure"},
    {0x29, "no_certificate"},
    {0x2a, "bad_certificate"},
    {0x2b, "unsupported_certificate"},
    {0x2c, "certificate_revoked"},
    {0x2d, "certificate_expired"},
    {0x2e, "certificate_unknown"},
    {0x2f, "illegal_parameter"},
    {0x30, "unknown_ca"},
    {0x31, "access_denied"},
    {0x32, "decode_error"},
    {0x33, "decrypt_error"},
    {0x34, "too_many_cids_requested"},
    {0x3c, "export_restriction"},
    {0x46, "protocol_version"},
    {0x47, "insufficient_security"},
    {0x50, "internal_error"},
    {0x56, "inappropriate_fallback"},
    {0x5a, "user_canceled"},
    {0x64, "no_renegotiation"},
    {0x6d, "missing_extension"},
    {0x6e, "unsupported_extension"},
    {0x6f, "certificate_unobtainable"},
    {0x70, "unrecognized_name"},
    {0x71, "bad_certificate_status_response"},
    {0x72, "bad_certificate_hash_value"},
    {0x73, "unknown_psk_identity"},
    {0x74, "certificate_required"},
    {0x75, "general_error"},
    {0x78, "no_application_protocol"},
    {0x79, "ech_required"},
});
static_assert(sorted_by_code(kAlerts));

// RFC 5246 section 7.4.1.4.1: DTLS 1.2 names hash and signature apart.
constexpr auto kHashes = std::to_array<CodeName>(
    {{1, "md5"}, {2, "sha1"}, {3, "sha224"}, {4, "sha256"}, {5, "sha384"}, {6, "sha512"}});
constexpr auto kSignatures = std::to_array<CodeName>({{1, "rsa_pkcs1"}, {2, "dsa"}, {3, "ecdsa"}});

}  // namespace

std::string version_name(std::uint16_t version) {
  return grease_name_or_hex(kVersions, version);
}

std::string group_name(std::uint16_t group) {
  return grease_name_or_hex(kGroups, group);
}

std::string srtp_profile_name(std::uint16_t profile) {
  return name_or_hex(kSrtpProfiles, profile);
}

std::string extension_name(std::uint16_t type) {
  return grease_name_or_hex(kExtensions, type);
}

std::string signature_scheme_name(std::uint16_t scheme) {
  if (find_name(kSignatureSchemes, scheme) || is_grease(scheme))
    return grease_name_or_hex(kSignatureSchemes, scheme);
  const auto hash = find_name(kHashes, static_cast<std::uint16_t>(scheme >> 8U));
  const auto signature = find_name(kSignatures, scheme & 0xffU);
  if (hash && signature)
    return std::string(*signature) + "_" + std::string(*hash);
  return hex_code(scheme);
}

std::string content_type_name(ContentType type) {
  return name_or_hex(kContentTypes, static_cast<std::uint16_t>(type), 2);
}

std::string handshake_type_name(HandshakeType type) {
  return name_or_hex(kHandshakeTypes, static_cast<std::uint16_t>(type), 2);
}

std::string alert_level_name(std::uint8_t level) {
  constexpr std::array<CodeName, 2> kLevels{{{1, "warning"}, {2, "fatal"}}};
  return name_or_hex(kLevels, level, 2);
}

std::string alert_description_name(std::uint8_t description) {
  return name_or_hex(kAlerts, description, 2);
}

}  // namespace parley::dtls

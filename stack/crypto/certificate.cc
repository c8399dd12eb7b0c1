#include "stack/crypto/certificate.h"

#include <algorithm>
#include <utility>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "stack/crypto/certificate_handles.h"
#include "stack/crypto/hmac.h"
#include "stack/crypto/openssl_env.h"

namespace parley::crypto {
namespace {

constexpr std::chrono::seconds kDay{86'400};
constexpr std::string_view kSha256 = "sha-256";

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, upper, upper);
}

}  // namespace

Fingerprint Fingerprint::of(Bytes der) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string value;
  for (const std::byte octet : sha256(der)) {
    if (!value.empty())
      value += ':';
    value += kDigits[std::to_integer<unsigned>(octet) >> 4U];
    value += kDigits[std::to_integer<unsigned>(octet) & 0xfU];
  }
  return {std::string(kSha256), value};
}

bool Fingerprint::matches(const Fingerprint& other) const {
  return !value.empty() && equal_ignoring_case(algorithm, other.algorithm) &&
         equal_ignoring_case(value, other.value);
}

std::string to_string(const Fingerprint& fingerprint) {
  return fingerprint.algorithm + " " + fingerprint.value;
}

Certificate::Certificate(std::unique_ptr<Handles> handles) : handles_(std::move(handles)) {}
Certificate::~Certificate() = default;
Certificate::Certificate(Certificate&&) noexcept = default;
Certificate& Certificate::operator=(Certificate&&) noexcept = default;

Certificate Certificate::make(Random& random, std::chrono::seconds not_before_unix) {
  // The shown time only has to be other than zero: nothing here may depend on it.
  OpensslScope scope(random, std::chrono::seconds(1));
  auto handles = std::make_unique<Handles>();
  handles->key.reset(EVP_PKEY_Q_keygen(openssl_context(), nullptr, "EC", "P-256"));
  openssl_require(handles->key != nullptr, "key generation");
  handles->certificate.reset(X509_new_ex(openssl_context(), nullptr));
  X509* const x509 = handles->certificate.get();
  openssl_require(x509 != nullptr, "X509_new_ex");

  const auto unix_time = [](std::chrono::seconds s) { return static_cast<time_t>(s.count()); };
  // At most 63 bits and not zero: positive and short in DER (RFC 5280 section 4.1.2.2).
  const std::uint64_t serial = (random.next_u64() >> 1U) | 1U;
  X509_NAME* const name = X509_get_subject_name(x509);
  const std::string_view common_name = "WebRTC";
  const bool built =
      X509_set_version(x509, X509_VERSION_3) == 1 &&
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial) == 1 &&
      ASN1_TIME_set(X509_getm_notBefore(x509), unix_time(not_before_unix - kDay)) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(x509), unix_time(not_before_unix + 30 * kDay)) != nullptr &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) == 1 &&
      X509_set_issuer_name(x509, name) == 1 && X509_set_pubkey(x509, handles->key.get()) == 1 &&
      X509_sign(x509, handles->key.get(), EVP_sha256()) > 0;
  openssl_require(built, "certificate");

  handles->der = der_of(*x509);
  handles->fingerprint = Fingerprint::of(handles->der);
  return Certificate(std::move(handles));
}

Bytes Certificate::der() const {
  return handles_->der;
}

const Fingerprint& Certificate::fingerprint() const {
  return handles_->fingerprint;
}

ByteBuffer der_of(const X509& certificate) {
  unsigned char* encoded = nullptr;
  const int size = i2d_X509(&certificate, &encoded);
  openssl_require(size > 0, "i2d_X509");
  const auto octets = std::as_bytes(std::span(encoded, static_cast<std::size_t>(size)));
  ByteBuffer der(octets.begin(), octets.end());
  OPENSSL_free(encoded);
  return der;
}

}  // namespace parley::crypto

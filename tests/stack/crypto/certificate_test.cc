#include "stack/crypto/certificate.h"

#include <string>

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "stack/crypto/certificate_handles.h"

namespace parley::crypto {
namespace {

constexpr std::chrono::seconds kNewYear2024{1'704'067'200};

Certificate certificate_of(std::uint64_t seed) {
  SeededRandom random(seed, "certificate");
  return Certificate::make(random, kNewYear2024);
}

std::string time_of(const ASN1_TIME* time) {
  return std::string(as_text(std::as_bytes(
      std::span(ASN1_STRING_get0_data(time), static_cast<std::size_t>(ASN1_STRING_length(time))))));
}

TEST(Certificate, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const Certificate first = certificate_of(1);
  const Certificate again = certificate_of(1);
  const Certificate other = certificate_of(2);
  EXPECT_EQ(to_hex(first.der()), to_hex(again.der()));
  EXPECT_EQ(first.fingerprint(), again.fingerprint());
  EXPECT_NE(to_hex(first.der()), to_hex(other.der()));
  EXPECT_NE(first.fingerprint(), other.fingerprint());
}

TEST(Certificate, IsSelfSignedOnP256AndValidAroundTheGivenTime) {
  const Certificate certificate = certificate_of(1);
  X509* const x509 = certificate.handles().certificate.get();
  EXPECT_EQ(X509_verify(x509, certificate.handles().key.get()), 1);
  EXPECT_EQ(X509_self_signed(x509, 1), 1);
  EXPECT_EQ(EVP_PKEY_get_bits(certificate.handles().key.get()), 256);
  EXPECT_EQ(time_of(X509_get0_notBefore(x509)), "231231000000Z");
  EXPECT_EQ(time_of(X509_get0_notAfter(x509)), "240131000000Z");
}

TEST(Certificate, SurvivesBeingReadBack) {
  const Certificate certificate = certificate_of(3);
  const Bytes der = certificate.der();
  const auto* octets = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<X509, FreeCertificate> read(
      d2i_X509(nullptr, &octets, static_cast<long>(der.size())));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(to_hex(der_of(*read)), to_hex(der));
}

// SHA-256 of "abc", FIPS 180-2 appendix B.1.
TEST(Fingerprint, IsTheHashOfTheDerInUpperCaseWithColons) {
  const Fingerprint fingerprint = Fingerprint::of(as_bytes("abc"));
  EXPECT_EQ(to_string(fingerprint),
            "sha-256 BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:"
            "FF:61:F2:00:15:AD");
}

TEST(Fingerprint, MatchesWithoutRegardToCase) {
  const Fingerprint upper = Fingerprint::of(as_bytes("abc"));
  Fingerprint lower = upper;
  lower.algorithm = "SHA-256";
  for (char& c : lower.value)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  EXPECT_TRUE(upper.matches(lower));
  EXPECT_FALSE(upper.matches(Fingerprint::of(as_bytes("abd"))));
}

TEST(Fingerprint, NeverMatchesAnotherAlgorithmOrNothing) {
  const Fingerprint sha256 = Fingerprint::of(as_bytes("abc"));
  EXPECT_FALSE(sha256.matches({"sha-1", sha256.value}));
  EXPECT_FALSE(Fingerprint{}.matches(Fingerprint{}));
}

}  // namespace
}  // namespace parley::crypto

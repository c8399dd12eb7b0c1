#pragma once

// OpenSSL's side of a Certificate, for the files that hand it to libssl. Kept out of certificate.h
// so that OpenSSL's headers stay in few translation units.

#include <memory>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "stack/crypto/certificate.h"

namespace parley::crypto {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

struct Certificate::Handles {
  std::unique_ptr<EVP_PKEY, FreeKey> key;
  std::unique_ptr<X509, FreeCertificate> certificate;
  ByteBuffer der;
  Fingerprint fingerprint;
};

ByteBuffer der_of(const X509& certificate);

}  // namespace parley::crypto

#pragma once

// A self-signed certificate and its key, as WebRTC uses them (RFC 8827 section 6.5), and the
// fingerprint by which a peer recognises it (RFC 8122 section 5). Made from a generator and a given
// time only: the same two give the same bytes. Knows nothing about handshakes.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "stack/base/bytes.h"
#include "stack/base/random.h"

namespace parley::crypto {

// "sha-256" and "AA:BB:...": the two words of a=fingerprint (RFC 8122 section 5).
struct Fingerprint {
  std::string algorithm;
  std::string value;

  // Only SHA-256 is made; a peer may offer others, which matches() then refuses.
  static Fingerprint of(Bytes der);
  // Upper or lower case, as RFC 8122 allows a receiver to meet; never true for another algorithm.
  bool matches(const Fingerprint& other) const;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};
// "sha-256 AA:BB:..."
std::string to_string(const Fingerprint& fingerprint);

class Certificate {
 public:
  // ECDSA on P-256, valid from a day before `not_before` for thirty days. Nothing draws from
  // `random` afterwards.
  static Certificate make(Random& random, std::chrono::seconds not_before_unix);
  ~Certificate();
  Certificate(Certificate&&) noexcept;
  Certificate& operator=(Certificate&&) noexcept;
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  Bytes der() const;
  const Fingerprint& fingerprint() const;

  // OpenSSL's objects, for stack/dtls alone.
  struct Handles;
  const Handles& handles() const { return *handles_; }

 private:
  explicit Certificate(std::unique_ptr<Handles> handles);
  std::unique_ptr<Handles> handles_;
};

}  // namespace parley::crypto

#pragma once

// The side of a DTLS association that libssl sees: a network of whole datagrams, a timer whose
// length is ours, the check of the peer's certificate, the cookies. Owns what the callbacks write;
// decides nothing about the association's state. Only transport.cc includes this.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "stack/base/address.h"
#include "stack/base/bytes.h"
#include "stack/base/time.h"
#include "stack/crypto/certificate.h"
#include "stack/dtls/transport.h"

namespace parley::dtls {

struct LibsslPort {
  explicit LibsslPort(const TransportConfig& settings) : config(&settings) {}

  const TransportConfig* config;

  // One write of libssl is one datagram out; one read is the datagram in, once.
  std::vector<ByteBuffer> outgoing;
  Bytes incoming;
  bool has_incoming = false;

  // libssl's timer as it was last set, on libssl's frozen clock; zero when it is off. How long it
  // really takes is `backoff`, RFC 6347 section 4.2.4.1.
  std::chrono::microseconds libssl_timer{};
  bool timer_set = false;  // since the last look
  Duration backoff{};

  crypto::Fingerprint peer_fingerprint;
  std::string refusal;  // why our own check ended the handshake
  std::vector<std::string> keylog_lines;

  std::array<std::byte, 32> cookie_secret{};  // used only with config->hello_verify
  Endpoint remote;                            // whom the cookie is bound to
};

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPointer = std::unique_ptr<SSL, FreeSsl>;

// Call inside an OpensslScope. Null when the configuration names nothing that libssl can do; the
// reason is then in `refusal`.
SslPointer make_ssl(const crypto::Certificate& certificate, LibsslPort& port);

// What the handshake settled, in IANA's words.
Negotiated negotiated_of(SSL& ssl, const LibsslPort& port);
// The profile's IANA code point, or zero.
std::uint16_t srtp_profile_of(SSL& ssl);
// Why libssl gave up, in plain words.
std::string describe_failure(SSL& ssl, const LibsslPort& port);

}  // namespace parley::dtls

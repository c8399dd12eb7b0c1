#pragma once

// One DTLS 1.2 association (RFC 6347) with use_srtp (RFC 5764), spoken by libssl in virtual time.
// Owns the handshake, its flights and their timers (RFC 6347 section 4.2.4), the check of the
// peer's fingerprint (RFC 8122 section 5) and the keys that come out of it. Deliberately does not
// know where a datagram may come from: the session lets in only what ICE has validated
// (RFC 8445 section 12.2) and tells it the path to send on.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "stack/base/random.h"
#include "stack/crypto/certificate.h"
#include "stack/machine.h"
#include "stack/trace/states.h"

namespace parley::dtls {

enum class Role : std::uint8_t { Client, Server };

struct TransportConfig {
  Role role = Role::Client;
  std::size_t mtu = 1200;                               // of the UDP payload; 256 to 4096
  Duration initial_timeout = std::chrono::seconds(1);   // RFC 6347 section 4.2.4.1
  Duration maximum_timeout = std::chrono::seconds(60);  // RFC 6347 section 4.2.4.1
  bool hello_verify = false;                            // a cookie round trip, section 4.2.1
  // IANA code points, best first. An empty list of SRTP profiles: use_srtp is not offered.
  std::vector<std::uint16_t> cipher_suites = {0xc02b, 0xcca9, 0xc02c};
  std::vector<std::uint16_t> groups = {29, 23};
  std::vector<std::uint16_t> srtp_profiles = {0x0007, 0x0001};
  // The peer's certificate has to match one of these (RFC 8122 section 5).
  std::vector<crypto::Fingerprint> expected_fingerprints;
};

// What the handshake settled; complete once state() is Connected. IANA names.
struct Negotiated {
  std::string version, cipher_suite, group, srtp_profile;
  std::string peer_fingerprint;  // "sha-256 AA:BB:..."
};

// The master keys and salts of RFC 5764 section 4.2, named by who sends with them.
struct SrtpKeys {
  std::uint16_t profile = 0;
  ByteBuffer client_key, server_key, client_salt, server_salt;
};

struct TransportCounters {
  std::uint32_t flights_sent = 0;     // without retransmissions
  std::uint32_t retransmissions = 0;  // flights, not datagrams
  std::uint64_t datagrams_sent = 0, datagrams_received = 0;
  std::uint64_t application_data_dropped = 0;  // the receive queue was full
};

class Transport {
 public:
  // Plaintext that nobody has taken yet; what exceeds it is dropped as a network would.
  static constexpr std::size_t kMaxQueuedApplicationData = std::size_t{256} * 1024;
  static constexpr std::size_t kMaxKeylogLines = 16;

  // Neither certificate nor random is copied: both outlive the transport.
  Transport(trace::ActorId self, TransportConfig config, const crypto::Certificate& certificate,
            Random& random);
  ~Transport();
  Transport(Transport&&) noexcept;
  Transport& operator=(Transport&&) noexcept;

  // Where to send: the selected pair, set by the session whenever ICE changes it.
  void set_path(const Endpoint& local, const Endpoint& remote);
  // Nothing may be sent for now (RFC 7675 section 5.1): what is due counts as lost.
  void clear_path();
  // The client sends its first flight, the server begins to listen.
  void start(Instant now, Outbox& out);
  // close_notify (RFC 5246 section 7.2.1); nothing is sent or accepted afterwards.
  void close(Instant now, Outbox& out);

  void on_datagram(Instant now, const Datagram& datagram, Outbox& out);
  void on_deadline(Instant now, Outbox& out);
  Instant next_deadline() const;

  // False, and nothing is sent: not connected, empty, or too large for one record in the MTU.
  bool send_application_data(Instant now, Bytes data, Outbox& out);
  // Each element is one record's plaintext, in order of arrival.
  std::vector<ByteBuffer> take_application_data();

  trace::DtlsState state() const;
  const std::string& failure() const;  // why the state is Failed, in plain words; else empty
  Role role() const;
  const Negotiated& negotiated() const;
  const TransportCounters& counters() const;
  // Empty keys unless connected with an SRTP profile.
  SrtpKeys srtp_keys() const;
  // RFC 5705 exporter without a context; empty unless connected.
  ByteBuffer export_keying_material(std::string_view label, std::size_t size) const;
  // NSS key log lines written since the last call.
  std::vector<std::string> take_keylog_lines();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};
static_assert(Machine<Transport>);

}  // namespace parley::dtls

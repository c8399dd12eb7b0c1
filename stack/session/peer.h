#pragma once

// One WebRTC peer below the media: an ICE agent, the DTLS transport that runs over the pair it
// finds, and the signaling between two such peers. Owns the order of things: credentials and roles
// from offer and answer, DTLS on the first valid pair (RFC 8445 section 12.1), which datagram goes
// to which engine (RFC 7983). Deliberately knows no sockets, no SDP text and no network.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stack/base/random.h"
#include "stack/dtls/transport.h"
#include "stack/ice/agent.h"
#include "stack/machine.h"
#include "stack/session/signaling.h"

namespace parley::session {

struct PeerConfig {
  trace::ActorId actor;
  std::vector<Endpoint> host_endpoints;  // local sockets; ICE makes a host candidate of each
  std::vector<Endpoint> stun_servers;
  ice::AgentConfig ice;        // its role follows from offer and answer (RFC 8445 section 6.1.1)
  dtls::TransportConfig dtls;  // its role and the expected fingerprint follow from signaling
  Setup answer_setup = Setup::Active;       // RFC 8842 section 5.3 prefers active
  std::chrono::seconds certificate_time{};  // Unix time from which the certificate is valid
};

// A call that does not fit the state; nothing changed.
enum class SignalingError : std::uint8_t {
  WrongState,      // an offer after an offer, an answer without one
  BadSetup,        // both active, both passive, or an answer that says actpass (RFC 8842 section 5)
  TooMany,         // more early candidates than a description could make sense of
  BadFingerprint,  // not sha-256
  BadCredentials   // RFC 8839 section 5.4
};
std::string_view to_string(SignalingError error);

class Peer {
 public:
  // Candidates that came before their description wait here (RFC 8838 section 11.1).
  static constexpr std::size_t kMaxEarlyCandidates = 64;
  // DTLS datagrams wait here for the pair that they came over to become valid, and are never read
  // if it does not; what exceeds the bound is dropped and comes again by retransmission.
  static constexpr std::size_t kMaxEarlyDatagrams = 8;

  // Splits "certificate", "ice" and "dtls" from `random`, and draws from nothing else.
  Peer(PeerConfig config, const SeededRandom& random);
  ~Peer();
  Peer(Peer&&) noexcept;
  Peer& operator=(Peer&&) noexcept;

  // Makes this peer the offerer, the controlling agent, and begins to gather.
  Result<void, SignalingError> create_offer(Instant now, Outbox& out);
  // An offer makes this peer the answerer and queues the answer.
  Result<void, SignalingError> on_signaling(Instant now, const SignalingMessage& message,
                                            Outbox& out);
  // What this peer has to tell its peer, oldest first. Call after every call that takes an Outbox.
  std::vector<SignalingMessage> take_signaling();

  void on_datagram(Instant now, const Datagram& datagram, Outbox& out);
  void on_deadline(Instant now, Outbox& out);
  Instant next_deadline() const;
  // close_notify, then silence.
  void close(Instant now, Outbox& out);

  // ICE has a selected pair and DTLS is connected.
  bool connected() const;
  trace::IceState ice_state() const;
  trace::DtlsState dtls_state() const;
  const crypto::Fingerprint& fingerprint() const;
  // Null until an offer was made or came in.
  const ice::Agent* ice_agent() const;
  // Null until the other description came in, which settles the roles.
  const dtls::Transport* dtls_transport() const;
  dtls::Transport* dtls_transport();
  std::vector<std::string> take_keylog_lines();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};
static_assert(Machine<Peer>);

}  // namespace parley::session

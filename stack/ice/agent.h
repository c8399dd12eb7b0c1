#pragma once

// One ICE agent for one component (RFC 8445), with trickle (RFC 8838), patience (RFC 8863) and
// consent (RFC 7675). Owns the candidates, the checklist and every STUN transaction, gathering
// included. Knows nothing about sockets, signaling, SDP, DTLS or media: local addresses come in as
// base endpoints, remote candidates as values, and time and randomness from the caller.
//
// Nomination (RFC 8445 section 8.1.1 leaves it to the implementation). Regular: the controlling
// agent nominates its best valid pair as soon as no pair of higher priority is still likely to
// succeed. Likely are pairs that wait for their check, and pairs whose check has been out for less
// time than the best valid pair took to answer. `nomination_delay` after the first valid pair it
// nominates in any case. Aggressive (RFC 5245): USE-CANDIDATE stands in each check.
//
// A nominating check that fails ends the checklist (section 7.2.5.3.4): another pair may not be
// nominated, the peer may have taken the first one.
//
// State. New until both descriptions are there; Checking; Connected with a nominated pair;
// Completed when gathering has ended and the peer has no more candidates, too; Disconnected while
// consent checks stay unanswered. Failed for good when consent has expired or a nomination failed;
// and, until a later candidate or check of the peer revives it, when after the time of patience no
// pair is left, or the controlling peer has nominated none and is silent for that long.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "stack/base/address.h"
#include "stack/base/random.h"
#include "stack/base/time.h"
#include "stack/ice/candidate.h"
#include "stack/machine.h"
#include "stack/trace/event.h"
#include "stack/trace/states.h"

namespace parley::ice {

using trace::IceRole;
using trace::IceState;
using trace::Nomination;
using trace::PairId;
using trace::PairState;

struct AgentConfig {
  IceRole role = IceRole::Controlling;
  Nomination nomination = Nomination::Regular;
  TypePreferences preferences;
  std::optional<std::uint64_t> tie_breaker;               // random unless given
  Duration pacing = std::chrono::milliseconds(50);        // Ta, RFC 8445 section 14.2
  Duration initial_rto = std::chrono::milliseconds(500);  // RFC 8445 section 14.3
  std::size_t max_pairs = 100;                            // RFC 8445 section 6.1.2.5
  Duration nomination_delay = std::chrono::milliseconds(200);
  Duration patience = std::chrono::milliseconds(39500);  // RFC 8863 section 4
  bool consent = true;
  Duration consent_interval = std::chrono::seconds(5);  // randomised by 0.8 to 1.2
  Duration consent_expiry = std::chrono::seconds(30);   // RFC 7675 section 5.1
  Duration keepalive = std::chrono::seconds(15);        // Tr, RFC 8445 section 11
};

// Where to send: from a base of ours to an address of the peer.
struct Path {
  Endpoint local, remote;
  friend bool operator==(const Path&, const Path&) = default;
};

// Both candidates as getStats shows them: `local` is the valid pair's, often reflexive, and
// `local.base` is where packets leave from.
struct SelectedPair {
  PairId id;
  Candidate local, remote;
};

class Agent {
 public:
  // `random` is kept: it must outlive the agent.
  Agent(trace::ActorId self, const AgentConfig& config, Credentials local, Random& random);
  ~Agent();
  Agent(Agent&&) noexcept;
  Agent& operator=(Agent&&) noexcept;

  // Host candidates exist at once, server-reflexive ones as the servers answer. `bases` in order
  // of preference. Once only.
  void start_gathering(Instant now, const std::vector<Endpoint>& bases,
                       const std::vector<Endpoint>& stun_servers, Outbox& out);
  // Candidates to signal that were found since the last call.
  std::vector<Candidate> take_local_candidates();
  // Everything that gathering started has ended: after the last take_local_candidates() it is
  // time for end-of-candidates.
  bool gathering_complete() const;

  // The peer's description. Candidates and checks that came before it are taken up now.
  void set_remote(Instant now, Credentials remote, Outbox& out);
  void add_remote_candidate(Instant now, const Candidate& candidate, Outbox& out);
  void set_remote_end_of_candidates(Instant now, Outbox& out);
  // Nothing is sent or answered any more.
  void close(Instant now, Outbox& out);

  // For datagrams that demultiplexing calls STUN; anything else is discarded.
  void on_datagram(Instant now, const Datagram& datagram, Outbox& out);
  void on_deadline(Instant now, Outbox& out);
  Instant next_deadline() const;
  // Tells that something else was sent over the selected pair, so that no keepalive is due.
  void on_data_sent(Instant now);

  IceState state() const;
  IceRole role() const;
  const Credentials& local_credentials() const;
  std::optional<SelectedPair> selected_pair() const;
  // Of the selected pair or, before nomination, of the best valid one; nothing once consent is
  // lost or the agent closed.
  std::optional<Path> send_path() const;
  // Whether a check of ours over this path has succeeded: other packets are worth reading only then
  // (RFC 8827 section 6.5 asks for it before DTLS).
  bool is_valid_path(const Endpoint& local, const Endpoint& remote) const;
  // For tests and fuzzers; debug builds check after each call. What is wrong, or empty.
  std::string_view broken_invariant() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};
static_assert(Machine<Agent>);

}  // namespace parley::ice

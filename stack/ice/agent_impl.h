#pragma once

// The inside of Agent, over four sources: agent_candidates.cc (candidates and descriptions),
// agent_core.cc (packets, time, pacing, nomination, derived state), agent_client.cc (our checks and
// their answers), agent_server.cc (the peer's checks). Every entry point ends with finish():
// nominate, send what pacing allows, derive the state, check the invariants.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stack/ice/agent.h"
#include "stack/ice/candidate.h"
#include "stack/ice/checklist.h"
#include "stack/ice/consent.h"
#include "stack/ice/gathering.h"
#include "stack/ice/messages.h"
#include "stack/stun/transaction.h"

namespace parley::ice {

class Agent::Impl {
 public:
  static constexpr std::size_t kMaxBases = 16;
  static constexpr std::size_t kMaxRemoteCandidates = 100;
  static constexpr std::size_t kMaxLocalCandidates = 100;
  static constexpr std::size_t kMaxEarlyChecks = 32;

  Impl(trace::ActorId self, const AgentConfig& config, Credentials local, Random& random);

  // agent_candidates.cc and agent_core.cc
  void start_gathering(const Reporter& report, const std::vector<Endpoint>& bases,
                       const std::vector<Endpoint>& stun_servers);
  void set_remote(const Reporter& report, Credentials remote);
  void add_remote_candidate(const Reporter& report, const Candidate& candidate);
  void set_remote_end_of_candidates(const Reporter& report);
  void close(const Reporter& report);
  void on_datagram(const Reporter& report, const Datagram& datagram);
  void on_deadline(const Reporter& report);
  Instant next_deadline() const;
  std::string_view broken_invariant() const;

 private:
  friend class Agent;

  // A check that was sent and may still be answered.
  struct Check {
    stun::Transaction transaction;
    PairId pair;
    std::uint32_t priority;
    IceRole role;
    bool use_candidate;
    // The code of an error that came without integrity and was not believed, for the reason text.
    std::uint16_t doubtful_error = 0;
  };
  // A good check that came before the peer's description did.
  struct EarlyCheck {
    Endpoint base, source;
    std::uint32_t priority;
    bool use_candidate;
  };

  void add_local(const Reporter& report, const Candidate& candidate);
  void pair_up(const Reporter& report, const Candidate& local, const Candidate& remote);
  const Candidate* host_of(const Endpoint& base) const;
  void on_server_answer(const Reporter& report, const Gatherer::Found& found);
  void extend_patience(Instant now);
  void switch_role(const Reporter& report, IceRole role, std::string_view reason);
  void nominate(const Reporter& report, Pair& pair);
  void select(const Reporter& report);
  void finish(const Reporter& report);
  void consider_nomination(Instant now);
  void fail_nomination(std::string_view reason);
  // Only a restart helps.
  bool over() const { return consent_lost_ || nomination_failed_; }
  void pump(const Reporter& report);
  bool has_paced_work() const;
  void evaluate_state(const Reporter& report);
  IceState derive_state() const;
  bool awaits_nomination() const;
  Instant nomination_awaited_until() const;
  std::string_view reason_for(IceState state) const;
  std::string_view broken_check_invariant() const;
  void enter(const Reporter& report, IceState state);

  // agent_client.cc
  void send_check(const Reporter& report, Pair& pair);
  void send_consent_request(const Reporter& report);
  void on_check_deadlines(const Reporter& report);
  void on_consent_deadline(const Reporter& report);
  void on_response(const Reporter& report, const Datagram& datagram,
                   const stun::MessageView& response);
  bool authentic(const Reporter& report, const Datagram& datagram,
                 const stun::MessageView& response);
  void on_check_response(const Reporter& report, const Datagram& datagram,
                         const stun::MessageView& response);
  void on_check_error(const Reporter& report, const Check& check, std::uint16_t code);
  void on_check_success(const Reporter& report, const Check& check, const Endpoint& mapped);
  void on_consent_response(const Reporter& report, const Datagram& datagram,
                           const stun::MessageView& response);
  void fail_check(const Reporter& report, const Check& check, std::string_view reason);
  Candidate valid_local_for(const Reporter& report, const Pair& pair, const Check& check,
                            const Endpoint& mapped);
  Check* find_check(const stun::TransactionId& id);
  void cancel_checks(PairId pair, bool nominating_too);
  void cancel_orphans();
  std::uint32_t check_priority(const Candidate& local) const;
  Duration check_rto() const;

  // agent_server.cc
  void on_request(const Reporter& report, const Datagram& datagram,
                  const stun::MessageView& request);
  bool resolve_role(const Reporter& report, const IncomingCheck& check);
  void on_peer_check(const Reporter& report, const EarlyCheck& check);
  const Candidate* learn_remote(const Reporter& report, const EarlyCheck& check);
  void trigger(const Reporter& report, Pair& pair);
  void on_use_candidate(const Reporter& report, Pair& pair);

  trace::ActorId self_;
  AgentConfig config_;
  Credentials local_credentials_;
  std::optional<Credentials> remote_credentials_;
  Random* random_;
  std::uint64_t tie_breaker_;
  std::string nomination_failure_;  // why

  std::vector<Endpoint> bases_;
  std::vector<Candidate> locals_, remotes_;
  std::vector<Candidate> untold_;  // for take_local_candidates()
  Foundations foundations_;
  Gatherer gatherer_;

  Checklist checklist_;
  std::vector<Check> checks_;
  std::vector<EarlyCheck> early_;
  std::optional<PairId> selected_;
  Consent consent_;

  Instant next_slot_{};                   // Ta: no new transaction before
  Instant nomination_deadline_ = kNever;  // ask choose_nomination() again
  Instant patience_until_ = kNever;       // kNever: not running
  Instant peer_heard_{};                  // its last good check
  Instant keepalive_due_ = kNever;
  std::uint32_t peer_reflexive_remotes_ = 0;

  IceRole role_;
  IceState state_ = IceState::New;
  bool started_ = false;
  bool closed_ = false;
  bool consent_lost_ = false;
  bool nomination_failed_ = false;
  bool end_of_candidates_ = false;
  bool patience_over_ = false;
  bool nomination_overdue_ = false;  // until the peer is heard again
};

}  // namespace parley::ice

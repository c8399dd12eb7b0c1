// The peer's checks: RFC 8445 section 7.3.

#include <algorithm>
#include <string>

#include "stack/ice/agent_impl.h"

namespace parley::ice {

void Agent::Impl::on_request(const Reporter& report, const Datagram& datagram,
                             const stun::MessageView& request) {
  if (request.verify_fingerprint() != stun::Verification::Good) {
    report.discarded("request without good fingerprint", datagram.remote);
    return;
  }
  // The peer may have taken the pair whose nomination failed here: without answers its consent
  // expires, and both know that there is no path.
  if (nomination_failed_) {
    report.discarded("request after the nomination failed", datagram.remote);
    return;
  }
  const stun::TransactionId id = request.transaction_id();
  IncomingCheck check = examine(request, local_credentials_);
  if (check.error == 0 && !resolve_role(report, check))
    check.error = 487;
  if (check.error != 0) {
    report.discarded("request answered with error " + std::to_string(check.error), datagram.remote);
    report.out.send(datagram.local, datagram.remote,
                    encode_error(id, check.error, check.unknown, local_credentials_));
    return;
  }
  report.out.send(datagram.local, datagram.remote,
                  encode_success(id, datagram.remote, local_credentials_));
  if (consent_lost_)
    return;
  peer_heard_ = report.now;
  nomination_overdue_ = false;
  const EarlyCheck heard{datagram.local, datagram.remote, check.priority, check.use_candidate};
  if (remote_credentials_)
    on_peer_check(report, heard);
  else if (early_.size() < kMaxEarlyChecks)
    early_.push_back(heard);
  else
    report.discarded("too many checks before the description", datagram.remote);
}

// Section 7.3.1.1. False: the peer has to switch.
bool Agent::Impl::resolve_role(const Reporter& report, const IncomingCheck& check) {
  if (check.role != role_)
    return true;
  const bool ours_wins = tie_breaker_ >= check.tie_breaker;
  // Equal numbers would let two agents change roles in step without end.
  if (tie_breaker_ == check.tie_breaker)
    tie_breaker_ = random_->next_u64();
  if (role_ == IceRole::Controlling) {
    if (ours_wins)
      return false;
    switch_role(report, IceRole::Controlled, "the peer controls with a larger tie-breaker");
    return true;
  }
  if (!ours_wins)
    return false;
  switch_role(report, IceRole::Controlling, "the peer is controlled, with no larger tie-breaker");
  return true;
}

void Agent::Impl::on_peer_check(const Reporter& report, const EarlyCheck& check) {
  Pair* pair = checklist_.find(check.base, check.source);
  const bool nominates = check.use_candidate && role_ == IceRole::Controlled;
  if (pair == nullptr) {
    // After nomination only a peer that nominates again has something new to say (section 8.3).
    if (selected_ && !nominates)
      return;
    const Candidate* local = host_of(check.base);
    const Candidate* remote = learn_remote(report, check);
    if (local == nullptr || remote == nullptr)
      return;
    pair = checklist_.add(report, *local, *remote);
    if (pair == nullptr)
      return;
  }
  trigger(report, *pair);
  if (nominates)
    on_use_candidate(report, *pair);
}

// Section 7.3.1.3.
const Candidate* Agent::Impl::learn_remote(const Reporter& report, const EarlyCheck& check) {
  const auto known = std::find_if(remotes_.begin(), remotes_.end(),
                                  [&](const Candidate& c) { return c.address == check.source; });
  if (known != remotes_.end())
    return &*known;
  if (remotes_.size() >= kMaxRemoteCandidates) {
    report.discarded("too many remote candidates", check.source);
    return nullptr;
  }
  Candidate found{CandidateType::PeerReflexive, check.source, check.source, check.priority,
                  "prflx" + std::to_string(++peer_reflexive_remotes_)};
  report.emit(trace::IceCandidate{true, found.type, found.address, found.base, found.priority,
                                  found.foundation});
  remotes_.push_back(std::move(found));
  return &remotes_.back();
}

// Section 7.3.1.4.
void Agent::Impl::trigger(const Reporter& report, Pair& pair) {
  switch (pair.state) {
    case PairState::Succeeded:
      return;
    case PairState::Waiting:
      break;
    case PairState::Frozen:
    case PairState::Failed:
      checklist_.step(report, pair, PairInput::TriggeredCheck, "the peer's check came over it");
      break;
    case PairState::InProgress:
      cancel_checks(pair.id, true);
      checklist_.step(report, pair, PairInput::TriggeredCheck,
                      "the peer's check came over it: check again at once");
      break;
  }
  checklist_.enqueue_triggered(pair.id);
}

// Section 7.3.1.5: nominated now, or as soon as our own check succeeds.
void Agent::Impl::on_use_candidate(const Reporter& report, Pair& pair) {
  if (pair.valid())
    nominate(report, pair);
  else
    pair.nominate_on_success = true;
}

}  // namespace parley::ice

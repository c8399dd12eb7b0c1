// Our checks: RFC 8445 section 7.2, with consent (RFC 7675).

#include <algorithm>
#include <string>
#include <utility>

#include "stack/ice/agent_impl.h"

namespace parley::ice {

// The peer-reflexive priority that the check would discover (section 7.1.1).
std::uint32_t Agent::Impl::check_priority(const Candidate& local) const {
  return candidate_priority(config_.preferences.peer_reflexive,
                            local_preference_of(local.priority));
}

// Section 14.3, with the one checklist that a bundled transport has.
Duration Agent::Impl::check_rto() const {
  const std::size_t active =
      checklist_.count(PairState::Waiting) + checklist_.count(PairState::InProgress);
  return std::max<Duration>(config_.initial_rto,
                            config_.pacing * static_cast<Duration::rep>(active));
}

void Agent::Impl::send_check(const Reporter& report, Pair& pair) {
  if (checks_.size() >= 2 * config_.max_pairs + 64)
    checks_.erase(std::find_if(checks_.begin(), checks_.end(),
                               [](const Check& c) { return c.transaction.cancelled(); }));
  cancel_checks(pair.id, true);
  CheckRequest request;
  request.id = stun::make_transaction_id(*random_);
  request.priority = check_priority(pair.local);
  request.role = role_;
  request.tie_breaker = tie_breaker_;
  request.use_candidate = role_ == IceRole::Controlling &&
                          (pair.nominating || config_.nomination == Nomination::Aggressive);
  stun::Retransmission plan;
  plan.rto = check_rto();
  checks_.push_back(
      {stun::Transaction(request.id, pair.base(), pair.remote.address,
                         encode_check(request, local_credentials_, *remote_credentials_), plan),
       pair.id, request.priority, role_, request.use_candidate});
  pair.check_started = report.now;
  // A nominating check repeats one that succeeded: the pair stays valid meanwhile.
  if (!pair.valid())
    checklist_.step(report, pair, PairInput::SendCheck, "check sent");
  checks_.back().transaction.start(report.now, report.out);
  report.emit(
      trace::IceCheckSent{pair.id, stun::to_string(request.id), 1, request.use_candidate, false});
}

void Agent::Impl::on_check_deadlines(const Reporter& report) {
  std::vector<Check> timed_out;
  std::erase_if(checks_, [&](Check& check) {
    switch (check.transaction.on_deadline(report.now, report.out)) {
      case stun::Transaction::Outcome::Nothing:
        return false;
      case stun::Transaction::Outcome::Retransmitted:
        report.emit(trace::IceCheckSent{check.pair, stun::to_string(check.transaction.id()),
                                        check.transaction.attempts(), check.use_candidate, false});
        return false;
      case stun::Transaction::Outcome::TimedOut:
        timed_out.push_back(check);
        return true;
    }
    return false;
  });
  for (const Check& check : timed_out) {
    std::string reason =
        "no answer to " + std::to_string(check.transaction.attempts()) + " requests";
    if (check.doubtful_error != 0)
      reason = "no authenticated answer, only error " + std::to_string(check.doubtful_error);
    fail_check(report, check, reason);
  }
}

void Agent::Impl::fail_check(const Reporter& report, const Check& check, std::string_view reason) {
  Pair* pair = checklist_.find(check.pair);
  // A cancelled check says nothing about the pair (section 7.3.1.4): another one is on its way.
  if (pair == nullptr || check.transaction.cancelled())
    return;
  const bool nominating = pair->nominating && check.use_candidate && check.role == role_;
  checklist_.step(report, *pair, PairInput::CheckFailed, reason);
  if (nominating && role_ == IceRole::Controlling && !selected_)
    fail_nomination(reason);
}

Agent::Impl::Check* Agent::Impl::find_check(const stun::TransactionId& id) {
  const auto it = std::find_if(checks_.begin(), checks_.end(),
                               [&](const Check& c) { return c.transaction.id() == id; });
  return it == checks_.end() ? nullptr : &*it;
}

void Agent::Impl::cancel_checks(PairId pair, bool nominating_too) {
  for (Check& check : checks_)
    if (check.pair == pair && (nominating_too || !check.use_candidate))
      check.transaction.cancel();
}

// Section 8.1.2: of pairs that have left the checklist.
void Agent::Impl::cancel_orphans() {
  for (Check& check : checks_)
    if (checklist_.find(check.pair) == nullptr)
      check.transaction.cancel();
}

void Agent::Impl::on_response(const Reporter& report, const Datagram& datagram,
                              const stun::MessageView& response) {
  const stun::TransactionId id = response.transaction_id();
  if (gatherer_.owns(id)) {
    if (response.verify_fingerprint() == stun::Verification::Bad)
      report.discarded("wrong fingerprint", datagram.remote);
    else if (const auto found = gatherer_.on_response(report, datagram, response))
      on_server_answer(report, *found);
  } else if (find_check(id) != nullptr) {
    if (authentic(report, datagram, response))
      on_check_response(report, datagram, response);
  } else if (consent_.owns(id)) {
    if (authentic(report, datagram, response))
      on_consent_response(report, datagram, response);
  } else {
    report.discarded("response to no request of ours", datagram.remote);
  }
}

// RFC 8489 section 9.1.4: without good integrity it is as if it had never come, 400 and 401 that
// cannot have it included; the retransmissions go on.
bool Agent::Impl::authentic(const Reporter& report, const Datagram& datagram,
                            const stun::MessageView& response) {
  if (response.verify_fingerprint() != stun::Verification::Good) {
    report.discarded("response without good fingerprint", datagram.remote);
    return false;
  }
  if (response.verify_integrity(as_bytes(remote_credentials_->password)) ==
      stun::Verification::Good)
    return true;
  const std::optional<stun::ErrorCode> error = response.error_code();
  Check* check = find_check(response.transaction_id());
  if (error && check != nullptr)
    check->doubtful_error = error->code;
  report.discarded(error ? "error " + std::to_string(error->code) + " without good integrity"
                         : std::string("response without good integrity"),
                   datagram.remote);
  return false;
}

void Agent::Impl::on_check_response(const Reporter& report, const Datagram& datagram,
                                    const stun::MessageView& response) {
  Check* found = find_check(response.transaction_id());
  const Check check = std::move(*found);
  checks_.erase(checks_.begin() + (found - checks_.data()));

  const bool success = response.message_class() == stun::Class::Success;
  const std::optional<stun::ErrorCode> error = response.error_code();
  const std::uint16_t code = success ? std::uint16_t{0} : error ? error->code : std::uint16_t{500};
  report.emit(trace::IceCheckAnswered{check.pair, stun::to_string(check.transaction.id()), code,
                                      check.transaction.rtt(report.now)});
  const std::optional<Endpoint> mapped = response.xor_mapped_address();
  // Section 7.2.5.2.1: source and destination have to mirror the request's.
  if (datagram.remote != check.transaction.remote() || datagram.local != check.transaction.local())
    fail_check(report, check, "the answer came from " + to_string(datagram.remote));
  else if (!success)
    on_check_error(report, check, code);
  else if (!response.unknown_required().empty() || !mapped)
    fail_check(report, check, "an answer that cannot be understood");
  else
    on_check_success(report, check, *mapped);
}

void Agent::Impl::on_check_error(const Reporter& report, const Check& check, std::uint16_t code) {
  if (code != 487) {
    fail_check(report, check, "error " + std::to_string(code));
    return;
  }
  // Section 7.2.5.1. An answer to a request of our former role has been settled already.
  if (check.role == role_) {
    switch_role(report, role_ == IceRole::Controlling ? IceRole::Controlled : IceRole::Controlling,
                "the peer answered 487 (role conflict)");
    tie_breaker_ = random_->next_u64();
  }
  Pair* pair = checklist_.find(check.pair);
  if (pair == nullptr || check.transaction.cancelled())
    return;
  if (pair->state == PairState::InProgress &&
      checklist_.step(report, *pair, PairInput::TriggeredCheck, "role conflict: check again"))
    checklist_.enqueue_triggered(pair->id);
}

void Agent::Impl::on_check_success(const Reporter& report, const Check& check,
                                   const Endpoint& mapped) {
  Pair* pair = checklist_.find(check.pair);
  if (pair == nullptr || pair->state == PairState::Failed || pair->state == PairState::Frozen)
    return;
  pair->rtt = check.transaction.rtt(report.now);
  if (!pair->valid()) {
    pair->valid_local = valid_local_for(report, *pair, check, mapped);
    pair->valid_since = report.now;
    checklist_.step(report, *pair, PairInput::ValidResponse, "check answered");
    checklist_.remove_triggered(pair->id);
    checklist_.unfreeze_like(report, *pair);
    cancel_checks(pair->id, false);
  }
  const bool flagged = check.use_candidate && check.role == role_;
  if ((role_ == IceRole::Controlling && flagged) ||
      (role_ == IceRole::Controlled && pair->nominate_on_success))
    nominate(report, *pair);
}

// Sections 7.2.5.3.1 and 7.2.5.3.2: the candidate that the peer saw; peer-reflexive if new.
Candidate Agent::Impl::valid_local_for(const Reporter& report, const Pair& pair, const Check& check,
                                       const Endpoint& mapped) {
  const auto known = std::find_if(locals_.begin(), locals_.end(), [&](const Candidate& c) {
    return c.address == mapped && c.base == pair.base();
  });
  if (known != locals_.end())
    return *known;
  Candidate found{CandidateType::PeerReflexive, mapped, pair.base(), check.priority,
                  foundations_.of(CandidateType::PeerReflexive, pair.base().address)};
  if (locals_.size() < kMaxLocalCandidates) {
    locals_.push_back(found);
    report.emit(trace::IceCandidate{false, found.type, found.address, found.base, found.priority,
                                    found.foundation});
  }
  return found;
}

// --- Consent ---

void Agent::Impl::send_consent_request(const Reporter& report) {
  const Pair& pair = *checklist_.find(*selected_);
  CheckRequest request;
  request.id = stun::make_transaction_id(*random_);
  request.priority = check_priority(pair.local);
  request.role = role_;
  request.tie_breaker = tie_breaker_;
  report.out.send(pair.base(), pair.remote.address,
                  encode_check(request, local_credentials_, *remote_credentials_));
  consent_.on_sent(report.now, request.id, *random_);
  report.emit(trace::IceCheckSent{pair.id, stun::to_string(request.id), 1, false, true});
  if (keepalive_due_ != kNever)
    keepalive_due_ = report.now + config_.keepalive;
}

void Agent::Impl::on_consent_deadline(const Reporter& report) {
  if (!consent_.running())
    return;
  if (!consent_.expired(report.now)) {
    if (consent_.due(report.now))
      send_consent_request(report);
    return;
  }
  // RFC 7675 section 5.1: no more is sent on this pair, and only a restart gets consent again.
  consent_lost_ = true;
  report.emit(trace::IceConsentLost{*selected_});
  consent_.stop();
  checks_.clear();
  gatherer_.stop();
  keepalive_due_ = kNever;
}

void Agent::Impl::on_consent_response(const Reporter& report, const Datagram& datagram,
                                      const stun::MessageView& response) {
  const Pair& pair = *checklist_.find(*selected_);
  const stun::TransactionId id = response.transaction_id();
  if (response.message_class() != stun::Class::Success || datagram.remote != pair.remote.address ||
      datagram.local != pair.base()) {
    report.discarded("not a consent: an error, or from another address", datagram.remote);
    return;
  }
  if (const std::optional<Duration> rtt = consent_.on_answer(report.now, id))
    report.emit(trace::IceCheckAnswered{pair.id, stun::to_string(id), 0, *rtt});
}

}  // namespace parley::ice

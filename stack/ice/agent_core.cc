// Packets, time, pacing, nomination and the state that follows from them.

#include <algorithm>
#include <string>
#include <utility>

#include "stack/base/assert.h"
#include "stack/ice/agent_impl.h"
#include "stack/ice/nomination.h"

namespace parley::ice {

namespace {

AgentConfig sane(AgentConfig config) {
  // RFC 8445 section 14.2: Ta MUST NOT be below 5 ms. The other bounds keep timers from spinning.
  config.pacing = std::max<Duration>(config.pacing, std::chrono::milliseconds(5));
  config.initial_rto = std::max<Duration>(config.initial_rto, std::chrono::milliseconds(10));
  config.consent_interval = std::max<Duration>(config.consent_interval, std::chrono::seconds(1));
  config.consent_expiry = std::max(config.consent_expiry, config.consent_interval);
  config.max_pairs = std::max<std::size_t>(config.max_pairs, 1);
  return config;
}

std::uint64_t tie_breaker_of(const AgentConfig& config, Random& random) {
  return config.tie_breaker ? *config.tie_breaker : random.next_u64();
}

}  // namespace

Agent::Impl::Impl(trace::ActorId self, const AgentConfig& config, Credentials local, Random& random)
    : self_(self),
      config_(sane(config)),
      local_credentials_(std::move(local)),
      random_(&random),
      tie_breaker_(tie_breaker_of(config, random)),
      checklist_(config.role, config_.max_pairs),
      consent_(config_.consent_interval, config_.consent_expiry),
      role_(config.role) {}

// --- Time and packets ---

void Agent::Impl::close(const Reporter& report) {
  closed_ = true;
  checks_.clear();
  early_.clear();
  gatherer_.stop();
  consent_.stop();
  finish(report);
}

void Agent::Impl::on_datagram(const Reporter& report, const Datagram& datagram) {
  if (closed_)
    return;
  if (!stun::MessageView::looks_like(datagram.payload)) {
    report.discarded("not STUN", datagram.remote);
    return;
  }
  const Result<stun::MessageView> message = stun::MessageView::decode(datagram.payload);
  if (!message) {
    report.discarded(to_string(message.error()), datagram.remote, message.error().offset);
    return;
  }
  if (message->method() != stun::Method::Binding ||
      std::find(bases_.begin(), bases_.end(), datagram.local) == bases_.end()) {
    report.discarded("not for this agent", datagram.remote);
    return;
  }
  switch (message->message_class()) {
    case stun::Class::Request:
      on_request(report, datagram, *message);
      break;
    case stun::Class::Indication:
      break;  // a keepalive (RFC 8445 section 11): its arrival at the NATs was its purpose
    case stun::Class::Success:
    case stun::Class::Error:
      on_response(report, datagram, *message);
      break;
  }
  finish(report);
}

void Agent::Impl::on_deadline(const Reporter& report) {
  if (closed_)
    return;
  gatherer_.on_deadline(report);
  on_check_deadlines(report);
  on_consent_deadline(report);
  if (report.now >= keepalive_due_) {
    const Pair* pair = selected_ ? checklist_.find(*selected_) : nullptr;
    keepalive_due_ = pair == nullptr ? kNever : report.now + config_.keepalive;
    if (pair != nullptr)
      report.out.send(pair->base(), pair->remote.address,
                      encode_keepalive(stun::make_transaction_id(*random_)));
  }
  if (report.now >= patience_until_) {
    patience_until_ = kNever;
    patience_over_ = true;
  }
  if (awaits_nomination() && report.now >= nomination_awaited_until())
    nomination_overdue_ = true;
  finish(report);
}

Instant Agent::Impl::next_deadline() const {
  if (closed_)
    return kNever;
  Instant next = gatherer_.next_deadline();
  for (const Check& check : checks_)
    next = std::min(next, check.transaction.next_deadline());
  if (consent_.running())
    next = std::min(next, consent_.next_deadline());
  if (has_paced_work())
    next = std::min(next, next_slot_);
  if (awaits_nomination())
    next = std::min(next, nomination_awaited_until());
  return std::min({next, nomination_deadline_, patience_until_, keepalive_due_});
}

bool Agent::Impl::has_paced_work() const {
  return gatherer_.has_unstarted() || (remote_credentials_ && !over() && checklist_.has_work());
}

// RFC 8445 section 14.2: one new transaction in each Ta, over gathering and checks together.
void Agent::Impl::pump(const Reporter& report) {
  if (report.now < next_slot_ || !has_paced_work())
    return;
  if (gatherer_.has_unstarted()) {
    gatherer_.start_next(report, *random_);
    next_slot_ = report.now + config_.pacing;
  } else if (Pair* pair = checklist_.next_check(report)) {
    send_check(report, *pair);
    next_slot_ = report.now + config_.pacing;
  }
}

void Agent::Impl::finish(const Reporter& report) {
  if (!closed_) {
    consider_nomination(report.now);
    pump(report);
  }
  evaluate_state(report);
#ifndef NDEBUG
  PARLEY_ASSERT(broken_invariant().empty());
#endif
}

// --- Roles and nomination ---

void Agent::Impl::switch_role(const Reporter& report, IceRole role, std::string_view reason) {
  if (role_ == role)
    return;
  role_ = role;
  checklist_.set_role(role);
  report.emit(trace::IceRoleChanged{role, std::string(reason)});
  for (const Pair& pair : checklist_.pairs()) {
    Pair& changed = *checklist_.find(pair.id);
    changed.nominating = false;
    changed.nominate_on_success = false;
  }
}

void Agent::Impl::consider_nomination(Instant now) {
  nomination_deadline_ = kNever;
  if (role_ != IceRole::Controlling || config_.nomination != Nomination::Regular || selected_ ||
      over())
    return;
  const auto& pairs = checklist_.pairs();
  if (std::any_of(pairs.begin(), pairs.end(), [](const Pair& p) { return p.nominating; }))
    return;
  const NominationChoice choice = choose_nomination(checklist_, now, config_.nomination_delay);
  nomination_deadline_ = choice.wait_until;
  if (!choice.pair)
    return;
  // RFC 8445 section 8.1.1: the check that made the pair valid is repeated with the flag.
  checklist_.find(*choice.pair)->nominating = true;
  checklist_.enqueue_triggered(*choice.pair);
}

// Section 7.2.5.3.4: the checklist has failed. Nominating another pair instead could leave the two
// agents on different ones, for the peer may have got the request.
void Agent::Impl::fail_nomination(std::string_view reason) {
  nomination_failure_ = "the nomination failed: " + std::string(reason);
  nomination_failed_ = true;
  checks_.clear();
  gatherer_.stop();
}

void Agent::Impl::nominate(const Reporter& report, Pair& pair) {
  pair.nominating = false;
  pair.nominate_on_success = false;
  if (pair.nominated)
    return;
  pair.nominated = true;
  report.emit(trace::IceNominated{pair.id});
  cancel_checks(pair.id, true);
  // RFC 8445 section 8.1.2: the search is over. With aggressive nomination (RFC 5245 section
  // 8.1.2) checks of higher priority that are already out may still win.
  const std::uint64_t priority = pair.priority;
  const bool aggressive =
      role_ == IceRole::Controlling && config_.nomination == Nomination::Aggressive;
  checklist_.prune(report, [&](const Pair& other) {
    return aggressive && other.state == PairState::InProgress && other.priority > priority;
  });
  cancel_orphans();
  select(report);
}

void Agent::Impl::select(const Reporter& report) {
  const Pair* best = checklist_.best_nominated();
  if (best == nullptr || selected_ == best->id)
    return;
  selected_ = best->id;
  const Candidate& local = *best->valid_local;
  report.emit(trace::IceSelectedPair{best->id, local.address, best->base(), best->remote.address,
                                     local.type, best->remote.type, local.priority,
                                     best->remote.priority});
  if (config_.consent)
    consent_.start(report.now, *random_);
  if (config_.keepalive > Duration::zero())
    keepalive_due_ = report.now + config_.keepalive;
}

// --- Derived state ---

// A controlled agent has a path and waits for the peer to choose it.
bool Agent::Impl::awaits_nomination() const {
  return role_ == IceRole::Controlled && !selected_ && !over() && !nomination_overdue_ &&
         patience_over_ && gatherer_.complete() && !checklist_.unfinished() &&
         checklist_.best_valid() != nullptr;
}

Instant Agent::Impl::nomination_awaited_until() const {
  return std::max(peer_heard_, checklist_.best_valid()->valid_since) + config_.patience;
}

IceState Agent::Impl::derive_state() const {
  if (closed_)
    return IceState::Closed;
  if (over())
    return IceState::Failed;
  if (selected_) {
    if (consent_.unanswered() > 2)
      return IceState::Disconnected;
    return end_of_candidates_ && started_ && gatherer_.complete() ? IceState::Completed
                                                                  : IceState::Connected;
  }
  if (!started_ || !remote_credentials_)
    return IceState::New;
  const bool nothing_left =
      patience_over_ && gatherer_.complete() && !checklist_.unfinished() &&
      (checklist_.best_valid() == nullptr || (nomination_overdue_ && role_ == IceRole::Controlled));
  return nothing_left ? IceState::Failed : IceState::Checking;
}

std::string_view Agent::Impl::reason_for(IceState state) const {
  switch (state) {
    case IceState::New:
      return "new";
    case IceState::Checking:
      return state_ == IceState::New ? "both descriptions are known"
                                     : "a pair can be checked again";
    case IceState::Connected:
      return state_ == IceState::Disconnected ? "consent is answered again" : "a pair is nominated";
    case IceState::Completed:
      return "a pair is nominated and neither side has more candidates";
    case IceState::Disconnected:
      return "two consent checks in a row stayed unanswered";
    case IceState::Failed:
      return consent_lost_         ? "consent expired"
             : nomination_failed_  ? std::string_view(nomination_failure_)
             : nomination_overdue_ ? "the peer is silent and nominated no pair"
                                   : "no pair is left to check";
    case IceState::Closed:
      return "closed";
  }
  return {};
}

void Agent::Impl::enter(const Reporter& report, IceState state) {
  if (state == state_)
    return;
  const std::string reason(reason_for(state));
  report.emit(trace::IceStateChanged{std::exchange(state_, state), state, reason});
}

void Agent::Impl::evaluate_state(const Reporter& report) {
  const IceState state = derive_state();
  // Whoever waits for "connected" sees it, even if nothing is left to do in the same moment.
  if (state == IceState::Completed && state_ != IceState::Completed)
    enter(report, IceState::Connected);
  enter(report, state);
}

std::string_view Agent::Impl::broken_check_invariant() const {
  std::vector<std::uint32_t> running;
  for (const Check& check : checks_)
    if (!check.transaction.cancelled())
      running.push_back(check.pair.value());
  std::sort(running.begin(), running.end());
  if (std::adjacent_find(running.begin(), running.end()) != running.end())
    return "a pair has one running check at most";
  for (const Pair& pair : checklist_.pairs()) {
    const bool checked = std::binary_search(running.begin(), running.end(), pair.id.value());
    if (pair.state == PairState::InProgress ? !checked && !closed_ && !over()
                                            : checked && !pair.valid())
      return "a pair is in progress while its check runs";
  }
  return {};
}

std::string_view Agent::Impl::broken_invariant() const {
  if (const std::string_view broken = checklist_.broken_invariant(); !broken.empty())
    return broken;
  if (const std::string_view broken = broken_check_invariant(); !broken.empty())
    return broken;
  if (selected_) {
    const Pair* pair = checklist_.find(*selected_);
    if (pair == nullptr || !pair->nominated)
      return "the selected pair is nominated";
  }
  if (remotes_.size() > kMaxRemoteCandidates || locals_.size() > kMaxLocalCandidates ||
      early_.size() > kMaxEarlyChecks || checks_.size() > 2 * config_.max_pairs + 64)
    return "every table keeps its bound";
  if ((closed_ || over()) && (!checks_.empty() || consent_.running()))
    return "nothing runs after the end";
  if (!selected_ && (consent_.running() || keepalive_due_ != kNever))
    return "consent and keepalives are the selected pair's";
  return {};
}

}  // namespace parley::ice

#include "stack/ice/consent.h"

#include <algorithm>
#include <cstdint>

namespace parley::ice {

void Consent::start(Instant now, Random& random) {
  outstanding_.clear();
  unanswered_ = 0;
  expires_ = now + expiry_;
  schedule(now, random);
}

void Consent::stop() {
  outstanding_.clear();
  next_request_ = kNever;
  expires_ = kNever;
}

void Consent::schedule(Instant now, Random& random) {
  // RFC 7675 section 5.1: 0.8 to 1.2 times the interval, so that requests do not synchronise.
  const auto fifth = static_cast<std::uint64_t>(interval_.count() / 5);
  const auto jitter = static_cast<Duration::rep>(random.below(2 * fifth + 1));
  next_request_ = now + interval_ - Duration(static_cast<Duration::rep>(fifth)) + Duration(jitter);
}

void Consent::on_sent(Instant now, const stun::TransactionId& id, Random& random) {
  if (outstanding_.size() >= kMaxOutstanding)
    outstanding_.erase(outstanding_.begin());
  outstanding_.push_back({id, now});
  ++unanswered_;
  schedule(now, random);
}

bool Consent::owns(const stun::TransactionId& id) const {
  return std::any_of(outstanding_.begin(), outstanding_.end(),
                     [&](const Outstanding& o) { return o.id == id; });
}

std::optional<Duration> Consent::on_answer(Instant now, const stun::TransactionId& id) {
  const auto it = std::find_if(outstanding_.begin(), outstanding_.end(),
                               [&](const Outstanding& o) { return o.id == id; });
  if (it == outstanding_.end())
    return std::nullopt;
  const Duration rtt = now - it->sent;
  outstanding_.erase(it);
  unanswered_ = 0;
  expires_ = now + expiry_;
  return rtt;
}

}  // namespace parley::ice

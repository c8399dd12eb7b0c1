#pragma once

// Consent freshness on the selected pair (RFC 7675 section 5.1): when the next request is due,
// which answers renew consent, when it has expired. Sends nothing itself. Only an authenticated
// answer to one of these requests counts; data does not.

#include <cstddef>
#include <optional>
#include <vector>

#include "stack/base/random.h"
#include "stack/base/time.h"
#include "stack/wire/stun.h"

namespace parley::ice {

class Consent {
 public:
  Consent(Duration interval, Duration expiry) : interval_(interval), expiry_(expiry) {}

  // The pair has just been selected: its check's answer is the first consent.
  void start(Instant now, Random& random);
  void stop();
  bool running() const { return expires_ != kNever; }

  bool due(Instant now) const { return now >= next_request_; }
  bool expired(Instant now) const { return now >= expires_; }
  Instant next_deadline() const { return next_request_ < expires_ ? next_request_ : expires_; }

  void on_sent(Instant now, const stun::TransactionId& id, Random& random);
  bool owns(const stun::TransactionId& id) const;
  // Renews consent; the time that the answer took.
  std::optional<Duration> on_answer(Instant now, const stun::TransactionId& id);
  // Requests sent since the last answer.
  std::size_t unanswered() const { return unanswered_; }

 private:
  // No more can be alive at the shortest interval: 30 s / 4 s. Older ones are forgotten.
  static constexpr std::size_t kMaxOutstanding = 8;

  struct Outstanding {
    stun::TransactionId id;
    Instant sent;
  };
  void schedule(Instant now, Random& random);

  Duration interval_, expiry_;
  Instant next_request_ = kNever, expires_ = kNever;
  std::size_t unanswered_ = 0;
  std::vector<Outstanding> outstanding_;
};

}  // namespace parley::ice

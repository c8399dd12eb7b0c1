#include "stack/stun/transaction.h"

#include <utility>

namespace parley::stun {

TransactionId make_transaction_id(Random& random) {
  TransactionId id{};
  random.fill(id);
  return id;
}

Transaction::Transaction(const TransactionId& id, const Endpoint& local, const Endpoint& remote,
                         ByteBuffer request, const Retransmission& plan)
    : id_(id),
      local_(local),
      remote_(remote),
      request_(std::move(request)),
      plan_(plan),
      wait_(plan.rto) {}

void Transaction::start(Instant now, Outbox& out) {
  started_ = now;
  transmit(now, out);
}

void Transaction::transmit(Instant now, Outbox& out) {
  out.send(local_, remote_, request_);
  ++attempts_;
  last_sent_ = now;
  if (attempts_ >= plan_.count) {
    deadline_ = now + plan_.rto * plan_.last_wait;
  } else {
    deadline_ = now + wait_;
    wait_ *= 2;
  }
}

Transaction::Outcome Transaction::on_deadline(Instant now, Outbox& out) {
  if (now < deadline_)
    return Outcome::Nothing;
  if (cancelled_ || attempts_ >= plan_.count) {
    deadline_ = kNever;
    return Outcome::TimedOut;
  }
  transmit(now, out);
  return Outcome::Retransmitted;
}

void Transaction::cancel() {
  if (cancelled_)
    return;
  cancelled_ = true;
  for (std::uint32_t n = attempts_; n < plan_.count; ++n) {
    deadline_ += n + 1 == plan_.count ? plan_.rto * plan_.last_wait : wait_;
    wait_ *= 2;
  }
}

}  // namespace parley::stun

#include "stack/ice/gathering.h"

#include <algorithm>
#include <string>
#include <utility>

namespace parley::ice {

void Gatherer::plan(const std::vector<Endpoint>& bases, const std::vector<Endpoint>& servers,
                    Duration rto, Duration pacing) {
  for (const Endpoint& server : servers)
    for (const Endpoint& base : bases)
      if (can_pair(base, server) && planned_.size() < kMaxTransactions)
        planned_.push_back({base, server});
  rto_ = std::max<Duration>(rto, pacing * static_cast<Duration::rep>(planned_.size()));
}

void Gatherer::start_next(const Reporter& report, Random& random) {
  const Planned& planned = planned_[next_++];
  const stun::TransactionId id = stun::make_transaction_id(random);
  ByteBuffer request;
  (void)stun::MessageBuilder(request, stun::Class::Request, stun::Method::Binding, id).finish();
  stun::Retransmission plan;
  plan.rto = rto_;
  running_.emplace_back(id, planned.base, planned.server, std::move(request), plan);
  running_.back().start(report.now, report.out);
}

bool Gatherer::owns(const stun::TransactionId& id) const {
  return std::any_of(running_.begin(), running_.end(),
                     [&](const stun::Transaction& t) { return t.id() == id; });
}

std::optional<Gatherer::Found> Gatherer::on_response(const Reporter& report,
                                                     const Datagram& datagram,
                                                     const stun::MessageView& response) {
  const auto it = std::find_if(running_.begin(), running_.end(), [&](const stun::Transaction& t) {
    return t.id() == response.transaction_id();
  });
  if (it == running_.end())
    return std::nullopt;
  // Nothing authenticates the answer but the transaction id and where it comes from.
  if (datagram.remote != it->remote() || datagram.local != it->local()) {
    report.discarded("STUN answer from another address than the server's", datagram.remote);
    return std::nullopt;
  }
  const stun::Transaction transaction = std::move(*it);
  running_.erase(it);
  const std::optional<Endpoint> mapped = response.xor_mapped_address();
  // RFC 8489 section 6.3.3: an unknown attribute that must be understood fails the transaction.
  if (response.message_class() != stun::Class::Success || !response.unknown_required().empty() ||
      !mapped || !usable_remote(*mapped) ||
      mapped->address.family() != transaction.local().address.family()) {
    const std::optional<stun::ErrorCode> error = response.error_code();
    report.discarded(error ? "STUN server answered error " + std::to_string(error->code)
                           : "STUN server's answer has no usable address",
                     datagram.remote);
    return std::nullopt;
  }
  report.emit(trace::StunServerAnswered{transaction.remote(), transaction.local(), *mapped,
                                        transaction.rtt(report.now)});
  return Found{transaction.local(), transaction.remote(), *mapped};
}

void Gatherer::on_deadline(const Reporter& report) {
  std::erase_if(running_, [&](stun::Transaction& transaction) {
    if (transaction.on_deadline(report.now, report.out) != stun::Transaction::Outcome::TimedOut)
      return false;
    report.emit(trace::StunServerSilent{transaction.remote(), transaction.local()});
    return true;
  });
}

Instant Gatherer::next_deadline() const {
  Instant next = kNever;
  for (const stun::Transaction& transaction : running_)
    next = std::min(next, transaction.next_deadline());
  return next;
}

void Gatherer::stop() {
  running_.clear();
  next_ = planned_.size();
}

}  // namespace parley::ice

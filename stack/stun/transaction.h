#pragma once

// One STUN request over UDP and its retransmissions (RFC 8489 section 6.2.1): sent at 0, RTO, 3
// RTO, 7 RTO ... Rc times in all, and given up Rm * RTO after the last. Owns the encoded request
// and the schedule. Does not know what the request asks or which responses are good: its owner
// decodes, authenticates and ends the transaction by destroying it.

#include <cstdint>

#include "stack/base/address.h"
#include "stack/base/bytes.h"
#include "stack/base/random.h"
#include "stack/base/time.h"
#include "stack/machine.h"
#include "stack/wire/stun.h"

namespace parley::stun {

TransactionId make_transaction_id(Random& random);

struct Retransmission {
  Duration rto = std::chrono::milliseconds(500);
  std::uint32_t count = 7;       // Rc: requests in all
  std::uint32_t last_wait = 16;  // Rm: in units of the first RTO
};

class Transaction {
 public:
  enum class Outcome : std::uint8_t { Nothing, Retransmitted, TimedOut };

  Transaction(const TransactionId& id, const Endpoint& local, const Endpoint& remote,
              ByteBuffer request, const Retransmission& plan);

  // The first transmission; once.
  void start(Instant now, Outbox& out);
  // Called late, it sends once and counts the next wait from now.
  Outcome on_deadline(Instant now, Outbox& out);
  Instant next_deadline() const { return deadline_; }
  // RFC 8445 section 7.3.1.4: no more retransmissions, but an answer is still good until the
  // moment at which the transaction would have timed out.
  void cancel();

  const TransactionId& id() const { return id_; }
  const Endpoint& local() const { return local_; }
  const Endpoint& remote() const { return remote_; }
  std::uint32_t attempts() const { return attempts_; }
  bool cancelled() const { return cancelled_; }
  Instant started() const { return started_; }
  // Since the latest transmission: STUN does not say which of several was answered.
  Duration rtt(Instant now) const { return now - last_sent_; }

 private:
  void transmit(Instant now, Outbox& out);

  TransactionId id_;
  Endpoint local_, remote_;
  ByteBuffer request_;
  Retransmission plan_;
  std::uint32_t attempts_ = 0;
  bool cancelled_ = false;
  Instant started_{}, last_sent_{};
  Duration wait_{};  // until the next transmission
  Instant deadline_ = kNever;
};

}  // namespace parley::stun

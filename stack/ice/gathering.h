#pragma once

// Gathering of server-reflexive candidates (RFC 8445 section 5.1.1.2): one Binding transaction for
// each base and each STUN server of its address family. Host candidates need no packets and are the
// agent's own business. The agent paces: it says when the next transaction may start.

#include <cstddef>
#include <optional>
#include <vector>

#include "stack/base/address.h"
#include "stack/base/random.h"
#include "stack/base/time.h"
#include "stack/ice/checklist.h"
#include "stack/machine.h"
#include "stack/stun/transaction.h"
#include "stack/wire/stun.h"

namespace parley::ice {

class Gatherer {
 public:
  // More than these are ignored.
  static constexpr std::size_t kMaxTransactions = 64;

  struct Found {
    Endpoint base, server, mapped;
  };

  // `rto` and `pacing` give RFC 8445 section 14.3: MAX(rto, pacing * number of transactions).
  void plan(const std::vector<Endpoint>& bases, const std::vector<Endpoint>& servers, Duration rto,
            Duration pacing);
  bool has_unstarted() const { return next_ < planned_.size(); }
  void start_next(const Reporter& report, Random& random);

  bool owns(const stun::TransactionId& id) const;
  // A response to one of ours: the mapped address if it brought a usable one.
  std::optional<Found> on_response(const Reporter& report, const Datagram& datagram,
                                   const stun::MessageView& response);
  void on_deadline(const Reporter& report);
  Instant next_deadline() const;
  bool complete() const { return !has_unstarted() && running_.empty(); }
  void stop();

 private:
  struct Planned {
    Endpoint base, server;
  };
  std::vector<Planned> planned_;
  std::size_t next_ = 0;
  Duration rto_{};
  std::vector<stun::Transaction> running_;
};

}  // namespace parley::ice

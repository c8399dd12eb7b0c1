#pragma once

// A STUN server's Binding usage (RFC 8489 section 11) without authentication: tells each client the
// address its request came from. Keeps no state between requests, so a retransmission gets the same
// answer. Silent on everything that is no well-formed Binding request, indications included.

#include <cstdint>

#include "stack/base/address.h"
#include "stack/base/time.h"
#include "stack/machine.h"

namespace parley::stun {

struct ServerConfig {
  bool fingerprint = true;  // in answers; one that a request carries is checked in any case
};

class Server {
 public:
  explicit Server(const ServerConfig& config = {}) : config_(config) {}

  void on_datagram(Instant now, const Datagram& datagram, Outbox& out);
  void on_deadline(Instant /*now*/, Outbox& /*out*/) {}
  Instant next_deadline() const { return kNever; }

  std::uint64_t answered() const { return answered_; }

 private:
  ServerConfig config_;
  std::uint64_t answered_ = 0;
};
static_assert(Machine<Server>);

}  // namespace parley::stun

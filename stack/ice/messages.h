#pragma once

// The STUN messages of connectivity checks (RFC 8445 sections 7.1 to 7.3): what a request carries,
// how one from the peer is judged, and the answers. Pure functions of bytes and credentials: no
// state of the agent, no candidates.

#include <cstdint>
#include <optional>
#include <vector>

#include "stack/base/address.h"
#include "stack/base/bytes.h"
#include "stack/ice/candidate.h"
#include "stack/trace/states.h"
#include "stack/wire/stun.h"

namespace parley::ice {

struct CheckRequest {
  stun::TransactionId id{};
  std::uint32_t priority = 0;
  trace::IceRole role = trace::IceRole::Controlling;
  std::uint64_t tie_breaker = 0;
  bool use_candidate = false;
};
ByteBuffer encode_check(const CheckRequest& request, const Credentials& local,
                        const Credentials& remote);
// RFC 8445 section 11: no authentication, no answer.
ByteBuffer encode_keepalive(const stun::TransactionId& id);

// What the peer asks, and the error that it gets instead of an answer (0: none).
struct IncomingCheck {
  std::uint16_t error = 0;
  std::vector<std::uint16_t> unknown;  // for error 420
  std::uint32_t priority = 0;
  bool use_candidate = false;
  std::optional<trace::IceRole> role;  // the peer's, if it states one
  std::uint64_t tie_breaker = 0;
};
// `request` is a Binding request whose FINGERPRINT is good.
IncomingCheck examine(const stun::MessageView& request, const Credentials& local);

ByteBuffer encode_success(const stun::TransactionId& id, const Endpoint& mapped,
                          const Credentials& local);
// 400 and 401 go out without integrity (RFC 8489 section 9.1.3) and without a reason phrase, so
// that a forged request does not make us send more octets than it has.
ByteBuffer encode_error(const stun::TransactionId& id, std::uint16_t code,
                        const std::vector<std::uint16_t>& unknown, const Credentials& local);

}  // namespace parley::ice

#pragma once

// Sums over a call that several rules need: checks by side, who was heard, whether ICE, DTLS and
// media worked. Pure functions of the model.

#include <cstdint>
#include <optional>

#include "analyzer/model/model.h"

namespace parley::analyzer {

// The connectivity checks (RFC 8445 7) of one side, over its pairs.
struct Checks {
  std::uint64_t pairs = 0, requests = 0, responses = 0, errors = 0, icmp = 0, use_candidate = 0;
  std::optional<PacketRef> first, last;
  std::optional<Instant> first_at, last_at;
};
Checks checks_of(const Transport& transport, Side side);
Checks checks_of(const Call& call, Side side);
// Error responses of one code to a side's checks.
std::uint64_t errors_of(const Transport& transport, Side side, std::uint16_t code);

// Packets of any kind that `side` sent to the other side and that some capture shows.
std::uint64_t heard_from(const Call& call, Side side);
// The last of them.
std::optional<Instant> last_heard_at(const Call& call, Side side);

// A pair was selected: by the facts, or by a nominated pair with an answer.
bool ice_worked(const Transport& transport);
std::optional<Instant> ice_up_at(const Transport& transport);
// The pair that an agent uses, or nullptr.
const Pair* selected_pair(const Transport& transport, Side side);

bool media_flowed(const Transport& transport);
// The handshake finished at some time.
bool dtls_finished(const Dtls& dtls);
// The transport carried protected data or finished its handshake.
bool was_connected(const Transport& transport);
bool was_connected(const Call& call);

std::uint64_t rtp_from(const Transport& transport, Side side);
std::uint64_t rtcp_from(const Transport& transport, Side side);

// The allocations of a side; those whose owner is not known count for both.
std::vector<const TurnAllocation*> allocations_of(const Call& call, Side side);
bool has_relay(const Call& call, Side side);

// The consent of `side` on its selected pair: how long the last checks went unanswered.
struct Silence {
  const Pair* pair = nullptr;
  Duration lasted{};             // from the last answer (or first request) to the last request
  std::uint64_t unanswered = 0;  // requests since then
};
std::optional<Silence> consent_silence(const Transport& transport, Side side);

}  // namespace parley::analyzer

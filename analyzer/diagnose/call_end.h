#pragma once

// How a side leaves a call, by what the network says of it: ports that ICMP calls closed, and
// relays that were given up.

#include <optional>
#include <string>
#include <vector>

#include "analyzer/diagnose/words.h"
#include "analyzer/model/model.h"

namespace parley::analyzer {

// The ICMP errors that packets to one address of a side met.
struct RefusedAddress {
  Endpoint address;
  std::vector<PacketRef> packets;
  Instant first_at;
  bool port_closed = false;  // all of them say so
  bool after_last = false;   // the call was up, and the side was not heard after the first
  std::string relay;         // "relay", "relay?" where that is inferred; empty: its own port
  const TurnAllocation* given_up = nullptr;  // the side had released that relay by then
};
std::vector<RefusedAddress> refused_addresses(const Call& call, Side side);

// "A's ports 42676 and 52705 are closed (4 ICMP port unreachable)"; ports that close together are
// one entry.
std::vector<TimelineEntry> closed_port_entries(const Call& call, const Citation& cite, Side side);

// When ICMP said that the ports of `side` are closed, after its last packet.
std::optional<Instant> gone_at(const Call& call, Side side);

// `side` gave up the relay that its selected pair sends from, and was not heard after it: nothing
// of it can come over that path any more. The allocation, or nullptr.
const TurnAllocation* hung_up(const Call& call, const Transport& transport, Side side);

// The side that ended the call, by an alert that closes DTLS or by giving up its relay, while the
// other was still there: it ended later, or sent something to its peer later. Empty where nobody
// did, or where it does not show who was first.
struct Leaving {
  Side side = Side::A;
  Instant at;
  std::optional<PacketRef> packet;
  bool inferred = true;  // no packet says so in clear
  bool alert = false;    // DTLS was ended; else a relay was given up
};
std::optional<Leaving> first_to_leave(const Call& call);

}  // namespace parley::analyzer

#pragma once

// What the captures lack of a call: a direction, the beginning, packets. Pure functions of the
// model, each true only where the packets themselves show it.

#include <cstdint>
#include <optional>

#include "analyzer/model/model.h"

namespace parley::analyzer {

// A capture point at which one host of the call was captured, and of that only what it sends or
// only what comes to it.
struct OneDirection {
  Side host = Side::A;
  bool outgoing = true;
  std::uint64_t packets = 0;
  // Whose packets are there; the servers' are too where they come to `host`.
  Side sender() const { return outgoing ? host : other(host); }
};
std::optional<OneDirection> one_direction(const HostTraffic& point);
// All points of the call show the same side's packets and no other's.
std::optional<OneDirection> one_direction(const Call& call);

// Whether packets of `sender` to the other side would be in what was captured at `point`, as far as
// its packets tell: it is not the half of a host's traffic that lacks them. The answers of servers
// to a side come as the other side's packets do.
bool could_show(const Call& call, PointId point, Side sender);
// Of answers that did not come: they could have shown where they would have come to the asking
// agent, or, unless they are seen further off, at any point that shows the questions.
bool answers_could_show(const Call& call, const Pair& pair);
bool answers_could_show(const Call& call, const TurnAllocation& allocation);
bool answers_could_show(const Call& call, const StunServerUse& use);

// Data flowed before any check was answered, or protected data without a handshake: ICE and DTLS
// came up before the capture began.
bool up_before_capture(const Transport& transport);
// Of any transport that carried something.
bool up_before_capture(const Call& call);
// The first checks of ICE were before the capture: what the packets of the transport's beginning
// take for granted is not here. A check that was seen then need not be the first, and a time at
// which ICE came up is not known.
bool checked_before_capture(const Call& call, const Transport& transport);
// The first data of `side` where it comes before any answer to its own checks, or nullptr.
const Flow* flow_before_answer(const Transport& transport, Side side);
// As Transport::first_checks_missing has it, or up_before_capture().
bool first_checks_missing(const Transport& transport);

// Data flowed before an answer that can be read: a snap length cut what relays of the transport
// carried, and the first answers may stand behind the cut.
bool begins_behind_cut(const Transport& transport);

// A snap length cut packets of the handshake, and it is not known that it finished or failed.
bool handshake_was_cut(const Transport& transport);
// The same, or what TURN relayed, or TCP that may be TURN, before any path was known to work.
bool answers_were_cut(const Call& call);

// `side` was seen asking a server before its first check, or not much later: what it gathered is in
// the capture. A run shows everything.
bool gathering_seen(const Call& call, Side side);
// It was seen asking one only later: keepalives, or what the capture did not lose.
bool gathered_unseen(const Call& call, Side side);

// Answers of a side to checks that a capture point lacks although it was there in time.
struct Unasked {
  Side from = Side::A;
  SeenAt seen;
};
std::optional<Unasked> unasked_answers(const HostTraffic& point, Side side);

// The handshake began, and neither side repeats its last flight although it is still heard: each
// got an answer that is not here (RFC 6347 section 4.2.4). `end`: of the captures.
bool handshake_goes_on_unseen(const Call& call, const Transport& transport, Instant end);

// A request of the client over UDP was sent once, and the client goes on without a retransmission:
// it had an answer that is not here (RFC 8489 section 6.2.1).
bool answer_is_lacking(const Call& call, const TurnAllocation& allocation);
// No relay of `side` was seen, and an answer to its question for one may have been: not here.
bool relay_is_open(const Call& call, Side side);

// A path works, and the captures hold nothing but STUN: whether DTLS began cannot be known.
bool only_stun_was_kept(const Call& call, const Transport& transport);

}  // namespace parley::analyzer

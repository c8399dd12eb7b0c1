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
// No capture shows the socket of an agent whose time that is.
bool ice_up_inferred(const Transport& transport);
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

// Packets came to a client from peers of TURN and cannot be read, because a snap length cut them:
// answers may be among them.
bool relayed_unread(const Call& call);
// The same of packets that came through a channel whose peer is not known.
bool relayed_by_unknown(const Call& call);

// The allocations of a side; those whose owner is not known count for both.
std::vector<const TurnAllocation*> allocations_of(const Call& call, Side side);
bool has_relay(const Call& call, Side side);

// A relayed candidate of `side` was good for sending checks at least.
bool relay_was_usable(const Call& call, Side side);

// What one side asked one STUN server, from all its sockets together.
struct StunTalk {
  const StunServerUse* first = nullptr;
  std::uint64_t requests = 0, responses = 0;
  const SeenAt* answered_elsewhere = nullptr;  // of the first socket whose answers stop on the way
  bool could_show = true;                      // answers to each of the sockets
  std::size_t sockets = 0;
  std::optional<RttSummary> rtt;  // least and most; the median is of one socket
  std::optional<PacketRef> last;
  const StunServerUse* answered = nullptr;  // the first socket that got an answer
};
std::vector<StunTalk> stun_talks(const Call& call);

// When `side` sent DTLS or media last on this transport.
std::optional<Instant> last_payload_at(const Transport& transport, Side side);
// DTLS 1.2: `side` sent an encrypted alert and nothing but STUN after it.
bool ended_with_alert(const Transport& transport, Side side);
// DTLS finished on the wire; then one side sent protected data again and again while the other
// sent not one DTLS or media packet any more: the side that is silent.
std::optional<Side> silent_behind_dtls(const Transport& transport);

// The consent of `side` on its selected pair: how long the last checks went unanswered.
struct Silence {
  const Pair* pair = nullptr;
  Instant since;                 // the last answer; the first request where none was seen
  Duration lasted{};             // from then to the last request
  std::uint64_t unanswered = 0;  // requests since then
  // No answer was seen at all, nor any packet of the other side.
  bool complete = false;
};
// `end`: of the captures. A check that is so young that its answer may still be under way does not
// count.
std::optional<Silence> consent_silence(const Transport& transport, Side side, Instant end);
// So long that implementations give up (RFC 7675 allows 30 s at most).
bool gave_up(const Silence& silence);

// What one side asked servers over UDP, and the server that answers it over a stream instead.
struct UdpAgainstTcp {
  std::uint64_t asked = 0, answered = 0;
  std::vector<PacketRef> requests;  // the first to each server and port
  const TurnAllocation* over_stream = nullptr;
};
UdpAgainstTcp udp_against_tcp(const Call& call, Side side);
// Then one finding says it all.
bool udp_is_blocked(const Call& call, const std::optional<Side>& side);

// Answers that belong to every ordinary exchange with a TURN server: the first 401 brings the realm
// and the nonce (RFC 8489 9.2.4), 438 a fresh nonce.
bool ordinary(const TurnRefusal& refusal);
// A TURN server refused something or never answered.
bool relay_in_trouble(const Call& call);

// Checks that ran directly between the peers, of both sides.
Checks direct_checks_of(const Call& call);
// Either end of the pair that `side` uses is a relay.
bool runs_through_relay(const Transport& transport, Side side);

// The media of a side ends, and the call goes on without it.
struct MediaStop {
  std::optional<PacketRef> packet;  // its last RTP
  Instant at;
  bool other_goes_on = false;  // the other side's media does
};
std::optional<MediaStop> media_stop(const Call& call, Side side);

// The last packet of the call that is known.
std::optional<PacketRef> last_packet_of(const Call& call);

// One capture point, and both sides' traffic with one server is in it: it was taken at that server,
// or near it, where paths that pass it by are not seen.
bool seen_from_a_server(const Call& call, const std::vector<Capture>& captures);

}  // namespace parley::analyzer

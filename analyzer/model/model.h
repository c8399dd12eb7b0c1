#pragma once

// What happened in each call, in the words of the public JSON contract: filled from packets by the
// analyzer's trackers and from a run's trace by model/from_trace, read by report/text, report/json
// and the dashboard. A value that is not known is an empty optional (null in JSON), never a guess;
// an object in which some values are inferred rather than seen names them in `inferred`.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/packet.h"
#include "stack/base/address.h"
#include "stack/base/time.h"
#include "stack/trace/states.h"

namespace parley::analyzer {

// A is the agent that is controlling when the call starts, else the one that sends first.
enum class Side : std::uint8_t { A = 0, B = 1 };
constexpr Side other(Side s) {
  return s == Side::A ? Side::B : Side::A;
}
constexpr std::size_t index_of(Side s) {
  return static_cast<std::size_t>(s);
}

enum class Outcome : std::uint8_t { Connected, Closed, Lost, Failed, InProgress };
enum class Confidence : std::uint8_t { Certain, Likely, Possible };
enum class Level : std::uint8_t { Error, Warning, Note };

using PerSide = std::array<std::uint64_t, 2>;
using Inferred = std::vector<std::string>;  // JSON names of the members that were inferred

struct Candidate {
  std::optional<trace::CandidateType> type;
  std::string protocol = "udp";
  std::optional<std::string> tcp_type;
  std::optional<Endpoint> address;
  std::optional<std::uint32_t> priority;
  std::optional<Endpoint> related;
  std::optional<std::string> mdns_name;
  Inferred inferred;
  // For the story: it is known as the far end of this TURN channel only.
  std::optional<std::uint16_t> channel;
};

struct ErrorCount {
  std::uint16_t code = 0;
  std::uint64_t count = 0;
  // For the story: the first and the last of these responses.
  std::optional<PacketRef> first, last;
  std::optional<Instant> first_at, last_at;
};

// Round-trip times in milliseconds.
struct RttSummary {
  double min = 0, median = 0, max = 0;
};

// A capture point: a file, or one of several interfaces in it (analyzer/capture_points.h).
using PointId = std::uint32_t;

// What one capture point saw of something that several could see.
struct SeenAt {
  std::uint64_t count = 0;
  PacketRef first, last;  // both of the same capture
  Instant first_at, last_at;
  std::optional<PointId> at_point = std::nullopt;

  // A model without points has one for each capture.
  PointId point() const { return at_point.value_or(first.capture); }
};

// What a path lost since the last answer on it: as Pair::answered_elsewhere and requests_seen_at.
struct LostSince {
  std::uint64_t unanswered = 0;
  std::vector<SeenAt> answered_elsewhere, requests_seen_at;
};

struct Pair {
  Side agent = Side::A;  // whose checklist
  Candidate local;       // the base that it sends from
  Candidate remote;
  std::optional<trace::PairState> state;
  bool nominated = false, selected = false;
  std::uint64_t requests =
      0;  // Binding requests of this agent, retransmissions and those in TURN included
  std::uint64_t responses = 0;     // success responses that arrived
  std::vector<ErrorCount> errors;  // ascending by code
  std::optional<RttSummary> rtt;
  std::optional<PacketRef> first, last;
  Inferred inferred;
  // For the story, not in the JSON of the contract:
  std::uint64_t use_candidate = 0;  // requests with USE-CANDIDATE
  std::uint64_t unanswered = 0;     // transactions without any response
  std::uint64_t icmp_errors = 0;
  std::uint64_t cut_short = 0;  // requests whose end, with later attributes, a snap length cut off
  std::optional<std::uint16_t> channel_or_relay;  // set when its checks went through TURN
  bool through_turn = false;
  std::string local_ufrag, remote_ufrag;
  std::optional<Instant> first_at, last_at, first_response_at, nominated_at;
  std::optional<PacketRef> first_response, nominated_by;
  // The last success response, and how many requests were sent after it: consent (RFC 7675) is
  // judged from these.
  std::optional<PacketRef> last_response;
  std::optional<Instant> last_response_at;
  std::uint64_t requests_after_last_response = 0;
  // Transactions whose response some point saw and the one nearest to the agent did not: by point,
  // the responses, each transaction once, the point nearest to the agent first. They are counted in
  // `unanswered` too.
  std::vector<SeenAt> answered_elsewhere;
  // The requests of the transactions in `unanswered`, by point, from the agent's on: where the list
  // ends they were seen last.
  std::vector<SeenAt> requests_seen_at;
  LostSince since_answer;
  // The capture point nearest to the agent.
  std::optional<PointId> at_point;
  // There a check of the peer came from `remote`, and was answered, before the agent's own first
  // check went there.
  bool heard_first = false;

  std::optional<PointId> point() const {
    return at_point || !first ? at_point : std::optional(first->capture);
  }
};

struct SelectedPair {
  Candidate local;  // a srflx one has the NAT's outside address, as getStats has it
  Candidate remote;
};

struct TransportAgent {
  std::optional<trace::IceState> state;
  std::optional<Instant> connected;  // when its first pair became valid and nominated
  std::optional<Instant> consent_lost;
  std::optional<trace::Nomination> nominates;
  std::optional<SelectedPair> selected_pair;
  Inferred inferred;
};

struct DtlsAlert {
  std::string level, description;
  Side from = Side::A;
  PacketRef at;
  std::optional<Instant> time;
};
struct DtlsCertificate {
  Side peer = Side::A;
  std::string algorithm, value;  // "sha-256", "AA:BB:..."
  std::optional<bool> matches_sdp;
};
struct Dtls {
  trace::DtlsState state = trace::DtlsState::None;
  std::optional<std::string> version, cipher_suite, group, srtp_profile;  // IANA names
  std::optional<Side> client;
  // Empty optional: no ClientHello was seen in clear.
  std::optional<std::vector<std::string>> offered_versions, offered_cipher_suites, offered_groups,
      offered_srtp_profiles;
  std::vector<DtlsCertificate> certificates;
  std::vector<DtlsAlert> alerts;
  // Flights that were sent again, whatever they hold.
  std::optional<std::uint64_t> retransmissions;
  // From the client's first ClientHello until the last flight reached it.
  std::optional<double> handshake_ms;
  bool decrypted = false;
  std::optional<std::uint64_t> records, undecrypted;
  Inferred inferred;
  // For the story:
  std::optional<PacketRef> client_hello, server_hello;
  std::optional<PacketRef> connected_by;  // the packet of `connected_at`
  std::vector<PacketRef> client_hello_datagrams;
  // By sender: an alert behind the handshake. What it says is encrypted; at the end of a session it
  // is a close_notify as a rule. DTLS 1.2: the first alert record behind ChangeCipherSpec. 1.3
  // hides the content type too: a last record that is just as long as an alert.
  std::array<std::optional<PacketRef>, 2> sealed_alert;
  std::array<std::optional<Instant>, 2> sealed_alert_at;
  // By sender: the first record of protected application data.
  std::array<std::optional<PacketRef>, 2> protected_data;
  std::optional<Instant> started_at, connected_at;
};

// One handshake message, or all that one side sent encrypted, as it was first seen.
struct DtlsStep {
  Side from = Side::A;
  std::string what;  // "ClientHello", "ServerHello, Certificate", "Finished (encrypted)"
  PacketRef packet;
  Instant at;
  std::uint64_t times = 1;  // with its retransmissions
  bool datagrams = false;   // `times` are datagrams, which need not hold the same
  // The last time that it was seen, in the capture that shows it most.
  std::optional<PacketRef> last = std::nullopt;
  // Whether all of it came to the other side's own socket; empty where that was not captured.
  std::optional<bool> arrived = std::nullopt;
  // The capture that shows it last on its way, of those that show any of it.
  std::optional<std::uint32_t> seen_last = std::nullopt;
};

// A 487 exchange (RFC 8445 7.3.1.1): `claimant` sent a check in a role that the other had too.
struct RoleConflict {
  Side claimant = Side::A;
  trace::IceRole claimed = trace::IceRole::Controlling;
  PacketRef request, error;  // the first claim and the first 487 to it
  Instant request_at, error_at;
  // The claimant's first check in the other role; empty when none was seen.
  std::optional<PacketRef> settled;
  std::optional<Instant> settled_at;
};

// A new ufrag of one side after its first (RFC 8445 9).
struct IceRestart {
  Side by = Side::A;
  std::string ufrag;
  PacketRef packet;  // the first packet that carries it
  Instant at;
};

// What one side sent over one path: STUN apart, one for each direction of each address pair.
struct Flow {
  Side from = Side::A;
  // The path, the same for both directions. The addresses of the two may differ all the same, being
  // those of different capture points with a NAT between them.
  std::uint32_t route = 0;
  Endpoint source, destination;  // inside TURN: the addresses that the peers see
  bool through_turn = false;
  std::uint64_t dtls = 0, rtp = 0, rtcp = 0;  // packets, protected or in clear
  PacketRef first, last;
  Instant first_at, last_at;
  std::optional<PacketRef> first_rtp, last_rtp;
  std::optional<Instant> first_rtp_at, last_rtp_at;
};

// A packet at a capture point.
struct SeenPacket {
  PacketRef packet;
  Instant at;
  PointId point = 0;
};

// RTP and RTCP of one side at one capture point, over all routes of a transport.
struct MediaSeen {
  std::uint64_t rtp = 0, rtcp = 0;
  PointId point = 0;
  std::optional<PacketRef> first, last;  // of RTP; empty: none was seen
  std::optional<Instant> first_at, last_at;
};

struct Transport {
  std::uint32_t id = 0;
  std::vector<std::string> mids;
  std::uint32_t component = 1;
  std::uint32_t restarts = 0, role_conflicts = 0;
  std::array<TransportAgent, 2> agents;
  std::vector<Pair> pairs;  // by agent, then by first request
  Dtls dtls;
  // Packets that this transport carried, by sender.
  PerSide dtls_packets{}, srtp_packets{}, srtcp_packets{}, stun_packets{};
  bool srtp_protected = true;  // false: RTP in clear
  Inferred inferred;
  // For the story: every list by time, each with a cap.
  std::vector<Flow> flows;
  std::vector<DtlsStep> dtls_steps;
  std::vector<RoleConflict> conflicts;
  std::vector<IceRestart> restart_list;
  // Every capture of the call lacks a direction, and what is left was sent by this side: see
  // model/coverage.h.
  std::optional<Side> heard_only;
  // By sender: at the point nearest to it, at the last point that saw any, and at the point nearest
  // to the receiver. Empty where no such point was captured, or not for long enough to tell.
  std::array<std::optional<MediaSeen>, 2> media_sent, media_seen_last, media_arrived;
  // By sender: the last packet of any kind at the point nearest to the receiver.
  std::array<std::optional<SeenPacket>, 2> last_arrival;
};

struct TurnChannel {
  std::uint16_t number = 0;
  std::optional<Endpoint> peer;  // empty: bound before the capture began
  std::uint64_t packets = 0;
  std::optional<PacketRef> bound;  // the success response
  std::optional<Instant> bound_at;
};
// One kind of refusal by a TURN server.
struct TurnRefusal {
  std::string method;  // "Allocate", "CreatePermission", "ChannelBind", "Refresh"
  std::uint16_t code = 0;
  std::string reason;          // the server's text, printable()
  bool authenticated = false;  // the refused request carried MESSAGE-INTEGRITY
  std::uint64_t count = 0;
  PacketRef first, last;  // the responses
  PacketRef request;      // that the first of them answers
  Instant first_at;
  std::vector<IpAddress> peers;  // XOR-PEER-ADDRESS of the refused requests, distinct
  // Of the first refused request: USERNAME and REALM, printable(), and whether its REALM and NONCE
  // were those that the server gave last.
  std::optional<std::string> username, realm;
  bool current_realm = false, current_nonce = false;
};
struct TurnAllocation {
  std::optional<Side> of;
  Endpoint server, client;
  std::string transport = "udp";  // udp | tcp | tls
  std::optional<Endpoint> relayed, mapped;
  std::string state;  // requested | allocated | refused | deleted | expired | silent
  std::optional<std::uint32_t> lifetime_s;
  std::vector<TurnChannel> channels;
  std::vector<IpAddress> permissions;
  std::vector<ErrorCount> errors;
  Inferred inferred;
  // For the story:
  std::optional<PacketRef> first, last, allocated_by;
  std::vector<std::string> error_texts;  // "401 Unauthorized", in the order of first appearance
  std::string software;
  std::vector<TurnRefusal> refusals;  // by first appearance
  std::optional<Instant> first_at, last_at, allocated_at;
  std::uint64_t requests = 0, responses = 0;  // TURN requests sent; responses of any class
  PerSide relayed_packets{};  // [0] sent by the client to its peers, [1] received from them
  PerSide hidden_packets{};   // of these, through channels whose peer is not known
  bool asked = true;          // an Allocate was seen
  // A request carried a NONCE, which only an answer of the server can have brought (RFC 8489
  // section 9.2.3): the first such packet.
  std::optional<PacketRef> knows_nonce;
  // No Allocate was seen, and what was seen needs an allocation: it was made before.
  bool made_before = false;
  std::uint64_t cut_short = 0;  // TURN messages whose end a snap length cut off
  // Relayed packets that could not be read because a snap length cut them; as relayed_packets.
  PerSide unread_packets{};
  std::uint32_t holes = 0;            // places where bytes of its TCP connection were not captured
  std::vector<Endpoint> asked_peers;  // of CreatePermission and ChannelBind requests
  // The regular end: Refresh with lifetime 0, and FIN or RST of a TCP connection.
  std::optional<PacketRef> released, connection_ended;
  std::optional<Instant> released_at, connection_ended_at;
};

struct Stream {
  std::uint32_t ssrc = 0;
  Side from = Side::A;
  std::uint32_t transport = 0;
  std::optional<std::string> kind, mid, rid, codec;
  std::vector<std::uint8_t> payload_types;  // ascending
  std::uint64_t packets = 0, bytes = 0;     // bytes: UDP payload
  // Lost before the captured point nearest to the receiver; empty where only the sender's side was
  // captured.
  std::optional<std::uint64_t> lost, reordered, duplicated;
  // At the captured point nearest to the sender, and at that nearest to the receiver, each packet
  // once; empty where no point shows that side.
  std::optional<std::uint64_t> sent, arrived;
  // Numbers that the point beside the sender lacks: missed by the capture, or never sent; not lost
  // on the way. Empty where no point shows the sender's side.
  std::optional<std::uint64_t> not_captured;
  std::optional<double> jitter_ms, bitrate_bps;
  bool decrypted = false;
  std::optional<PacketRef> first, last;
  std::optional<Instant> first_at, last_at;
  Inferred inferred;
  std::uint64_t rtcp_packets = 0;  // RTCP packets whose sender SSRC is this one
};

// One address and port that a NAT gave to a socket for one destination, and the packet that shows
// it: a server's or peer's XOR-MAPPED-ADDRESS, or the same datagram on the NAT's other side.
struct NatMapping {
  Endpoint inside, destination, outside;
  PacketRef shown_by;
};
struct Nat {
  std::optional<std::string> mapping, filtering, ports;
  std::vector<PacketRef> evidence;
  std::vector<NatMapping> mappings;  // by socket, then by packet; capped
  Inferred inferred;
};

struct Ufrag {
  std::string ufrag;
  std::uint32_t generation = 0;
};
struct Peer {
  std::optional<std::string> name;
  std::vector<Ufrag> ufrags;
  std::optional<trace::IceRole> ice_role;  // when the call starts
  std::optional<bool> ice_lite;
  std::optional<std::string> software;
  std::vector<IpAddress> addresses;
  std::vector<Candidate> candidates;
  Nat nat;
  Inferred inferred;
};

// How much of a story an entry is: a story that is cut to fit a page loses details first.
enum class Weight : std::uint8_t { Detail, Normal, Main };

struct TimelineEntry {
  Instant at;
  std::optional<PacketRef> packet;
  std::optional<Side> peer;
  std::string layer;  // signaling | stun | turn | ice | dtls | media | nat | network
  std::string what;
  Weight weight = Weight::Normal;
};

struct Finding {
  std::string code;  // stable; docs/findings.md
  Level level = Level::Note;
  Confidence confidence = Confidence::Certain;
  std::optional<Side> peer;
  std::optional<std::uint32_t> transport, stream;
  std::string summary, because;
  std::vector<PacketRef> evidence;
  std::string rfc;
  std::string try_this;  // "try" in JSON
  // What is certain, one line each, for the text report; `because` is the same in one string.
  std::vector<std::string> facts;
  // What the packets leave open, one line each; text report only.
  std::vector<std::string> open;
};

struct Verdict {
  std::string code = "ok";
  std::string text;
  Confidence confidence = Confidence::Certain;
  std::optional<std::string> would_decide;
};

// An ICMP error that quotes one of a call's flows: `refused` is where that datagram was going.
struct IcmpReport {
  PacketRef packet;
  Instant at;
  std::uint8_t type = 0, code = 0;
  bool port_unreachable = false;
  Endpoint source, refused;   // of the quoted datagram
  std::optional<Side> owner;  // the side that `refused` belongs to
  // `refused` is the relayed address of an allocation of that side: a port of the TURN server.
  std::optional<Side> relay_of;
  bool relay_released = false;  // and the side had given the allocation up by then
};

// One question to a STUN server outside of any TURN allocation (server-reflexive gathering).
struct StunServerUse {
  std::optional<Side> of;
  Endpoint client, server;
  std::uint64_t requests = 0, responses = 0;
  std::vector<Endpoint> mapped;  // distinct, in order of appearance
  std::optional<RttSummary> rtt;
  std::optional<PacketRef> first, first_response, last;
  std::optional<Instant> first_at, first_response_at, last_at;
};

// What one capture point holds of the hosts of a call, whatever it is and whomever they talk to.
struct HostTraffic {
  PointId point = 0;
  Instant first_at;            // the first packet there
  PerSide sent{}, received{};  // UDP datagrams and TCP segments of a side's addresses there
  // By sender: it repeated one question to a server until no answer can have come.
  std::array<bool, 2> insists{};
  // By sender: answers to checks that this point does not hold.
  std::array<std::optional<SeenAt>, 2> unasked;
};

struct Call {
  std::uint32_t id = 1;
  Outcome outcome = Outcome::InProgress;
  std::optional<std::string> reached;  // signaling | ice | dtls | media | data
  Verdict verdict;
  std::array<Peer, 2> peers;
  std::vector<Transport> transports;
  std::vector<TurnAllocation> turn;
  std::vector<Stream> streams;
  std::vector<TimelineEntry> timeline;  // by time
  std::vector<Finding> findings;        // most severe first
  std::vector<StunServerUse> stun_servers;
  std::vector<PacketRef> icmp;  // ICMP errors that quote this call's flows
  // For the story. Packets of any kind that a side sent to the other (never to servers), each
  // counted once, and the last of them.
  PerSide packets_from{};
  std::vector<std::uint32_t> captures;  // that hold packets of the call, ascending; empty: all
  std::vector<PointId> points;          // the same of capture points; empty: one for each capture
  std::array<std::optional<PacketRef>, 2> last_packet_from;
  std::array<std::optional<Instant>, 2> last_packet_from_at;
  std::vector<IcmpReport> icmp_reports;
  // Nothing but what clients said to a TURN server: how the call ended does not show there.
  bool server_only = false;
  // The capture point cannot show how the call ended: `outcome` says nothing, and is null in JSON.
  bool outcome_hidden = false;
  bool from_run = false;             // made from a run's trace: complete, nothing hidden
  std::vector<HostTraffic> traffic;  // by capture point
  // The captures hold STUN and TURN and not one packet of anything else.
  bool stun_only = false;
  Instant first_at, last_at;
};

// A capture point in one file.
struct CapturePoint {
  PointId id = 0;
  std::string name;  // of its interface, where the file has several; else empty
};

struct Capture {
  std::uint32_t index = 0;
  std::string file, format;  // pcap | pcapng
  std::vector<CaptureInterface> interfaces;
  std::vector<CapturePoint> points;  // a file that continues another has its points too
  std::uint64_t packets = 0, bytes = 0;
  // By the clock that all captures are put on.
  std::optional<Instant> first_time;
  std::optional<Instant> last_time;
  // How far this file's clock is ahead of the first one's of those that show the same packets; its
  // times were moved back by that. Empty: no packet of it is in another file.
  std::optional<Duration> clock_offset;
  std::optional<std::uint32_t> clock_of;  // index of that first one
  std::map<std::string, std::uint64_t>
      by_protocol;  // packets: stun turn dtls srtp rtp srtcp rtcp icmp arp other ...
  std::uint64_t cut_short = 0, undecoded = 0;
  std::uint64_t times_backwards = 0;  // packets that are earlier than the one before them
  bool timed = true;                  // false: some packets have no time
  std::vector<Damage> damage;
};

// As the file itself has it.
constexpr Instant own_time(const Capture& capture, Instant at) {
  return capture.clock_offset ? at + *capture.clock_offset : at;
}

// RTP-like or DTLS flows that no ICE call explains, found by continuity: marked inferred. RTP: one
// entry for each SSRC and direction, sent by `a` to `b`.
struct LooseFlow {
  Endpoint a, b;
  std::string protocol;  // rtp | dtls
  std::optional<std::uint32_t> ssrc;
  std::uint64_t packets = 0;
  PacketRef first;
};

struct Analysis {
  std::vector<Capture> captures;
  std::vector<Call> calls;
  std::vector<LooseFlow> loose;
  std::vector<StunServerUse> strangers;  // questions to STUN servers by clients of no call
  Instant origin;  // the earliest packet of all captures: time 0 of the output
};

// The contract's spelling: kebab-case.
std::string_view to_string(Side side);
std::string_view to_string(Outcome outcome);
std::string_view to_string(Confidence confidence);
std::string_view to_string(Level level);

}  // namespace parley::analyzer

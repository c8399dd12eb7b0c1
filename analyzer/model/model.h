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
#include <string_view>
#include <vector>

#include "analyzer/model/dtls.h"
#include "analyzer/model/ice.h"
#include "analyzer/model/media.h"
#include "analyzer/model/observation.h"
#include "analyzer/model/story.h"
#include "analyzer/model/turn.h"
#include "analyzer/packet.h"
#include "stack/base/address.h"
#include "stack/base/time.h"
#include "stack/trace/states.h"

namespace parley::analyzer {

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
  // By sender: DTLS datagrams of the handshake whose end a snap length cut off.
  PerSide handshake_cut{};
  // A snap length cut what its relays carried: packets of any kind may stand behind the cut.
  bool relayed_cut = false;
  // For the story: every list by time, each with a cap.
  std::vector<Flow> flows;
  std::vector<DtlsStep> dtls_steps;
  std::vector<RoleConflict> conflicts;
  std::vector<IceRestart> restart_list;
  // By side: username fragments that were in use when the capture began, where they are several:
  // which of them is older does not show, and none of them is a restart that was seen.
  std::array<std::vector<std::string>, 2> unordered_ufrags;
  // Every capture of the call lacks a direction, and what is left was sent by this side: see
  // model/coverage.h.
  std::optional<Side> heard_only;
  // The capture begins after the first checks, though it may hold the handshake of DTLS: see
  // model/coverage.h.
  bool first_checks_missing = false;
  // By sender: at the point nearest to it, at the last point that saw any, and what arrived: at the
  // receiver's own socket, or nothing before it. Empty where the captures do not tell.
  std::array<std::optional<MediaSeen>, 2> media_sent, media_seen_last, media_arrived;
  // By sender: the last packet of any kind at the point nearest to the receiver.
  std::array<std::optional<SeenPacket>, 2> last_arrival;
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
  // Empty: in use before the capture began, with others, so that their order does not show.
  std::optional<std::uint32_t> generation = 0;
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
  std::vector<PointId> points;  // that show the requests, the one nearest to the client first
  std::uint64_t requests = 0, responses = 0;
  // Responses that another point shows and the nearest one does not.
  std::optional<SeenAt> answered_elsewhere;
  std::vector<Endpoint> mapped;  // distinct, in order of appearance
  std::optional<RttSummary> rtt;
  std::optional<PacketRef> first, first_response, last, last_response;
  std::optional<Instant> first_at, first_response_at, last_at, last_response_at;
};

// What one capture point holds of the hosts of a call, whatever it is and whomever they talk to.
struct HostTraffic {
  PointId point = 0;
  Instant first_at;            // the first packet there
  PerSide sent{}, received{};  // UDP datagrams and TCP segments of a side's addresses there
  // By sender: it repeated one question to a server until no answer can have come.
  std::array<bool, 2> insists{};
  // The point lies at this side's own host, or between it and its NAT.
  std::array<bool, 2> own{};
  // By sender: answers to checks that this point does not hold.
  std::array<std::optional<SeenAt>, 2> unasked;
  // On whose side of the network the point stands; empty: not known.
  std::optional<Side> beside;
  bool beside_inferred = false;
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
  // They hold TCP that a snap length cut and that nothing explains: it may be TURN.
  bool unread_tcp = false;
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
  std::uint64_t tcp_unread = 0;       // segments of which a snap length left next to nothing
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

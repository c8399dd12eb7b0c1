#pragma once

// What a client asked of a TURN server, and what it was given.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/observation.h"
#include "stack/base/address.h"
#include "stack/base/time.h"

namespace parley::analyzer {

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
  std::vector<PointId> points;    // that show its requests, the one nearest to the client first
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
  // Of a client that got none: those at another point, with the first and the last packet there.
  std::optional<SeenAt> answered_elsewhere;
  std::uint64_t unasked = 0;  // responses whose request was not captured
  // The first Allocate with credentials, and the USERNAME in it, printable().
  std::optional<PacketRef> asked_with;
  std::optional<std::string> asked_as;
  // A request over UDP that was sent once and whose response was not captured: the last of them.
  std::optional<PacketRef> unrepeated;
  std::optional<Instant> unrepeated_at;
  std::string unrepeated_method;
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

}  // namespace parley::analyzer

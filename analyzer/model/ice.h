#pragma once

// ICE of one transport: candidates, the pairs of both checklists, roles and restarts.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/observation.h"
#include "stack/base/address.h"
#include "stack/base/time.h"
#include "stack/trace/states.h"

namespace parley::analyzer {

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

// What a path lost before the first answer on it, or since the last: as Pair::answered_elsewhere
// and requests_seen_at.
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
  LostSince before_answer, since_answer;
  // No answer came, and none could show where it would have: the captures hold the other direction
  // there (coverage.h, could_show()).
  bool answers_hidden = false;
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

}  // namespace parley::analyzer

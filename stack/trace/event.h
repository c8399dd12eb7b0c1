#pragma once

// The vocabulary: every event that a run can log, once. Each struct is one observable fact; its
// kName is the "name" of the JSON line, its members (visited in order by fields()) are its "data".
// docs/trace.md is generated from this file. Time and node stand in the Record around it.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "stack/base/address.h"
#include "stack/base/strong.h"
#include "stack/base/time.h"
#include "stack/trace/states.h"

namespace parley::trace {

// Who an event happened at: an index into the run's table of node names.
using ActorId = Strong<struct ActorIdTag, std::uint32_t>;
// One candidate pair of one agent, numbered from 0 in the order of creation.
using PairId = Strong<struct PairIdTag, std::uint32_t>;

// How far a capture can show an event: `compare` scores only the first two.
enum class Visibility : std::uint8_t { Observable, Inferable, Internal };

struct SignalingSent {
  static constexpr std::string_view kName = "signaling:sent";
  static constexpr std::string_view kMeaning =
      "an offer, answer, candidate or end-of-candidates left for the peer";
  static constexpr Visibility kVisibility = Visibility::Internal;
  std::string kind;     // offer | answer | candidate | end-of-candidates
  std::string content;  // the candidate line, or empty
  template <class V>
  void fields(V&& v) const {
    v("kind", kind);
    v("content", content);
  }
};
struct SignalingReceived {
  static constexpr std::string_view kName = "signaling:received";
  static constexpr std::string_view kMeaning = "it arrived at the peer";
  static constexpr Visibility kVisibility = Visibility::Internal;
  std::string kind, content;
  template <class V>
  void fields(V&& v) const {
    v("kind", kind);
    v("content", content);
  }
};

struct IceCredentials {
  static constexpr std::string_view kName = "ice:credentials";
  static constexpr std::string_view kMeaning = "the agent's username fragment for this generation";
  static constexpr Visibility kVisibility = Visibility::Observable;
  std::string ufrag;
  std::uint32_t generation = 0;
  template <class V>
  void fields(V&& v) const {
    v("ufrag", ufrag);
    v("generation", generation);
  }
};
struct IceCandidate {
  static constexpr std::string_view kName = "ice:candidate";
  static constexpr std::string_view kMeaning =
      "the agent learned one of its own or of its peer's candidates";
  static constexpr Visibility kVisibility = Visibility::Inferable;
  bool remote = false;
  CandidateType type = CandidateType::Host;
  Endpoint address, base;
  std::uint32_t priority = 0;
  std::string foundation;
  template <class V>
  void fields(V&& v) const {
    v("remote", remote);
    v("type", type);
    v("address", address);
    v("base", base);
    v("priority", priority);
    v("foundation", foundation);
  }
};
struct IceRoleChanged {
  static constexpr std::string_view kName = "ice:role";
  static constexpr std::string_view kMeaning =
      "the agent's role was set, or switched after a conflict (RFC 8445 7.3.1.1)";
  static constexpr Visibility kVisibility = Visibility::Observable;
  IceRole role = IceRole::Controlling;
  std::string reason;
  template <class V>
  void fields(V&& v) const {
    v("role", role);
    v("reason", reason);
  }
};
struct IcePairCreated {
  static constexpr std::string_view kName = "ice:pair_created";
  static constexpr std::string_view kMeaning = "a candidate pair entered the checklist";
  static constexpr Visibility kVisibility = Visibility::Inferable;
  PairId pair;
  Endpoint local, remote;  // local: the base that it sends from
  CandidateType local_type = CandidateType::Host, remote_type = CandidateType::Host;
  std::uint64_t priority = 0;
  template <class V>
  void fields(V&& v) const {
    v("pair", pair);
    v("local", local);
    v("remote", remote);
    v("local_type", local_type);
    v("remote_type", remote_type);
    v("priority", priority);
  }
};
struct IcePairState {
  static constexpr std::string_view kName = "ice:pair_state";
  static constexpr std::string_view kMeaning = "a pair changed its state (RFC 8445 6.1.2.6)";
  static constexpr Visibility kVisibility = Visibility::Inferable;
  PairId pair;
  PairState from = PairState::Frozen, to = PairState::Frozen;
  std::string reason;
  template <class V>
  void fields(V&& v) const {
    v("pair", pair);
    v("from", from);
    v("to", to);
    v("reason", reason);
  }
};
struct IcePairUpgraded {
  static constexpr std::string_view kName = "ice:pair_upgraded";
  static constexpr std::string_view kMeaning =
      "signaling named the remote candidate that a check had taught before (RFC 8838 11.4)";
  static constexpr Visibility kVisibility = Visibility::Internal;
  PairId pair;
  CandidateType remote_type = CandidateType::Host;
  std::uint64_t priority = 0;
  template <class V>
  void fields(V&& v) const {
    v("pair", pair);
    v("remote_type", remote_type);
    v("priority", priority);
  }
};
struct IcePairRemoved {
  static constexpr std::string_view kName = "ice:pair_removed";
  static constexpr std::string_view kMeaning =
      "a pair left the checklist: another one was nominated (RFC 8445 8.1.2), or it had no room";
  static constexpr Visibility kVisibility = Visibility::Internal;
  PairId pair;
  PairState state = PairState::Frozen;  // its last
  std::string reason;
  template <class V>
  void fields(V&& v) const {
    v("pair", pair);
    v("state", state);
    v("reason", reason);
  }
};
struct IceCheckSent {
  static constexpr std::string_view kName = "ice:check_sent";
  static constexpr std::string_view kMeaning =
      "a Binding request left: a check, its retransmission, or consent";
  static constexpr Visibility kVisibility = Visibility::Observable;
  PairId pair;
  std::string transaction;  // the STUN transaction id in hexadecimal
  std::uint32_t attempt = 1;
  bool use_candidate = false;
  bool consent = false;
  template <class V>
  void fields(V&& v) const {
    v("pair", pair);
    v("transaction", transaction);
    v("attempt", attempt);
    v("use_candidate", use_candidate);
    v("consent", consent);
  }
};
struct IceCheckAnswered {
  static constexpr std::string_view kName = "ice:check_answered";
  static constexpr std::string_view kMeaning =
      "the response to a check arrived: error 0 is success";
  static constexpr Visibility kVisibility = Visibility::Observable;
  PairId pair;
  std::string transaction;
  std::uint32_t error = 0;
  Duration rtt{};
  template <class V>
  void fields(V&& v) const {
    v("pair", pair);
    v("transaction", transaction);
    v("error", error);
    v("rtt", rtt);
  }
};
struct IceNominated {
  static constexpr std::string_view kName = "ice:nominated";
  static constexpr std::string_view kMeaning = "the pair's nominated flag was set";
  static constexpr Visibility kVisibility = Visibility::Inferable;
  PairId pair;
  template <class V>
  void fields(V&& v) const {
    v("pair", pair);
  }
};
struct IceSelectedPair {
  static constexpr std::string_view kName = "ice:selected_pair";
  static constexpr std::string_view kMeaning = "the pair that data now uses";
  static constexpr Visibility kVisibility = Visibility::Inferable;
  PairId pair;
  Endpoint local, local_base, remote;  // local: the candidate's address, as getStats has it
  CandidateType local_type = CandidateType::Host, remote_type = CandidateType::Host;
  std::uint32_t local_priority = 0, remote_priority = 0;
  template <class V>
  void fields(V&& v) const {
    v("pair", pair);
    v("local", local);
    v("local_base", local_base);
    v("remote", remote);
    v("local_type", local_type);
    v("remote_type", remote_type);
    v("local_priority", local_priority);
    v("remote_priority", remote_priority);
  }
};
struct IceStateChanged {
  static constexpr std::string_view kName = "ice:state";
  static constexpr std::string_view kMeaning = "the agent's state changed";
  static constexpr Visibility kVisibility = Visibility::Inferable;
  IceState from = IceState::New, to = IceState::New;
  std::string reason;
  template <class V>
  void fields(V&& v) const {
    v("from", from);
    v("to", to);
    v("reason", reason);
  }
};
struct IceConsentLost {
  static constexpr std::string_view kName = "ice:consent_lost";
  static constexpr std::string_view kMeaning = "no answer for 30 s: sending stops (RFC 7675 5.1)";
  static constexpr Visibility kVisibility = Visibility::Inferable;
  PairId pair;
  template <class V>
  void fields(V&& v) const {
    v("pair", pair);
  }
};
struct StunServerAnswered {
  static constexpr std::string_view kName = "stun:server_answered";
  static constexpr std::string_view kMeaning = "a STUN server told the agent its mapped address";
  static constexpr Visibility kVisibility = Visibility::Observable;
  Endpoint server, local, mapped;
  Duration rtt{};
  template <class V>
  void fields(V&& v) const {
    v("server", server);
    v("local", local);
    v("mapped", mapped);
    v("rtt", rtt);
  }
};
struct StunServerSilent {
  static constexpr std::string_view kName = "stun:server_silent";
  static constexpr std::string_view kMeaning =
      "a STUN server did not answer any retransmission (RFC 8489 6.2.1)";
  static constexpr Visibility kVisibility = Visibility::Observable;
  Endpoint server, local;
  template <class V>
  void fields(V&& v) const {
    v("server", server);
    v("local", local);
  }
};

struct DtlsStateChanged {
  static constexpr std::string_view kName = "dtls:state";
  static constexpr std::string_view kMeaning = "the DTLS transport's state changed";
  static constexpr Visibility kVisibility = Visibility::Inferable;
  DtlsState from = DtlsState::None, to = DtlsState::None;
  std::string reason;
  template <class V>
  void fields(V&& v) const {
    v("from", from);
    v("to", to);
    v("reason", reason);
  }
};
struct DtlsFlightSent {
  static constexpr std::string_view kName = "dtls:flight";
  static constexpr std::string_view kMeaning =
      "a handshake flight left; attempt 2 and more are retransmissions (RFC 6347 4.2.4)";
  static constexpr Visibility kVisibility = Visibility::Observable;
  std::string messages;  // "ClientHello", "Certificate, ClientKeyExchange, ..."
  std::uint32_t datagrams = 0, attempt = 1;
  template <class V>
  void fields(V&& v) const {
    v("messages", messages);
    v("datagrams", datagrams);
    v("attempt", attempt);
  }
};
struct DtlsConnected {
  static constexpr std::string_view kName = "dtls:connected";
  static constexpr std::string_view kMeaning = "the handshake is complete: what was negotiated";
  static constexpr Visibility kVisibility = Visibility::Observable;
  bool client = false;
  std::string version, cipher_suite, group, srtp_profile;  // IANA names
  std::string peer_fingerprint;                            // "sha-256 AA:BB:..."
  template <class V>
  void fields(V&& v) const {
    v("client", client);
    v("version", version);
    v("cipher_suite", cipher_suite);
    v("group", group);
    v("srtp_profile", srtp_profile);
    v("peer_fingerprint", peer_fingerprint);
  }
};

struct NatMapping {
  static constexpr std::string_view kName = "nat:mapping";
  static constexpr std::string_view kMeaning =
      "a NAT mapping was created, refreshed, expired or refused (RFC 4787 4)";
  static constexpr Visibility kVisibility = Visibility::Inferable;
  std::string what;  // created | refreshed | expired | refused
  std::string protocol;
  Endpoint inside, outside, remote;
  template <class V>
  void fields(V&& v) const {
    v("what", what);
    v("protocol", protocol);
    v("inside", inside);
    v("outside", outside);
    v("remote", remote);
  }
};
struct NatPermission {
  static constexpr std::string_view kName = "nat:filter_opened";
  static constexpr std::string_view kMeaning =
      "an outgoing packet lets this remote address answer (RFC 4787 5)";
  static constexpr Visibility kVisibility = Visibility::Inferable;
  Endpoint inside, outside, remote;
  template <class V>
  void fields(V&& v) const {
    v("inside", inside);
    v("outside", outside);
    v("remote", remote);
  }
};
struct NatAdmitted {
  static constexpr std::string_view kName = "nat:admitted";
  static constexpr std::string_view kMeaning =
      "the first packet of a remote address that a mapping's filter let in";
  static constexpr Visibility kVisibility = Visibility::Observable;
  Endpoint inside, outside, remote;
  Duration open_for{};  // how long ago the filter was opened for it
  template <class V>
  void fields(V&& v) const {
    v("inside", inside);
    v("outside", outside);
    v("remote", remote);
    v("open_for", open_for);
  }
};
struct PacketDropped {
  static constexpr std::string_view kName = "net:dropped";
  static constexpr std::string_view kMeaning = "a packet ended here, and why";
  static constexpr Visibility kVisibility = Visibility::Inferable;
  std::string reason;  // loss | queue-full | no-route | no-neighbor | nat-filtered | nat-no-mapping
                       // | no-socket | malformed | ...
  Endpoint source, destination;
  std::uint32_t size = 0;
  std::string place;  // the link, or empty when the node itself dropped it
  // What it carried ("Binding request", "DTLS ServerHello"), as far as it can be read, and the STUN
  // transaction id in hexadecimal.
  std::string content{}, transaction{};
  template <class V>
  void fields(V&& v) const {
    v("reason", reason);
    v("source", source);
    v("destination", destination);
    v("size", size);
    v("place", place);
    v("content", content);
    v("transaction", transaction);
  }
};
struct StackDiscarded {
  static constexpr std::string_view kName = "stack:discarded";
  static constexpr std::string_view kMeaning = "an engine refused a datagram or a message in it";
  static constexpr Visibility kVisibility = Visibility::Internal;
  std::string layer, reason;
  Endpoint remote;
  std::uint32_t offset = 0;
  template <class V>
  void fields(V&& v) const {
    v("layer", layer);
    v("reason", reason);
    v("remote", remote);
    v("offset", offset);
  }
};

using Event = std::variant<SignalingSent, SignalingReceived, IceCredentials, IceCandidate,
                           IceRoleChanged, IcePairCreated, IcePairState, IcePairUpgraded,
                           IcePairRemoved, IceCheckSent, IceCheckAnswered, IceNominated,
                           IceSelectedPair, IceStateChanged, IceConsentLost, StunServerAnswered,
                           StunServerSilent, DtlsStateChanged, DtlsFlightSent, DtlsConnected,
                           NatMapping, NatPermission, NatAdmitted, PacketDropped, StackDiscarded>;

}  // namespace parley::trace

#pragma once

// How the records of a run become a Call: one handler for each event of the vocabulary, gathered by
// layer in from_trace_ice.cc, from_trace_dtls.cc and, for the network and the frame, from_trace.cc.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/from_trace.h"

namespace parley::analyzer {

// What an agent's events say about one of its pairs, beyond the Pair itself.
struct TracedPair {
  Pair pair;
  std::vector<double> rtts_ms;
  std::map<std::string, Instant> open;  // transactions without a response yet
};

using PriorityByAddress = std::map<Endpoint, std::uint32_t>;

class TraceFolder {
 public:
  explicit TraceFolder(const RunTrace& run) : run_(run) {}

  Call fold();

 private:
  using Pairs = std::map<std::uint32_t, TracedPair>;

  Side side_of_first_controlling() const;
  std::optional<Side> side_of(trace::ActorId actor) const;
  std::string node_name(trace::ActorId actor) const;
  void note(const trace::Record& record, std::optional<Side> side, std::string_view layer,
            std::string what);

  template <class Event>
  void at_peer(const trace::Record&, Side, const Event&) {}  // says nothing about the call's facts
  void at_peer(const trace::Record& record, Side side, const trace::SignalingSent& event);
  void at_peer(const trace::Record& record, Side side, const trace::IceCredentials& event);
  void at_peer(const trace::Record& record, Side side, const trace::IceCandidate& event);
  void learn_signaled_type(Side side, const trace::IceCandidate& event);
  void at_peer(const trace::Record& record, Side side, const trace::IceRoleChanged& event);
  void at_peer(const trace::Record& record, Side side, const trace::IcePairCreated& event);
  void at_peer(const trace::Record& record, Side side, const trace::IcePairState& event);
  void at_peer(const trace::Record& record, Side side, const trace::IceCheckSent& event);
  void at_peer(const trace::Record& record, Side side, const trace::IceCheckAnswered& event);
  void at_peer(const trace::Record& record, Side side, const trace::IceNominated& event);
  void at_peer(const trace::Record& record, Side side, const trace::IceSelectedPair& event);
  void at_peer(const trace::Record& record, Side side, const trace::IceStateChanged& event);
  void at_peer(const trace::Record& record, Side side, const trace::IceConsentLost& event);
  void at_peer(const trace::Record& record, Side side, const trace::StunServerAnswered& event);
  void at_peer(const trace::Record& record, Side side, const trace::StunServerSilent& event);
  void at_peer(const trace::Record& record, Side side, const trace::DtlsStateChanged& event);
  void at_peer(const trace::Record& record, Side side, const trace::DtlsFlightSent& event);
  void at_peer(const trace::Record& record, Side side, const trace::DtlsConnected& event);

  template <class Event>
  void in_network(const trace::Record&, const Event&) {}  // an event of a peer, not of the network
  void in_network(const trace::Record& record, const trace::NatMapping& event);
  void in_network(const trace::Record& record, const trace::NatPermission& event);
  void in_network(const trace::Record& record, const trace::NatAdmitted& event);
  void in_network(const trace::Record& record, const trace::PacketDropped& event);

  void finish_pairs();
  void finish_dtls();
  Transport& transport() { return call_.transports.front(); }
  TransportAgent& agent(Side side) { return transport().agents[index_of(side)]; }
  Peer& peer(Side side) { return call_.peers[index_of(side)]; }
  StunServerUse& server_use(Side side, const Endpoint& local, const Endpoint& server);

  const RunTrace& run_;
  Call call_;
  std::array<trace::ActorId, 2> actors_;
  std::array<Pairs, 2> pairs_;
  // Of the candidates that each side knows: its own, and its peer's.
  std::array<PriorityByAddress, 2> local_priorities_, remote_priorities_;
  std::array<trace::DtlsState, 2> dtls_states_{};
  std::map<std::string, std::uint64_t> drops_;  // by place and reason
  std::vector<TimelineEntry> timeline_;
};

}  // namespace parley::analyzer

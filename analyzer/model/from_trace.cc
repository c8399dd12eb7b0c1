#include "analyzer/model/from_trace.h"

#include <algorithm>
#include <map>
#include <variant>

#include <fmt/format.h>

#include "analyzer/diagnose/diagnose.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kMaxTimeline = 400;

RttSummary summary_of(std::vector<double>& rtts) {
  std::sort(rtts.begin(), rtts.end());
  return {rtts.front(), rtts[rtts.size() / 2], rtts.back()};
}

// What an agent's events say about one of its pairs, beyond the Pair itself.
struct PairFacts {
  Pair pair;
  std::vector<double> rtts_ms;
  std::map<std::string, Instant> open;  // transactions without a response yet
};

using Priorities = std::map<Endpoint, std::uint32_t>;

class Folder {
 public:
  explicit Folder(const RunTrace& run) : run_(run) {}

  Call fold();

 private:
  using Pairs = std::map<std::uint32_t, PairFacts>;

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
  std::array<Priorities, 2> local_priorities_, remote_priorities_;
  std::array<trace::DtlsState, 2> dtls_states_{};
  std::map<std::string, std::uint64_t> drops_;  // by place and reason
  std::vector<TimelineEntry> timeline_;
};

Side Folder::side_of_first_controlling() const {
  for (const trace::Record& record : *run_.records)
    if (const auto* role = std::get_if<trace::IceRoleChanged>(&record.event))
      for (const Side side : {Side::A, Side::B})
        if (record.actor == run_.peers[index_of(side)].actor)
          return role->role == trace::IceRole::Controlling ? side : other(side);
  return Side::A;
}

std::optional<Side> Folder::side_of(trace::ActorId actor) const {
  for (const Side side : {Side::A, Side::B})
    if (actors_[index_of(side)] == actor)
      return side;
  return std::nullopt;
}

std::string Folder::node_name(trace::ActorId actor) const {
  return actor.value() < run_.nodes.size() ? run_.nodes[actor.value()] : std::string("?");
}

void Folder::note(const trace::Record& record, std::optional<Side> side, std::string_view layer,
                  std::string what) {
  if (timeline_.size() < kMaxTimeline)
    timeline_.push_back({record.at, std::nullopt, side, std::string(layer),
                         node_name(record.actor) + " " + std::move(what)});
}

StunServerUse& Folder::server_use(Side side, const Endpoint& local, const Endpoint& server) {
  for (StunServerUse& use : call_.stun_servers)
    if (use.of == side && use.client == local && use.server == server)
      return use;
  StunServerUse use;
  use.of = side;
  use.client = local;
  use.server = server;
  call_.stun_servers.push_back(std::move(use));
  return call_.stun_servers.back();
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::SignalingSent& event) {
  if (event.kind == "offer" || event.kind == "answer")
    note(record, side, "signaling", "sends the " + event.kind);
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::IceCredentials& event) {
  std::vector<Ufrag>& ufrags = peer(side).ufrags;
  ufrags.push_back({event.ufrag, event.generation});
  if (ufrags.size() > 1) {
    ++transport().restarts;
    transport().restart_list.push_back({side, event.ufrag, {}, record.at});
    note(record, side, "ice", "restarts ICE with ufrag " + event.ufrag);
  }
}

// What a check taught as peer-reflexive may be signaled afterwards: it is the same candidate, of
// the signaled type (RFC 8838 section 11.4).
void Folder::learn_signaled_type(Side side, const trace::IceCandidate& event) {
  const auto update = [&](Candidate& remote) {
    if (remote.address != event.address || remote.type != trace::CandidateType::PeerReflexive)
      return;
    remote.type = event.type;
    remote.priority = event.priority;
  };
  for (auto& [id, facts] : pairs_[index_of(side)])
    update(facts.pair.remote);
  if (agent(side).selected_pair)
    update(agent(side).selected_pair->remote);
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::IceCandidate& event) {
  (event.remote ? remote_priorities_ : local_priorities_)[index_of(side)][event.address] =
      event.priority;
  if (event.remote) {
    learn_signaled_type(side, event);
    return;
  }
  Candidate candidate;
  candidate.type = event.type;
  candidate.address = event.address;
  candidate.priority = event.priority;
  if (event.base != event.address && event.base.address.family() != AddressFamily::None)
    candidate.related = event.base;
  Peer& owner = peer(side);
  if (event.type == trace::CandidateType::Host) {
    if (std::find(owner.addresses.begin(), owner.addresses.end(), event.address.address) ==
        owner.addresses.end())
      owner.addresses.push_back(event.address.address);
  } else {
    note(record, side, "ice",
         fmt::format("learns that it is {} ({})", to_string(event.address),
                     trace::to_string(event.type)));
  }
  owner.candidates.push_back(std::move(candidate));
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::IceRoleChanged& event) {
  if (!peer(side).ice_role) {
    peer(side).ice_role = event.role;
    return;
  }
  ++transport().role_conflicts;
  note(record, side, "ice",
       fmt::format("switches to {}: {}", trace::to_string(event.role), event.reason));
}

std::optional<std::uint32_t> priority_of(const Priorities& known, const Endpoint& address) {
  const auto it = known.find(address);
  return it == known.end() ? std::nullopt : std::optional(it->second);
}

void Folder::at_peer(const trace::Record&, Side side, const trace::IcePairCreated& event) {
  Pair& pair = pairs_[index_of(side)][event.pair.value()].pair;
  pair.agent = side;
  pair.local.type = event.local_type;
  pair.local.address = event.local;
  pair.remote.type = event.remote_type;
  pair.remote.address = event.remote;
  pair.local.priority = priority_of(local_priorities_[index_of(side)], event.local);
  pair.remote.priority = priority_of(remote_priorities_[index_of(side)], event.remote);
  pair.state = trace::PairState::Frozen;
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::IcePairState& event) {
  Pair& pair = pairs_[index_of(side)][event.pair.value()].pair;
  pair.state = event.to;
  if (event.to == trace::PairState::Failed)
    note(record, side, "ice",
         fmt::format("gives up {} -> {}: {}", to_string(pair.local.address.value_or(Endpoint{})),
                     to_string(pair.remote.address.value_or(Endpoint{})), event.reason));
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::IceCheckSent& event) {
  PairFacts& facts = pairs_[index_of(side)][event.pair.value()];
  Pair& pair = facts.pair;
  ++pair.requests;
  if (pair.last_response_at)
    ++pair.requests_after_last_response;
  pair.use_candidate += event.use_candidate ? 1 : 0;
  if (!pair.first_at) {
    pair.first_at = record.at;
    note(record, side, "ice",
         fmt::format("checks {} ({} - {})", to_string(pair.remote.address.value_or(Endpoint{})),
                     trace::to_string(pair.local.type.value_or(trace::CandidateType::Host)),
                     trace::to_string(pair.remote.type.value_or(trace::CandidateType::Host))));
  }
  pair.last_at = record.at;
  if (event.use_candidate && !pair.nominated_at)
    pair.nominated_at = record.at;
  facts.open.emplace(event.transaction, record.at);
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::IceCheckAnswered& event) {
  PairFacts& facts = pairs_[index_of(side)][event.pair.value()];
  Pair& pair = facts.pair;
  facts.open.erase(event.transaction);
  if (event.error != 0) {
    const auto code = static_cast<std::uint16_t>(event.error);
    auto found = std::find_if(pair.errors.begin(), pair.errors.end(),
                              [&](const ErrorCount& e) { return e.code == code; });
    if (found == pair.errors.end()) {
      pair.errors.push_back({});
      found = std::prev(pair.errors.end());
      found->code = code;
      found->first_at = record.at;
    }
    ++found->count;
    found->last_at = record.at;
    note(record, side, "ice", fmt::format("gets error {}", event.error));
    return;
  }
  ++pair.responses;
  pair.requests_after_last_response = 0;
  pair.last_response_at = record.at;
  facts.rtts_ms.push_back(to_seconds(event.rtt) * 1000);
  if (!pair.first_response_at) {
    pair.first_response_at = record.at;
    note(record, side, "ice",
         "has the first answer from " + to_string(pair.remote.address.value_or(Endpoint{})));
  }
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::IceNominated& event) {
  Pair& pair = pairs_[index_of(side)][event.pair.value()].pair;
  pair.nominated = true;
  note(record, side, "ice",
       "has a nominated pair to " + to_string(pair.remote.address.value_or(Endpoint{})));
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::IceSelectedPair& event) {
  for (auto& [id, facts] : pairs_[index_of(side)])
    facts.pair.selected = id == event.pair.value();
  SelectedPair selected;
  selected.local.type = event.local_type;
  selected.local.address = event.local;
  selected.local.priority = event.local_priority;
  if (event.local_base != event.local)
    selected.local.related = event.local_base;
  selected.remote.type = event.remote_type;
  selected.remote.address = event.remote;
  selected.remote.priority = event.remote_priority;
  agent(side).selected_pair = std::move(selected);
  note(record, side, "ice",
       fmt::format("selects {} - {}: {} -> {}", trace::to_string(event.local_type),
                   trace::to_string(event.remote_type), to_string(event.local),
                   to_string(event.remote)));
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::IceStateChanged& event) {
  agent(side).state = event.to;
  const bool up = event.to == trace::IceState::Connected || event.to == trace::IceState::Completed;
  if (up && !agent(side).connected)
    agent(side).connected = record.at;
  note(record, side, "ice",
       fmt::format("ICE is {}{}", trace::to_string(event.to),
                   event.reason.empty() ? "" : ": " + event.reason));
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::IceConsentLost&) {
  agent(side).consent_lost = record.at;
  note(record, side, "ice", "loses consent: no answer for 30 s, sending stops");
}

void Folder::at_peer(const trace::Record& record, Side side,
                     const trace::StunServerAnswered& event) {
  StunServerUse& use = server_use(side, event.local, event.server);
  ++use.requests;
  ++use.responses;
  if (std::find(use.mapped.begin(), use.mapped.end(), event.mapped) == use.mapped.end())
    use.mapped.push_back(event.mapped);
  const double rtt = to_seconds(event.rtt) * 1000;
  if (!use.rtt)
    use.rtt = RttSummary{rtt, rtt, rtt};
  use.rtt->min = std::min(use.rtt->min, rtt);
  use.rtt->max = std::max(use.rtt->max, rtt);
  if (!use.first_at)
    use.first_at = record.at - event.rtt;
  if (!use.first_response_at)
    use.first_response_at = record.at;
  use.last_at = record.at;
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::StunServerSilent& event) {
  StunServerUse& use = server_use(side, event.local, event.server);
  use.requests += 7;  // RFC 8489 6.2.1: Rc transmissions before it gives up
  use.last_at = record.at;
  if (!use.first_at)
    use.first_at = record.at;
  note(record, side, "stun", "gives up the STUN server " + to_string(event.server));
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::DtlsStateChanged& event) {
  dtls_states_[index_of(side)] = event.to;
  if (event.to != trace::DtlsState::Handshaking)
    note(record, side, "dtls",
         fmt::format("DTLS is {}{}", trace::to_string(event.to),
                     event.reason.empty() ? "" : ": " + event.reason));
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::DtlsFlightSent& event) {
  Transport& path = transport();
  if (event.messages == "ClientHello" && !path.dtls.started_at) {
    path.dtls.started_at = record.at;
    path.dtls.client = side;
  }
  if (event.attempt > 1)
    ++*path.dtls.retransmissions;
  path.dtls_packets[index_of(side)] += event.datagrams;
  for (DtlsStep& step : path.dtls_steps)
    if (step.from == side && step.what == event.messages) {
      step.times += event.attempt > 1 ? 1 : 0;
      return;
    }
  path.dtls_steps.push_back({side, event.messages, {}, record.at, 1});
  note(record, side, "dtls",
       fmt::format("sends {}{}", event.messages,
                   event.datagrams > 1 ? fmt::format(" in {} datagrams", event.datagrams) : ""));
}

void Folder::at_peer(const trace::Record& record, Side side, const trace::DtlsConnected& event) {
  Dtls& dtls = transport().dtls;
  const auto maybe = [](const std::string& text) {
    return text.empty() ? std::optional<std::string>() : std::optional(text);
  };
  dtls.version = maybe(event.version);
  dtls.cipher_suite = maybe(event.cipher_suite);
  dtls.group = maybe(event.group);
  dtls.srtp_profile = maybe(event.srtp_profile);
  dtls.client = event.client ? side : other(side);
  dtls.connected_at = record.at;  // the later of both, when the handshake is over everywhere
  if (event.client && dtls.started_at)
    dtls.handshake_ms = to_seconds(record.at - *dtls.started_at) * 1000;
  const auto space = event.peer_fingerprint.find(' ');
  if (space == std::string::npos)
    return;
  DtlsCertificate certificate;
  certificate.peer = other(side);
  certificate.algorithm = event.peer_fingerprint.substr(0, space);
  certificate.value = event.peer_fingerprint.substr(space + 1);
  certificate.matches_sdp = true;  // RFC 8842 5: a stack that connects has compared it
  dtls.certificates.push_back(std::move(certificate));
}

void Folder::in_network(const trace::Record& record, const trace::NatMapping& event) {
  if (event.what == "refreshed")
    return;
  note(record, std::nullopt, "nat",
       event.what == "created"
           ? fmt::format("maps {} to {} for {}", to_string(event.inside), to_string(event.outside),
                         to_string(event.remote))
           : fmt::format("{} mapping of {}", event.what, to_string(event.inside)));
}

void Folder::in_network(const trace::Record& record, const trace::NatPermission& event) {
  note(record, std::nullopt, "nat",
       fmt::format("lets {} out to {}: it may now come in", to_string(event.inside),
                   to_string(event.remote)));
}

void Folder::in_network(const trace::Record& record, const trace::NatAdmitted& event) {
  note(record, std::nullopt, "nat",
       fmt::format("lets {} in to {}: opened {:.0f} ms earlier", to_string(event.remote),
                   to_string(event.inside), to_seconds(event.open_for) * 1000));
}

void Folder::in_network(const trace::Record& record, const trace::PacketDropped& event) {
  const std::string place = event.place.empty() ? node_name(record.actor) : event.place;
  // The first packet that ends at a place for a reason is news; the later ones are not.
  if (++drops_[place + " " + event.reason + " " + to_string(event.destination)] == 1)
    note(record, std::nullopt, "network",
         fmt::format("drops a packet of {} to {}: {}{}", to_string(event.source),
                     to_string(event.destination), event.reason,
                     event.place.empty() ? "" : " on " + event.place));
}

void Folder::finish_pairs() {
  for (const Side side : {Side::A, Side::B})
    for (auto& [id, facts] : pairs_[index_of(side)]) {
      static_cast<void>(id);
      if (!facts.rtts_ms.empty())
        facts.pair.rtt = summary_of(facts.rtts_ms);
      facts.pair.unanswered = facts.open.size();
      std::sort(facts.pair.errors.begin(), facts.pair.errors.end(),
                [](const ErrorCount& a, const ErrorCount& b) { return a.code < b.code; });
      transport().pairs.push_back(std::move(facts.pair));
    }
  for (const Side side : {Side::A, Side::B}) {
    std::uint64_t requests = 0;
    std::uint64_t flagged = 0;
    for (const Pair& pair : transport().pairs)
      if (pair.agent == side) {
        requests += pair.requests;
        flagged += pair.use_candidate;
      }
    if (flagged > 0)
      agent(side).nominates =
          flagged == requests ? trace::Nomination::Aggressive : trace::Nomination::Regular;
  }
}

void Folder::finish_dtls() {
  Dtls& dtls = transport().dtls;
  const auto [a, b] = dtls_states_;
  const auto either = [a = a, b = b](trace::DtlsState state) { return a == state || b == state; };
  if (either(trace::DtlsState::Failed))
    dtls.state = trace::DtlsState::Failed;
  else if (either(trace::DtlsState::Closed))
    dtls.state = trace::DtlsState::Closed;
  else if (a == trace::DtlsState::Connected && b == a)
    dtls.state = trace::DtlsState::Connected;
  else if (a != trace::DtlsState::None || b != a)
    dtls.state = trace::DtlsState::Handshaking;
  if (dtls.state == trace::DtlsState::Handshaking)
    dtls.connected_at.reset();
  std::stable_sort(
      dtls.certificates.begin(), dtls.certificates.end(),
      [](const DtlsCertificate& x, const DtlsCertificate& y) { return x.peer < y.peer; });
}

Call Folder::fold() {
  call_.from_run = true;
  call_.transports.push_back({});
  transport().dtls.retransmissions = 0;
  const Side first = side_of_first_controlling();
  for (const Side side : {Side::A, Side::B}) {
    const RunPeer& who = run_.peers[index_of(first == Side::A ? side : other(side))];
    actors_[index_of(side)] = who.actor;
    peer(side).name = who.name;
    peer(side).ice_lite = false;
    peer(side).nat = who.nat;
  }
  if (!run_.records->empty()) {
    call_.first_at = run_.records->front().at;
    call_.last_at = run_.records->back().at;
  }
  for (const trace::Record& record : *run_.records) {
    const std::optional<Side> side = side_of(record.actor);
    std::visit(
        [&](const auto& event) {
          if (side)
            at_peer(record, *side, event);
          in_network(record, event);
        },
        record.event);
  }
  finish_pairs();
  finish_dtls();
  diagnose(call_, {}, Instant{});
  call_.timeline = std::move(timeline_);
  return std::move(call_);
}

}  // namespace

Call call_from_trace(const RunTrace& run) {
  return Folder(run).fold();
}

}  // namespace parley::analyzer

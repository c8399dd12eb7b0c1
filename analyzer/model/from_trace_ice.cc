#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "analyzer/model/trace_folder.h"

namespace parley::analyzer {
namespace {

RttSummary summary_of(std::vector<double>& rtts) {
  std::sort(rtts.begin(), rtts.end());
  return {rtts.front(), rtts[rtts.size() / 2], rtts.back()};
}

std::optional<std::uint32_t> priority_of(const PriorityByAddress& known, const Endpoint& address) {
  const auto it = known.find(address);
  return it == known.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::IceCredentials& event) {
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
void TraceFolder::learn_signaled_type(Side side, const trace::IceCandidate& event) {
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

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::IceCandidate& event) {
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

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::IceRoleChanged& event) {
  if (!peer(side).ice_role) {
    peer(side).ice_role = event.role;
    return;
  }
  ++transport().role_conflicts;
  note(record, side, "ice",
       fmt::format("switches to {}: {}", trace::to_string(event.role), event.reason));
}

void TraceFolder::at_peer(const trace::Record&, Side side, const trace::IcePairCreated& event) {
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

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::IcePairState& event) {
  Pair& pair = pairs_[index_of(side)][event.pair.value()].pair;
  pair.state = event.to;
  if (event.to == trace::PairState::Failed)
    note(record, side, "ice",
         fmt::format("gives up {} -> {}: {}", to_string(pair.local.address.value_or(Endpoint{})),
                     to_string(pair.remote.address.value_or(Endpoint{})), event.reason));
}

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::IceCheckSent& event) {
  TracedPair& facts = pairs_[index_of(side)][event.pair.value()];
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

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::IceCheckAnswered& event) {
  TracedPair& facts = pairs_[index_of(side)][event.pair.value()];
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

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::IceNominated& event) {
  Pair& pair = pairs_[index_of(side)][event.pair.value()].pair;
  pair.nominated = true;
  note(record, side, "ice",
       "has a nominated pair to " + to_string(pair.remote.address.value_or(Endpoint{})));
}

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::IceSelectedPair& event) {
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

void TraceFolder::at_peer(const trace::Record& record, Side side,
                          const trace::IceStateChanged& event) {
  agent(side).state = event.to;
  const bool up = event.to == trace::IceState::Connected || event.to == trace::IceState::Completed;
  if (up && !agent(side).connected)
    agent(side).connected = record.at;
  note(record, side, "ice",
       fmt::format("ICE is {}{}", trace::to_string(event.to),
                   event.reason.empty() ? "" : ": " + event.reason));
}

void TraceFolder::at_peer(const trace::Record& record, Side side, const trace::IceConsentLost&) {
  agent(side).consent_lost = record.at;
  note(record, side, "ice", "loses consent: no answer for 30 s, sending stops");
}

void TraceFolder::finish_pairs() {
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

}  // namespace parley::analyzer

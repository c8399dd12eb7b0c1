#include "sim/story_peer.h"

#include <algorithm>

#include <fmt/format.h>

namespace parley::sim {
namespace {

// One overload for each event that counts.
struct OutcomeReader {
  PeerOutcome& peer;
  Instant at;

  template <class Event>
  void operator()(const Event& /*event*/) {}
  void operator()(const trace::IceStateChanged& event) {
    peer.ice = event.to;
    peer.ice_reason = event.reason;
    if (event.to == trace::IceState::Connected && !peer.ice_connected)
      peer.ice_connected = at;
  }
  void operator()(const trace::DtlsStateChanged& event) {
    peer.dtls = event.to;
    if (event.to == trace::DtlsState::Connected)
      peer.dtls_connected = at;
  }
  void operator()(const trace::IcePairCreated& event) {
    PairOutcome& pair = peer.pairs[event.pair.value()];
    pair.local_type = event.local_type;
    pair.remote_type = event.remote_type;
    pair.remote = event.remote;
  }
  void operator()(const trace::IcePairUpgraded& event) {
    peer.pairs[event.pair.value()].remote_type = event.remote_type;
    if (peer.selected && peer.selected->pair == event.pair)
      peer.selected->remote_type = event.remote_type;
  }
  void operator()(const trace::IcePairRemoved& event) {
    peer.pairs[event.pair.value()].removed = true;
  }
  void operator()(const trace::IcePairState& event) {
    peer.pairs[event.pair.value()].state = event.to;
  }
  void operator()(const trace::IceCheckSent& event) {
    PairOutcome& pair = peer.pairs[event.pair.value()];
    if (event.consent)
      peer.consent.insert(event.transaction);
    ++(event.consent ? pair.consent : pair.sent);
  }
  void operator()(const trace::IceCheckAnswered& event) {
    if (event.error != 0)
      return;
    PairOutcome& pair = peer.pairs[event.pair.value()];
    pair.rtt = std::min(pair.rtt.value_or(event.rtt), event.rtt);
    ++(peer.consent.contains(event.transaction) ? pair.consent_answered : pair.answered);
  }
  void operator()(const trace::IceSelectedPair& event) {
    peer.selected = event;
    for (auto& [id, pair] : peer.pairs)
      pair.selected = id == event.pair.value();
  }
};

}  // namespace

std::string PairOutcome::types() const {
  return fmt::format("{} - {}", to_string(local_type), to_string(remote_type));
}

std::string PairOutcome::result() const {
  std::string text = fmt::format("{} of {} answered", answered, sent);
  if (consent > 0)
    text += fmt::format(", consent {} of {}", consent_answered, consent);
  if (selected)
    return text + ", SELECTED";
  if (removed)
    return text + ", dropped at nomination";
  return text + ", " + std::string(to_string(state));
}

const PairOutcome* PeerOutcome::selected_pair() const {
  const auto pair = selected ? pairs.find(selected->pair.value()) : pairs.end();
  return pair == pairs.end() ? nullptr : &pair->second;
}

PeerOutcome outcome_of(trace::ActorId actor, const std::vector<trace::Record>& records) {
  PeerOutcome peer;
  for (const trace::Record& record : records)
    if (record.actor == actor)
      std::visit(OutcomeReader{peer, record.at}, record.event);
  return peer;
}

}  // namespace parley::sim

#pragma once

// What a peer got to, and what became of each of its pairs, from its records. Internal to
// sim/story*.cc.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/run.h"
#include "stack/trace/record.h"

namespace parley::sim {

struct PairOutcome {
  trace::CandidateType local_type = trace::CandidateType::Host;
  trace::CandidateType remote_type = trace::CandidateType::Host;
  Endpoint remote;
  std::uint64_t sent = 0, answered = 0;  // without consent
  std::uint64_t consent = 0, consent_answered = 0;
  std::optional<Duration> rtt;  // the smallest
  trace::PairState state = trace::PairState::Frozen;
  bool removed = false, selected = false;

  std::string types() const;   // "host - srflx"
  std::string result() const;  // "3 of 3 answered, SELECTED"
};

struct PeerOutcome {
  trace::IceState ice = trace::IceState::New;
  trace::DtlsState dtls = trace::DtlsState::None;
  std::optional<Instant> ice_connected, dtls_connected;  // for the first time
  std::string ice_reason;                                // of the last state
  std::optional<trace::IceSelectedPair> selected;
  std::map<std::uint32_t, PairOutcome> pairs;
  std::set<std::string> consent;  // transactions

  const PairOutcome* selected_pair() const;
};

PeerOutcome outcome_of(trace::ActorId actor, const std::vector<trace::Record>& records);

}  // namespace parley::sim

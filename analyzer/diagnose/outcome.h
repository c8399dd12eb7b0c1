#pragma once

// How a call ended and how far it came, in one place. Says no more than the packets: a call whose
// capture stops while data flows is connected, one that stops before anything is decided is in
// progress.

#include <optional>
#include <string>

#include "analyzer/model/model.h"

namespace parley::analyzer {

struct Ending {
  Outcome outcome = Outcome::InProgress;
  bool inferred = false;               // no packet says so in clear
  bool hidden = false;                 // the captures lack what would decide it
  std::optional<std::string> reached;  // signaling | ice | dtls | media | data
};

// `last_packet`: the end of the captures.
Ending ending_of(const Call& call, Instant last_packet);
// The same for one transport of it.
Outcome outcome_of(const Transport& transport, const Call& call, Instant last_packet);

}  // namespace parley::analyzer

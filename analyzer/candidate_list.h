#pragma once

// The candidates of a peer, each once, from whatever shows them.

#include <vector>

#include "analyzer/model/model.h"

namespace parley::analyzer {

// Adds it, or what it knows better of one that is listed. Without an address it is no candidate.
void add_candidate(std::vector<Candidate>& list, const Candidate& candidate);

// "Lite implementations only utilize host candidates" (RFC 8445 section 5.2).
void mark_hosts_of_lite(Side side, Call& call);

// Where the direction of its questions and checks is missing, the answers of a server still tell
// under which address a side is seen.
void add_told_address(const StunServerUse& use, Peer& peer);

}  // namespace parley::analyzer

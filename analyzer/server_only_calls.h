#pragma once

// What TURN allocations say beyond the calls whose checks were seen: which call a relayed address
// serves, and which clients only spoke to a TURN server. Two such clients are one call where one
// asked its server for the way to the other's relayed address.

#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/server_builder.h"

namespace parley::analyzer {

// Gives the allocations that no socket of a call explains to the call that uses their relayed
// address, and makes calls of the rest.
void add_gathering_calls(std::vector<PlacedAllocation>& left, std::vector<Call>& calls);
// Says of ICMP errors about relayed addresses whose relay that was.
void mark_relays(Call& call);

}  // namespace parley::analyzer

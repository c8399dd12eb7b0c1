#pragma once

// TURN allocations and questions to STUN servers of the model, each joined over the capture points
// that saw it by its transaction ids. Whose they are is for the call builder to say.

#include <optional>
#include <utility>
#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/pipeline.h"

namespace parley::analyzer {

struct PlacedAllocation {
  TurnAllocation allocation;
  // The same as a point further off shows it, where the nearest one has no answer to the client.
  std::optional<TurnAllocation> answered;
  // Where its client was seen: capture point and address.
  std::vector<std::pair<std::uint32_t, Endpoint>> clients;
};
struct PlacedStunUse {
  StunServerUse use;
  std::vector<std::pair<std::uint32_t, Endpoint>> clients;
};

// Both by first packet.
std::vector<PlacedAllocation> build_allocations(Pipeline& pipeline);
std::vector<PlacedStunUse> build_stun_uses(Pipeline& pipeline);

}  // namespace parley::analyzer

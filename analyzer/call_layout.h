#pragma once

// How the paths of one call belong together: path sets are pairs (one agent's checks towards one
// address), pairs that share a flow are a route (both directions between two bases), routes that
// share a socket or continue each other are one transport. Every route is seen by the flows of any
// number of capture points; counts are the most that one of them saw.

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "analyzer/call_finder.h"
#include "analyzer/model/model.h"
#include "analyzer/pipeline.h"

namespace parley::analyzer {

struct PairSet {
  Side side = Side::A;  // who checks
  std::uint32_t session = kNone;
  PathId nearest = kNone;  // the path nearest to the agent
  std::vector<PathId> paths;
  std::uint32_t route = 0, transport = 0;
  std::uint32_t component = 1;
};

struct FlowUse {
  FlowId flow = kNone;
  Direction from_a = 0;  // the direction of peer A's packets
  std::uint32_t route = 0, transport = 0;
};

struct CallLayout {
  std::vector<PairSet> pairs;  // by first request
  std::vector<FlowUse> flows;  // by first packet
  std::uint32_t routes = 0, transports = 0;
  std::vector<std::uint32_t> components;  // by transport

  // Sum over the routes (of one transport, or kNone: of all) of the most that one flow of the route
  // counts.
  template <class Count>
  std::uint64_t count(std::uint32_t transport, Count&& of) const {
    std::map<std::uint32_t, std::uint64_t> most;
    for (const FlowUse& use : flows) {
      if (transport != kNone && use.transport != transport)
        continue;
      std::uint64_t& m = most[use.route];
      m = std::max<std::uint64_t>(m, of(use));
    }
    std::uint64_t sum = 0;
    for (const auto& [route, m] : most)
      sum += m;
    return sum;
  }
};

constexpr Direction direction_of(const FlowUse& use, Side side) {
  return side == Side::A ? use.from_a : reverse(use.from_a);
}

CallLayout lay_out(Pipeline& pipeline, const FoundCalls& found, std::uint32_t call);

}  // namespace parley::analyzer

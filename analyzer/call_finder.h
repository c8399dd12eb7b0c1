#pragma once

// Which ICE sessions (ufrag pairs) are one call, and which agent of each is the same peer: by
// ufrags that two sessions share between the same hosts, by address pairs, and by SSRCs whose
// numbers go on after an ICE restart (RFC 8445 section 9). Sessions of one client with one server
// that share none of these stay calls of their own.

#include <cstdint>
#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/pipeline.h"

namespace parley::analyzer {

struct FoundCalls {
  struct Place {
    std::uint32_t call = kNone;
    std::uint8_t a = 0;  // which agent of the session is peer A
  };
  std::vector<std::vector<std::uint32_t>> calls;  // sessions of each, both by time
  std::vector<Place> places;                      // by session

  Side side(std::uint32_t session, std::uint8_t agent) const {
    return places[session].a == agent ? Side::A : Side::B;
  }
};

FoundCalls find_calls(Pipeline& pipeline);

}  // namespace parley::analyzer

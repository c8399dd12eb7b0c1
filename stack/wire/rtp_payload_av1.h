#pragma once

// AV1 in RTP, by the Alliance for Open Media's "RTP Payload Format For AV1": the aggregation header
// and the OBU elements. An element is an OBU, or the part of one that this packet holds.

#include <cstdint>
#include <optional>
#include <vector>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::rtp {

// OBU types that matter here (AV1 bitstream specification section 6.2.2).
inline constexpr std::uint8_t kAv1SequenceHeader = 1;
inline constexpr std::uint8_t kAv1TemporalDelimiter = 2;

struct Av1Element {
  std::uint32_t offset = 0;
  Bytes bytes;
  bool start = true, end = true;  // both, unless it is a fragment
  // Of an element that starts an OBU.
  std::optional<std::uint8_t> type;
  std::optional<std::uint8_t> temporal_id, spatial_id;  // with an OBU extension
  bool has_size = false;
};

struct Av1Payload {
  bool new_sequence = false;         // N: the first packet of a coded video sequence
  std::uint8_t count = 0;            // W: how many elements there are, 0 when each has its length
  std::vector<Av1Element> elements;  // at least one

  static Result<Av1Payload> decode(Bytes payload, std::size_t base = 0);
};

}  // namespace parley::rtp

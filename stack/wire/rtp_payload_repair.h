#pragma once

// Payloads that repeat other packets: redundant audio (RED, RFC 2198) and retransmissions (RTX,
// RFC 4588).

#include <cstdint>
#include <vector>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::rtp {

struct RedBlock {
  std::uint8_t payload_type = 0;
  std::uint16_t timestamp_offset = 0;  // before the packet's timestamp; 0 for the primary
  std::uint32_t offset = 0;            // of `data`
  Bytes data;
};

struct RedPayload {
  std::vector<RedBlock> blocks;  // oldest first, the primary last; at least one

  // Every block's length is checked; the primary may be empty.
  static Result<RedPayload> decode(Bytes payload, std::size_t base = 0);
};

struct RtxPayload {
  std::uint16_t original_sequence = 0;  // OSN
  Bytes data;                           // the original payload

  static Result<RtxPayload> decode(Bytes payload, std::size_t base = 0);
};

}  // namespace parley::rtp

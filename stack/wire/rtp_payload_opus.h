#pragma once

// Opus in RTP (RFC 7587): a payload is one Opus packet, which begins with a table-of-contents octet
// and says itself how long it plays (RFC 6716 section 3).

#include <cstdint>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::rtp {

enum class OpusMode : std::uint8_t { Silk, Hybrid, Celt };

struct OpusPayload {
  OpusMode mode = OpusMode::Silk;
  std::uint8_t config = 0;  // 0 to 31
  bool stereo = false;
  std::uint8_t code = 0;           // how frames are packed, 0 to 3
  std::uint8_t frames = 0;         // 1 to 48
  std::uint32_t samples = 0;       // of the whole packet at 48 kHz, at most 5760 (120 ms)
  std::uint32_t coded_octets = 0;  // of all frames together, without padding and lengths

  // One octet or two a frame: silence in DTX.
  bool is_silence() const { return coded_octets <= std::uint32_t{2} * frames; }
  // Checks R1 to R7 of RFC 6716 section 3.4.
  static Result<OpusPayload> decode(Bytes payload, std::size_t base = 0);
};

}  // namespace parley::rtp

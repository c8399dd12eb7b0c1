#pragma once

// VP8 in RTP: the payload descriptor (RFC 7741 section 4.2) and, at the start of a frame, what the
// frame header says (RFC 6386 section 9.1).

#include <cstdint>
#include <optional>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::rtp {

struct Vp8Payload {
  struct KeyFrame {
    std::uint16_t width = 0, height = 0;  // pixels, before scaling
  };

  bool non_reference = false;    // N: the frame can be left out
  bool partition_start = false;  // S
  std::uint8_t partition = 0;    // PID
  std::optional<std::uint16_t> picture_id;
  bool long_picture_id = false;  // 15 bits, else 7
  std::optional<std::uint8_t> tl0_picture_index;
  std::optional<std::uint8_t> temporal_layer;
  std::optional<std::uint8_t> key_index;
  bool layer_sync = false;  // Y
  std::uint32_t data_offset = 0;
  Bytes data;  // VP8, without the descriptor
  // Of the first packet of a key frame.
  std::optional<KeyFrame> key_frame;

  bool starts_frame() const { return partition_start && partition == 0; }
  // Descriptor and frame header are checked as far as they reach. An empty payload and one without
  // VP8 data are errors.
  static Result<Vp8Payload> decode(Bytes payload, std::size_t base = 0);
};

}  // namespace parley::rtp

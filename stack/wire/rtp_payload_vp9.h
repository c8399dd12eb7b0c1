#pragma once

// VP9 in RTP: the payload descriptor with its scalability structure (RFC 9628 section 4.2).

#include <cstdint>
#include <optional>
#include <vector>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::rtp {

struct Vp9Payload {
  struct Layer {
    std::uint8_t temporal = 0, spatial = 0;
    bool switching_up = false;  // U
    bool inter_layer = false;   // D: predicted from the spatial layer below
  };
  struct Resolution {
    std::uint16_t width = 0, height = 0;
  };

  bool inter_predicted = false;            // P: the picture needs earlier ones
  bool flexible = false;                   // F
  bool frame_start = false;                // B
  bool frame_end = false;                  // E
  bool not_reference_for_spatial = false;  // Z
  std::optional<std::uint16_t> picture_id;
  std::optional<Layer> layer;
  std::optional<std::uint8_t> tl0_picture_index;
  std::vector<std::uint8_t> reference_differences;  // P_DIFF, at most 3
  // Of the scalability structure, by spatial layer; empty without one or without sizes.
  bool has_structure = false;
  std::vector<Resolution> resolutions;
  std::uint32_t data_offset = 0;
  Bytes data;  // VP9, without the descriptor

  // The first packet of a picture that needs no other: of its lowest spatial layer.
  bool starts_key_frame() const {
    return frame_start && !inter_predicted && (!layer || layer->spatial == 0);
  }
  static Result<Vp9Payload> decode(Bytes payload, std::size_t base = 0);
};

}  // namespace parley::rtp

#pragma once

// H.264 in RTP (RFC 6184), packetization modes 0 and 1 as WebRTC has them (RFC 7742 section 6.2): a
// NAL unit alone, several in one packet (STAP-A), a part of one (FU-A).

#include <cstdint>
#include <vector>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::rtp {

enum class H264Packetization : std::uint8_t { SingleNalUnit, StapA, FuA };

// NAL unit types that matter here (H.264 table 7-1).
inline constexpr std::uint8_t kH264Idr = 5;
inline constexpr std::uint8_t kH264SequenceParameters = 7;
inline constexpr std::uint8_t kH264PictureParameters = 8;

struct H264NalUnit {
  std::uint8_t header = 0;   // forbidden bit, nal_ref_idc, type: of a fragment the whole unit's
  std::uint32_t offset = 0;  // of `body`
  Bytes body;                // after the NAL unit header
  bool start = true, end = true;  // both, unless it is a fragment

  std::uint8_t type() const { return header & 0x1fU; }
};

struct H264Payload {
  H264Packetization packetization = H264Packetization::SingleNalUnit;
  std::vector<H264NalUnit> units;  // at least one

  // An IDR picture begins here, or the parameters that one needs.
  bool starts_key_frame() const;
  // STAP-B, MTAP and FU-B are Unsupported, type 0 and 30, 31 too.
  static Result<H264Payload> decode(Bytes payload, std::size_t base = 0);
};

}  // namespace parley::rtp

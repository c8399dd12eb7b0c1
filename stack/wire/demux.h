#pragma once

// Which protocol a UDP payload on a WebRTC 5-tuple can be, by its first byte (RFC 7983, RFC 9443).
// This alone proves nothing (DNS looks like RTP and like DTLS 1.3): the analyzer believes it only
// on 5-tuples that STUN validated or that show continuity.

#include <cstdint>
#include <string_view>

#include "stack/base/bytes.h"

namespace parley {

enum class PayloadClass : std::uint8_t {
  Unknown,
  Stun,         // 0..3 and the header fits
  Zrtp,         // 16..19
  Dtls,         // 20..63 and a DTLS 1.2 or 1.3 record header fits
  ChannelData,  // 64..79 and the length fits
  Quic,         // 192..255, or 80..127
  Rtp,          // 128..191, version 2, not RTCP
  Rtcp          // 128..191, packet type 192..223 (RFC 5761)
};

PayloadClass classify_first_byte(Bytes payload);
// For a packet that a snap length cut: `wire_size` is the payload's size on the wire, and lengths
// are compared with that.
PayloadClass classify_first_byte(Bytes payload, std::size_t wire_size);
std::string_view to_string(PayloadClass c);

}  // namespace parley

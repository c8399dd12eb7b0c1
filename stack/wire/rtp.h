#pragma once

// RTP fixed header, CSRCs, header extensions (RFC 3550 section 5, RFC 8285), padding. Whether the
// payload is encrypted (SRTP) does not show in these bytes.

#include <cstdint>
#include <vector>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::rtp {

inline constexpr std::uint16_t kOneByteProfile = 0xbede;  // RFC 8285 section 4.2
inline constexpr std::uint16_t kTwoByteProfile = 0x1000;  // 4.3; the low 4 bits are "appbits"
inline constexpr std::uint16_t kCryptexOneByte = 0xc0de;  // RFC 9335
inline constexpr std::uint16_t kCryptexTwoByte = 0xc2de;

struct ExtensionElement {
  std::uint8_t id = 0;
  std::uint32_t offset = 0;  // of the element's header in the packet
  std::uint8_t header_size = 1;
  Bytes data;
};

// Structure is checked by decode(): what does not fit is an error with its offset. Padding is not
// checked here: in SRTP its count is encrypted.
struct PacketView {
  bool padding = false, extension = false, marker = false;
  std::uint8_t csrc_count = 0;
  std::uint8_t payload_type = 0;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0, ssrc = 0;
  Bytes csrcs;                          // 4 * csrc_count bytes
  std::uint16_t extension_profile = 0;  // with `extension`
  std::uint32_t extension_offset = 0;   // of the profile field
  Bytes extension_data;                 // after the 4-byte extension header
  std::uint32_t payload_offset = 0;
  Bytes payload;  // to the end of the packet: padding, SRTP tag and MKI included

  static Result<PacketView> decode(Bytes packet, std::size_t base = 0);
  // Elements of a one- or two-byte extension block; empty for other profiles. Stops quietly at id
  // 15 (RFC 8285 section 4.2); an element that overruns the block is an error.
  Result<std::vector<ExtensionElement>> extension_elements() const;
  // How many octets of `payload` are padding, for packets known to be in clear: 0 without P bit,
  // error when the count is 0 or larger than the payload (RFC 3550 section 5.1).
  Result<std::size_t> padding_size() const;
};

}  // namespace parley::rtp

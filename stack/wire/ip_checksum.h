#pragma once

// Checksum arithmetic that ip.h's builders and rewrites share (RFC 1071, RFC 1624), and what shows
// the fields of headers. Others use ip.h.

#include <cstddef>
#include <cstdint>

#include "stack/base/address.h"
#include "stack/base/bytes.h"

namespace parley::ip {

// Where the transport checksum stands in its header.
inline constexpr std::size_t kUdpChecksumAt = 6;
inline constexpr std::size_t kTcpChecksumAt = 16;
inline constexpr std::size_t kIcmpChecksumAt = 2;
inline constexpr std::size_t kIpv4ChecksumAt = 10;

// Unfolded sum of the pseudo header of RFC 768 and RFC 8200 section 8.1.
std::uint32_t pseudo_header_sum(const IpAddress& source, const IpAddress& destination,
                                std::uint8_t protocol, std::size_t length);

// RFC 1624 equation 3: the checksum after the bytes `old_bytes` became `new_bytes`. Both have the
// same even size and stand at an even offset of what is summed.
std::uint16_t updated_checksum(std::uint16_t checksum, Bytes old_bytes, Bytes new_bytes);

}  // namespace parley::ip

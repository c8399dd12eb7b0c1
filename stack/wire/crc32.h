#pragma once

// CRC-32 of ITU-T V.42, as FINGERPRINT (RFC 8489 section 14.7) and the acknowledgement of DTLS in
// STUN use it, and CRC32c of SCTP (RFC 9260 appendix A). By tables: the same on every machine.

#include <cstdint>

#include "stack/base/bytes.h"

namespace parley {

// To go on over several parts, give the result of the part before as `previous`.
std::uint32_t crc32(Bytes bytes, std::uint32_t previous = 0);
std::uint32_t crc32c(Bytes bytes, std::uint32_t previous = 0);

}  // namespace parley

#pragma once

// Keyed and plain hashes that STUN and the key schedule need, over OpenSSL's EVP.

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "stack/base/bytes.h"

namespace parley::crypto {

using Sha1Digest = std::array<std::byte, 20>;
using Sha256Digest = std::array<std::byte, 32>;
using Md5Digest = std::array<std::byte, 16>;

// HMAC over the concatenation of `parts`, so that a message with a changed header needs no copy.
Sha1Digest hmac_sha1(Bytes key, std::initializer_list<Bytes> parts);
Sha256Digest hmac_sha256(Bytes key, std::initializer_list<Bytes> parts);
Sha256Digest sha256(Bytes data);
// Long-term credential key, RFC 8489 section 9.2.2: MD5(username ":" realm ":" password).
Md5Digest long_term_key(std::string_view username, std::string_view realm,
                        std::string_view password);
// The same by PASSWORD-ALGORITHM 2, RFC 8489 section 18.5.1.2: SHA-256 in place of MD5.
Sha256Digest long_term_key_sha256(std::string_view username, std::string_view realm,
                                  std::string_view password);
// Compares without leaking where the first difference is.
bool equal_constant_time(Bytes a, Bytes b);

}  // namespace parley::crypto

#pragma once

// HMAC-SHA1 under one key for many messages, as SRTP needs it: the two blocks that depend on the
// key alone (RFC 2104 section 4) are hashed once. For a single message hmac.h is simpler.

#include <cstddef>
#include <initializer_list>

#include "stack/crypto/hmac.h"

namespace parley::crypto {

class KeyedHmacSha1 {
 public:
  explicit KeyedHmacSha1(Bytes key);
  ~KeyedHmacSha1();
  KeyedHmacSha1(const KeyedHmacSha1&) = default;
  KeyedHmacSha1& operator=(const KeyedHmacSha1&) = default;

  // Over the concatenation of `parts`.
  Sha1Digest of(std::initializer_list<Bytes> parts) const;

 private:
  static constexpr std::size_t kStateSize = 96;  // of libcrypto's SHA_CTX
  struct alignas(std::max_align_t) State {
    std::byte bytes[kStateSize];
  };

  State inner_{};
  State outer_{};
};

}  // namespace parley::crypto

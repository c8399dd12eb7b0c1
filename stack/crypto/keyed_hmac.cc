// Of EVP's ways to start from a hash state that was kept, each allocates: EVP_MAC_init() and
// EVP_MD_CTX_copy_ex() both duplicate the digest's context. The SHA-1 functions below EVP work on a
// plain struct; OpenSSL 3 keeps them and calls them deprecated.
// NOLINTNEXTLINE(readability-identifier-naming): OpenSSL's name
#define OPENSSL_SUPPRESS_DEPRECATED

#include "stack/crypto/keyed_hmac.h"

#include <cstring>
#include <type_traits>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "stack/crypto/openssl_env.h"

namespace parley::crypto {
namespace {

constexpr std::size_t kBlockSize = SHA_CBLOCK;

SHA_CTX state_after_pad(Bytes block, std::byte pad) {
  std::array<std::byte, kBlockSize> padded{};
  for (std::size_t i = 0; i < padded.size(); ++i)
    padded[i] = block[i] ^ pad;
  SHA_CTX state;
  openssl_require(SHA1_Init(&state) == 1 && SHA1_Update(&state, padded.data(), padded.size()) == 1,
                  "SHA1_Update");
  OPENSSL_cleanse(padded.data(), padded.size());
  return state;
}

Sha1Digest finish(SHA_CTX& state) {
  Sha1Digest digest{};
  openssl_require(SHA1_Final(reinterpret_cast<unsigned char*>(digest.data()), &state) == 1,
                  "SHA1_Final");
  return digest;
}

}  // namespace

KeyedHmacSha1::KeyedHmacSha1(Bytes key) {
  static_assert(sizeof(SHA_CTX) == kStateSize && std::is_trivially_copyable_v<SHA_CTX>);
  std::array<std::byte, kBlockSize> block{};
  if (key.size() > block.size()) {
    SHA_CTX state;
    openssl_require(SHA1_Init(&state) == 1 && SHA1_Update(&state, key.data(), key.size()) == 1,
                    "SHA1_Update");
    const Sha1Digest short_key = finish(state);
    std::memcpy(block.data(), short_key.data(), short_key.size());
  } else if (!key.empty()) {
    std::memcpy(block.data(), key.data(), key.size());
  }
  const SHA_CTX inner = state_after_pad(block, std::byte{0x36});
  const SHA_CTX outer = state_after_pad(block, std::byte{0x5c});
  std::memcpy(inner_.bytes, &inner, sizeof inner);
  std::memcpy(outer_.bytes, &outer, sizeof outer);
  OPENSSL_cleanse(block.data(), block.size());
}

KeyedHmacSha1::~KeyedHmacSha1() {
  OPENSSL_cleanse(inner_.bytes, sizeof inner_.bytes);
  OPENSSL_cleanse(outer_.bytes, sizeof outer_.bytes);
}

Sha1Digest KeyedHmacSha1::of(std::initializer_list<Bytes> parts) const {
  SHA_CTX state;
  std::memcpy(&state, inner_.bytes, sizeof state);
  for (const Bytes part : parts)
    openssl_require(SHA1_Update(&state, part.data(), part.size()) == 1, "SHA1_Update");
  const Sha1Digest inner = finish(state);
  std::memcpy(&state, outer_.bytes, sizeof state);
  openssl_require(SHA1_Update(&state, inner.data(), inner.size()) == 1, "SHA1_Update");
  return finish(state);
}

}  // namespace parley::crypto

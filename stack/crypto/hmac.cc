#include "stack/crypto/hmac.h"

#include <cstdlib>

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace parley::crypto {
namespace {

constexpr std::size_t kBlockSize = 64;  // of MD5, SHA-1 and SHA-256 alike

using Block = std::array<std::byte, kBlockSize>;

// Fetched once: a fetch takes several times as long as the hash of one STUN message. The object is
// constant afterwards and may be used by every thread.
const EVP_MD* fetched(const char* name) {
  EVP_MD* md = EVP_MD_fetch(nullptr, name, nullptr);
  // Without its hashes libcrypto is unusable, and no answer of this function would be true.
  if (md == nullptr)
    std::abort();
  return md;
}
const EVP_MD* sha1_md() {
  static const EVP_MD* const kMd = fetched("SHA1");
  return kMd;
}
const EVP_MD* sha256_md() {
  static const EVP_MD* const kMd = fetched("SHA256");
  return kMd;
}
const EVP_MD* md5_md() {
  static const EVP_MD* const kMd = fetched("MD5");
  return kMd;
}

// One digest context for the duration of a call.
template <class Digest>
class Hasher {
 public:
  explicit Hasher(const EVP_MD* md) : md_(md), context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr)
      std::abort();
    start();
  }
  ~Hasher() { EVP_MD_CTX_free(context_); }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void start() { require(EVP_DigestInit_ex2(context_, md_, nullptr)); }
  void update(Bytes bytes) { require(EVP_DigestUpdate(context_, bytes.data(), bytes.size())); }
  Digest finish() {
    Digest digest{};
    require(EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char*>(digest.data()), nullptr));
    return digest;
  }

 private:
  static void require(int ok) {
    if (ok != 1)
      std::abort();
  }

  const EVP_MD* md_;
  EVP_MD_CTX* context_;
};

Block padded_key(const Block& key, std::byte pad) {
  Block block = key;
  for (std::byte& b : block)
    b ^= pad;
  return block;
}

// RFC 2104 section 2: H(K XOR opad, H(K XOR ipad, text)). Done over the plain hash, since the keyed
// context of libcrypto costs more to set up than a STUN message costs to hash.
template <class Digest>
Digest hmac(const EVP_MD* md, Bytes key, std::initializer_list<Bytes> parts) {
  Hasher<Digest> hasher(md);
  Block block{};
  if (key.size() > block.size()) {
    hasher.update(key);
    const Digest short_key = hasher.finish();
    std::memcpy(block.data(), short_key.data(), short_key.size());
    hasher.start();
  } else if (!key.empty()) {
    std::memcpy(block.data(), key.data(), key.size());
  }
  hasher.update(padded_key(block, std::byte{0x36}));
  for (const Bytes part : parts)
    hasher.update(part);
  const Digest inner = hasher.finish();
  hasher.start();
  hasher.update(padded_key(block, std::byte{0x5c}));
  hasher.update(inner);
  OPENSSL_cleanse(block.data(), block.size());
  return hasher.finish();
}

template <class Digest>
Digest credential_hash(const EVP_MD* md, std::string_view username, std::string_view realm,
                       std::string_view password) {
  Hasher<Digest> hasher(md);
  const Bytes colon = as_bytes(":");
  hasher.update(as_bytes(username));
  hasher.update(colon);
  hasher.update(as_bytes(realm));
  hasher.update(colon);
  hasher.update(as_bytes(password));
  return hasher.finish();
}

}  // namespace

Sha1Digest hmac_sha1(Bytes key, std::initializer_list<Bytes> parts) {
  return hmac<Sha1Digest>(sha1_md(), key, parts);
}

Sha256Digest hmac_sha256(Bytes key, std::initializer_list<Bytes> parts) {
  return hmac<Sha256Digest>(sha256_md(), key, parts);
}

Sha256Digest sha256(Bytes data) {
  Hasher<Sha256Digest> hasher(sha256_md());
  hasher.update(data);
  return hasher.finish();
}

Md5Digest long_term_key(std::string_view username, std::string_view realm,
                        std::string_view password) {
  return credential_hash<Md5Digest>(md5_md(), username, realm, password);
}

Sha256Digest long_term_key_sha256(std::string_view username, std::string_view realm,
                                  std::string_view password) {
  return credential_hash<Sha256Digest>(sha256_md(), username, realm, password);
}

bool equal_constant_time(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace parley::crypto

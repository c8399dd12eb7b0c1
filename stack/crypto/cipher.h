#pragma once

// Symmetric ciphers over OpenSSL's EVP, for records, packets and header masks. Each object holds
// one key and is used for as many messages as come: the key schedule is made once and nothing is
// allocated for a message. Knows no protocol: nonces, counters and additional data are the
// caller's.
//
// Buffers: an output may begin exactly where its input begins (in place) or lie apart from it; a
// partial overlap is not allowed. An object is not for two threads at once.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

struct evp_cipher_ctx_st;  // OpenSSL's EVP_CIPHER_CTX

namespace parley::crypto {

enum class CipherError : std::uint8_t {
  BadKey,                // not a length that the algorithm takes
  BadNonce,              // the same of a nonce, counter or initialization vector
  BadLength,             // shorter than the tag, not whole blocks, over kMaxCipherInput
  NoRoom,                // the output is shorter than what would be written
  AuthenticationFailed,  // the tag does not fit; the output holds zeros, not plaintext
};
std::string_view to_string(CipherError error);

using MutableBytes = std::span<std::byte>;

// More than any datagram or record; keeps lengths inside OpenSSL's int.
inline constexpr std::size_t kMaxCipherInput = std::size_t{1} << 24U;
inline constexpr std::size_t kAesBlockSize = 16;

struct FreeCipherContext {
  void operator()(evp_cipher_ctx_st* context) const;
};
using CipherContext = std::unique_ptr<evp_cipher_ctx_st, FreeCipherContext>;

enum class AeadAlgorithm : std::uint8_t {
  Aes128Gcm,  // RFC 5116 section 5.1
  Aes256Gcm,
  Aes128Ccm,  // RFC 5116 section 5.3
  Aes256Ccm,
  Aes128Ccm8,  // RFC 6655 section 6: the tag has eight octets
  Aes256Ccm8,
  ChaCha20Poly1305  // RFC 8439
};
std::size_t key_size(AeadAlgorithm algorithm);
std::size_t tag_size(AeadAlgorithm algorithm);

// Authenticated encryption. A sealed message is the ciphertext followed by the tag.
class Aead {
 public:
  static constexpr std::size_t kNonceSize = 12;  // of every algorithm above

  static Result<Aead, CipherError> make(AeadAlgorithm algorithm, Bytes key);

  // Decrypts into the front of `plain`, which must have room for the ciphertext; answers its size.
  Result<std::size_t, CipherError> open(Bytes nonce, Bytes additional, Bytes sealed,
                                        MutableBytes plain);
  // Encrypts into `sealed`, which must have room for `plain` and the tag; answers their size.
  Result<std::size_t, CipherError> seal(Bytes nonce, Bytes additional, Bytes plain,
                                        MutableBytes sealed);
  AeadAlgorithm algorithm() const { return algorithm_; }
  std::size_t tag_size() const { return crypto::tag_size(algorithm_); }

 private:
  Aead(AeadAlgorithm algorithm, CipherContext context, CipherContext sealing)
      : algorithm_(algorithm), context_(std::move(context)), sealing_(std::move(sealing)) {}
  evp_cipher_ctx_st* sealing() const { return sealing_ ? sealing_.get() : context_.get(); }

  AeadAlgorithm algorithm_;
  CipherContext context_;
  CipherContext sealing_;  // only where one context cannot turn from opening to sealing
};

// AES in counter mode, NIST SP 800-38A section 6.5. The whole block counts, big-endian. Keys of 16,
// 24 or 32 octets.
class AesCtr {
 public:
  static Result<AesCtr, CipherError> make(Bytes key);
  // Encrypts and decrypts: the same operation. `counter` is the first block's.
  Result<std::size_t, CipherError> apply(const std::array<std::byte, kAesBlockSize>& counter,
                                         Bytes in, MutableBytes out);

 private:
  explicit AesCtr(CipherContext context) : context_(std::move(context)) {}
  CipherContext context_;
};

// AES-CBC decryption of whole blocks (SP 800-38A section 6.2). Padding is left in place: what it
// means is the protocol's. Keys of 16 or 32 octets.
class AesCbcDecryptor {
 public:
  static Result<AesCbcDecryptor, CipherError> make(Bytes key);
  Result<std::size_t, CipherError> decrypt(Bytes vector, Bytes in, MutableBytes out);

 private:
  explicit AesCbcDecryptor(CipherContext context) : context_(std::move(context)) {}
  CipherContext context_;
};

// The bare AES permutation on one block, for masks and key derivation. Keys of 16, 24 or 32 octets.
class AesBlock {
 public:
  using Block = std::array<std::byte, kAesBlockSize>;

  static Result<AesBlock, CipherError> make(Bytes key);
  // `in` must have exactly one block.
  Result<Block, CipherError> encrypt(Bytes in);

 private:
  explicit AesBlock(CipherContext context) : context_(std::move(context)) {}
  CipherContext context_;
};

// The key stream of ChaCha20 (RFC 8439 section 2.4), for masks. Keys of 32 octets.
class ChaCha20Stream {
 public:
  static constexpr std::size_t kStartSize = 16;

  static Result<ChaCha20Stream, CipherError> make(Bytes key);
  // Writes key stream over all of `out`. `start`: the block counter in four octets, little-endian,
  // then the nonce, as RFC 9147 section 4.2.3 cuts a ciphertext.
  Result<std::size_t, CipherError> keystream(Bytes start, MutableBytes out);

 private:
  explicit ChaCha20Stream(CipherContext context) : context_(std::move(context)) {}
  CipherContext context_;
};

}  // namespace parley::crypto

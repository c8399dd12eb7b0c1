#pragma once

// The key schedule and record protection of TLS 1.2 written out from RFC 5246, so that a test can
// open what libssl closed. Only what AES-128-GCM with SHA-256 and the vectors need.

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <openssl/evp.h>

#include "stack/base/bytes.h"

namespace parley::test {

inline ByteBuffer concatenate(std::initializer_list<Bytes> parts) {
  ByteBuffer all;
  for (const Bytes part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

inline const unsigned char* octets(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* octets(ByteBuffer& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

inline ByteBuffer hmac(const char* digest, Bytes key, Bytes data) {
  ByteBuffer mac(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, digest, nullptr, key.data(), key.size(), octets(data),
                data.size(), octets(mac), mac.size(), &size) == nullptr)
    return {};
  mac.resize(size);
  return mac;
}

// P_hash, RFC 5246 section 5: A(0) = seed, A(i) = HMAC(secret, A(i-1)).
inline ByteBuffer prf(const char* digest, Bytes secret, std::string_view label, Bytes seed,
                      std::size_t size) {
  const ByteBuffer labelled = concatenate({as_bytes(label), seed});
  ByteBuffer a = labelled;
  ByteBuffer output;
  while (output.size() < size) {
    a = hmac(digest, secret, a);
    const ByteBuffer block = hmac(digest, secret, concatenate({a, labelled}));
    output.insert(output.end(), block.begin(), block.end());
  }
  output.resize(size);
  return output;
}

// AES-128-GCM of RFC 5288: nonce = fixed part of the key block, explicit part of the record;
// additional data = epoch and sequence, type, version, length of the plaintext. `record` is one
// whole DTLS 1.2 record.
inline std::optional<ByteBuffer> open_record(Bytes key, Bytes fixed_nonce, Bytes record) {
  constexpr std::size_t kHeader = 13, kExplicit = 8, kTag = 16;
  if (record.size() < kHeader + kExplicit + kTag)
    return std::nullopt;
  const Bytes explicit_nonce = record.subspan(kHeader, kExplicit);
  const Bytes tag = record.last(kTag);
  const Bytes sealed =
      record.subspan(kHeader + kExplicit, record.size() - kHeader - kExplicit - kTag);
  ByteBuffer additional = concatenate({record.subspan(3, 8), record.first(3)});
  ByteWriter(additional).u16(static_cast<std::uint16_t>(sealed.size()));
  const ByteBuffer nonce = concatenate({fixed_nonce, explicit_nonce});
  ByteBuffer plain(sealed.size());
  ByteBuffer expected_tag = to_buffer(tag);
  int count = 0;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  const bool opened =
      EVP_DecryptInit_ex(context, EVP_aes_128_gcm(), nullptr, octets(key), octets(nonce)) == 1 &&
      EVP_DecryptUpdate(context, nullptr, &count, octets(additional),
                        static_cast<int>(additional.size())) == 1 &&
      EVP_DecryptUpdate(context, octets(plain), &count, octets(sealed),
                        static_cast<int>(sealed.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kTag),
                          expected_tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context, octets(plain) + count, &count) == 1;
  EVP_CIPHER_CTX_free(context);
  return opened ? std::optional(plain) : std::nullopt;
}

}  // namespace parley::test

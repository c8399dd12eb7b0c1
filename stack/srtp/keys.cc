#include "stack/srtp/keys.h"

#include <algorithm>
#include <array>

#include "stack/crypto/cipher.h"

namespace parley::srtp {
namespace {

constexpr std::size_t kDerivationSaltSize = 14;
constexpr std::size_t kLabelPosition = 7;

}  // namespace

std::size_t exported_size(Profile profile) {
  const ProfileParameters& p = parameters(profile);
  return 2 * (p.key + p.salt);
}

std::optional<DtlsMasterKeys> cut_exported(Profile profile, Bytes exported) {
  if (exported.size() != exported_size(profile))
    return std::nullopt;
  const ProfileParameters& p = parameters(profile);
  ByteReader reader(exported);
  DtlsMasterKeys keys;
  keys.client.key = to_buffer(reader.bytes(p.key, "client_write_SRTP_master_key"));
  keys.server.key = to_buffer(reader.bytes(p.key, "server_write_SRTP_master_key"));
  keys.client.salt = to_buffer(reader.bytes(p.salt, "client_write_SRTP_master_salt"));
  keys.server.salt = to_buffer(reader.bytes(p.salt, "server_write_SRTP_master_salt"));
  return keys;
}

// RFC 3711 section 4.3.1: x = (label || r) XOR master_salt with r = 0 of 48 bits; section 4.3.3:
// the output is the AES-CM key stream from x * 2^16 on. A shorter salt counts as shifted to the
// left (RFC 7714 section 11).
std::optional<ByteBuffer> derive(const MasterKey& master, KeyLabel label, std::size_t size) {
  auto cipher = crypto::AesCtr::make(master.key);
  if (!cipher || master.salt.size() > kDerivationSaltSize)
    return std::nullopt;
  std::array<std::byte, crypto::kAesBlockSize> counter{};
  std::copy(master.salt.begin(), master.salt.end(), counter.begin());
  counter[kLabelPosition] ^= static_cast<std::byte>(label);
  ByteBuffer out(size);
  if (!cipher->apply(counter, out, out))
    return std::nullopt;
  return out;
}

}  // namespace parley::srtp

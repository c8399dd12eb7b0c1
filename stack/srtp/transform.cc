#include "stack/srtp/transform.h"

#include <algorithm>

namespace parley::srtp {
namespace {

constexpr std::size_t kAuthenticationKeySize = 20;  // RFC 3711 section 5.2

std::string_view words_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::Malformed:
      return "malformed";
    case Refusal::AuthenticationFailed:
      return "authentication failed";
    case Refusal::Replayed:
      return "replayed";
    case Refusal::TooOld:
      return "older than the replay window";
    case Refusal::TooManyStreams:
      return "too many streams";
    case Refusal::KeyExhausted:
      return "the master key is exhausted";
    case Refusal::NoRoom:
      return "no room for the output";
    case Refusal::BadKey:
      break;
  }
  return "key or salt of a wrong length";
}

void xor_into(std::array<std::byte, crypto::kAesBlockSize>& block, std::size_t at,
              std::uint64_t value, unsigned octets) {
  for (unsigned i = 0; i < octets; ++i)
    block[at + i] ^= static_cast<std::byte>((value >> (8U * (octets - 1 - i))) & 0xffU);
}

bool lengths_fit(const SessionKeys::Half& keys, const ProfileParameters& p) {
  return keys.encryption.size() == p.key && keys.salt.size() == p.salt;
}

}  // namespace

std::string to_string(const Error& error) {
  std::string text(words_of(error.refusal));
  if (error.refusal == Refusal::Malformed)
    text += ": " + parley::to_string(error.where);
  return text;
}

std::optional<SessionKeys> derive_session_keys(Profile profile, const MasterKey& master) {
  const ProfileParameters& p = parameters(profile);
  if (master.key.size() != p.key || master.salt.size() != p.salt)
    return std::nullopt;
  const auto part = [&master](KeyLabel label, std::size_t size) {
    return derive(master, label, size).value_or(ByteBuffer{});
  };
  SessionKeys keys;
  keys.rtp = {part(KeyLabel::RtpEncryption, p.key),
              part(KeyLabel::RtpAuthentication, kAuthenticationKeySize),
              part(KeyLabel::RtpSalt, p.salt)};
  keys.rtcp = {part(KeyLabel::RtcpEncryption, p.key),
               part(KeyLabel::RtcpAuthentication, kAuthenticationKeySize),
               part(KeyLabel::RtcpSalt, p.salt)};
  keys.header = {part(KeyLabel::HeaderEncryption, p.key), {}, part(KeyLabel::HeaderSalt, p.salt)};
  return keys;
}

Result<Transform::Half, Error> Transform::make_half(Cipher cipher, const SessionKeys::Half& keys) {
  Half half{crypto::KeyedHmacSha1(keys.authentication), {}, std::nullopt, std::nullopt};
  std::copy(keys.salt.begin(), keys.salt.end(), half.salt.begin());
  if (cipher == Cipher::AesCm) {
    auto counter_mode = crypto::AesCtr::make(keys.encryption);
    if (!counter_mode)
      return tl::unexpected<Error>({Refusal::BadKey, {}});
    half.counter_mode = std::move(*counter_mode);
  }
  if (cipher == Cipher::AesGcm) {
    const auto algorithm =
        keys.encryption.size() == crypto::key_size(crypto::AeadAlgorithm::Aes128Gcm)
            ? crypto::AeadAlgorithm::Aes128Gcm
            : crypto::AeadAlgorithm::Aes256Gcm;
    auto aead = crypto::Aead::make(algorithm, keys.encryption);
    if (!aead)
      return tl::unexpected<Error>({Refusal::BadKey, {}});
    half.aead = std::move(*aead);
  }
  return half;
}

Result<Transform, Error> Transform::make(Profile profile, const SessionKeys& keys,
                                         Options options) {
  const ProfileParameters& p = parameters(profile);
  if (!lengths_fit(keys.rtp, p) || !lengths_fit(keys.rtcp, p))
    return tl::unexpected<Error>({Refusal::BadKey, {}});
  auto rtp = make_half(p.cipher, keys.rtp);
  auto rtcp = make_half(p.cipher, keys.rtcp);
  if (!rtp || !rtcp)
    return tl::unexpected<Error>({Refusal::BadKey, {}});
  const bool headers = options.encrypted_extensions.any() && p.cipher != Cipher::Null;
  Transform transform(profile, std::move(options), std::move(*rtp), std::move(*rtcp));
  if (headers) {
    // Counter mode with AEAD too (RFC 7714 section 8.3).
    auto header = lengths_fit(keys.header, p)
                      ? make_half(Cipher::AesCm, keys.header)
                      : Result<Half, Error>(tl::unexpected<Error>({Refusal::BadKey, {}}));
    if (!header)
      return tl::unexpected<Error>(header.error());
    transform.header_ = std::move(*header);
  }
  return transform;
}

// RFC 3711 section 4.1.1: IV = (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16). The last two octets
// count blocks.
Transform::Block Transform::counter_of(const Salt& salt, std::uint32_t ssrc, std::uint64_t index) {
  Block block{};
  std::copy(salt.begin(), salt.end(), block.begin());
  xor_into(block, 4, ssrc, 4);
  xor_into(block, 8, index, 6);
  return block;
}

// RFC 7714 section 8.1: two zero octets, SSRC, ROC, SEQ, XOR the salt; section 9.1 for SRTCP: two
// zero octets, SSRC, two zero octets, the index in four, which is the same for an index of 31 bits.
Transform::Block Transform::nonce_of(const Salt& salt, std::uint32_t ssrc, std::uint64_t index) {
  Block block{};
  std::copy(salt.begin(), salt.end(), block.begin());
  xor_into(block, 2, ssrc, 4);
  xor_into(block, 6, index, 6);
  return block;
}

bool Transform::open_text(Half& half, const Position& at, Bytes additional, Bytes text,
                          MutableBytes out) {
  switch (parameters_->cipher) {
    case Cipher::Null:
      std::copy(text.begin(), text.end(), out.begin());
      return true;
    case Cipher::AesCm:
      return half.counter_mode->apply(counter_of(half.salt, at.ssrc, at.index), text, out)
          .has_value();
    case Cipher::AesGcm:
      break;
  }
  const Block nonce = nonce_of(half.salt, at.ssrc, at.index);
  return half.aead->open(Bytes(nonce).first(crypto::Aead::kNonceSize), additional, text, out)
      .has_value();
}

bool Transform::seal_text(Half& half, const Position& at, Bytes additional, Bytes text,
                          MutableBytes out) {
  if (!aead())
    return open_text(half, at, {}, text, out);
  const Block nonce = nonce_of(half.salt, at.ssrc, at.index);
  return half.aead->seal(Bytes(nonce).first(crypto::Aead::kNonceSize), additional, text, out)
      .has_value();
}

}  // namespace parley::srtp

#include "tests/stack/srtp/libsrtp.h"

#include <stdexcept>

#include <srtp2/srtp.h>

namespace parley::srtp::test {
namespace {

void require(bool ok, const char* what) {
  if (!ok)
    throw std::runtime_error(what);
}

void set_policy(srtp_policy_t& policy, Profile profile) {
  using Set = void (*)(srtp_crypto_policy_t*);
  const auto both = [&policy](Set rtp, Set rtcp) {
    rtp(&policy.rtp);
    rtcp(&policy.rtcp);
  };
  switch (profile) {
    case Profile::Aes128CmSha1_80:
      return both(srtp_crypto_policy_set_rtp_default, srtp_crypto_policy_set_rtcp_default);
    case Profile::Aes128CmSha1_32:
      return both(srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
                  srtp_crypto_policy_set_rtcp_default);
    case Profile::NullSha1_80:
      return both(srtp_crypto_policy_set_null_cipher_hmac_sha1_80,
                  srtp_crypto_policy_set_null_cipher_hmac_sha1_80);
    case Profile::NullSha1_32:
      both(srtp_crypto_policy_set_null_cipher_hmac_sha1_80,
           srtp_crypto_policy_set_null_cipher_hmac_sha1_80);
      policy.rtp.auth_tag_len = 4;
      return;
    case Profile::AeadAes128Gcm:
      return both(srtp_crypto_policy_set_aes_gcm_128_16_auth,
                  srtp_crypto_policy_set_aes_gcm_128_16_auth);
    case Profile::AeadAes256Gcm:
      return both(srtp_crypto_policy_set_aes_gcm_256_16_auth,
                  srtp_crypto_policy_set_aes_gcm_256_16_auth);
    case Profile::Aes192CmSha1_80:
      return both(srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80,
                  srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80);
    case Profile::Aes192CmSha1_32:
      return both(srtp_crypto_policy_set_aes_cm_192_hmac_sha1_32,
                  srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80);
    case Profile::Aes256CmSha1_80:
      return both(srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
                  srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80);
    case Profile::Aes256CmSha1_32:
      return both(srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32,
                  srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80);
  }
}

// In place, as libsrtp works, in a copy with room for tag and index.
template <class Function>
std::optional<ByteBuffer> in_a_copy(Function function, srtp_t session, const ByteBuffer& packet) {
  ByteBuffer copy = packet;
  copy.resize(packet.size() + SRTP_MAX_TRAILER_LEN + 4);
  auto size = static_cast<int>(packet.size());
  if (function(session, copy.data(), &size) != srtp_err_status_ok)
    return std::nullopt;
  copy.resize(static_cast<std::size_t>(size));
  return copy;
}

}  // namespace

void Libsrtp::Free::operator()(srtp_ctx_t_* session) const {
  (void)srtp_dealloc(session);
}

Libsrtp::Libsrtp(Profile profile, const MasterKey& master, Direction direction,
                 std::vector<int> encrypted_extensions) {
  static const bool kReady = srtp_init() == srtp_err_status_ok;
  require(kReady, "srtp_init");
  srtp_policy_t policy{};
  set_policy(policy, profile);
  policy.ssrc.type = direction == Direction::Sending ? ssrc_any_outbound : ssrc_any_inbound;
  std::vector<unsigned char> key;
  for (const ByteBuffer* part : {&master.key, &master.salt})
    for (const std::byte b : *part)
      key.push_back(std::to_integer<unsigned char>(b));
  policy.key = key.data();
  policy.window_size = 128;
  policy.enc_xtn_hdr = encrypted_extensions.data();
  policy.enc_xtn_hdr_count = static_cast<int>(encrypted_extensions.size());
  srtp_t session = nullptr;
  require(srtp_create(&session, &policy) == srtp_err_status_ok, "srtp_create");
  session_.reset(session);
}

std::optional<ByteBuffer> Libsrtp::protect_rtp(const ByteBuffer& packet) {
  return in_a_copy(srtp_protect, session_.get(), packet);
}
std::optional<ByteBuffer> Libsrtp::unprotect_rtp(const ByteBuffer& packet) {
  return in_a_copy(srtp_unprotect, session_.get(), packet);
}
std::optional<ByteBuffer> Libsrtp::protect_rtcp(const ByteBuffer& packet) {
  return in_a_copy(srtp_protect_rtcp, session_.get(), packet);
}
std::optional<ByteBuffer> Libsrtp::unprotect_rtcp(const ByteBuffer& packet) {
  return in_a_copy(srtp_unprotect_rtcp, session_.get(), packet);
}

}  // namespace parley::srtp::test

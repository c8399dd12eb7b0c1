// SRTP beside libsrtp2, one packet at a time: the plain packet is 1100 octets with an RTP header
// of 12.

#include <array>
#include <cstdlib>
#include <vector>

#include <benchmark/benchmark.h>
#include <srtp2/srtp.h>

#include "stack/srtp/receiver.h"
#include "stack/srtp/sender.h"

namespace {

using parley::ByteBuffer;
using parley::ByteWriter;
using parley::srtp::MasterKey;
using parley::srtp::Profile;

constexpr std::size_t kPacketSize = 1100;
// Fewer than one turn, so that every one of them opens again with the replay window off.
constexpr std::size_t kPackets = 1024;

void require(bool condition) {
  if (!condition)
    std::abort();
}

MasterKey master_of(Profile profile) {
  const auto& p = parley::srtp::parameters(profile);
  return {ByteBuffer(p.key, std::byte{1}), ByteBuffer(p.salt, std::byte{2})};
}

ByteBuffer plain_packet(std::uint16_t sequence) {
  ByteBuffer packet;
  ByteWriter writer(packet);
  writer.u16(0x8060);
  writer.u16(sequence);
  writer.u32(90000);
  writer.u32(0x12345678);
  writer.zeros(kPacketSize - packet.size());
  return packet;
}

std::vector<ByteBuffer> sealed_packets(Profile profile) {
  auto sender = parley::srtp::Sender::make(profile, master_of(profile), {}).value();
  std::vector<ByteBuffer> packets;
  for (std::size_t i = 0; i < kPackets; ++i) {
    const ByteBuffer plain = plain_packet(static_cast<std::uint16_t>(i));
    ByteBuffer sealed(plain.size() + sender.rtp_overhead());
    sealed.resize(sender.seal_rtp(plain, sealed).value());
    packets.push_back(std::move(sealed));
  }
  return packets;
}

void unprotect(benchmark::State& state, Profile profile) {
  const std::vector<ByteBuffer> packets = sealed_packets(profile);
  parley::srtp::ReceiverOptions options;
  options.replays = parley::srtp::Replays::Tell;
  auto receiver = parley::srtp::Receiver::make(profile, master_of(profile), options).value();
  std::array<std::byte, 2048> plain{};
  std::size_t i = 0;
  for (auto _ : state) {
    const auto opened = receiver.open_rtp(packets[i++ % kPackets], plain);
    require(opened.has_value());
    benchmark::DoNotOptimize(plain.data());
  }
  state.SetItemsProcessed(state.iterations());
}

void protect(benchmark::State& state, Profile profile) {
  const ByteBuffer plain = plain_packet(1);
  const auto keys = parley::srtp::derive_session_keys(profile, master_of(profile)).value();
  auto transform = parley::srtp::Transform::make(profile, keys, {}).value();
  std::array<std::byte, 2048> sealed{};
  std::uint64_t index = 0;
  for (auto _ : state) {
    require(transform.seal_rtp(plain, index++, sealed).has_value());
    benchmark::DoNotOptimize(sealed.data());
  }
  state.SetItemsProcessed(state.iterations());
}

srtp_policy_t policy_of(Profile profile) {
  srtp_policy_t policy{};
  switch (profile) {
    case Profile::AeadAes128Gcm:
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
      break;
    case Profile::AeadAes256Gcm:
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
      break;
    default:
      srtp_crypto_policy_set_rtp_default(&policy.rtp);
      srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
      break;
  }
  policy.ssrc.type = ssrc_any_inbound;
  policy.window_size = 128;
  return policy;
}

// libsrtp2 refuses a packet that it saw: each round of packets has a session of its own, made
// outside of the time. It works in place, so the copy is part of it, as it would be for us.
void unprotect_libsrtp2(benchmark::State& state, Profile profile) {
  static const bool kReady = srtp_init() == srtp_err_status_ok;
  require(kReady);
  const std::vector<ByteBuffer> packets = sealed_packets(profile);
  const MasterKey master = master_of(profile);
  std::vector<unsigned char> key;
  for (const ByteBuffer* part : {&master.key, &master.salt})
    for (const std::byte b : *part)
      key.push_back(std::to_integer<unsigned char>(b));
  srtp_policy_t policy = policy_of(profile);
  policy.key = key.data();
  // NSS starts and stops with its first and last context: one session is kept for that.
  srtp_t keeper = nullptr;
  require(srtp_create(&keeper, &policy) == srtp_err_status_ok);
  srtp_t session = nullptr;
  std::array<std::byte, 2048> copy{};
  std::size_t i = kPackets;
  for (auto _ : state) {
    if (i == kPackets) {
      state.PauseTiming();
      if (session != nullptr)
        (void)srtp_dealloc(session);
      require(srtp_create(&session, &policy) == srtp_err_status_ok);
      i = 0;
      state.ResumeTiming();
    }
    const ByteBuffer& packet = packets[i++];
    std::copy(packet.begin(), packet.end(), copy.begin());
    auto size = static_cast<int>(packet.size());
    require(srtp_unprotect(session, copy.data(), &size) == srtp_err_status_ok);
    benchmark::DoNotOptimize(copy.data());
  }
  state.SetItemsProcessed(state.iterations());
  if (session != nullptr)
    (void)srtp_dealloc(session);
  (void)srtp_dealloc(keeper);
}

}  // namespace

BENCHMARK_CAPTURE(unprotect, AES128_CM_HMAC_SHA1_80, Profile::Aes128CmSha1_80);
BENCHMARK_CAPTURE(unprotect_libsrtp2, AES128_CM_HMAC_SHA1_80, Profile::Aes128CmSha1_80);
BENCHMARK_CAPTURE(unprotect, AEAD_AES_128_GCM, Profile::AeadAes128Gcm);
BENCHMARK_CAPTURE(unprotect_libsrtp2, AEAD_AES_128_GCM, Profile::AeadAes128Gcm);
BENCHMARK_CAPTURE(unprotect, AEAD_AES_256_GCM, Profile::AeadAes256Gcm);
BENCHMARK_CAPTURE(unprotect_libsrtp2, AEAD_AES_256_GCM, Profile::AeadAes256Gcm);
BENCHMARK_CAPTURE(protect, AES128_CM_HMAC_SHA1_80, Profile::Aes128CmSha1_80);
BENCHMARK_CAPTURE(protect, AEAD_AES_128_GCM, Profile::AeadAes128Gcm);

BENCHMARK_MAIN();

#pragma once

// Keys and packets of every shape, from a seeded generator.

#include <algorithm>
#include <array>
#include <vector>

#include "stack/base/random.h"
#include "stack/srtp/keys.h"

namespace parley::srtp::test {

inline constexpr std::array kProfiles{Profile::Aes128CmSha1_80, Profile::Aes128CmSha1_32,
                                      Profile::NullSha1_80,     Profile::NullSha1_32,
                                      Profile::AeadAes128Gcm,   Profile::AeadAes256Gcm,
                                      Profile::Aes192CmSha1_80, Profile::Aes192CmSha1_32,
                                      Profile::Aes256CmSha1_80, Profile::Aes256CmSha1_32};

// Not those with AES-192: Debian's libsrtp2 2.5.0, which runs on NSS, makes something else of
// libsrtp's own reference packet, which vectors_test.cc holds.
inline constexpr std::array kOracleProfiles{Profile::Aes128CmSha1_80, Profile::Aes128CmSha1_32,
                                            Profile::NullSha1_80,     Profile::NullSha1_32,
                                            Profile::AeadAes128Gcm,   Profile::AeadAes256Gcm,
                                            Profile::Aes256CmSha1_80, Profile::Aes256CmSha1_32};

inline ByteBuffer random_bytes(Random& random, std::size_t size) {
  ByteBuffer bytes(size);
  random.fill(bytes);
  return bytes;
}
inline MasterKey random_master(Random& random, Profile profile) {
  const ProfileParameters& p = parameters(profile);
  return {random_bytes(random, p.key), random_bytes(random, p.salt)};
}

inline ByteBuffer rtp_packet(Random& random, std::uint32_t ssrc, std::uint16_t sequence) {
  const bool extension = random.chance(0.5);
  const auto csrcs = static_cast<std::size_t>(random.chance(0.8) ? 0 : random.below(16));
  ByteBuffer packet;
  ByteWriter writer(packet);
  writer.u8(static_cast<std::uint8_t>(0x80U | (extension ? 0x10U : 0U) | csrcs));
  writer.u8(static_cast<std::uint8_t>(random.below(256)));
  writer.u16(sequence);
  writer.u32(random.next_u32());
  writer.u32(ssrc);
  writer.bytes(random_bytes(random, csrcs * 4));
  if (extension) {
    // One-byte elements 1 to 3: three, two and one octets of data; then padding.
    writer.u16(0xbede);
    writer.u16(3);
    writer.u8(0x12);
    writer.bytes(random_bytes(random, 3));
    writer.u8(0x21);
    writer.bytes(random_bytes(random, 2));
    writer.u8(0x30);
    writer.bytes(random_bytes(random, 1));
    writer.zeros(3);
  }
  writer.bytes(random_bytes(random, random.chance(0.1) ? 0 : random.below(1400)));
  return packet;
}

inline ByteBuffer rtcp_packet(Random& random, std::uint32_t ssrc) {
  ByteBuffer packet;
  ByteWriter writer(packet);
  const std::size_t words = 1 + random.below(20);
  writer.u8(0x80);
  writer.u8(201);
  writer.u16(static_cast<std::uint16_t>(words));
  writer.u32(ssrc);
  writer.bytes(random_bytes(random, (words - 1) * 4));
  return packet;
}

// The order in which a network delivers `count` packets: some lost, some late, some twice.
inline std::vector<std::size_t> delivery(Random& random, std::size_t count) {
  std::vector<std::pair<std::size_t, std::size_t>> due;
  for (std::size_t i = 0; i < count; ++i) {
    if (random.chance(0.05))
      continue;
    due.emplace_back(i + (random.chance(0.1) ? random.below(40) : 0), i);
    if (random.chance(0.02))
      due.emplace_back(i + random.below(60), i);
  }
  std::stable_sort(due.begin(), due.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::size_t> order;
  order.reserve(due.size());
  for (const auto& [when, which] : due)
    order.push_back(which);
  return order;
}

}  // namespace parley::srtp::test

#include "analyzer/copy_filter.h"

#include <algorithm>

#include "stack/base/bytes.h"

namespace parley::analyzer {

namespace {

// The headers of STUN, DTLS and RTCP and a quoted packet in ICMP differ within this.
constexpr std::size_t kHashed = 48;

constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15ULL;

std::uint64_t hash_of(FlowId flow, Direction direction, Bytes payload) {
  std::uint64_t hash = (std::uint64_t{flow} << 1U | direction) * kPrime ^ payload.size();
  const std::size_t size = std::min(payload.size(), kHashed);
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    hash = (hash ^ load_u64(payload.data() + i)) * kPrime;
    hash ^= hash >> 32U;
  }
  for (; i < size; ++i)
    hash = (hash ^ load_u8(payload.data() + i)) * kPrime;
  return (hash ^ (hash >> 32U)) | 1U;
}

}  // namespace

bool CopyFilter::is_copy(FlowId flow, Direction direction, const Packet& packet) {
  if (!packet.has_time)
    return false;
  const std::uint64_t hash = hash_of(flow, direction, packet.payload);
  Entry& entry = recent_[(hash >> 1U) % kEntries];
  const Duration since = packet.at - entry.at;
  const bool copy = entry.hash == hash && entry.identification == packet.ip_identification &&
                    since <= kWithin && since >= -kWithin;
  if (!copy)
    entry = {hash, packet.at, packet.ip_identification};
  return copy;
}

}  // namespace parley::analyzer

#include "stack/ice/candidate.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace parley::ice {

namespace {

// RFC 8839 section 5.1: ice-char = ALPHA / DIGIT / "+" / "/". 64 of them: six bits each.
constexpr std::string_view kIceChars =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kUfragLength = 4;
constexpr std::size_t kPasswordLength = 24;

std::string random_ice_chars(Random& random, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i)
    text += kIceChars[random.below(kIceChars.size())];
  return text;
}

bool ice_chars(std::string_view text, std::size_t min, std::size_t max) {
  return text.size() >= min && text.size() <= max &&
         text.find_first_not_of(kIceChars) == std::string_view::npos;
}

}  // namespace

Credentials make_credentials(Random& random) {
  Credentials credentials;
  credentials.ufrag = random_ice_chars(random, kUfragLength);
  credentials.password = random_ice_chars(random, kPasswordLength);
  return credentials;
}

bool well_formed(const Credentials& credentials) {
  return ice_chars(credentials.ufrag, 4, 256) && ice_chars(credentials.password, 22, 256);
}

std::uint8_t TypePreferences::of(CandidateType type) const {
  switch (type) {
    case CandidateType::Host:
      return host;
    case CandidateType::ServerReflexive:
      return server_reflexive;
    case CandidateType::PeerReflexive:
      return peer_reflexive;
    case CandidateType::Relayed:
      return relayed;
  }
  return relayed;
}

std::uint32_t candidate_priority(std::uint8_t type_preference, std::uint16_t local_preference,
                                 std::uint32_t component) {
  return (std::uint32_t{type_preference} << 24U) + (std::uint32_t{local_preference} << 8U) +
         (256U - component);
}

std::uint16_t local_preference_of(std::uint32_t priority) {
  return static_cast<std::uint16_t>(priority >> 8U);
}

std::uint64_t pair_priority(std::uint32_t controlling, std::uint32_t controlled) {
  const std::uint64_t low = std::min(controlling, controlled);
  const std::uint64_t high = std::max(controlling, controlled);
  return (low << 32U) + 2 * high + (controlling > controlled ? 1U : 0U);
}

bool can_pair(const Endpoint& local, const Endpoint& remote) {
  if (local.address.family() != remote.address.family())
    return false;
  if (local.address.is_v4())
    return true;
  const bool local_only = local.address.classify() == AddressClass::LinkLocal;
  const bool remote_only = remote.address.classify() == AddressClass::LinkLocal;
  return local_only == remote_only;
}

bool usable_remote(const Endpoint& address) {
  const AddressClass kind = address.address.classify();
  return address.port != 0 && address.address.family() != AddressFamily::None &&
         kind != AddressClass::Unspecified && kind != AddressClass::Multicast &&
         kind != AddressClass::Broadcast;
}

std::string Foundations::of(CandidateType type, const IpAddress& base, const IpAddress& server) {
  const Key key{type, base, server};
  auto found = std::find(keys_.begin(), keys_.end(), key);
  if (found == keys_.end())
    found = keys_.insert(keys_.end(), key);
  return std::to_string(found - keys_.begin() + 1);
}

bool add_unless_redundant(std::vector<Candidate>& candidates, const Candidate& candidate) {
  const bool redundant =
      std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& other) {
        return other.address == candidate.address && other.base == candidate.base;
      });
  if (!redundant)
    candidates.push_back(candidate);
  return !redundant;
}

}  // namespace parley::ice

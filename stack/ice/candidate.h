#pragma once

// ICE candidates and credentials (RFC 8445 section 5): what they are, how they are ranked and which
// of them belong together. Knows nothing about packets, timers or text forms (RFC 8839 is SDP's).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stack/base/address.h"
#include "stack/base/random.h"
#include "stack/trace/states.h"

namespace parley::ice {

using trace::CandidateType;

// The one component: RTP and RTCP (RFC 5761) and data share it.
inline constexpr std::uint32_t kComponent = 1;

struct Credentials {
  std::string ufrag, password;
  friend bool operator==(const Credentials&, const Credentials&) = default;
};
// RFC 8445 section 5.3: 24 bits of randomness at least in the fragment, 128 in the password.
Credentials make_credentials(Random& random);
// Lengths and alphabet of RFC 8839 section 5.4: what a description may carry.
bool well_formed(const Credentials& credentials);

// A transport address to send to or from. For a remote candidate the base is its address.
struct Candidate {
  CandidateType type = CandidateType::Host;
  Endpoint address, base;
  std::uint32_t priority = 0;
  std::string foundation;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// RFC 8445 section 5.1.2.2 recommends these.
struct TypePreferences {
  std::uint8_t host = 126, peer_reflexive = 110, server_reflexive = 100, relayed = 0;
  std::uint8_t of(CandidateType type) const;
};

// RFC 8445 section 5.1.2.1: 2^24 type + 2^8 local + (256 - component).
std::uint32_t candidate_priority(std::uint8_t type_preference, std::uint16_t local_preference,
                                 std::uint32_t component = kComponent);
// The middle sixteen bits of a priority.
std::uint16_t local_preference_of(std::uint32_t priority);
// RFC 8445 section 6.1.2.3: 2^32 MIN(G,D) + 2 MAX(G,D) + (G > D ? 1 : 0).
std::uint64_t pair_priority(std::uint32_t controlling, std::uint32_t controlled);

// RFC 8445 section 6.1.2.2: same address family, and link-local IPv6 with link-local IPv6 only.
bool can_pair(const Endpoint& local, const Endpoint& remote);
// Whether a remote candidate can be sent to at all: a unicast address and a port.
bool usable_remote(const Endpoint& address);

// Hands out foundations (RFC 8445 section 5.1.1.3): equal for candidates of one type whose bases
// have one IP address and which came from one server.
class Foundations {
 public:
  std::string of(CandidateType type, const IpAddress& base, const IpAddress& server = {});

 private:
  struct Key {
    CandidateType type;
    IpAddress base, server;
    friend bool operator==(const Key&, const Key&) = default;
  };
  std::vector<Key> keys_;
};

// Adds `candidate` unless one with its address and base is there already (RFC 8445 section 5.1.3:
// the earlier one has the higher priority, host before server-reflexive). True if it was added.
bool add_unless_redundant(std::vector<Candidate>& candidates, const Candidate& candidate);

}  // namespace parley::ice

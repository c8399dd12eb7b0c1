#pragma once

// Address and port translation for UDP as RFC 4787 describes it: which mapping a packet from inside
// uses or makes (section 4), which packets from outside its filter lets in (section 5), and how
// long both live (section 4.3). Translation only: no links, no queues, no packets, no clock.
//
// A mapping lives for `lifetime` after the last packet that refreshes it. What the filter lets in
// is remembered for each remote address (and port) for the same time after the last packet that
// went out to it, as the connection tracking of home routers does.

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "stack/base/address.h"
#include "stack/base/random.h"
#include "stack/base/time.h"

namespace parley::sim {

// RFC 4787 sections 4.1 and 5 use the same three words.
enum class NatBehavior : std::uint8_t {
  EndpointIndependent,
  AddressDependent,
  AddressAndPortDependent
};
enum class PortAllocation : std::uint8_t { Preserving, Contiguous, Random };
enum class NatRefresh : std::uint8_t { Outbound, Inbound, Both };  // REQ-6

std::string_view to_string(NatBehavior behavior);  // "endpoint-independent"
std::string_view to_string(PortAllocation ports);  // "preserving"
std::string_view to_string(NatRefresh refresh);    // "outbound"

struct NatPolicy {
  NatBehavior mapping = NatBehavior::EndpointIndependent;
  NatBehavior filtering = NatBehavior::AddressAndPortDependent;
  PortAllocation ports = PortAllocation::Preserving;
  NatRefresh refresh = NatRefresh::Outbound;
  std::uint16_t first_port = 1024, last_port = 65535;
  Duration lifetime = std::chrono::seconds(120);  // REQ-5 asks for at least two minutes
  std::uint32_t max_mappings = 65536;             // in all; a port range may bind first

  friend bool operator==(const NatPolicy&, const NatPolicy&) = default;
};

enum class NatVerdict : std::uint8_t {
  Translated,
  NoMapping,  // inbound: nobody inside uses that port
  Filtered,   // inbound: the mapping's filter does not know the sender
  NoPort,     // outbound: the port range is used up
  TableFull   // outbound: no room for another mapping or filter entry
};

struct NatOutbound {
  NatVerdict verdict = NatVerdict::Translated;
  Endpoint outside;  // the new source
  bool mapping_created = false;
  bool filter_opened = false;  // this remote could not come in before
  bool refreshed = false;      // an older mapping lives longer now; said once a second at most
};
struct NatInbound {
  NatVerdict verdict = NatVerdict::Translated;
  Endpoint inside;      // the new destination; for Filtered: whom the packet would have reached
  bool first = false;   // the first packet of this remote since the filter was opened for it
  Duration open_for{};  // how long ago the filter was opened for it
};
struct NatExpired {
  Endpoint inside, outside, remote;  // remote: whose packet made the mapping
};

class NatTable {
 public:
  // How often a mapping that stays in use is said to be refreshed.
  static constexpr Duration kRefreshReport = std::chrono::seconds(1);
  // Remotes that one mapping remembers for its filter.
  static constexpr std::size_t kMaxFilterEntries = 4096;

  // `outside` is the pool, the first address is preferred; at least one. An inside address keeps
  // the outside address it was given first (REQ-2, "paired" pooling).
  NatTable(const NatPolicy& policy, std::vector<IpAddress> outside, const SeededRandom& random);

  NatOutbound outbound(Instant now, const Endpoint& inside, const Endpoint& remote);
  NatInbound inbound(Instant now, const Endpoint& outside, const Endpoint& remote);

  // The other side of a live mapping, without touching it: for the errors of ICMP.
  std::optional<Endpoint> find_outside(Instant now, const Endpoint& inside,
                                       const Endpoint& remote) const;
  std::optional<Endpoint> find_inside(Instant now, const Endpoint& outside) const;

  // When the oldest mapping dies, kNever without one. A mapping is dead from that instant on.
  Instant next_expiry() const;
  // Removes one mapping that is dead at `now`; nullopt when there is none (left).
  std::optional<NatExpired> expire(Instant now);

  std::size_t size() const { return by_outside_.size(); }
  const NatPolicy& policy() const { return policy_; }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  // The part of a remote endpoint that a behaviour looks at.
  static Endpoint scope(NatBehavior behavior, const Endpoint& remote);

  struct FilterEntry {
    Instant opened, refreshed;
  };
  struct Mapping {
    Endpoint inside, scope, outside, remote;
    Instant refreshed, reported;
    // Looked up and pruned, never listed.
    std::unordered_map<Endpoint, FilterEntry> filter;
    std::unordered_set<Endpoint> admitted;       // remotes that came in since the filter opened
    std::uint32_t older = kNone, newer = kNone;  // by time of refresh
  };
  struct Key {
    Endpoint inside, scope;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };

  bool dead(Instant refreshed, Instant now) const { return now - refreshed >= policy_.lifetime; }
  std::uint32_t find_live(Instant now, const Key& key);
  NatVerdict create(Instant now, const Key& key, const Endpoint& remote, std::uint32_t& slot);
  std::optional<Endpoint> allocate(const Endpoint& inside);
  std::optional<std::uint16_t> pick_port(const IpAddress& outside, std::uint16_t wanted);
  bool is_free(const IpAddress& outside, std::uint16_t port) const;
  // False: no room for another entry.
  bool open_filter(Instant now, Mapping& mapping, const Endpoint& remote, bool& opened);
  void prune_filter(Instant now, Mapping& mapping) const;
  void refresh(std::uint32_t slot, Instant now);
  void unlink(std::uint32_t slot);
  void append(std::uint32_t slot);
  NatExpired erase(std::uint32_t slot);

  NatPolicy policy_;
  std::vector<IpAddress> outside_;
  SeededRandom random_;
  std::vector<Mapping> mappings_;
  std::vector<std::uint32_t> free_;
  std::unordered_map<Key, std::uint32_t, KeyHash> by_inside_;
  std::unordered_map<Endpoint, std::uint32_t> by_outside_;
  std::unordered_map<IpAddress, std::uint32_t> paired_;  // inside address to index of outside_
  std::uint32_t oldest_ = kNone, newest_ = kNone;
  std::uint32_t next_port_ = 0, next_address_ = 0;
};

}  // namespace parley::sim

#pragma once

// TURN allocations as their client's flow shows them (RFC 8656): requests, refusals, lifetimes,
// permissions and channels, and what is inside Send and Data indications and ChannelData. One entry
// for each flow between a client and a server at each capture point; entries that carry the same
// transaction ids are the same allocation (sets()). It does not know what the relayed packets mean.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/flow_table.h"
#include "analyzer/model/model.h"
#include "analyzer/packet.h"
#include "analyzer/union_find.h"
#include "stack/wire/stun.h"
#include "stack/wire/turn.h"

namespace parley::analyzer {

struct ChannelUse {
  std::uint16_t number = 0;
  std::optional<Endpoint> peer;  // empty: bound before the capture began
  std::uint64_t packets = 0;
  std::optional<Sighting> bound;
};

struct AllocationSeen {
  FlowId flow = kNone;
  Direction to_server = 0;
  std::optional<Endpoint> relayed, mapped;
  std::optional<std::uint32_t> lifetime_s;
  std::optional<Sighting> deleted;  // the granted request: a Refresh with lifetime 0
  bool assumed_ends = false;        // which end is the server follows from its port alone
  std::uint64_t requests = 0, responses = 0;
  std::uint64_t unasked = 0;          // responses whose request was not captured
  std::uint64_t allocates = 0;        // of the requests
  std::uint64_t most_repeated = 0;    // how often the same one was sent
  std::uint64_t cut = 0;              // messages whose end a snap length cut off
  std::vector<Endpoint> asked_peers;  // of CreatePermission and ChannelBind requests, distinct
  std::vector<ChannelUse> channels;
  std::vector<IpAddress> permissions;  // granted
  std::vector<TurnRefusal> refusals;
  std::optional<Sighting> first, last, allocated;
  Instant last_refresh;
  std::array<std::uint64_t, 2> relayed_packets{};  // to the peers, from the peers
  std::array<std::uint64_t, 2> unread_packets{};   // relayed, and cut before they could be read
  std::array<std::uint64_t, 2> hidden_packets{};   // of these, with a peer that is not known
  std::string software;
  std::string realm, nonce;             // of the server's last challenge
  std::optional<Sighting> knows_nonce;  // the first request that carries a NONCE
  std::optional<Sighting> asked_with;   // the first Allocate with credentials
  std::optional<std::string> asked_as;  // its USERNAME

  ChannelUse* channel(std::uint16_t number);
};

// What a message on a client's flow carries for, or from, a peer.
struct Relayed {
  Endpoint peer;
  bool to_peer = true;
  Bytes data;
  std::size_t wire_size = 0;  // more than data.size() when a snap length cut it
};

// Stands for the peer of a channel that was bound before the capture began.
inline Endpoint hidden_peer(std::uint16_t channel) {
  return {IpAddress{}, channel};
}
inline bool is_hidden(const Endpoint& peer) {
  return peer.address.family() == AddressFamily::None;
}

class TurnTracker {
 public:
  static constexpr std::size_t kMaxAllocations = 50'000;
  static constexpr std::size_t kMaxOpenRequests = 256;  // of one allocation
  static constexpr std::size_t kMaxChannels = 1024;
  static constexpr std::size_t kMaxPermissions = 256;
  static constexpr std::size_t kMaxRefusals = 32;
  static constexpr std::size_t kMaxIds = 200'000;
  static constexpr std::size_t kMaxAskedPeers = 256;
  static constexpr std::size_t kMaxText = 763;  // octets of a realm or nonce (RFC 8489 section 14)

  static bool is_turn(stun::Method method);
  // A message with a TURN method. The answer holds the inner datagram, if it has one.
  std::optional<Relayed> on_message(FlowRecord& flow, FlowId id, Direction direction,
                                    const stun::MessageView& message, const Packet& packet);
  // ChannelData on a flow that has an allocation.
  std::optional<Relayed> on_channel_data(FlowRecord& flow, Direction direction,
                                         const turn::ChannelDataView& message,
                                         const Packet& packet);
  // Makes a flow one of TURN that shows no TURN message so far. `to_server` follows from the ports.
  void adopt(FlowRecord& flow, FlowId id, Direction to_server);

  // The peer of a channel of `flow` that was hidden until the last message.
  struct Revealed {
    FlowId flow = kNone;
    std::uint16_t channel = 0;
    Endpoint peer;
  };
  std::optional<Revealed> take_revealed() { return std::exchange(revealed_, std::nullopt); }

  AllocationSeen& operator[](std::uint32_t i) { return allocations_[i]; }
  std::size_t size() const { return allocations_.size(); }
  // The last request of an allocation that was sent once and got no response here.
  struct Unrepeated {
    Sighting sent;
    stun::Method method = stun::Method::Binding;
  };
  std::optional<Unrepeated> unrepeated(std::uint32_t allocation) const;
  UnionFind& sets() { return sets_; }

 private:
  struct OpenRequest {
    stun::TransactionId id{};
    stun::Method method = stun::Method::Binding;
    Sighting sent;
    bool authenticated = false;
    std::uint64_t times = 1;
    bool answered = false;
    std::uint16_t channel = 0;
    std::optional<std::uint32_t> lifetime;
    std::vector<Endpoint> peers;
    std::optional<std::string> username, realm;
    bool current_realm = false, current_nonce = false;
  };

  AllocationSeen* allocation(FlowRecord& flow, FlowId id, Direction direction,
                             const stun::MessageView& message);
  AllocationSeen& add(FlowRecord& flow, FlowId id, Direction to_server);
  static std::optional<Relayed> on_indication(AllocationSeen& a, Direction direction,
                                              const stun::MessageView& message);
  void on_request(AllocationSeen& a, std::uint32_t index, const stun::MessageView& message,
                  const Packet& packet);
  void on_unasked(AllocationSeen& a, const stun::MessageView& message, const Packet& packet);
  static void note_credentials(const AllocationSeen& a, const stun::MessageView& message,
                               OpenRequest& request);
  void on_success(AllocationSeen& a, const OpenRequest& request, const stun::MessageView& message,
                  const Packet& packet);
  void on_error(AllocationSeen& a, const OpenRequest& request, const stun::MessageView& message,
                const Packet& packet);

  std::deque<AllocationSeen> allocations_;
  std::deque<std::vector<OpenRequest>> open_;  // by allocation
  std::map<stun::TransactionId, std::uint32_t> ids_;
  UnionFind sets_;
  std::optional<Revealed> revealed_;
};

}  // namespace parley::analyzer

#pragma once

// Every address pair that was seen at every capture point, found by a hash table made for one
// lookup a packet. A record counts what its packets look like; whether they are that is settled at
// the end, when it is known which flows STUN validated (RFC 7983 alone proves nothing: DNS looks
// like RTP and like DTLS 1.3). It knows no call and no protocol.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "analyzer/packet.h"
#include "stack/base/address.h"
#include "stack/base/time.h"

namespace parley::analyzer {

using FlowId = std::uint32_t;
inline constexpr std::uint32_t kNone = 0xffffffffU;

struct FlowKey {
  Endpoint a, b;  // `a` sent the first packet
  std::uint32_t point = 0;
  FlowId carrier = kNone;  // the TURN flow that it came in
  TransportProtocol protocol = TransportProtocol::Udp;
};

// Direction 0 is from `a` to `b`.
using Direction = std::uint8_t;
constexpr Direction reverse(Direction d) {
  return d == 0 ? Direction{1} : Direction{0};
}

struct Sighting {
  PacketRef ref;
  Instant at;
};

// What went one way. First and last are those of DTLS, RTP and RTCP: STUN has its own records.
struct FlowDirection {
  std::uint64_t stun = 0, dtls = 0, rtp = 0, rtcp = 0, other = 0;
  // Second sightings of packets that are counted above, as a router at the point makes them.
  std::uint64_t dtls_copies = 0, rtp_copies = 0, rtcp_copies = 0;
  // ChannelData that was seen before a TURN message had shown what the flow is.
  std::uint64_t early_channel = 0;
  // Holes of a TCP stream. On a flow inside TURN: those of its carrier that are accounted for.
  std::uint32_t holes = 0;
  // STUN responses whose request was not seen there.
  std::uint32_t unasked = 0;
  Sighting first_unasked, last_unasked;
  // Binding requests of which a snap length left no USERNAME, on a flow without a check so far.
  std::uint32_t nameless = 0;
  std::uint64_t seen = 0;  // UDP datagrams and TCP segments of whatever kind
  Sighting first_data, last_data, first_rtp, last_rtp, last_any;
  std::uint64_t data() const { return dtls + rtp + rtcp; }
  std::uint64_t packets() const { return stun + data() + other; }
};

// Why the table believes in a flow.
enum class FlowProof : std::uint8_t {
  None,       // first bytes only
  Handshake,  // a DTLS handshake in both directions
  Ice         // a connectivity check
};

struct FlowRecord {
  FlowKey key;
  FlowProof proof = FlowProof::None;
  bool dns = false;       // a port of DNS or mDNS
  bool over_tcp = false;  // the carrier is TCP: its packets are segments, not datagrams
  std::array<FlowDirection, 2> directions;
  Sighting first;
  Instant last_at;
  std::uint32_t capture = 0;  // of the packets that are counted now
  std::uint64_t icmp_errors = 0;
  std::uint32_t cut_segments = 0;     // of a TCP connection: those that a snap length cut
  std::uint32_t turn = kNone;         // allocation of the TURN tracker
  std::uint32_t association = kNone;  // of the DTLS tracker
  std::array<std::uint32_t, 2> last_stream{kNone, kNone};
  std::vector<std::uint32_t> streams;  // of the RTP tracker
  std::vector<FlowId> inner;           // of a TURN flow: some of the flows that it carries
  std::vector<std::uint32_t> paths;    // of the ICE tracker
  std::optional<Sighting> ended;       // FIN or RST of a TCP connection
  bool in_use = true;                  // false: evicted, the slot is free

  const Endpoint& source(Direction d) const { return d == 0 ? key.a : key.b; }
  const Endpoint& destination(Direction d) const { return d == 0 ? key.b : key.a; }
};

class FlowTable {
 public:
  // Flows kept at a time. Beyond it, flows that belong to no call are forgotten, idle ones first.
  static constexpr std::size_t kMaxFlows = 120'000;

  struct Found {
    FlowId id = kNone;  // kNone: the table is full of calls
    Direction direction = 0;
    bool added = false;
  };
  explicit FlowTable(std::size_t max_flows = kMaxFlows);
  // The flow of that packet, made if it is new.
  Found find_or_add(const FlowKey& key, const Packet& packet);
  // As `key.a` sends to `key.b`; kNone when there is none.
  Found find(const FlowKey& key) const;
  // Gives a flow other ends, as of a channel whose peer becomes known; false when that flow exists.
  bool rename(FlowId id, const Endpoint& a, const Endpoint& b);

  FlowRecord& operator[](FlowId id) { return flows_[id]; }
  const FlowRecord& operator[](FlowId id) const { return flows_[id]; }
  std::size_t size() const { return flows_.size(); }

  // Called for each flow that is forgotten, before it is.
  template <class F>
  void on_evict(F&& f) {
    evicted_ = std::forward<F>(f);
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    FlowId id = kNone;
  };

  bool matches(const FlowRecord& flow, const FlowKey& key, Direction& direction) const;
  void place(FlowId id);
  void insert_slot(std::uint32_t hash, FlowId id);
  void rebuild(std::size_t slots);
  bool make_room(Instant now);

  std::deque<FlowRecord> flows_;
  std::vector<FlowId> free_;
  std::vector<Slot> slots_;
  std::size_t used_ = 0, max_flows_;
  std::size_t stale_ = 0;  // slots that rename() left behind
  FlowId last_ = kNone;
  std::function<void(FlowId)> evicted_;
};

}  // namespace parley::analyzer

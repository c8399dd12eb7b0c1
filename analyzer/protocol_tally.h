#pragma once

// The packets of every capture by protocol, each counted once. What the packets of a flow are shows
// at its end only, so a flow counts what they look like and is booked then. One flow may go on from
// file to file (ring files, one file for each direction): whenever another file goes on with it,
// what it counted until then is kept as the share of the file before.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "analyzer/flow_table.h"

namespace parley::analyzer {

// turn_tcp are the segments of connections to TURN servers that hold data.
struct ProtocolCounts {
  std::uint64_t stun = 0, turn = 0, dtls = 0, srtp = 0, srtcp = 0, rtp = 0, rtcp = 0, icmp = 0,
                arp = 0, tcp = 0, turn_tcp = 0, dns = 0, fragment = 0, other = 0;
  std::uint64_t tcp_unread = 0;  // of tcp: segments of which a snap length left less than 20 octets
};

class ProtocolTally {
 public:
  // Shares kept at a time, some 20 MiB. Beyond it, they are booked by what is known of their flow.
  static constexpr std::size_t kMaxShares = std::size_t{1} << 18U;

  explicit ProtocolTally(std::size_t max_shares = kMaxShares) : max_shares_(max_shares) {}

  // What belongs to no flow is counted right here.
  ProtocolCounts& of(std::uint32_t capture);
  // The flow goes on in the file `next`, another than before. `as_rtp`: without proof, it is RTP by
  // now.
  void turn_to(FlowId id, FlowRecord& flow, std::uint32_t next, bool as_rtp);
  // Books all that the flow counted, now that nothing more will be learnt about it.
  void settle(FlowId id, const FlowRecord& flow, bool as_rtp);

 private:
  // Of both directions; copies count too.
  struct Looks {
    std::uint64_t early_channel = 0, dtls = 0, rtp = 0, rtcp = 0, other = 0;
    Looks& operator+=(const Looks& more);
    Looks operator-(const Looks& less) const;
  };
  struct Share {
    std::uint32_t capture = 0;
    Looks looks;
  };

  static Looks looks_of(const FlowRecord& flow);
  void book(std::uint32_t capture, const FlowRecord& flow, const Looks& looks, bool as_rtp);
  // What no share holds yet.
  Looks rest_of(FlowId id, const FlowRecord& flow) const;

  struct Shared {
    std::vector<Share> shares;  // by file, in the order of first appearance
    Looks known;                // what they hold together, and what was booked beyond the limit
  };

  std::size_t max_shares_;
  std::vector<ProtocolCounts> counts_;
  std::map<FlowId, Shared> shared_;
  std::size_t shares_ = 0;
};

}  // namespace parley::analyzer

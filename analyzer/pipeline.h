#pragma once

// Takes packets in time order and gives each to the trackers that it concerns: which flow, what the
// payload is, what a TURN server relayed inside it. Keeps the packet counts of every capture, whose
// uncertain part is settled by finish(): what looks like RTP or DTLS is believed only on flows that
// a connectivity check proved, or that show continuity. It knows no calls.

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "analyzer/clock_offsets.h"
#include "analyzer/copy_filter.h"
#include "analyzer/flow_table.h"
#include "analyzer/model/model.h"
#include "analyzer/packet.h"
#include "analyzer/point_extents.h"
#include "analyzer/protocol_tally.h"
#include "analyzer/track/dtls_tracker.h"
#include "analyzer/track/ice_tracker.h"
#include "analyzer/track/rtp_tracker.h"
#include "analyzer/track/turn_connections.h"
#include "analyzer/track/turn_tracker.h"
#include "stack/wire/demux.h"
#include "stack/wire/turn.h"

namespace parley::analyzer {

struct IcmpSeen {
  FlowId flow = kNone;
  Direction refused = 0;  // direction of the quoted datagram
  Sighting seen;
  std::uint8_t type = 0, code = 0;
  bool v6 = false;
  // The quoted packet, whatever addresses a NAT gave it.
  std::uint64_t quoted = 0;
};

class Pipeline {
 public:
  static constexpr std::size_t kMaxIcmp = 10'000;
  static constexpr std::size_t kMaxInner = 256;  // flows noted as carried by one TURN flow
  // ChannelData kept until its flow proves to be TURN.
  static constexpr std::size_t kMaxEarlyPackets = 512;  // of one flow
  static constexpr std::size_t kMaxEarlyBytes = std::size_t{4} << 20U;

  explicit Pipeline(std::size_t max_flows = FlowTable::kMaxFlows);

  // Shows it every STUN message, those inside TURN too; it must live until finish().
  void compare_clocks(ClockOffsets& clocks) { clocks_ = &clocks; }

  void on_packet(const Packet& packet);
  // Frames that hold no IP datagram of their own.
  ProtocolCounts& counts(std::uint32_t capture) { return tally_.of(capture); }
  // After the last packet; then everything below is final.
  void finish();

  FlowTable& flows() { return flows_; }
  const FlowTable& flows() const { return flows_; }
  IceTracker& ice() { return ice_; }
  const IceTracker& ice() const { return ice_; }
  TurnTracker& turn() { return turn_; }
  const DtlsTracker& dtls() const { return dtls_; }
  const RtpTracker& rtp() const { return rtp_; }
  const std::vector<IcmpSeen>& icmp() const { return icmp_; }
  const std::vector<LooseFlow>& loose() const { return loose_; }
  // How long each capture point was at work.
  const PointExtents& extents() const { return extents_; }
  // Time of the last packet.
  Instant end() const { return end_; }

 private:
  struct Place {
    FlowId flow;
    Direction direction;
    bool counted;  // a captured datagram of its own, not a part of a TCP segment
  };

  void on_udp(const Packet& packet);
  void on_tcp(const Packet& packet);
  void on_icmp(const Packet& packet);
  void on_payload(const Place& place, const Packet& packet);
  void on_stun(const Place& place, const Packet& packet);
  void on_frame(FlowId id, Direction direction, const TurnStream::Frame& frame);
  void on_channel_data(const Place& place, const Packet& packet);
  bool proves_turn(const Place& place, const turn::ChannelDataView& message);
  void keep_early(const Place& place, const Packet& packet);
  void replay_early(FlowId id);
  void forget_early(FlowId id);
  void rename_hidden(const TurnTracker::Revealed& revealed);
  void on_relayed(const Place& carrier, const Relayed& relayed, const Packet& packet);
  void count_other(const Place& place, const Packet& packet);
  void note_inner(FlowRecord& outer, FlowId inner);
  void prove_siblings(const FlowRecord& outer);
  void settle(FlowId id);
  // The flow's packets from here on are of that capture.
  void book_for(FlowId id, FlowRecord& flow, std::uint32_t capture);
  bool is_loose_rtp(const FlowRecord& flow) const;
  void on_control(const Place& place, const Packet& packet, PayloadClass what);

  FlowTable flows_;
  CopyFilter copies_;
  ClockOffsets* clocks_ = nullptr;
  IceTracker ice_;
  TurnTracker turn_;
  DtlsTracker dtls_;
  RtpTracker rtp_;
  struct Early {
    Place place;
    Packet packet;
    ByteBuffer bytes;  // of its payload
  };
  TurnConnections connections_;
  std::map<FlowId, std::vector<Early>> early_;
  std::size_t early_bytes_ = 0;
  std::vector<IcmpSeen> icmp_;
  std::vector<LooseFlow> loose_;
  ProtocolTally tally_;
  PointExtents extents_;
  Instant end_;
};

}  // namespace parley::analyzer

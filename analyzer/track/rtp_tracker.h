#pragma once

// Counts RTP and RTCP by SSRC on each direction of each flow: packets, octets, payload types, and
// what the sequence numbers say about loss (RFC 3550 appendix A.3), reordering and duplicates. It
// reads the fixed header only: whether the rest is encrypted makes no difference here. Whether a
// flow really is RTP is for others to say; believable() tells what continuity says (RFC 3550
// appendix A.1: a source is valid after packets in sequence).

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "analyzer/flow_table.h"
#include "analyzer/packet.h"

namespace parley::analyzer {

struct RtpStream {
  std::uint32_t ssrc = 0;
  FlowId flow = kNone;
  Direction direction = 0;
  std::uint8_t last_payload_type = 0;
  std::uint8_t hop_limit = 0;  // of its first packet
  std::uint8_t run = 0;     // packets in a row with the same payload type and an advancing sequence
  bool continuous = false;  // such a run reached five packets
  std::uint64_t packets = 0, bytes = 0, rtcp_packets = 0;
  std::uint64_t unique = 0, reordered = 0, duplicated = 0;
  std::uint64_t uncaptured = 0;  // numbers left out where the capture has a hole
  bool after_hole = false;
  std::int64_t first_sequence = 0, highest_sequence = 0;  // extended by the cycles
  std::uint64_t window = 0;                               // bit n: highest - n has arrived
  std::array<std::uint64_t, 2> payload_types{};           // a bit each
  Sighting first, last;

  std::uint64_t lost() const;
  std::vector<std::uint8_t> payload_type_list() const;
};

class RtpTracker {
 public:
  static constexpr std::size_t kMaxStreams = 200'000;
  static constexpr std::size_t kMaxStreamsOfFlow = 256;
  // Random bytes that look like RTP make a new SSRC with every packet.
  static constexpr std::size_t kMaxStreamsOfUnprovenFlow = 8;

  // False: a router at the capture point sent a packet of this flow on, which was seen already.
  bool on_rtp(FlowRecord& flow, FlowId id, Direction direction, const Packet& packet);
  void on_rtcp(FlowRecord& flow, FlowId id, Direction direction, const Packet& packet);
  // The capture lacks bytes of the TCP stream that carries the flow: what the next sequence numbers
  // leave out need not be lost.
  void after_hole(FlowRecord& flow, Direction direction);
  // Gives the entries of a flow that is forgotten back.
  void forget(FlowRecord& flow);

  const RtpStream& operator[](std::uint32_t i) const { return streams_[i]; }
  std::size_t size() const { return streams_.size(); }
  // Some stream makes an unproven flow believable as RTP.
  bool believable(const FlowRecord& flow) const;

 private:
  RtpStream* stream(FlowRecord& flow, FlowId id, Direction direction, std::uint32_t ssrc);

  std::deque<RtpStream> streams_;
  std::vector<std::uint32_t> free_;
};

}  // namespace parley::analyzer

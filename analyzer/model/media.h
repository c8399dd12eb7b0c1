#pragma once

// RTP and RTCP: by path, by capture point, by SSRC.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/observation.h"
#include "stack/base/address.h"
#include "stack/base/time.h"

namespace parley::analyzer {

// What one side sent over one path: STUN apart, one for each direction of each address pair.
struct Flow {
  Side from = Side::A;
  // The path, the same for both directions. The addresses of the two may differ all the same, being
  // those of different capture points with a NAT between them.
  std::uint32_t route = 0;
  Endpoint source, destination;  // inside TURN: the addresses that the peers see
  bool through_turn = false;
  std::uint64_t dtls = 0, rtp = 0, rtcp = 0;  // packets, protected or in clear
  PacketRef first, last;
  Instant first_at, last_at;
  std::optional<PacketRef> first_rtp, last_rtp;
  std::optional<Instant> first_rtp_at, last_rtp_at;
};

// RTP and RTCP of one side at one capture point, over all routes of a transport.
struct MediaSeen {
  std::uint64_t rtp = 0, rtcp = 0;
  PointId point = 0;
  std::optional<PacketRef> first, last;  // of RTP; empty: none was seen
  std::optional<Instant> first_at, last_at;
};

struct Stream {
  std::uint32_t ssrc = 0;
  Side from = Side::A;
  std::uint32_t transport = 0;
  std::optional<std::string> kind, mid, rid, codec;
  std::vector<std::uint8_t> payload_types;  // ascending
  std::uint64_t packets = 0, bytes = 0;     // bytes: UDP payload
  // Lost before the captured point nearest to the receiver; empty where only the sender's side was
  // captured, and where it is not known which side was.
  std::optional<std::uint64_t> lost, reordered, duplicated;
  // At the captured point nearest to the sender, and at that nearest to the receiver, each packet
  // once; empty where no point shows that side.
  std::optional<std::uint64_t> sent, arrived;
  // Numbers that the point beside the sender lacks: missed by the capture, or never sent; not lost
  // on the way. Empty where no point shows the sender's side.
  std::optional<std::uint64_t> not_captured;
  std::optional<double> jitter_ms, bitrate_bps;
  bool decrypted = false;
  std::optional<PacketRef> first, last;
  std::optional<Instant> first_at, last_at;
  Inferred inferred;
  std::uint64_t rtcp_packets = 0;  // RTCP packets whose sender SSRC is this one
};

}  // namespace parley::analyzer

#pragma once

// Takes the link, IP and transport headers off a captured frame. Link types: Ethernet with VLAN
// tags and PPPoE, Linux cooked v1 and v2, raw IP, BSD null/loopback, PPP. Fragments are put
// together (ip_reassembly.h). Checksums are not verified: offload leaves them unset. It does not
// know what a payload is.

#include <cstdint>
#include <string_view>

#include "analyzer/ip_reassembly.h"
#include "analyzer/packet.h"

namespace parley::analyzer {

enum class FrameVerdict : std::uint8_t {
  Decoded,      // `out` is filled: UDP, TCP, SCTP, ICMP, or Other with an empty payload
  NotIp,        // ARP, spanning tree, 802.3 and the like
  Fragment,     // kept until its datagram is complete
  UnknownLink,  // a link type that is not decoded
  Undecoded     // the headers contradict each other or the frame; reason() says how
};

class FrameDecoder {
 public:
  // `point` keeps fragments of one capture point apart from those of another. On Decoded every
  // field of `out` is set; its payload borrows `raw`, or for a reassembled datagram (whose ref and
  // time are those of the fragment that completed it) this decoder until the next call.
  FrameVerdict decode(const RawPacket& raw, PacketRef ref, std::uint32_t point, Packet& out);

  // Of the last frame: why it was not decoded, and where its IP header begins.
  std::string_view reason() const { return reason_; }
  std::uint32_t network_offset() const { return network_offset_; }
  // Datagrams whose fragments never became complete or contradicted each other.
  std::uint64_t incomplete_datagrams() const { return reassembly_.given_up(); }

 private:
  struct Network;
  enum class LinkResult : std::uint8_t { Ip, NotIp, Unknown, Short };

  LinkResult skip_link(const RawPacket& raw, std::size_t& offset) const;
  FrameVerdict undecoded(std::string_view reason);
  FrameVerdict decode_ip(const RawPacket& raw, std::size_t offset, Packet& out);
  FrameVerdict decode_transport(const Network& network, Packet& out);

  IpReassembly reassembly_;
  std::string_view reason_;
  std::uint32_t network_offset_ = 0;
};

}  // namespace parley::analyzer

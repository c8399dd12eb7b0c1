#pragma once

// Takes the link (link.h), IP and transport headers off a captured frame and puts fragments
// together (ip_reassembly.h). Checksums are not verified: offload leaves them unset in captures. It
// does not know what a payload is.

#include <cstdint>
#include <string_view>

#include "analyzer/ip_reassembly.h"
#include "analyzer/packet.h"
#include "stack/wire/ip.h"

namespace parley::analyzer {

enum class FrameVerdict : std::uint8_t {
  Decoded,      // `out` is filled
  NotIp,        // ARP, spanning tree, 802.3 and the like
  Fragment,     // kept until its datagram is complete
  UnknownLink,  // a link type that is not decoded
  Undecoded     // reason() says at which field the headers contradict each other or the frame; or,
                // with out.cut_short, where a snap length cut them off
};

class FrameDecoder {
 public:
  // `point` keeps fragments of one capture point apart from those of another. On Decoded every
  // field of `out` is set. Its payload is that of UDP, the segment of TCP, what stands behind the
  // first 8 bytes of ICMP, the whole SCTP packet or IP payload of other protocols; it borrows
  // `raw`, or for a reassembled datagram (whose ref and time are those of the fragment that
  // completed it) this decoder, until the next call.
  FrameVerdict decode(const RawPacket& raw, PacketRef ref, std::uint32_t point, Packet& out);

  // Of the last frame: why it is Undecoded, and where its IP header begins.
  std::string_view reason() const { return reason_; }
  std::uint32_t network_offset() const { return network_offset_; }
  // Of the last fragment that completed a datagram: what stands behind all IP headers.
  const ip::UpperLayer& reassembled() const { return reassembled_; }
  // EtherType behind all tags; 0 where the link has none.
  std::uint16_t ether_type() const { return ether_type_; }
  // Datagrams whose fragments never became complete or contradicted each other.
  std::uint64_t incomplete_datagrams() const { return reassembly_.given_up(); }

 private:
  // What the IP layer hands up: a packet's payload, or a reassembled one.
  struct Network {
    std::uint8_t protocol = 0;
    bool v6 = false;
    Bytes payload;
    std::size_t wire_size = 0;
    std::size_t offset = 0;  // of the payload in the frame
    bool reassembled = false;
  };

  FrameVerdict decode_ip(const RawPacket& raw, std::size_t offset, Packet& out);
  FrameVerdict decode_fragment(const ip::PacketView& view, Packet& out);
  FrameVerdict decode_transport(const Network& network, Packet& out);
  FrameVerdict decode_udp(const Network& network, Packet& out);
  FrameVerdict decode_tcp(const Network& network, Packet& out);
  FrameVerdict decode_icmp(const Network& network, Packet& out);
  // The headers end early: cut off if the frame or datagram was, contradictory if not.
  FrameVerdict undecoded(const WireError& error, bool cut, Packet& out);

  IpReassembly reassembly_;
  ip::UpperLayer reassembled_;
  std::string_view reason_;
  std::uint32_t network_offset_ = 0;
  std::uint16_t ether_type_ = 0;
};

}  // namespace parley::analyzer

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stack/base/address.h"
#include "stack/base/bytes.h"
#include "stack/base/time.h"

namespace parley::analyzer {

// What the user calls a packet: number `packet` (from 1, as Wireshark counts) of capture
// `capture` (index into the list of files given).
struct PacketRef {
  std::uint32_t capture = 0;
  std::uint64_t packet = 0;
  friend constexpr auto operator<=>(const PacketRef&, const PacketRef&) = default;
};

// One record of a capture file. `bytes` borrows the reader's buffer until the next call.
struct RawPacket {
  std::uint64_t number = 0;         // from 1
  Instant at;                       // capture time since the Unix epoch
  bool has_time = true;             // false: Simple Packet Block
  std::uint32_t interface = 0;      // index into CaptureInfo::interfaces
  std::uint16_t link_type = 0;      // LINKTYPE_ value
  std::uint32_t original_size = 0;  // on the wire; more than bytes.size() when a snap length cut it
  Bytes bytes;
  std::string_view comment;  // opt_comment of a pcapng packet, borrowed too
};

struct CaptureInterface {
  std::string name;  // if_name, or empty
  std::string description;
  std::uint16_t link_type = 0;
  std::uint32_t snap_length = 0;
  std::uint32_t section = 0;  // of the pcapng file, from 0
};

struct Damage {
  std::uint64_t offset = 0;  // in the (decompressed) file
  std::uint64_t packet = 0;  // number of the packet it stands in or behind
  std::string what;
};

enum class TransportProtocol : std::uint8_t { None, Udp, Tcp, Icmp, Sctp, Other };

// An ICMP or ICMPv6 error with the flow that it quotes.
struct IcmpError {
  std::uint8_t type = 0, code = 0;
  Endpoint quoted_source, quoted_destination;  // of the datagram it complains about
  TransportProtocol quoted_protocol = TransportProtocol::None;
};

// One packet with its headers taken off, ready for the trackers.
struct Packet {
  PacketRef ref;
  Instant at;
  bool has_time = true;     // false: the capture has none for it, `at` is that of another packet
  std::uint32_t point = 0;  // see capture_points.h
  Endpoint source, destination;
  TransportProtocol protocol = TransportProtocol::None;
  Bytes payload;                        // UDP payload, TCP segment data, or ICMP body
  std::uint32_t payload_offset = 0;     // of `payload` in the frame (0 when reassembled)
  std::uint32_t wire_payload_size = 0;  // what the headers say; more than payload.size() if cut
  bool cut_short = false;               // a snap length cut it: not malformed
  std::uint8_t hop_limit = 0;           // TTL of IPv4
  std::uint32_t ip_identification = 0;  // 0 where IPv6 has none
  std::uint8_t tcp_flags = 0;
  std::uint32_t tcp_sequence = 0, tcp_acknowledgment = 0;
  std::optional<IcmpError> icmp_error;
  std::string_view comment;
};

}  // namespace parley::analyzer

#pragma once

// IPv4 (RFC 791), IPv6 with its extension headers (RFC 8200, RFC 4302), UDP (RFC 768), TCP (RFC
// 9293) and the errors of ICMP (RFC 792) and ICMPv6 (RFC 4443): borrowed views, builders, and the
// rewrites that a router or NAT makes (RFC 1624 checksums). A packet begins at its IP header: link
// layers belong to whoever reads captures, reassembly of fragments to whoever keeps state.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "stack/base/address.h"
#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::ip {

// Assigned Internet Protocol Numbers that this project names.
enum class Protocol : std::uint8_t {
  HopByHop = 0,
  Icmp = 1,
  Tcp = 6,
  Udp = 17,
  Routing = 43,
  Fragment = 44,
  Authentication = 51,
  IcmpV6 = 58,
  NoNextHeader = 59,
  DestinationOptions = 60,
  Sctp = 132
};

inline constexpr std::size_t kIpv4HeaderSize = 20;  // without options
inline constexpr std::size_t kIpv6HeaderSize = 40;  // without extension headers
inline constexpr std::size_t kUdpHeaderSize = 8;
inline constexpr std::size_t kTcpHeaderSize = 20;  // without options
inline constexpr std::size_t kIcmpHeaderSize = 8;
inline constexpr std::size_t kMaxPacketSize = 65535;
inline constexpr unsigned kMaxExtensionHeaders = 16;

// The headers of one IP packet of either version. `payload` is what stands behind the last IP
// header that is understood, at most as long as the lengths in the headers say; less when the
// packet was cut, which is for the caller to judge: wire_payload_size > payload.size().
struct PacketView {
  std::uint8_t version = 0;  // 4 or 6
  std::uint8_t traffic_class = 0;
  std::uint8_t ttl = 0;       // hop limit
  std::uint8_t protocol = 0;  // of the payload: behind all extension headers
  IpAddress source, destination;
  std::size_t header_size = 0;  // with options or extension headers
  Bytes payload;
  std::size_t wire_payload_size = 0;
  // The length field is zero: a segmentation-offload super-frame that the interface would have cut
  // up (or an IPv6 jumbogram, RFC 2675). The payload is everything there is.
  bool length_unknown = false;
  // True unless the packet is whole; an IPv6 atomic fragment (RFC 6946) is whole.
  bool fragment = false;
  bool more_fragments = false;
  bool dont_fragment = false;
  std::uint32_t fragment_offset = 0;  // in bytes
  std::uint32_t identification = 0;   // 16 bits in IPv4

  bool is(Protocol p) const { return protocol == static_cast<std::uint8_t>(p); }
  // `packet` may be longer than the IP packet (link-layer padding) or shorter (cut). Checksums are
  // not verified: offload leaves them unset in captures.
  static Result<PacketView> decode(Bytes packet, std::size_t base = 0);
};

// What stands behind a chain of IPv6 extension headers that begins with a header of type
// `next_header`: for the payload of a reassembled datagram. PacketView::decode does it by itself.
struct UpperLayer {
  std::uint8_t protocol = 0;
  Bytes payload;
};
Result<UpperLayer> skip_extension_headers(std::uint8_t next_header, Bytes bytes,
                                          std::size_t base = 0);

struct UdpView {
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint16_t length = 0;  // with the header; 0: not given (RFC 2675, offload)
  std::uint16_t checksum = 0;
  Bytes payload;  // at most length - 8 bytes
  static Result<UdpView> decode(Bytes datagram, std::size_t base = 0);
};

inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpSyn = 0x02;
inline constexpr std::uint8_t kTcpRst = 0x04;
inline constexpr std::uint8_t kTcpPsh = 0x08;
inline constexpr std::uint8_t kTcpAck = 0x10;

struct TcpView {
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t sequence = 0, acknowledgment = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  std::size_t header_size = 0;  // with options
  Bytes payload;
  static Result<TcpView> decode(Bytes segment, std::size_t base = 0);
};

struct IcmpView {
  std::uint8_t type = 0, code = 0;
  std::uint32_t parameter = 0;  // the four bytes behind the checksum: MTU, identifier, pointer
  Bytes body;                   // behind the 8-byte header: the quoted packet of an error
  bool error = false;           // the type is one that quotes a packet
  static Result<IcmpView> decode(Bytes message, bool v6, std::size_t base = 0);
};

// The flow that an ICMP error complains about, as its quote shows it.
struct QuotedFlow {
  Endpoint source, destination;  // ports are 0 when the quote ends before them
  std::uint8_t protocol = 0;
};
Result<QuotedFlow> decode_quote(Bytes quote, std::size_t base = 0);

// A whole, unfragmented UDP datagram with both its headers, as a host or a NAT sees it.
struct UdpPacket {
  Endpoint source, destination;
  std::uint8_t ttl = 0;
  std::uint8_t traffic_class = 0;
  Bytes payload;
  // Fails on fragments, other protocols, lengths that do not fit and bad checksums.
  static Result<UdpPacket> decode(Bytes packet);
};

struct UdpHeader {
  Endpoint source, destination;  // of one family
  std::uint8_t ttl = 64;
  std::uint8_t traffic_class = 0;
  std::uint16_t identification = 0;  // IPv4
  bool dont_fragment = true;         // IPv4
};
// Appends IP header, UDP header and payload with correct checksums (UDP's is never zero on the
// wire). payload.size() <= 65507 (IPv4) or 65527 (IPv6).
void append_udp(ByteBuffer& out, const UdpHeader& header, Bytes payload);

enum class IcmpKind : std::uint8_t {
  NetworkUnreachable,  // ICMP 3/0, ICMPv6 1/0
  HostUnreachable,     // 3/1, 1/3
  PortUnreachable,     // 3/3, 1/4
  Prohibited,          // 3/13, 1/1
  PacketTooBig,        // 3/4 (RFC 1191), ICMPv6 2/0
  TimeExceeded         // 11/0, 3/0
};
struct IcmpErrorHeader {
  IcmpKind kind = IcmpKind::PortUnreachable;
  IpAddress source;       // the host or router that complains
  std::uint32_t mtu = 0;  // PacketTooBig only
  std::uint8_t ttl = 64;
  std::uint16_t identification = 0;  // IPv4
};
// Appends an error about `offending` (a packet of the family of header.source), addressed to that
// packet's source and quoting as much of it as RFC 1812 section 4.3.2.3 (576 bytes in all) or
// RFC 4443 section 3.1 (1280 bytes) allow. False, and nothing appended, when no error may be sent:
// the packet does not decode, is itself an ICMP error or a fragment that is not the first
// (RFC 1122 section 3.2.2), or was sent to or from an address that is no single host.
bool append_icmp_error(ByteBuffer& out, const IcmpErrorHeader& header, Bytes offending);

// What a router does before it forwards. False, and the packet unchanged, when the TTL would reach
// zero (then TimeExceeded is due) or the packet is no IP packet.
bool decrement_ttl(std::span<std::byte> packet);

// What a NAT does: puts another address and port into the source or the destination, with the IP
// and transport checksums brought up to date (an absent UDP checksum stays absent). UDP, TCP, and
// ICMP errors and queries (address only; the port is ignored). The new address is of the packet's
// family. False, and the packet unchanged, when that cannot be done.
bool rewrite_source(std::span<std::byte> packet, const Endpoint& source);
bool rewrite_destination(std::span<std::byte> packet, const Endpoint& destination);
// The same inside the packet that an ICMP error quotes (RFC 5508 section 4.2), with the checksums
// of the ICMP message brought up to date: the quoted source for an error on its way in, the quoted
// destination for one on its way out.
bool rewrite_quoted_source(std::span<std::byte> packet, const Endpoint& source);
bool rewrite_quoted_destination(std::span<std::byte> packet, const Endpoint& destination);

// The Internet checksum (RFC 1071) over `bytes`, starting from `sum` (a partial, unfolded sum).
std::uint16_t internet_checksum(Bytes bytes, std::uint32_t sum = 0);
// Whether the checksums of the IP header and of UDP, TCP, ICMP or ICMPv6 fit. nullopt: cannot be
// said (fragment, cut short, UDP checksum absent, another protocol).
std::optional<bool> verify_checksums(Bytes packet);

}  // namespace parley::ip

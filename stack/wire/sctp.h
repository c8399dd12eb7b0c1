#pragma once

// SCTP packets (RFC 9260 section 3): the common header with its CRC32c or zero checksum (RFC 9653),
// and the walk over chunks. What stands in the chunks: sctp_chunks.h; in their parameters and error
// causes: sctp_parameters.h. Views borrow the packet; the builder writes into its caller's buffer.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::sctp {

inline constexpr std::size_t kHeaderSize = 12;
inline constexpr std::size_t kTlvHeaderSize = 4;  // of chunks, parameters and error causes alike

// Any value may arrive; the names are those of the IANA registry.
enum class ChunkType : std::uint8_t {
  Data = 0,
  Init = 1,
  InitAck = 2,
  Sack = 3,
  Heartbeat = 4,
  HeartbeatAck = 5,
  Abort = 6,
  Shutdown = 7,
  ShutdownAck = 8,
  Error = 9,
  CookieEcho = 10,
  CookieAck = 11,
  Ecne = 12,  // reserved for explicit congestion notification, as Cwr
  Cwr = 13,
  ShutdownComplete = 14,
  Auth = 15,           // RFC 4895 section 5.1
  IData = 0x40,        // RFC 8260 section 2.1
  AsconfAck = 0x80,    // RFC 5061 section 4.1.2
  Reconfig = 0x82,     // RFC 6525 section 3.1
  Pad = 0x84,          // RFC 4820 section 3
  ForwardTsn = 0xc0,   // RFC 3758 section 3.2
  Asconf = 0xc1,       // RFC 5061 section 4.1.1
  IForwardTsn = 0xc2,  // RFC 8260 section 2.3.1
};

// The registry's spelling: "INIT ACK", "RE-CONFIG"; "chunk type 0x7f" for what this codec does not
// know.
std::string chunk_name(ChunkType type);
bool is_known(ChunkType type);

// What a receiver does with a type that it does not know, by the type's two highest bits (RFC 9260
// sections 3.2 and 3.2.1).
enum class Unrecognized : std::uint8_t { Stop, StopAndReport, Skip, SkipAndReport };
constexpr Unrecognized unrecognized_action(ChunkType type) {
  return static_cast<Unrecognized>(static_cast<unsigned>(type) >> 6U);
}
constexpr Unrecognized unrecognized_parameter_action(std::uint16_t type) {
  return static_cast<Unrecognized>(type >> 14U);
}
// "stop", "stop and report", "skip", "skip and report".
std::string_view to_string(Unrecognized action);

// Type-length-value units are padded with zero octets to a multiple of four, which their length
// does not count (RFC 9260 section 3.2).
constexpr std::size_t padded(std::size_t size) {
  return (size + 3U) & ~std::size_t{3};
}

// One unit of a list, still inside the packet. `head` is its first two octets: type and flags of a
// chunk, type of a parameter, code of an error cause.
struct Tlv {
  std::uint16_t head = 0;
  std::uint8_t padding = 0;  // octets behind the value
  std::uint32_t offset = 0;  // of the head in the outermost buffer
  Bytes value;               // without padding
  std::size_t size() const { return kTlvHeaderSize + value.size(); }
};

// Walks a list of units. The last one of a chunk's parameters may lack its padding, because the
// length of the chunk does not count it; a chunk may not.
class TlvWalker {
 public:
  enum class LastPadding : std::uint8_t { Required, Optional };

  TlvWalker(Bytes list, std::size_t base, LastPadding last)
      : list_(list), base_(base), last_(last) {}
  // False at the end of the list, and where the list is broken.
  bool next(Tlv& unit);
  const std::optional<WireError>& error() const { return error_; }

 private:
  Bytes list_;
  std::size_t base_;
  LastPadding last_;
  std::size_t at_ = 0;
  std::optional<WireError> error_;
};

struct ChunkView {
  ChunkType type = ChunkType::Data;
  std::uint8_t flags = 0;
  std::uint8_t padding = 0;
  std::uint32_t offset = 0;  // of the chunk header in the outermost buffer
  Bytes value;               // behind the chunk header, without padding
};

// What the checksum of a packet says. Zero is right only where the receiver has declared it
// acceptable and something below protects the packet, as DTLS does (RFC 9653 section 5.3): that is
// for the association to know.
enum class Checksum : std::uint8_t { Good, Zero, Bad };

// Borrowed view of one packet. decode() checks the header and the walk over all chunks, so that
// iterating afterwards cannot fail; the values of the chunks are not looked at.
class PacketView {
 public:
  // `packet`: exactly one packet, the payload of IP or of a DTLS record (RFC 8261). `base` is its
  // offset in the outermost buffer.
  static Result<PacketView> decode(Bytes packet, std::size_t base = 0);

  std::uint16_t source_port() const { return load_u16(packet_.data()); }
  std::uint16_t destination_port() const { return load_u16(packet_.data() + 2); }
  std::uint32_t verification_tag() const { return load_u32(packet_.data() + 4); }
  // The four octets in the order in which they stand.
  std::uint32_t checksum() const { return load_u32(packet_.data() + 8); }
  Checksum check() const;
  std::vector<ChunkView> chunks() const;  // in wire order, at least one
  // A chunk that must stand alone in its packet and does not (RFC 9260 section 3: INIT, INIT ACK,
  // SHUTDOWN COMPLETE).
  std::optional<WireError> bundling_fault() const;

 private:
  PacketView(Bytes packet, std::size_t base) : packet_(packet), base_(base) {}
  Bytes packet_;
  std::size_t base_;
};

// CRC32c over a whole packet as if its checksum field held zero, in the order of its octets on the
// wire (RFC 9260 appendix A). `packet` has at least the common header.
std::uint32_t packet_checksum(Bytes packet);

}  // namespace parley::sctp

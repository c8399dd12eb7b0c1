#pragma once

// The chunks of SCTP (RFC 9260 section 3.3; RFC 3758, 4895, 5061, 6525, 8260), one struct each.
// decode() wants a chunk of its type and answers views that borrow the packet, or where and why its
// value is wrong. PacketBuilder writes the same structs.

#include <cstdint>
#include <optional>
#include <vector>

#include "stack/base/bytes.h"
#include "stack/base/result.h"
#include "stack/wire/sctp.h"
#include "stack/wire/sctp_parameters.h"

namespace parley::sctp {

// Flags of DATA and I-DATA.
inline constexpr std::uint8_t kEnding = 0x01;
inline constexpr std::uint8_t kBeginning = 0x02;
inline constexpr std::uint8_t kUnordered = 0x04;
inline constexpr std::uint8_t kImmediate = 0x08;  // RFC 9260 section 3.3.1, the I bit
// Of ABORT and SHUTDOWN COMPLETE: the verification tag is the sender's own (RFC 9260 section
// 8.5.1).
inline constexpr std::uint8_t kReflectedTag = 0x01;

// DATA (RFC 9260 section 3.3.1) and I-DATA (RFC 8260 section 2.1).
struct Data {
  bool interleaved = false;  // I-DATA
  bool immediate = false, unordered = false, beginning = false, ending = false;
  std::uint32_t tsn = 0;
  std::uint16_t stream = 0;
  // Stream sequence number (16 bits), with `interleaved` the message identifier (32 bits).
  std::uint32_t sequence = 0;
  std::uint32_t ppid = 0;      // with `interleaved` only in the first fragment
  std::uint32_t fragment = 0;  // fragment sequence number; only with `interleaved`
  Bytes payload;               // never empty
  static Result<Data> decode(const ChunkView& chunk);
};

// INIT and INIT ACK (RFC 9260 sections 3.3.2 and 3.3.3).
struct Init {
  std::uint32_t initiate_tag = 0, a_rwnd = 0;
  std::uint16_t outbound_streams = 0, inbound_streams = 0;
  std::uint32_t initial_tsn = 0;
  Bytes parameters;  // as decode_tlvs() takes them apart
  std::uint32_t parameters_offset = 0;
  static Result<Init> decode(const ChunkView& chunk);
};

// RFC 9260 section 3.3.4. Gap blocks count from the cumulative TSN.
struct GapBlock {
  std::uint16_t start = 0, end = 0;
  friend bool operator==(const GapBlock&, const GapBlock&) = default;
};
struct Sack {
  std::uint32_t cumulative_tsn = 0, a_rwnd = 0;
  Bytes gaps, duplicates;
  std::size_t gap_count() const { return gaps.size() / 4; }
  GapBlock gap(std::size_t i) const {
    return {load_u16(gaps.data() + 4 * i), load_u16(gaps.data() + 4 * i + 2)};
  }
  std::size_t duplicate_count() const { return duplicates.size() / 4; }
  std::uint32_t duplicate(std::size_t i) const { return load_u32(duplicates.data() + 4 * i); }
  static Result<Sack> decode(const ChunkView& chunk);
};

// HEARTBEAT and HEARTBEAT ACK: what their one parameter holds comes back as it was.
Result<Bytes> decode_heartbeat(const ChunkView& chunk);
// SHUTDOWN (cumulative TSN), ECNE and CWR (lowest TSN).
Result<std::uint32_t> decode_tsn(const ChunkView& chunk);

// FORWARD TSN (RFC 3758 section 3.2) and I-FORWARD-TSN (RFC 8260 section 2.3.1).
struct ForwardTsn {
  struct Stream {
    std::uint16_t stream = 0;
    bool unordered = false;      // only with I-FORWARD-TSN
    std::uint32_t sequence = 0;  // SSN or message identifier
  };
  bool interleaved = false;
  std::uint32_t new_cumulative_tsn = 0;
  Bytes entries;
  std::size_t size() const { return entries.size() / (interleaved ? 8U : 4U); }
  Stream operator[](std::size_t i) const;
  static Result<ForwardTsn> decode(const ChunkView& chunk);
};

// ASCONF (RFC 5061 section 4.1.1) begins with an address parameter, ASCONF-ACK (4.1.2) has none.
struct Asconf {
  std::uint32_t serial = 0;
  Bytes parameters;
  std::uint32_t parameters_offset = 0;
  static Result<Asconf> decode(const ChunkView& chunk);
};

// RFC 4895 section 5.1.
struct Auth {
  std::uint16_t shared_key = 0, hmac_algorithm = 0;
  Bytes hmac;
  static Result<Auth> decode(const ChunkView& chunk);
};

// Whether the value of a chunk is what its type wants; types that the codec does not know, and PAD,
// are always fine.
std::optional<WireError> check_value(const ChunkView& chunk);

// Writes one packet, chunk after chunk.
class PacketBuilder {
 public:
  struct Header {
    std::uint16_t source_port = 5000, destination_port = 5000;
    std::uint32_t verification_tag = 0;
  };
  // Appends to `out`, which may already hold other data.
  PacketBuilder(ByteBuffer& out, const Header& header);

  PacketBuilder& chunk(ChunkType type, std::uint8_t flags = 0, Bytes value = {});
  PacketBuilder& data(const Data& data);
  // `type` is Init or InitAck.
  PacketBuilder& init(ChunkType type, const Init& init);
  PacketBuilder& sack(std::uint32_t cumulative_tsn, std::uint32_t a_rwnd,
                      const std::vector<GapBlock>& gaps = {},
                      const std::vector<std::uint32_t>& duplicates = {});
  PacketBuilder& heartbeat(ChunkType type, Bytes info);
  PacketBuilder& tsn(ChunkType type, std::uint32_t tsn);  // SHUTDOWN, ECNE, CWR
  PacketBuilder& forward_tsn(bool interleaved, std::uint32_t new_cumulative_tsn,
                             const std::vector<ForwardTsn::Stream>& streams);
  PacketBuilder& asconf(ChunkType type, const Asconf& asconf);
  PacketBuilder& auth(const Auth& auth);
  // Fills in the checksum, or leaves it zero (RFC 9653). Empty when a chunk outgrew its 16-bit
  // length: such a packet must not be sent.
  Bytes finish(bool zero_checksum = false);
  // Octets written so far: how much room is left under a path MTU is for the caller to know.
  std::size_t size() const { return out_.size() - start_; }

 private:
  ByteBuffer& out_;
  std::size_t start_;
  bool too_long_ = false;
};

}  // namespace parley::sctp

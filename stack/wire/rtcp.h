#pragma once

// RTCP (RFC 3550 section 6, RFC 3611, RFC 4585): the walk over a compound packet, and the packets
// of RFC 3550 itself. Feedback stands in rtcp_feedback.h, extended reports in rtcp_xr.h, what
// writes packets in rtcp_builder.h. Everything here is in clear: of SRTCP only the first eight
// octets are (RFC 3711 section 3.4). Views borrow the datagram.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::rtcp {

inline constexpr std::size_t kHeaderSize = 4;
inline constexpr std::size_t kMaxCount = 31;  // of the five bits in the first octet

enum class PacketType : std::uint8_t {
  SenderReport = 200,
  ReceiverReport = 201,
  SourceDescription = 202,
  Goodbye = 203,
  ApplicationDefined = 204,
  TransportFeedback = 205,  // RTPFB, RFC 4585
  PayloadFeedback = 206,    // PSFB, RFC 4585
  ExtendedReport = 207      // XR, RFC 3611
};

// RFC 5761 section 4: what the second octet of RTCP can be where RTP shares the port.
constexpr bool is_packet_type(std::uint8_t type) {
  return type >= 192 && type <= 223;
}

// Entries of one size that stand one behind the other. T has kSize and load(const std::byte*).
template <class T>
class Entries {
 public:
  Entries() = default;
  // Octets behind the last whole entry are not looked at.
  explicit Entries(Bytes bytes) : bytes_(bytes) {}

  class Iterator {
   public:
    explicit Iterator(const std::byte* at) : at_(at) {}
    T operator*() const { return T::load(at_); }
    Iterator& operator++() {
      at_ += T::kSize;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    const std::byte* at_;
  };

  std::size_t size() const { return bytes_.size() / T::kSize; }
  bool empty() const { return size() == 0; }
  T operator[](std::size_t i) const { return T::load(bytes_.data() + i * T::kSize); }
  Iterator begin() const { return Iterator(bytes_.data()); }
  Iterator end() const { return Iterator(bytes_.data() + size() * T::kSize); }
  Bytes bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

struct Source {
  static constexpr std::size_t kSize = 4;
  std::uint32_t ssrc = 0;
  static Source load(const std::byte* p) { return {load_u32(p)}; }
};

// One packet of a compound packet. decode() checks version, length and padding; what the body holds
// is for the view of its type.
struct PacketView {
  std::uint8_t type = 0;
  std::uint8_t count = 0;  // reports, sources or chunks; of APP the subtype, of feedback the format
  bool padding = false;
  std::uint32_t offset = 0;      // of its first octet in the outermost buffer
  std::size_t padding_size = 0;  // octets, their count included
  Bytes bytes;                   // header and padding included
  Bytes body;                    // neither

  // The packet that begins `bytes`.
  static Result<PacketView> decode(Bytes bytes, std::size_t base = 0);
  bool is(PacketType t) const { return type == static_cast<std::uint8_t>(t); }
  std::size_t body_offset() const { return offset + kHeaderSize; }
};

// The packets of a datagram up to the first whose length or version is wrong. Padding before the
// last packet is a fault too (RFC 3550 section 6.4.1), behind which the walk goes on.
struct Compound {
  std::vector<PacketView> packets;
  std::optional<WireError> error;  // the first fault

  // RFC 5506: the first packet is neither a sender report nor a receiver report.
  bool reduced_size() const;
};
Compound decode_compound(Bytes datagram, std::size_t base = 0);

// The fault in the body of a packet whose type and format this codec knows; none for the others.
std::optional<WireError> check_body(const PacketView& packet);

// Whether a datagram is RTCP that nothing encrypts: packet types of RTCP whose lengths lead to its
// end and whose bodies are without a fault. Behind the first header of SRTCP stands what looks
// random and then its index and tag: one such packet in a million and more passes for clear.
bool is_clear(Bytes datagram);

// RFC 3550 section 6.4.1. Times are the middle 32 bits of NTP's 64: units of 1/65536 s.
struct ReportBlock {
  static constexpr std::size_t kSize = 24;
  std::uint32_t ssrc = 0;
  std::uint8_t fraction_lost = 0;      // of 256, since the last report
  std::int32_t cumulative_lost = 0;    // 24 bits with a sign: copies may make it negative
  std::uint32_t highest_sequence = 0;  // with the cycles in the upper 16 bits
  std::uint32_t jitter = 0;            // RTP timestamp units
  std::uint32_t last_sr = 0;           // 0: none arrived yet
  std::uint32_t delay_since_last_sr = 0;
  static ReportBlock load(const std::byte* p);
};

struct SenderInfo {
  std::uint64_t ntp = 0;  // seconds since 1900 in the upper half; 0: the sender has no such clock
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t packet_count = 0, octet_count = 0;
};

struct SenderReport {
  std::uint32_t ssrc = 0;
  SenderInfo info;
  Entries<ReportBlock> blocks;
  Bytes extension;  // profile-specific, behind the blocks
  static Result<SenderReport> decode(const PacketView& packet);
};

struct ReceiverReport {
  std::uint32_t ssrc = 0;
  Entries<ReportBlock> blocks;
  Bytes extension;
  static Result<ReceiverReport> decode(const PacketView& packet);
};

// The round-trip time of RFC 3550 section 6.4.1, in units of 1/65536 s: `arrival`, `last_sr` and
// the delay are on the clock of the report's receiver. Empty without a sender report to refer to,
// and when clocks that are odd make it negative.
std::optional<std::uint32_t> round_trip(std::uint32_t arrival, std::uint32_t last_sr,
                                        std::uint32_t delay_since_last_sr);

// RFC 3550 section 6.5
enum class SdesType : std::uint8_t {
  End = 0,
  Cname = 1,
  Name = 2,
  Email = 3,
  Phone = 4,
  Location = 5,
  Tool = 6,
  Note = 7,
  Private = 8,
  Mid = 15,                 // RFC 8843
  RtpStreamId = 12,         // RFC 8852
  RepairedRtpStreamId = 13  // RFC 8852
};
struct SdesItem {
  std::uint8_t type = 0;
  std::uint32_t offset = 0;  // of the item's type
  Bytes text;
  bool is(SdesType t) const { return type == static_cast<std::uint8_t>(t); }
};
struct SdesChunk {
  std::uint32_t ssrc = 0;
  std::vector<SdesItem> items;
  const SdesItem* find(SdesType type) const;
};
struct SourceDescription {
  std::vector<SdesChunk> chunks;
  static Result<SourceDescription> decode(const PacketView& packet);
};

struct Goodbye {
  Entries<Source> sources;
  std::optional<Bytes> reason;
  static Result<Goodbye> decode(const PacketView& packet);
};

struct ApplicationDefined {
  std::uint8_t subtype = 0;
  std::uint32_t ssrc = 0;
  Bytes name;  // four octets
  Bytes data;
  static Result<ApplicationDefined> decode(const PacketView& packet);
};

// "SR", "RTPFB", "XR": the abbreviation of the registry; "packet type 199" for what it does not
// name.
std::string packet_type_name(std::uint8_t type);
// What a reader calls the packet, feedback by its format: "NACK", "transport-wide feedback",
// "receiver report".
std::string packet_name(std::uint8_t type, std::uint8_t count);
// "CNAME"; "item 77"
std::string sdes_name(std::uint8_t type);

}  // namespace parley::rtcp

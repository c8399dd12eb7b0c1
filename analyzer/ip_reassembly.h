#pragma once

// Puts IP fragments together (RFC 791 section 3.2, RFC 8200 section 4.5) within fixed limits.
// Fragments may come in any order and more than once; where two of them contradict each other the
// datagram is refused (RFC 5722, RFC 8200). It does not know links, transports or captures.

#include <cstdint>
#include <optional>
#include <vector>

#include "stack/base/bytes.h"
#include "stack/base/time.h"
#include "stack/wire/ip.h"

namespace parley::analyzer {

class IpReassembly {
 public:
  static constexpr std::size_t kMaxDatagrams = 128;  // in progress; the oldest gives way
  static constexpr std::size_t kMaxRanges = 512;     // separate pieces of one datagram
  static constexpr Duration kLifetime = std::chrono::seconds(60);  // RFC 8200 section 4.5

  struct Datagram {
    std::uint8_t protocol = 0;
    Bytes payload;              // borrowed until the next add()
    std::size_t wire_size = 0;  // more than payload.size() when a fragment was cut short
  };

  // Takes a fragment of `point`; answers the datagram that it completes.
  std::optional<Datagram> add(const ip::PacketView& fragment, std::uint32_t point, Instant at);
  // Datagrams that were dropped: too old, too many, or contradictory.
  std::uint64_t given_up() const { return given_up_; }

 private:
  struct Range {
    std::uint32_t begin = 0, end = 0;
  };
  struct Partial {
    std::uint32_t identification = 0;
    std::uint32_t point = 0;
    std::uint8_t version = 0;
    std::uint8_t protocol = 0;  // IPv6: of the first fragment, once it is there
    bool refused = false;       // contradicted itself: further fragments are swallowed
    IpAddress source, destination;
    Instant first_seen;
    std::optional<std::uint32_t> total;   // known once the last fragment is there
    std::optional<std::uint32_t> cut_at;  // from here on a snap length left holes
    std::vector<Range> ranges;            // sorted, disjoint, not touching
    ByteBuffer bytes;
  };

  static bool belongs(const Partial& partial, const ip::PacketView& fragment, std::uint32_t point);
  std::vector<Partial>::iterator find_or_create(const ip::PacketView& fragment, std::uint32_t point,
                                                Instant at);
  void expire(Instant now);
  // False when the fragment contradicts what is there.
  static bool store(Partial& partial, const ip::PacketView& fragment);
  static bool agrees(const Partial& partial, Range range, Bytes bytes);
  static bool insert(std::vector<Range>& ranges, Range range);

  std::vector<Partial> partials_;  // oldest first
  ByteBuffer done_;
  std::uint64_t given_up_ = 0;
};

}  // namespace parley::analyzer

#pragma once

// How far the clocks of several capture files are apart, from STUN messages that more than one of
// them shows. A message reaches the farther point later than the nearer one, whichever way it goes;
// those that go the other way bound the offset from the other side, as NTP does it (RFC 5905
// section 8). It corrects nothing.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/packet.h"
#include "stack/wire/stun.h"

namespace parley::analyzer {

class ClockOffsets {
 public:
  // Transactions beyond it are not looked at, nor are captures beyond kMaxSeen of one transaction.
  static constexpr std::size_t kMaxTransactions = 65'536;
  static constexpr std::size_t kMaxSeen = 32;
  static constexpr std::size_t kMaxSessions = 4096;
  // Offsets that the packets do not tell from none.
  static constexpr Duration kSame = std::chrono::milliseconds(1);

  void on_message(const Packet& packet, const stun::MessageView& message);

  // Of a capture: how far its clock is ahead of that of `reference`, the first capture that shows
  // the same packets, directly or through others.
  struct Offset {
    std::uint32_t reference = 0;
    Duration ahead{};
  };
  // By capture; empty: no other capture shows packets of it both ways.
  using Offsets = std::vector<std::optional<Offset>>;
  Offsets estimate(std::uint32_t captures) const;

 private:
  // A request or its response in one capture, however often it was sent.
  struct Seen {
    std::uint32_t capture = 0;
    bool response = false;
    std::uint32_t times = 0;
    Instant first, last;
  };
  struct Exchange {
    std::uint32_t session = 0;
    std::uint8_t asker = 0;  // which end of the session sent the request
    std::vector<Seen> seen;
  };
  // What lies between the times of one message at two points, by the direction of travel.
  struct Ways {
    struct Range {
      std::uint64_t count = 0;
      Duration least{}, most{};
      void add(Duration value);
    };
    std::array<Range, 2> range;
  };
  // An offset lies within it.
  struct Bounds {
    Duration low{}, high{};
    Duration width() const { return high - low; }
  };
  using Captures = std::pair<std::uint32_t, std::uint32_t>;  // the lower index first

  Exchange* exchange_of(const Packet& packet, const stun::MessageView& message);
  std::optional<std::uint32_t> session_named(const std::string& name);
  static std::optional<Bounds> bounds_of(const Ways& ways);
  std::map<Captures, Bounds> bounds() const;
  static bool extend(const std::map<Captures, Bounds>& edges, Offsets& offsets);

  std::map<stun::TransactionId, Exchange> exchanges_;
  std::map<std::string, std::uint32_t> sessions_;
};

}  // namespace parley::analyzer

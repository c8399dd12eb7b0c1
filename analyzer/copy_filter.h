#pragma once

// Tells a packet that passes a capture point a second time from one that was sent again: a bridge
// or a router that stands there hands it on at once, with the same IP identification and the same
// bytes. What is sent again comes later (RFC 8489 section 6.2.1: 500 ms; RFC 6347 section 4.2.4.1:
// a second, 50 ms in browsers), and in DTLS with another record number. Constant memory.

#include <cstdint>
#include <vector>

#include "analyzer/flow_table.h"
#include "analyzer/packet.h"

namespace parley::analyzer {

class CopyFilter {
 public:
  static constexpr Duration kWithin = std::chrono::milliseconds(20);

  // Notes the packet, too.
  bool is_copy(FlowId flow, Direction direction, const Packet& packet);

 private:
  static constexpr std::size_t kEntries = 4096;
  struct Entry {
    std::uint64_t hash = 0;
    Instant at;
    std::uint32_t identification = 0;
  };
  std::vector<Entry> recent_ = std::vector<Entry>(kEntries);  // by hash, the latest stays
};

}  // namespace parley::analyzer

#pragma once

// Which packets of a capture a user wants to see: "8,27..30".

#include <cstdint>
#include <string_view>
#include <vector>

namespace parley::cli {

class PacketRanges {
 public:
  // All packets.
  PacketRanges() = default;
  // Throws CommandError (exit code 2) on what is no list of numbers and ranges.
  static PacketRanges parse(std::string_view text);

  bool all() const { return ranges_.empty(); }
  bool contains(std::uint64_t packet) const;
  std::uint64_t last() const;  // the highest number; 0 with all()

 private:
  struct Range {
    std::uint64_t first = 0, last = 0;
  };
  std::vector<Range> ranges_;
};

}  // namespace parley::cli

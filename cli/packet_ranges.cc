#include "cli/packet_ranges.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "cli/error.h"

namespace parley::cli {
namespace {

std::uint64_t packet_number(std::string_view text, std::string_view part) {
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || stop != text.data() + text.size() || number == 0)
    throw bad_input("--only: expected packet numbers from 1 and ranges like 27..30, not '" +
                    std::string(part) + "'");
  return number;
}

}  // namespace

PacketRanges PacketRanges::parse(std::string_view text) {
  PacketRanges ranges;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const std::size_t dots = part.find("..");
    const bool range = dots != std::string_view::npos;
    const std::uint64_t first = packet_number(part.substr(0, dots), part);
    const std::uint64_t last = range ? packet_number(part.substr(dots + 2), part) : first;
    if (last < first)
      throw bad_input("--only: the range '" + std::string(part) + "' ends before it begins");
    ranges.ranges_.push_back({first, last});
    more = comma != std::string_view::npos;
    text.remove_prefix(more ? comma + 1 : text.size());
  }
  return ranges;
}

bool PacketRanges::contains(std::uint64_t packet) const {
  return all() || std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
           return packet >= range.first && packet <= range.last;
         });
}

std::uint64_t PacketRanges::last() const {
  std::uint64_t last = 0;
  for (const Range& range : ranges_)
    last = std::max(last, range.last);
  return last;
}

}  // namespace parley::cli

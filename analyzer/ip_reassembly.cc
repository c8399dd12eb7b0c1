#include "analyzer/ip_reassembly.h"

#include <algorithm>

namespace parley::analyzer {

// The key: RFC 791 section 3.2 has source, destination, protocol and identification; RFC 8200
// section 4.5 leaves the protocol out.
bool IpReassembly::belongs(const Partial& partial, const ip::PacketView& fragment,
                           std::uint32_t point) {
  return partial.identification == fragment.identification && partial.point == point &&
         partial.version == fragment.version &&
         (fragment.version == 6 || partial.protocol == fragment.protocol) &&
         partial.source == fragment.source && partial.destination == fragment.destination;
}

void IpReassembly::expire(Instant now) {
  const auto fresh = std::find_if(partials_.begin(), partials_.end(), [&](const Partial& p) {
    return now - p.first_seen <= kLifetime;
  });
  for (auto it = partials_.begin(); it != fresh; ++it)
    given_up_ += it->refused ? 0 : 1;
  partials_.erase(partials_.begin(), fresh);
}

std::vector<IpReassembly::Partial>::iterator IpReassembly::find_or_create(
    const ip::PacketView& fragment, std::uint32_t point, Instant at) {
  const auto found = std::find_if(partials_.begin(), partials_.end(),
                                  [&](const Partial& p) { return belongs(p, fragment, point); });
  if (found != partials_.end())
    return found;
  if (partials_.size() == kMaxDatagrams) {
    given_up_ += partials_.front().refused ? 0 : 1;
    partials_.erase(partials_.begin());
  }
  Partial& fresh = partials_.emplace_back();
  fresh.identification = fragment.identification;
  fresh.point = point;
  fresh.version = fragment.version;
  fresh.protocol = fragment.protocol;
  fresh.source = fragment.source;
  fresh.destination = fragment.destination;
  fresh.first_seen = at;
  return std::prev(partials_.end());
}

// Whether `bytes` for `range` equal what is there already, where that was captured.
bool IpReassembly::agrees(const Partial& partial, Range range, Bytes bytes) {
  const std::uint32_t known_end = partial.cut_at.value_or(ip::kMaxPacketSize);
  const auto captured_end = static_cast<std::uint32_t>(range.begin + bytes.size());
  return std::all_of(partial.ranges.begin(), partial.ranges.end(), [&](const Range& have) {
    const std::uint32_t begin = std::max(have.begin, range.begin);
    const std::uint32_t end = std::min({have.end, captured_end, known_end});
    return begin >= end ||
           std::equal(partial.bytes.begin() + begin, partial.bytes.begin() + end,
                      bytes.begin() + static_cast<std::ptrdiff_t>(begin - range.begin));
  });
}

// Adds a range, joined with those that it touches. False when there would be too many.
bool IpReassembly::insert(std::vector<Range>& ranges, Range range) {
  const auto first = std::find_if(ranges.begin(), ranges.end(),
                                  [&](const Range& r) { return r.end >= range.begin; });
  const auto last =
      std::find_if(first, ranges.end(), [&](const Range& r) { return r.begin > range.end; });
  if (first != last) {
    range.begin = std::min(range.begin, first->begin);
    range.end = std::max(range.end, std::prev(last)->end);
    *first = range;
    ranges.erase(std::next(first), last);
    return true;
  }
  if (ranges.size() == kMaxRanges)
    return false;
  ranges.insert(first, range);
  return true;
}

bool IpReassembly::store(Partial& partial, const ip::PacketView& fragment) {
  const std::size_t end = fragment.fragment_offset + fragment.wire_payload_size;
  // RFC 8200 section 4.5: all but the last are multiples of 8 bytes, none goes past 65535.
  if (end > ip::kMaxPacketSize || fragment.wire_payload_size == 0 ||
      (fragment.more_fragments && fragment.wire_payload_size % 8 != 0))
    return false;
  const Range range{fragment.fragment_offset, static_cast<std::uint32_t>(end)};
  const std::uint32_t farthest = partial.ranges.empty() ? 0 : partial.ranges.back().end;
  if (!fragment.more_fragments) {
    if ((partial.total && *partial.total != range.end) || farthest > range.end)
      return false;
    partial.total = range.end;
  }
  if ((partial.total && range.end > *partial.total) || !agrees(partial, range, fragment.payload) ||
      !insert(partial.ranges, range))
    return false;
  if (partial.bytes.size() < range.end)
    partial.bytes.resize(range.end);
  std::copy(fragment.payload.begin(), fragment.payload.end(), partial.bytes.begin() + range.begin);
  if (fragment.payload.size() < fragment.wire_payload_size) {
    const auto cut = static_cast<std::uint32_t>(range.begin + fragment.payload.size());
    partial.cut_at = std::min(partial.cut_at.value_or(cut), cut);
  }
  if (fragment.fragment_offset == 0)
    partial.protocol = fragment.protocol;
  return true;
}

std::optional<IpReassembly::Datagram> IpReassembly::add(const ip::PacketView& fragment,
                                                        std::uint32_t point, Instant at) {
  expire(at);
  const auto partial = find_or_create(fragment, point, at);
  if (partial->refused)
    return std::nullopt;
  if (!store(*partial, fragment)) {
    partial->refused = true;
    partial->bytes = {};
    ++given_up_;
    return std::nullopt;
  }
  const bool complete = partial->total && partial->ranges.size() == 1 &&
                        partial->ranges.front().begin == 0 &&
                        partial->ranges.front().end == *partial->total;
  if (!complete)
    return std::nullopt;
  const std::uint32_t size = *partial->total;
  const std::uint32_t captured = std::min(size, partial->cut_at.value_or(size));
  const std::uint8_t protocol = partial->protocol;
  done_ = std::move(partial->bytes);
  partials_.erase(partial);
  return Datagram{protocol, Bytes(done_).first(captured), size};
}

}  // namespace parley::analyzer

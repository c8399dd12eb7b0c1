#pragma once

// Gives every packet its capture point. One for each interface of each file; where Linux cooked v2
// names the interface of every packet, one for each of those. The same point goes on in a later
// section or file that continues an interface (ring files, captures put together), and two that
// hold one direction each (receive and transmit apart, a tap with two ports) are one point. It
// knows files and addresses; what the packets mean to a call is for others.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "analyzer/capture_file.h"

namespace parley::analyzer {

// Where a packet was captured, as the files have it.
struct CapturePlace {
  std::uint32_t file = 0, interface = 0;
  std::uint32_t device = 0;  // interface index of Linux cooked v2, else 0
  friend auto operator<=>(const CapturePlace&, const CapturePlace&) = default;
};
CapturePlace place_of(std::uint32_t file, const RawPacket& raw);

class CapturePoints {
 public:
  // Packets of each file that are read beforehand to find halves, unless all of its places show
  // both directions earlier.
  static constexpr std::uint64_t kLookedAt = 20'000;
  // Places beyond it share one point.
  static constexpr std::size_t kMaxPlaces = 4096;

  // Which places of these files hold one direction each. Reads their beginning; files that cannot
  // be read twice (standard input, pipes) are left out. Throws CaptureError.
  void find_halves(const std::vector<std::string>& files);
  // The point of a packet of `file`, which is the `number`th of the list. Files go by time;
  // `ended` says which of them have no more packets, or hardly any.
  template <class Ended>
  std::uint32_t of(std::uint32_t number, const CaptureFile& file, const RawPacket& raw,
                   Ended&& ended) {
    const CapturePlace place = place_of(number, raw);
    if (last_ == kUnknown || known_[last_].place != place)
      last_ = index_of(place);
    if (last_ == kUnknown)
      last_ = add(place, file, raw, [&](const Known& k) {
        return k.place.file == number ? k.section < section_of(file, raw) : ended(k.place.file);
      });
    Known& known = known_[last_];
    known.last = raw.at;
    return known.point;
  }
  // The points that packets of a file were at, ascending, with the name of the interface that was
  // the first of each.
  std::vector<std::pair<std::uint32_t, std::string>> points_in(std::uint32_t file) const;

 private:
  // Two sections may give times in different units.
  static constexpr Duration kJitter = std::chrono::milliseconds(1);
  static constexpr std::size_t kUnknown = ~std::size_t{0};

  // What the sections and files that continue an interface have in common with it: its name, and
  // how many of that name stand before it in its section.
  struct Identity {
    std::string name;
    std::uint16_t link_type = 0;
    std::uint32_t rank = 0, device = 0;
    friend bool operator==(const Identity&, const Identity&) = default;
  };
  struct Known {
    CapturePlace place;
    Identity identity;
    std::uint32_t section = 0, point = 0;
    Instant last;
  };

  static std::uint32_t section_of(const CaptureFile& file, const RawPacket& raw);
  static Identity identity_of(const CaptureFile& file, const RawPacket& raw, std::uint32_t device);
  std::size_t index_of(const CapturePlace& place) const;
  template <class Over>
  std::size_t add(const CapturePlace& place, const CaptureFile& file, const RawPacket& raw,
                  Over&& over) {
    if (known_.size() >= kMaxPlaces)
      return kMaxPlaces - 1;
    Known fresh;
    fresh.place = place;
    fresh.identity = identity_of(file, raw, place.device);
    fresh.section = section_of(file, raw);
    const Known* before = nullptr;
    for (const Known& k : known_)
      if (k.identity == fresh.identity && k.last <= raw.at + kJitter && over(k))
        before = &k;
    fresh.point = before != nullptr ? before->point : new_point(place);
    return keep(std::move(fresh));
  }
  std::uint32_t new_point(const CapturePlace& place);
  std::size_t keep(Known fresh);

  std::vector<Known> known_;
  std::map<CapturePlace, std::size_t> index_;
  std::size_t last_ = kUnknown;
  std::map<CapturePlace, CapturePlace> other_half_;
  std::uint32_t next_point_ = 0;
};

}  // namespace parley::analyzer

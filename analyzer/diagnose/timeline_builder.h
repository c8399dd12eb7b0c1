#pragma once

// Collects the entries of a call's timeline, layer by layer: servers and relays in
// timeline_servers.cc, connectivity checks and DTLS in timeline_path.cc, media and the end in
// timeline.cc.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/diagnose/timeline.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {

class TimelineBuilder {
 public:
  TimelineBuilder(const Call& call, const Citation& cite, Instant end)
      : call_(call), cite_(cite), end_(end) {}

  std::vector<TimelineEntry> build();

 private:
  void add(const std::optional<Instant>& at, const std::optional<PacketRef>& packet,
           std::optional<Side> peer, std::string_view layer, std::string what);
  // The entries since the one numbered `first` weigh that much.
  void weigh(std::size_t first, Weight weight);
  void add_stun_servers();
  void add_turn();
  void add_refusals(const TurnAllocation& allocation);
  void add_release(const TurnAllocation& allocation);
  void add_turn_questions();
  void add_checks(const Transport& transport, Side side);
  void add_path(const Transport& transport, Side side);
  void add_up(const Transport& transport, Side side);
  void add_ice_life(const Transport& transport);
  void add_dtls(const Transport& transport);
  void add_dtls_end(const Transport& transport);
  void add_media();
  void add_moves(const Transport& transport, Side side);
  void add_silence(const Transport& transport, Side side);
  void add_last_through(const Transport& transport, Side side, const Pair& pair);
  void add_end();
  // " (transport 1)" when there are several.
  std::string suffix(const Transport& transport) const;

  const Call& call_;
  const Citation& cite_;
  Instant end_;
  std::vector<TimelineEntry> entries_;
};

}  // namespace parley::analyzer

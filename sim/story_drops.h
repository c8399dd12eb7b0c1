#pragma once

// Packets of a call that ended on their way: one line for the first of each kind, with how many
// like it followed. Internal to sim/story*.cc.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "sim/story_network.h"

namespace parley::sim {

struct DropLine {
  std::string who, what;
};

class StoryDrops {
 public:
  StoryDrops(const RunResult& result, const StoryNetwork& network)
      : result_(result), network_(network) {}

  // What to say of the drop that stands at `index` of the records; nothing of one whose like was
  // told before.
  std::optional<DropLine> tell(std::size_t index);

 private:
  // By node, reason, link, sender and protocol.
  using Kind = std::tuple<std::uint32_t, std::string, std::string, std::string, std::string>;

  Kind kind_of(const trace::Record& record, const trace::PacketDropped& event) const;
  std::string sender(const trace::Record& record, const trace::PacketDropped& event) const;
  std::string receiver(const trace::Record& record, const trace::PacketDropped& event) const;
  std::string sent_again(std::size_t index, const trace::PacketDropped& event) const;
  std::string more_like_it(std::size_t index, const Kind& kind) const;

  const RunResult& result_;
  const StoryNetwork& network_;
  std::set<Kind> told_;
};

}  // namespace parley::sim

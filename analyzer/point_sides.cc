#include "analyzer/point_sides.h"

#include <algorithm>
#include <array>

namespace parley::analyzer {

namespace {

// An agent answers a check at once. How soon differs by some milliseconds from one agent, and from
// one check, to the next: only a way that is longer than that shows in it.
constexpr Duration kOwnAnswer = std::chrono::milliseconds(2);
constexpr Duration kBeyondDoubt = std::chrono::milliseconds(5);
constexpr std::uint64_t kEnoughAnswers = 3;

bool is_initial(std::uint8_t hop_limit) {
  constexpr std::array<std::uint8_t, 3> kInitial = {64, 128, 255};
  return std::find(kInitial.begin(), kInitial.end(), hop_limit) != kInitial.end();
}

// The one side that has it.
std::optional<Side> only(const std::array<bool, 2>& has) {
  if (has[0] == has[1])
    return std::nullopt;
  return has[0] ? Side::A : Side::B;
}

}  // namespace

PointSides::PointSides(Pipeline& pipeline, const CallLayout& layout, const AddressBook& book)
    : flows_(pipeline.flows()), ice_(pipeline.ice()), turn_(pipeline.turn()), book_(book) {
  for (const FlowUse& use : layout.flows)
    for (const Side side : {Side::A, Side::B})
      if (flows_[use.flow].key.carrier != kNone)
        look_at_turn(use, side);
      else
        look_at_flow(use, side);
  for (const PairSet& set : layout.pairs) {
    look_at_checks(set);
    look_at_order(set);
  }
  for (const auto& [point, clues] : clues_)
    if (const std::optional<PointSide> side = decide(clues))
      sides_.emplace(point, *side);
}

std::optional<PointSide> PointSides::at(PointId point) const {
  const auto it = sides_.find(point);
  return it == sides_.end() ? std::nullopt : std::optional(it->second);
}

bool PointSides::is_of(PointId point, Side side) const {
  const auto it = sides_.find(point);
  return it != sides_.end() && it->second.side == side;
}

bool PointSides::sees_socket(Side side) const {
  return std::any_of(sides_.begin(), sides_.end(), [&](const auto& point) {
    return point.second.side == side && point.second.own_socket;
  });
}

void PointSides::look_at_flow(const FlowUse& use, Side side) {
  const FlowRecord& flow = flows_[use.flow];
  const Direction direction = direction_of(use, side);
  const Endpoint& socket = flow.source(direction);
  Clues& here = clues_[flow.key.point];
  const std::size_t s = index_of(side);
  here.heard[s] = here.heard[s] || flow.directions[direction].packets() > 0;
  if (book_.is_relayed(socket) || book_.is_turn_server(socket.address)) {
    here.relayed[s] = here.relayed[s] || flow.directions[direction].packets() > 0;
    return;
  }
  here.asks[s] = here.asks[s] || book_.asks_servers(flow.key.point, socket.address);
  if (const auto* outside = book_.seen_by_servers(flow.key.point, socket))
    here.natted[s] = here.natted[s] || outside->front() != socket;
}

// Inside TURN the client of the allocation is one of the two sides.
void PointSides::look_at_turn(const FlowUse& use, Side side) {
  const FlowRecord& flow = flows_[use.flow];
  const FlowRecord& outer = flows_[flow.key.carrier];
  const AllocationSeen& allocation = turn_[outer.turn];
  const Endpoint& client = outer.source(allocation.to_server);
  if (flow.source(direction_of(use, side)) != allocation.relayed.value_or(client))
    return;
  Clues& here = clues_[flow.key.point];
  here.asks[index_of(side)] = true;
  if (allocation.mapped && *allocation.mapped != client)
    here.natted[index_of(side)] = true;
}

void PointSides::look_at_checks(const PairSet& set) {
  for (const PathId id : set.paths) {
    const CheckPath& path = ice_.paths()[id];
    const FlowRecord& flow = flows_[path.flow];
    Clues& here = clues_[flow.key.point];
    const std::size_t s = index_of(set.side);
    const std::size_t answering = index_of(other(set.side));
    if (path.fastest_answer) {
      std::optional<Duration>& fastest = here.fastest_answer[answering];
      fastest = std::min(fastest.value_or(*path.fastest_answer), *path.fastest_answer);
      here.answers[answering] += path.successes;
    }
    const Endpoint& base = flow.source(path.direction);
    if (flow.key.carrier != kNone || book_.is_relayed(base) || book_.is_turn_server(base.address))
      continue;
    if (!path.mapped.empty() && path.mapped.back().address != base)
      here.natted[s] = true;
    if (path.hop_limit > 0)
      (is_initial(path.hop_limit) ? here.unrouted : here.routed)[s] = true;
  }
}

// The same checks at several points.
void PointSides::look_at_order(const PairSet& set) {
  const PointId nearest = flows_[ice_.paths()[set.nearest].flow].key.point;
  const std::size_t s = index_of(set.side);
  for (const PathId id : set.paths) {
    const PointId point = flows_[ice_.paths()[id].flow].key.point;
    if (point == nearest)
      continue;
    clues_[nearest].seen_first[s] = true;
    clues_[point].seen_later[s] = true;
  }
}

// It is the first of all points for one side, and a later one for the other.
std::optional<Side> PointSides::by_order(const Clues& clues) {
  for (const Side side : {Side::A, Side::B}) {
    const std::size_t s = index_of(side);
    const std::size_t o = index_of(other(side));
    if (clues.seen_first[s] && !clues.seen_later[s] && clues.seen_later[o] && !clues.seen_first[o])
      return side;
  }
  return std::nullopt;
}

// No router stands between it and one side, and some router between it and the other.
std::optional<Side> PointSides::by_hops(const Clues& clues) {
  for (const Side side : {Side::A, Side::B}) {
    const std::size_t s = index_of(side);
    const std::size_t o = index_of(other(side));
    if (clues.unrouted[s] && !clues.routed[s] && clues.routed[o] && !clues.unrouted[o])
      return side;
  }
  return std::nullopt;
}

std::optional<Side> PointSides::by_answers(const Clues& clues) {
  if (std::min(clues.answers[0], clues.answers[1]) < kEnoughAnswers)
    return std::nullopt;
  for (const Side side : {Side::A, Side::B}) {
    const auto& own = clues.fastest_answer[index_of(side)];
    const auto& theirs = clues.fastest_answer[index_of(other(side))];
    if (own && theirs && *own < kOwnAnswer && *theirs >= *own + kBeyondDoubt)
      return side;
  }
  return std::nullopt;
}

std::optional<PointSide> PointSides::decide(const Clues& clues) {
  // What reached an agent shows at its socket, too, unless the capture lacks that direction.
  const auto unrouted = [&](Side side) {
    return clues.unrouted[index_of(side)] && !clues.routed[index_of(side)] && clues.heard[0] &&
           clues.heard[1];
  };
  if (const std::optional<Side> side = only(clues.natted))
    return PointSide{*side, false, true};
  const std::optional<Side> order = by_order(clues);
  const std::optional<Side> answers = by_answers(clues);
  // A point of a network that both sides are in is not told from another by hop limits.
  const std::optional<Side> hops = order ? std::nullopt : by_hops(clues);
  std::array<bool, 2> inferred{};
  for (const std::optional<Side>& clue : {order, answers, hops})
    if (clue)
      inferred[index_of(*clue)] = true;
  // Beside a TURN server both legs of a relayed path pass.
  const std::optional<Side> asking = only(clues.asks);
  if (asking && !clues.relayed[index_of(*asking)]) {
    if (inferred[index_of(other(*asking))])
      return std::nullopt;
    return PointSide{*asking, false, unrouted(*asking)};
  }
  const std::optional<Side> side = only(inferred);
  if (!side)
    return std::nullopt;
  return PointSide{*side, true, answers == side || unrouted(*side)};
}

}  // namespace parley::analyzer

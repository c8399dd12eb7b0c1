#pragma once

// Whose side of the network each capture point of a call stands on. Decided once, from the best
// evidence that there is, and used for all that follows from it: what of a stream was sent, arrived
// or lost, whose round-trip times are true, when an agent was connected. In this order:
//
// - the point is inside one side's NAT, and not inside the other's;
// - one side's questions to its STUN and TURN servers pass it, and none of the other's do;
// - then inferred, unless these disagree: the order in which two points see the checks of both
//   sides, hop limits, and how soon a side answers (of several answers only).
//
// Where none of them tells, the side is not known.

#include <array>
#include <map>
#include <optional>

#include "analyzer/address_book.h"
#include "analyzer/call_layout.h"

namespace parley::analyzer {

struct PointSide {
  Side side = Side::A;
  bool inferred = false;
  // Beside the agent itself, so that packets pass as it sends and receives them; else between its
  // NAT or router and the other side.
  bool own_socket = false;
};

class PointSides {
 public:
  PointSides(Pipeline& pipeline, const CallLayout& layout, const AddressBook& book);

  // Empty: not known.
  std::optional<PointSide> at(PointId point) const;
  bool is_of(PointId point, Side side) const;
  // Some point stands beside the agent itself.
  bool sees_socket(Side side) const;

 private:
  // What speaks for each side at one point.
  struct Clues {
    std::array<bool, 2> heard{}, natted{}, asks{}, relayed{};
    // Of its packets that no TURN server passed on.
    std::array<bool, 2> unrouted{}, routed{};
    std::array<bool, 2> seen_first{}, seen_later{};
    std::array<std::optional<Duration>, 2> fastest_answer;
    std::array<std::uint64_t, 2> answers{};
  };

  void look_at_flow(const FlowUse& use, Side side);
  void look_at_turn(const FlowUse& use, Side side);
  void look_at_checks(const PairSet& set);
  void look_at_order(const PairSet& set);
  static std::optional<Side> by_order(const Clues& clues);
  static std::optional<Side> by_hops(const Clues& clues);
  static std::optional<Side> by_answers(const Clues& clues);
  static std::optional<PointSide> decide(const Clues& clues);

  FlowTable& flows_;
  IceTracker& ice_;
  TurnTracker& turn_;
  const AddressBook& book_;
  std::map<PointId, Clues> clues_;
  std::map<PointId, PointSide> sides_;
};

}  // namespace parley::analyzer

#pragma once

// From a pair's paths to the Pair of the model: addresses as the agent's nearest capture point
// shows them, types only as far as packets tell. RFC 8445 sections 5.1 (candidate types), 7.2.5.3.1
// and 7.3.1.3 (how peer-reflexive ones are found).

#include "analyzer/address_book.h"
#include "analyzer/call_layout.h"
#include "analyzer/point_sides.h"

namespace parley::analyzer {

class PairBuilder {
 public:
  PairBuilder(Pipeline& pipeline, const CallLayout& layout, const AddressBook& book,
              const PointSides& sides)
      : flows_(pipeline.flows()),
        ice_(pipeline.ice()),
        turn_(pipeline.turn()),
        layout_(layout),
        book_(book),
        sides_(sides),
        end_(pipeline.end()) {}

  Pair build(const PairSet& set) const;
  // The candidate that getStats would name: with a NAT in between, its outside address.
  SelectedPair selected(const PairSet& set) const;
  // The agent's own checks in the other direction of the same route, or nullptr.
  const PairSet* reverse_of(const PairSet& set) const;
  // True when the point nearest to the agent stands beside it: its packets pass there as it sends
  // and receives them.
  bool sees_own_socket(const PairSet& set) const;
  // And that is inferred.
  bool may_see_own_socket(const PairSet& set) const;

 private:
  const CheckPath& nearest(const PairSet& set) const { return ice_.paths()[set.nearest]; }
  Candidate local(const PairSet& set) const;
  Candidate remote(const PairSet& set) const;
  void infer_remote_type(const PairSet& set, Candidate& candidate) const;
  // The peer's check came from that address before this agent's first check went there: the agent
  // may have learnt it from that check.
  bool is_unknown_relay(const CheckPath& path) const;
  const CheckPath* heard_before(const PairSet& set) const;
  bool answered_first(const PairSet& set) const;
  std::optional<Endpoint> outside_of_remote(const PairSet& set) const;
  void fill_counts(const PairSet& set, Pair& pair) const;
  // `shares`: of the sums of one path.
  template <class Shares>
  std::vector<SeenAt> by_point(const PairSet& set, Shares&& shares) const;
  void fill_lost(const PairSet& set, Pair& pair) const;
  const Sighting* nominating_check(const PairSet& set) const;
  void fill_story(const PairSet& set, Pair& pair) const;
  void fill_state(const PairSet& set, Pair& pair) const;
  bool gave_up(const PairSet& set, const Pair& pair) const;
  std::optional<Endpoint> mapped_of(const PairSet& set) const;
  bool behind_nat(const CheckPath& path) const;
  bool is_public_host(const PairSet& set) const;

  FlowTable& flows_;
  IceTracker& ice_;
  TurnTracker& turn_;
  const CallLayout& layout_;
  const AddressBook& book_;
  const PointSides& sides_;
  Instant end_;
};

}  // namespace parley::analyzer

#pragma once

// Who is who in a call: the way between the two peers, their names, and which peer stands behind an
// endpoint that a NAT or a packet shows. Internal to sim/story*.cc.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/call_scope.h"
#include "sim/run.h"
#include "sim/scenario.h"

namespace parley::sim {

class StoryNetwork {
 public:
  StoryNetwork(const Scenario& scenario, const RunResult& result, const RunCall& call);

  // The nodes from the offerer to the answerer, both included; empty when no path was found.
  const std::vector<std::uint32_t>& path() const { return path_; }
  // 0 for the offerer, 1 for the answerer.
  std::optional<std::size_t> side_of(trace::ActorId actor) const { return scope_.side_of(actor); }
  // Who stands behind an endpoint that a NAT names on its inside, and on its outside.
  std::optional<std::size_t> owner_inside(trace::ActorId nat, const Endpoint& seen) const {
    return scope_.owner(domains_->of(nat), seen);
  }
  std::optional<std::size_t> owner_outside(trace::ActorId nat, const Endpoint& seen) const {
    return scope_.owner(domains_->outside(nat), seen);
  }
  // Whom a packet of this peer reaches under an address.
  std::optional<std::size_t> reached(trace::ActorId peer, const Endpoint& address) const {
    return scope_.owner(domains_->of(peer), address);
  }
  std::optional<std::size_t> sender(const trace::Record& record,
                                    const trace::PacketDropped& event) const {
    return scope_.sender(record.actor, event);
  }
  std::optional<std::size_t> receiver(const trace::Record& record,
                                      const trace::PacketDropped& event) const {
    return scope_.receiver(record.actor, event);
  }
  bool concerns(const trace::Record& record) const { return scope_.concerns(record); }
  const std::string& name(std::size_t side) const;
  const std::string& node(trace::ActorId actor) const { return (*nodes_)[actor.value()]; }
  NatBehavior filtering(trace::ActorId nat) const {
    return scenario_->nodes[nat.value()].nat.filtering;
  }
  // Of a NAT on the way: the peer on its inside.
  std::optional<std::size_t> inside_of(std::uint32_t node) const {
    const auto at = nat_sides_.find(node);
    return at == nat_sides_.end() ? std::nullopt : std::optional(at->second);
  }
  bool is_stun_server(const Endpoint& endpoint) const;
  // "alice 192.168.0.204 - home-a 198.51.100.1 - internet - 198.51.100.2 home-b - 10.0.0.7 bob"
  std::string drawing() const;

 private:
  void find_path();
  std::string step(std::size_t index) const;

  const Scenario* scenario_;
  const std::vector<std::string>* nodes_;
  std::array<trace::ActorId, 2> peers_;
  std::vector<std::uint32_t> path_;
  std::map<std::uint32_t, std::size_t> nat_sides_;  // by node: the peer on its inside
  const Domains* domains_;
  CallScope scope_;
};

}  // namespace parley::sim

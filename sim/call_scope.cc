#include "sim/call_scope.h"

#include <algorithm>
#include <type_traits>
#include <variant>

namespace parley::sim {

CallScope::CallScope(const RunResult& result, const RunCall& call)
    : domains_(&result.domains), peers_(call.peers) {
  // In the order of the run: a mapping's inside is known before the mapping of the next NAT.
  for (const trace::Record& record : result.records) {
    if (const auto* candidate = std::get_if<trace::IceCandidate>(&record.event)) {
      const std::optional<std::size_t> side = side_of(record.actor);
      if (side && !candidate->remote)
        owners_.emplace(std::pair(domains_->of(record.actor), candidate->base), *side);
    } else if (const auto* mapping = std::get_if<trace::NatMapping>(&record.event)) {
      const std::optional<std::size_t> side = owner(domains_->of(record.actor), mapping->inside);
      if (side && mapping->what == "created")
        owners_[{domains_->outside(record.actor), mapping->outside}] = *side;
    }
  }
}

std::optional<std::size_t> CallScope::side_of(trace::ActorId actor) const {
  for (std::size_t side = 0; side < peers_.size(); ++side)
    if (peers_[side] == actor)
      return side;
  return std::nullopt;
}

std::optional<std::size_t> CallScope::owner(DomainId domain, const Endpoint& seen) const {
  // As packets go: what a domain does not know is beyond its NATs.
  std::vector<DomainId> domains{domain};
  for (std::size_t i = 0; i < domains.size(); ++i) {
    if (const auto at = owners_.find({domains[i], seen}); at != owners_.end())
      return at->second;
    for (const DomainId next : domains_->around(domains[i]))
      if (std::find(domains.begin(), domains.end(), next) == domains.end())
        domains.push_back(next);
  }
  return std::nullopt;
}

std::optional<std::size_t> CallScope::sender(trace::ActorId node,
                                             const trace::PacketDropped& event) const {
  return owner(domains_->of_drop(node, event), event.source);
}

std::optional<std::size_t> CallScope::receiver(trace::ActorId node,
                                               const trace::PacketDropped& event) const {
  return owner(domains_->of_drop(node, event), event.destination);
}

bool CallScope::concerns(const trace::Record& record) const {
  if (side_of(record.actor))
    return true;
  return std::visit(
      [&](const auto& event) {
        using Event = std::decay_t<decltype(event)>;
        if constexpr (std::is_same_v<Event, trace::NatMapping> ||
                      std::is_same_v<Event, trace::NatPermission> ||
                      std::is_same_v<Event, trace::NatAdmitted>)
          return owner(domains_->of(record.actor), event.inside).has_value();
        else if constexpr (std::is_same_v<Event, trace::PacketDropped>)
          return sender(record.actor, event).has_value() ||
                 receiver(record.actor, event).has_value();
        else
          return false;
      },
      record.event);
}

std::vector<trace::Record> records_of_call(const RunResult& result, const RunCall& call) {
  const CallScope scope(result, call);
  std::vector<trace::Record> records;
  for (const trace::Record& record : result.records)
    if (scope.concerns(record))
      records.push_back(record);
  return records;
}

}  // namespace parley::sim

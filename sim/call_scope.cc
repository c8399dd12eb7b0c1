#include "sim/call_scope.h"

#include <type_traits>
#include <variant>

namespace parley::sim {

CallScope::CallScope(const std::vector<trace::Record>& records, const RunCall& call)
    : peers_(call.peers) {
  // In the order of the run: a mapping's inside is known before the mapping of the next NAT.
  for (const trace::Record& record : records) {
    if (const auto* candidate = std::get_if<trace::IceCandidate>(&record.event)) {
      const std::optional<std::size_t> side = side_of(record.actor);
      if (side && !candidate->remote)
        owners_.emplace(candidate->base, *side);
    } else if (const auto* mapping = std::get_if<trace::NatMapping>(&record.event)) {
      const std::optional<std::size_t> side = owner(mapping->inside);
      if (side && mapping->what == "created")
        owners_[mapping->outside] = *side;
    }
  }
}

std::optional<std::size_t> CallScope::side_of(trace::ActorId actor) const {
  for (std::size_t side = 0; side < peers_.size(); ++side)
    if (peers_[side] == actor)
      return side;
  return std::nullopt;
}

std::optional<std::size_t> CallScope::owner(const Endpoint& seen) const {
  const auto at = owners_.find(seen);
  return at == owners_.end() ? std::nullopt : std::optional(at->second);
}

bool CallScope::concerns(const trace::Record& record) const {
  if (side_of(record.actor))
    return true;
  return std::visit(
      [this](const auto& event) {
        using Event = std::decay_t<decltype(event)>;
        if constexpr (std::is_same_v<Event, trace::NatMapping> ||
                      std::is_same_v<Event, trace::NatPermission> ||
                      std::is_same_v<Event, trace::NatAdmitted>)
          return owner(event.inside).has_value();
        else if constexpr (std::is_same_v<Event, trace::PacketDropped>)
          return owner(event.source).has_value() || owner(event.destination).has_value();
        else
          return false;
      },
      record.event);
}

std::vector<trace::Record> records_of_call(const RunResult& result, const RunCall& call) {
  const CallScope scope(result.records, call);
  std::vector<trace::Record> records;
  for (const trace::Record& record : result.records)
    if (scope.concerns(record))
      records.push_back(record);
  return records;
}

}  // namespace parley::sim

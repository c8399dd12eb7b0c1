#pragma once

// Which records of a run belong to one of its calls: those of its two peers, and those of the
// network that are about their packets. Reads records; knows no text.

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/run.h"
#include "stack/base/address.h"
#include "stack/trace/record.h"

namespace parley::sim {

class CallScope {
 public:
  // `result` outlives the scope.
  CallScope(const RunResult& result, const RunCall& call);

  // 0 for the offerer, 1 for the answerer.
  std::optional<std::size_t> side_of(trace::ActorId actor) const;
  // Which peer stands behind this endpoint, seen in that domain: it is its own, or that of a
  // mapping which its packets made at any NAT.
  std::optional<std::size_t> owner(DomainId domain, const Endpoint& seen) const;
  // Who sent a packet that ended somewhere, and to whom it was addressed there.
  std::optional<std::size_t> sender(trace::ActorId node, const trace::PacketDropped& event) const;
  std::optional<std::size_t> receiver(trace::ActorId node, const trace::PacketDropped& event) const;
  bool concerns(const trace::Record& record) const;

 private:
  const Domains* domains_;
  std::array<trace::ActorId, 2> peers_;
  std::map<std::pair<DomainId, Endpoint>, std::size_t> owners_;
};

// In the order of the run.
std::vector<trace::Record> records_of_call(const RunResult& result, const RunCall& call);

}  // namespace parley::sim

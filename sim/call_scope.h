#pragma once

// Which records of a run belong to one of its calls: those of its two peers, and those of the
// network that are about their packets. Reads records; knows no text.

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "sim/run.h"
#include "stack/base/address.h"
#include "stack/trace/record.h"

namespace parley::sim {

class CallScope {
 public:
  CallScope(const std::vector<trace::Record>& records, const RunCall& call);

  // 0 for the offerer, 1 for the answerer.
  std::optional<std::size_t> side_of(trace::ActorId actor) const;
  // Which peer the world sees under this endpoint: its own, or that of a mapping which its packets
  // made at any NAT.
  std::optional<std::size_t> owner(const Endpoint& seen) const;
  bool concerns(const trace::Record& record) const;

 private:
  std::array<trace::ActorId, 2> peers_;
  std::map<Endpoint, std::size_t> owners_;
};

// In the order of the run.
std::vector<trace::Record> records_of_call(const RunResult& result, const RunCall& call);

}  // namespace parley::sim

#pragma once

// Where an address has a meaning. A NAT divides the world into routing domains (the internet, each
// home); two homes may use the same addresses, so who stands behind an endpoint depends on the
// domain in which it is seen.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/scenario.h"
#include "stack/trace/record.h"

namespace parley::sim {

struct Topology;

using DomainId = std::uint32_t;

class Domains {
 public:
  Domains() = default;
  Domains(const Scenario& scenario, const Topology& topology);

  // The domain that a node stands in; of a NAT the one on its inside.
  DomainId of(trace::ActorId node) const { return nodes_[node.value()].own; }
  // Where its packets go: of a NAT the domain on its outside.
  DomainId outside(trace::ActorId node) const { return nodes_[node.value()].outside; }
  // The domain in which the addresses of a packet that ended at `node` were read.
  DomainId of_drop(trace::ActorId node, const trace::PacketDropped& event) const;
  // Where a domain's NATs lead: what the domain itself does not know is there.
  const std::vector<DomainId>& around(DomainId domain) const;

 private:
  struct Place {
    DomainId own = 0, outside = 0;
    std::vector<IpAddress> outside_addresses;  // of a NAT
  };
  std::vector<Place> nodes_;  // by actor
  std::map<std::string, DomainId> links_;
  std::map<DomainId, std::vector<DomainId>> around_;
};

}  // namespace parley::sim

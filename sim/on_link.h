#pragma once

// Which destinations a node takes for neighbours: those of the prefixes of its own addresses. It
// asks for them on the link (ARP, RFC 826; Neighbor Discovery, RFC 4861 section 5.2) instead of
// handing them to a router. Whoever has such an address in the same network is found; what nobody
// has ends there, and no route out of the network is tried.

#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sim/scenario.h"

namespace parley::sim {

using AddressSet = std::unordered_set<IpAddress>;

class OnLink {
 public:
  // Nothing is on link: every destination goes to the next hop.
  OnLink() = default;
  // `present`: the addresses of the network that the prefixes belong to.
  OnLink(const std::vector<InterfaceAddress>& own, std::shared_ptr<const AddressSet> present);

  // A neighbour by its prefix, and nobody has the address. A route with a prefix of `route` bits
  // wins over what is on link with as many bits, or less.
  bool nobody(const IpAddress& destination, unsigned route = 0) const;

 private:
  std::vector<std::pair<IpAddress, unsigned>> prefixes_;
  std::shared_ptr<const AddressSet> present_;
};

}  // namespace parley::sim

#include "sim/on_link.h"

#include <algorithm>

namespace parley::sim {

OnLink::OnLink(const std::vector<InterfaceAddress>& own, std::shared_ptr<const AddressSet> present)
    : present_(std::move(present)) {
  prefixes_.reserve(own.size());
  for (const InterfaceAddress& a : own)
    prefixes_.emplace_back(a.address, a.prefix);
}

bool OnLink::nobody(const IpAddress& destination, unsigned route) const {
  const bool is_neighbour =
      std::any_of(prefixes_.begin(), prefixes_.end(), [&](const auto& prefix) {
        return prefix.second > route && destination.in_prefix(prefix.first, prefix.second);
      });
  return is_neighbour && !present_->contains(destination);
}

}  // namespace parley::sim

#include "analyzer/address_book.h"

#include <algorithm>

namespace parley::analyzer {

AddressBook::AddressBook(Pipeline& pipeline) {
  for (const CheckPath& path : pipeline.ice().paths()) {
    if (path.session != kNone)
      continue;
    const FlowRecord& flow = pipeline.flows()[path.flow];
    servers_.insert(flow.destination(path.direction));
    clients_.emplace(flow.key.point, flow.source(path.direction).address);
    for (const MappedAddress& mapped : path.mapped)
      add(flow.key.point, flow.source(path.direction), mapped.address);
  }
  for (std::uint32_t i = 0; i < pipeline.turn().size(); ++i) {
    const AllocationSeen& a = pipeline.turn()[i];
    const FlowRecord& flow = pipeline.flows()[a.flow];
    servers_.insert(flow.destination(a.to_server));
    clients_.emplace(flow.key.point, flow.source(a.to_server).address);
    if (a.relayed) {
      relayed_.insert(*a.relayed);
      turn_servers_.insert(flow.destination(a.to_server).address);
      turn_servers_.insert(a.relayed->address);
    }
    // Over TCP the mapped address is that of the connection: no UDP candidate.
    if (a.mapped && flow.key.protocol == TransportProtocol::Udp)
      add(flow.key.point, flow.source(a.to_server), *a.mapped);
  }
}

void AddressBook::add(std::uint32_t point, const Endpoint& socket, const Endpoint& outside) {
  std::vector<Endpoint>& list = mapped_[{point, socket}];
  if (std::find(list.begin(), list.end(), outside) == list.end())
    list.push_back(outside);
  outside_.insert(outside);
}

const std::vector<Endpoint>* AddressBook::seen_by_servers(std::uint32_t point,
                                                          const Endpoint& socket) const {
  const auto it = mapped_.find({point, socket});
  return it == mapped_.end() ? nullptr : &it->second;
}

}  // namespace parley::analyzer

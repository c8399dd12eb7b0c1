#include "sim/story_network.h"

#include <algorithm>
#include <deque>

#include "sim/topology.h"

namespace parley::sim {

StoryNetwork::StoryNetwork(const Scenario& scenario, const RunResult& result, const RunCall& call)
    : scenario_(&scenario),
      nodes_(&result.nodes),
      peers_(call.peers),
      domains_(&result.domains),
      scope_(result, call) {
  find_path();
}

void StoryNetwork::find_path() {
  const Topology topology = build_topology(*scenario_);
  constexpr std::uint32_t kUnseen = ~std::uint32_t{0};
  const std::uint32_t start = peers_[0].value();
  const std::uint32_t goal = peers_[1].value();
  std::vector<std::uint32_t> previous(scenario_->nodes.size(), kUnseen);
  std::deque<std::uint32_t> queue{start};
  previous[start] = start;
  while (!queue.empty() && previous[goal] == kUnseen) {
    const std::uint32_t node = queue.front();
    queue.pop_front();
    for (const TopologyPort& port : topology.nodes[node].ports) {
      const std::uint32_t next = scenario_->links[port.link].ends[1 - port.end].node;
      if (previous[next] != kUnseen)
        continue;
      previous[next] = node;
      queue.push_back(next);
    }
  }
  if (previous[goal] == kUnseen)
    return;
  for (std::uint32_t node = goal; node != start; node = previous[node])
    path_.push_back(node);
  path_.push_back(start);
  std::reverse(path_.begin(), path_.end());
  for (std::size_t i = 1; i + 1 < path_.size(); ++i)
    for (const TopologyPort& port : topology.nodes[path_[i]].ports) {
      const std::uint32_t neighbour = scenario_->links[port.link].ends[1 - port.end].node;
      if (port.side == NatSide::Inside && neighbour == path_[i - 1])
        nat_sides_.emplace(path_[i], 0);
      else if (port.side == NatSide::Inside && neighbour == path_[i + 1])
        nat_sides_.emplace(path_[i], 1);
    }
}

const std::string& StoryNetwork::name(std::size_t side) const {
  return (*nodes_)[peers_[side].value()];
}

bool StoryNetwork::is_stun_server(const Endpoint& endpoint) const {
  return std::any_of(scenario_->calls.begin(), scenario_->calls.end(), [&](const CallSpec& call) {
    return std::any_of(call.peers.begin(), call.peers.end(), [&](const PeerSpec& peer) {
      return std::find(peer.stun_servers.begin(), peer.stun_servers.end(), endpoint) !=
             peer.stun_servers.end();
    });
  });
}

// A NAT shows its outside address on the side that looks outside.
std::string StoryNetwork::step(std::size_t index) const {
  const NodeSpec& node = scenario_->nodes[path_[index]];
  if (node.kind == NodeKind::Nat) {
    const std::string outside = to_string(node.outside.front().address);
    const auto side = nat_sides_.find(path_[index]);
    return side != nat_sides_.end() && side->second == 1 ? outside + " " + node.name
                                                         : node.name + " " + outside;
  }
  if (node.kind != NodeKind::Host)
    return node.name;
  const std::string address = to_string(node.addresses.front().address);
  return index == 0 ? node.name + " " + address : address + " " + node.name;
}

std::string StoryNetwork::drawing() const {
  std::string text;
  for (std::size_t i = 0; i < path_.size(); ++i)
    text += (text.empty() ? "" : " - ") + step(i);
  return text;
}

}  // namespace parley::sim

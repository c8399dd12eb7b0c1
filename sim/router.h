#pragma once

// A router: looks up the destination, counts the hop (RFC 1812 section 5.3.1), forwards. What it
// has no route for ends here without an ICMP error, as on the internet, where they are often
// filtered.

#include <string>
#include <vector>

#include "sim/topology.h"
#include "sim/world.h"

namespace parley::sim {

class Router final : public Node {
 public:
  Router(NodeId id, std::string name, std::vector<IpAddress> addresses, RoutingTable routes,
         OnLink neighbours = {});

  void on_packet(World& world, PortId port, PacketId packet) override;
  void on_wake(World& /*world*/) override {}

 private:
  NodeId id_;
  std::string name_;
  std::vector<IpAddress> addresses_;
  RoutingTable routes_;
  OnLink neighbours_;
};

}  // namespace parley::sim

#pragma once

// A NAT: a router with one way out that translates what passes it (RFC 4787), errors of ICMP
// included (RFC 5508 section 4). The table decides; this node rewrites packets, says what happened
// and removes mappings on time. UDP only: what else comes is dropped.

#include <string>
#include <vector>

#include "sim/nat_table.h"
#include "sim/topology.h"
#include "sim/world.h"
#include "stack/wire/ip.h"

namespace parley::sim {

struct NatSetup {
  NodeId id;
  std::string name;
  std::vector<IpAddress> inside, outside;  // its own addresses
  NatPolicy policy;
  std::vector<bool> port_is_inside;  // by port
  PortId outside_port;
  RoutingTable inside_routes;
  OnLink inside_neighbours, outside_neighbours;
  PointId inside_point = kNoPoint, outside_point = kNoPoint;
};

class Nat final : public Node {
 public:
  Nat(NatSetup setup, const SeededRandom& random);

  void on_packet(World& world, PortId port, PacketId packet) override;
  void on_wake(World& world) override;

 private:
  void expire(World& world);
  void from_inside(World& world, PacketId packet, const ip::PacketView& view);
  void from_outside(World& world, PacketId packet, const ip::PacketView& view);
  void translate_out(World& world, PacketId packet);
  void translate_in(World& world, PacketId packet);
  void error_out(World& world, PacketId packet, const ip::PacketView& view);
  void error_in(World& world, PacketId packet, const ip::PacketView& view);
  // Counts the hop; false: the packet is gone.
  bool count_hop(World& world, PacketId packet);
  void send_out(World& world, PacketId packet);
  void send_in(World& world, PacketId packet, const IpAddress& destination);
  void drop(World& world, PacketId packet, std::string reason, const std::string& why);
  void report(World& world, const NatOutbound& result, const Endpoint& inside,
              const Endpoint& remote);

  NatSetup setup_;
  NatTable table_;
};

}  // namespace parley::sim

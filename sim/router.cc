#include "sim/router.h"

#include <algorithm>
#include <utility>

#include "stack/wire/ip.h"

namespace parley::sim {

Router::Router(NodeId id, std::string name, std::vector<IpAddress> addresses, RoutingTable routes,
               OnLink neighbours)
    : id_(id),
      name_(std::move(name)),
      addresses_(std::move(addresses)),
      routes_(std::move(routes)),
      neighbours_(std::move(neighbours)) {}

void Router::on_packet(World& world, PortId /*port*/, PacketId packet) {
  ByteBuffer& bytes = world.packet(packet).bytes;
  const Result<ip::PacketView> view = ip::PacketView::decode(bytes);
  if (!view) {
    world.drop(id_, packet, "malformed", "dropped at " + name_ + ": no IP packet");
    return;
  }
  const IpAddress destination = view->destination;
  if (std::find(addresses_.begin(), addresses_.end(), destination) != addresses_.end()) {
    world.drop(id_, packet, "no-socket", "dropped at " + name_ + ": nobody listens here");
    return;
  }
  if (neighbours_.nobody(destination, routes_.length(destination))) {
    world.drop(id_, packet, "no-neighbor",
               "dropped at " + name_ + ": nobody has the address " + to_string(destination));
    return;
  }
  const std::optional<PortId> out = routes_.find(destination);
  if (!out) {
    world.drop(id_, packet, "no-route",
               "dropped at " + name_ + ": no route to " + to_string(destination));
    return;
  }
  if (!ip::decrement_ttl(bytes)) {
    world.drop(id_, packet, "ttl-exceeded", "dropped at " + name_ + ": too many hops");
    return;
  }
  world.transmit(id_, *out, packet);
}

}  // namespace parley::sim

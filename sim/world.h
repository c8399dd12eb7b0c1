#pragma once

// The simulated world: nodes, the links between their ports, one clock, one seed. Owns every node
// and packet; moves packets from port to port and wakes nodes up in the total order of the
// scheduler. Deliberately does not know what a node is.

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sim/link.h"
#include "sim/scheduler.h"
#include "sim/tap.h"
#include "stack/base/random.h"
#include "stack/trace/record.h"

namespace parley::sim {

class World;

// Anything in the simulated world: host, NAT, router.
class Node {
 public:
  virtual ~Node() = default;
  // The packet is the node's now: it transmits, drops or consumes it.
  virtual void on_packet(World& world, PortId port, PacketId packet) = 0;
  virtual void on_wake(World& world) = 0;
};

// A limit of the scenario was exceeded; what() says which.
class LimitExceeded : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct WorldLimits {
  std::uint64_t events = ~std::uint64_t{0};
  std::uint64_t packets = ~std::uint64_t{0};
};

class World {
 public:
  // Both outlive the world; `tap` may be null.
  World(std::uint64_t seed, WorldLimits limits, trace::Sink& sink, Tap* tap);

  // Node ids count from 0 and are the trace's actor ids.
  NodeId add(std::unique_ptr<Node> node);
  // Takes the next free port of each. The directions draw from generators of their own, named after
  // the link.
  void connect(const std::string& link, NodeId a, NodeId b, const LinkConfig& forward,
               const LinkConfig& backward);

  Instant now() const { return scheduler_.now(); }
  trace::Sink& sink() { return *sink_; }
  // The generator of one node (or link), by name.
  SeededRandom random(std::string_view name) const { return {seed_, name}; }
  void emit(NodeId node, trace::Event event);

  void wake(NodeId node, Instant at) { scheduler_.wake(node, at); }

  // A packet that its sender fills.
  PacketId make_packet();
  Packet& packet(PacketId id) { return pool_[id]; }
  void transmit(NodeId from, PortId port, PacketId packet);
  // The packet ends at `at` against its sender's will; `comment` is for the capture.
  void drop(NodeId at, PacketId packet, std::string reason, std::string_view comment,
            std::string place = {});
  // The packet has arrived.
  void consume(PacketId packet);
  void sight(PointId point, PacketId packet);
  Tap* tap() { return tap_; }

  // Handles every event up to and including `end`, then moves the clock there.
  void run_until(Instant end);

  std::uint64_t events() const { return events_; }
  std::uint64_t packets() const { return packets_; }

 private:
  struct Port {
    NodeId peer;
    PortId peer_port;
    std::uint32_t direction = 0;  // index in directions_
    std::uint32_t link = 0;       // index in link_names_
  };

  std::uint64_t seed_;
  WorldLimits limits_;
  trace::Sink* sink_;
  Tap* tap_;
  Scheduler scheduler_;
  PacketPool pool_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::vector<Port>> ports_;  // by node
  std::vector<LinkDirection> directions_;
  std::vector<std::string> link_names_;
  std::uint64_t events_ = 0, packets_ = 0;
};

}  // namespace parley::sim

#pragma once

// A host: addresses, UDP ports and the machine that uses them. Turns datagrams into IP packets and
// back, answers a closed port as RFC 1122 section 4.1.3.1 asks, and passes deadlines on. Knows no
// protocol above UDP.

#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/on_link.h"
#include "sim/world.h"
#include "stack/machine.h"

namespace parley::sim {

// What runs on a host.
class Application {
 public:
  virtual ~Application() = default;
  virtual void on_datagram(Instant now, const Datagram& datagram, Outbox& out) = 0;
  virtual void on_deadline(Instant now, Outbox& out) = 0;
  virtual Instant next_deadline() const = 0;
  // Called after each of the above, before the datagrams leave: results that are no datagrams.
  virtual void collect(World& /*world*/) {}
};

template <Machine M>
class MachineApplication : public Application {
 public:
  explicit MachineApplication(M machine) : machine_(std::move(machine)) {}
  void on_datagram(Instant now, const Datagram& datagram, Outbox& out) override {
    machine_.on_datagram(now, datagram, out);
  }
  void on_deadline(Instant now, Outbox& out) override { machine_.on_deadline(now, out); }
  Instant next_deadline() const override { return machine_.next_deadline(); }
  M& machine() { return machine_; }

 private:
  M machine_;
};

class Host final : public Node {
 public:
  Host(NodeId id, std::string name, std::vector<IpAddress> addresses, PointId point,
       trace::Sink& sink);
  // Who is on its link; without it every destination goes to the next hop.
  void set_neighbours(OnLink neighbours) { neighbours_ = std::move(neighbours); }

  // The one application of this host and the endpoints it listens on.
  void install(std::unique_ptr<Application> application, std::vector<Endpoint> sockets);
  // Something from outside the network happens to the application: `act(now, outbox)`.
  template <std::invocable<Instant, Outbox&> F>
  void call(World& world, F&& act) {
    std::forward<F>(act)(world.now(), outbox_);
    flush(world);
  }

  void on_packet(World& world, PortId port, PacketId packet) override;
  void on_wake(World& world) override;

 private:
  bool has_address(const IpAddress& address) const;
  void refuse(World& world, PacketId packet);
  void send(World& world, const Datagram& datagram);
  void flush(World& world);

  NodeId id_;
  std::string name_;
  std::vector<IpAddress> addresses_;
  OnLink neighbours_;
  PointId point_;
  std::vector<Endpoint> sockets_;
  std::unique_ptr<Application> application_;
  Outbox outbox_;
  std::uint16_t identification_ = 0;
};

}  // namespace parley::sim

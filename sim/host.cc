#include "sim/host.h"

#include <algorithm>

#include "stack/wire/ip.h"

namespace parley::sim {
namespace {

constexpr PortId kOnlyPort{0};

}  // namespace

Host::Host(NodeId id, std::string name, std::vector<IpAddress> addresses, PointId point,
           trace::Sink& sink)
    : id_(id),
      name_(std::move(name)),
      addresses_(std::move(addresses)),
      point_(point),
      outbox_(&sink) {}

void Host::install(std::unique_ptr<Application> application, std::vector<Endpoint> sockets) {
  application_ = std::move(application);
  sockets_ = std::move(sockets);
}

bool Host::has_address(const IpAddress& address) const {
  return std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end();
}

void Host::on_packet(World& world, PortId /*port*/, PacketId packet) {
  world.sight(point_, packet);
  const Bytes bytes = world.packet(packet).bytes;
  const Result<ip::PacketView> view = ip::PacketView::decode(bytes);
  if (!view || !has_address(view->destination)) {
    world.drop(id_, packet, view ? "not-for-this-host" : "malformed",
               "dropped at " + name_ + ": not for this host");
    return;
  }
  if (view->is(ip::Protocol::Icmp) || view->is(ip::Protocol::IcmpV6)) {
    world.consume(packet);
    return;
  }
  const Result<ip::UdpPacket> udp = ip::UdpPacket::decode(bytes);
  if (!udp) {
    world.drop(id_, packet, "malformed", "dropped at " + name_ + ": no valid UDP datagram");
    return;
  }
  if (std::find(sockets_.begin(), sockets_.end(), udp->destination) == sockets_.end()) {
    refuse(world, packet);
    return;
  }
  application_->on_datagram(world.now(), {udp->destination, udp->source, udp->payload}, outbox_);
  world.consume(packet);
  flush(world);
}

// RFC 1122 section 4.1.3.1: a datagram to a port that nobody listens on.
void Host::refuse(World& world, PacketId packet) {
  ByteBuffer error;
  const Bytes offending = world.packet(packet).bytes;
  if (const Result<ip::PacketView> view = ip::PacketView::decode(offending)) {
    ip::IcmpErrorHeader header;
    header.kind = ip::IcmpKind::PortUnreachable;
    header.source = view->destination;
    header.identification = ++identification_;
    (void)ip::append_icmp_error(error, header, offending);
  }
  world.drop(id_, packet, "no-socket", "dropped at " + name_ + ": nobody listens on this port");
  if (error.empty())
    return;
  const PacketId answer = world.make_packet();
  world.packet(answer).bytes = std::move(error);
  world.sight(point_, answer);
  world.transmit(id_, kOnlyPort, answer);
}

void Host::on_wake(World& world) {
  if (application_ == nullptr)
    return;
  application_->on_deadline(world.now(), outbox_);
  flush(world);
}

void Host::send(World& world, const Datagram& datagram) {
  ip::UdpHeader header;
  header.source = datagram.local;
  header.destination = datagram.remote;
  header.identification = ++identification_;
  const PacketId packet = world.make_packet();
  ip::append_udp(world.packet(packet).bytes, header, datagram.payload);
  // It waits for an answer to ARP and never leaves (RFC 1122 section 2.3.2.2).
  if (neighbours_.nobody(datagram.remote.address)) {
    world.drop(id_, packet, "no-neighbor", "dropped at " + name_ + ": nobody has this address");
    return;
  }
  world.sight(point_, packet);
  world.transmit(id_, kOnlyPort, packet);
}

void Host::flush(World& world) {
  application_->collect(world);
  outbox_.take_datagrams([&](const Datagram& datagram) { send(world, datagram); });
  world.wake(id_, application_->next_deadline());
}

}  // namespace parley::sim

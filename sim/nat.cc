#include "sim/nat.h"

#include <algorithm>
#include <utility>

namespace parley::sim {
namespace {

bool contains(const std::vector<IpAddress>& addresses, const IpAddress& address) {
  return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

bool is_icmp(const ip::PacketView& view) {
  return view.is(ip::Protocol::Icmp) || view.is(ip::Protocol::IcmpV6);
}

// The UDP flow that an ICMP error quotes; nullopt for other ICMP.
std::optional<ip::QuotedFlow> quoted_udp(const ip::PacketView& view) {
  const Result<ip::IcmpView> icmp = ip::IcmpView::decode(view.payload, view.version == 6);
  if (!icmp || !icmp->error)
    return std::nullopt;
  const Result<ip::QuotedFlow> flow = ip::decode_quote(icmp->body);
  if (!flow || flow->protocol != static_cast<std::uint8_t>(ip::Protocol::Udp))
    return std::nullopt;
  return *flow;
}

}  // namespace

Nat::Nat(NatSetup setup, const SeededRandom& random)
    : setup_(std::move(setup)), table_(setup_.policy, setup_.outside, random) {}

void Nat::on_packet(World& world, PortId port, PacketId packet) {
  expire(world);
  const bool inside = setup_.port_is_inside[port.value()];
  world.sight(inside ? setup_.inside_point : setup_.outside_point, packet);
  const Result<ip::PacketView> view = ip::PacketView::decode(world.packet(packet).bytes);
  if (!view)
    drop(world, packet, "malformed", "no IP packet");
  else if (inside)
    from_inside(world, packet, *view);
  else
    from_outside(world, packet, *view);
  world.wake(setup_.id, table_.next_expiry());
}

void Nat::on_wake(World& world) {
  expire(world);
  world.wake(setup_.id, table_.next_expiry());
}

void Nat::expire(World& world) {
  while (const std::optional<NatExpired> gone = table_.expire(world.now()))
    world.emit(setup_.id,
               trace::NatMapping{"expired", "udp", gone->inside, gone->outside, gone->remote});
}

void Nat::from_inside(World& world, PacketId packet, const ip::PacketView& view) {
  if (contains(setup_.inside, view.destination)) {
    drop(world, packet, "no-socket", "nobody listens here");
  } else if (setup_.inside_routes.find(view.destination)) {
    // Both ends are at home: forwarded, not translated.
    const IpAddress destination = view.destination;
    if (count_hop(world, packet))
      send_in(world, packet, destination);
  } else if (contains(setup_.outside, view.destination)) {
    drop(world, packet, "nat-no-hairpin", "no hairpinning");
  } else if (setup_.inside_neighbours.nobody(view.destination)) {
    drop(world, packet, "no-neighbor", "nobody inside has this address");
  } else if (is_icmp(view)) {
    error_out(world, packet, view);
  } else if (count_hop(world, packet)) {
    translate_out(world, packet);
  }
}

void Nat::from_outside(World& world, PacketId packet, const ip::PacketView& view) {
  if (!contains(setup_.outside, view.destination))
    drop(world, packet, "no-route", "not for its outside address");
  else if (is_icmp(view))
    error_in(world, packet, view);
  else if (count_hop(world, packet))
    translate_in(world, packet);
}

void Nat::translate_out(World& world, PacketId packet) {
  ByteBuffer& bytes = world.packet(packet).bytes;
  const Result<ip::UdpPacket> udp = ip::UdpPacket::decode(bytes);
  if (!udp) {
    drop(world, packet, "nat-not-translatable", "no valid UDP datagram");
    return;
  }
  const Endpoint inside = udp->source;
  const Endpoint remote = udp->destination;
  const NatOutbound result = table_.outbound(world.now(), inside, remote);
  report(world, result, inside, remote);
  if (result.verdict != NatVerdict::Translated) {
    drop(world, packet, "nat-refused",
         result.verdict == NatVerdict::NoPort ? "no outside port is free" : "its table is full");
    return;
  }
  (void)ip::rewrite_source(bytes, result.outside);
  send_out(world, packet);
}

void Nat::report(World& world, const NatOutbound& result, const Endpoint& inside,
                 const Endpoint& remote) {
  const bool refused = result.verdict != NatVerdict::Translated;
  if (result.mapping_created || result.refreshed || refused) {
    const char* what = refused ? "refused" : result.mapping_created ? "created" : "refreshed";
    world.emit(setup_.id, trace::NatMapping{what, "udp", inside, result.outside, remote});
  }
  if (result.filter_opened && !refused)
    world.emit(setup_.id, trace::NatPermission{inside, result.outside, remote});
}

void Nat::translate_in(World& world, PacketId packet) {
  ByteBuffer& bytes = world.packet(packet).bytes;
  const Result<ip::UdpPacket> udp = ip::UdpPacket::decode(bytes);
  if (!udp) {
    drop(world, packet, "nat-not-translatable", "no valid UDP datagram");
    return;
  }
  const Endpoint outside = udp->destination;
  const Endpoint remote = udp->source;
  const NatInbound result = table_.inbound(world.now(), outside, remote);
  if (result.verdict == NatVerdict::NoMapping) {
    drop(world, packet, "nat-no-mapping", "no mapping for " + to_string(outside));
    return;
  }
  if (result.verdict != NatVerdict::Translated) {
    drop(world, packet, "nat-filtered", "NAT filter, nothing was sent to " + to_string(remote));
    return;
  }
  if (result.first)
    world.emit(setup_.id, trace::NatAdmitted{result.inside, outside, remote, result.open_for});
  (void)ip::rewrite_destination(bytes, result.inside);
  send_in(world, packet, result.inside.address);
}

// RFC 5508 section 4.2: the quoted packet is one that came in, so its destination is an inside
// endpoint here and the mapping's outside one out there. The error itself makes no mapping.
void Nat::error_out(World& world, PacketId packet, const ip::PacketView& view) {
  const std::optional<ip::QuotedFlow> flow = quoted_udp(view);
  const std::optional<Endpoint> outside =
      flow ? table_.find_outside(world.now(), flow->destination, flow->source) : std::nullopt;
  if (!outside) {
    drop(world, packet, "nat-not-translatable", "an ICMP message without a mapping");
    return;
  }
  if (!count_hop(world, packet))
    return;
  ByteBuffer& bytes = world.packet(packet).bytes;
  (void)ip::rewrite_quoted_destination(bytes, *outside);
  (void)ip::rewrite_source(bytes, *outside);
  send_out(world, packet);
}

// The quoted packet went out: its source is the mapping's outside endpoint. ICMP passes the filter
// when the mapping exists, refreshes nothing and ends nothing (RFC 4787 REQ-10, RFC 5508 REQ-5).
void Nat::error_in(World& world, PacketId packet, const ip::PacketView& view) {
  const std::optional<ip::QuotedFlow> flow = quoted_udp(view);
  const std::optional<Endpoint> inside =
      flow ? table_.find_inside(world.now(), flow->source) : std::nullopt;
  if (!inside) {
    drop(world, packet, "nat-not-translatable", "an ICMP message without a mapping");
    return;
  }
  if (!count_hop(world, packet))
    return;
  ByteBuffer& bytes = world.packet(packet).bytes;
  (void)ip::rewrite_quoted_source(bytes, *inside);
  (void)ip::rewrite_destination(bytes, *inside);
  send_in(world, packet, inside->address);
}

bool Nat::count_hop(World& world, PacketId packet) {
  if (ip::decrement_ttl(world.packet(packet).bytes))
    return true;
  drop(world, packet, "ttl-exceeded", "too many hops");
  return false;
}

void Nat::send_out(World& world, PacketId packet) {
  const Result<ip::PacketView> view = ip::PacketView::decode(world.packet(packet).bytes);
  if (view && setup_.outside_neighbours.nobody(view->destination)) {
    drop(world, packet, "no-neighbor", "nobody outside has this address");
    return;
  }
  world.sight(setup_.outside_point, packet);
  world.transmit(setup_.id, setup_.outside_port, packet);
}

void Nat::send_in(World& world, PacketId packet, const IpAddress& destination) {
  const std::optional<PortId> port = setup_.inside_routes.find(destination);
  if (!port) {
    drop(world, packet, "no-route", "no route to " + to_string(destination));
    return;
  }
  world.sight(setup_.inside_point, packet);
  world.transmit(setup_.id, *port, packet);
}

void Nat::drop(World& world, PacketId packet, std::string reason, const std::string& why) {
  world.drop(setup_.id, packet, std::move(reason), "dropped by " + setup_.name + ": " + why);
}

}  // namespace parley::sim

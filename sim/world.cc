#include "sim/world.h"

#include <utility>

#include "sim/packet_content.h"
#include "stack/wire/ip.h"

namespace parley::sim {
namespace {

// Whatever can be read, for the record of a drop.
void describe(Bytes bytes, trace::PacketDropped& event) {
  event.size = static_cast<std::uint32_t>(bytes.size());
  const Result<ip::PacketView> view = ip::PacketView::decode(bytes);
  if (!view)
    return;
  event.source.address = view->source;
  event.destination.address = view->destination;
  if (!view->is(ip::Protocol::Udp) || view->fragment_offset != 0)
    return;
  if (const Result<ip::UdpView> udp = ip::UdpView::decode(view->payload)) {
    event.source.port = udp->source_port;
    event.destination.port = udp->destination_port;
    PacketContent content = content_of(udp->payload);
    event.content = std::move(content.what);
    event.transaction = std::move(content.transaction);
  }
}

}  // namespace

World::World(std::uint64_t seed, WorldLimits limits, trace::Sink& sink, Tap* tap)
    : seed_(seed), limits_(limits), sink_(&sink), tap_(tap) {}

NodeId World::add(std::unique_ptr<Node> node) {
  const NodeId id{static_cast<std::uint32_t>(nodes_.size())};
  nodes_.push_back(std::move(node));
  ports_.emplace_back();
  scheduler_.resize(nodes_.size());
  return id;
}

void World::connect(const std::string& link, NodeId a, NodeId b, const LinkConfig& forward,
                    const LinkConfig& backward) {
  const auto number = static_cast<std::uint32_t>(link_names_.size());
  const auto first = static_cast<std::uint32_t>(directions_.size());
  const PortId at_a{static_cast<std::uint32_t>(ports_[a.value()].size())};
  const PortId at_b{static_cast<std::uint32_t>(ports_[b.value()].size())};
  link_names_.push_back(link);
  directions_.emplace_back(forward, random(link).split("forward"));
  directions_.emplace_back(backward, random(link).split("backward"));
  ports_[a.value()].push_back({b, at_b, first, number});
  ports_[b.value()].push_back({a, at_a, first + 1, number});
}

void World::emit(NodeId node, trace::Event event) {
  sink_->on_record({now(), trace::ActorId{node.value()}, std::move(event)});
}

PacketId World::make_packet() {
  if (++packets_ > limits_.packets)
    throw LimitExceeded("the run sent more than " + std::to_string(limits_.packets) +
                        " packets, its limit 'packets'");
  return pool_.acquire();
}

void World::transmit(NodeId from, PortId port, PacketId packet) {
  const Port& out = ports_[from.value()][port.value()];
  const Transit transit = directions_[out.direction].transit(now(), pool_[packet].bytes.size());
  switch (transit.fate) {
    case TransitFate::Arrives:
      scheduler_.arrive(from, out.peer, out.peer_port, packet, transit.at);
      break;
    case TransitFate::Lost:
      drop(from, packet, "loss", "lost on link " + link_names_[out.link], link_names_[out.link]);
      break;
    case TransitFate::QueueFull:
      drop(from, packet, "queue-full", "dropped: queue of link " + link_names_[out.link] + " full",
           link_names_[out.link]);
      break;
  }
}

void World::drop(NodeId at, PacketId packet, std::string reason, std::string_view comment,
                 std::string place) {
  trace::PacketDropped event;
  event.reason = std::move(reason);
  event.place = std::move(place);
  describe(pool_[packet].bytes, event);
  emit(at, std::move(event));
  if (tap_ != nullptr)
    tap_->comment(pool_[packet], comment);
  pool_.release(packet);
}

void World::consume(PacketId packet) {
  if (tap_ != nullptr)
    tap_->settle(pool_[packet]);
  pool_.release(packet);
}

void World::sight(PointId point, PacketId packet) {
  if (tap_ != nullptr)
    tap_->sight(point, now(), pool_[packet]);
}

void World::run_until(Instant end) {
  while (!scheduler_.empty() && scheduler_.next() <= end) {
    if (++events_ > limits_.events)
      throw LimitExceeded("the run took more than " + std::to_string(limits_.events) +
                          " events, its limit 'events'");
    const Event event = scheduler_.pop();
    Node& node = *nodes_[event.target.value()];
    switch (event.kind) {
      case EventKind::Wake:
        node.on_wake(*this);
        break;
      case EventKind::Arrival:
        node.on_packet(*this, event.port, event.packet);
        break;
    }
  }
  scheduler_.advance(end);
}

}  // namespace parley::sim

#include "sim/signaling.h"

#include <algorithm>
#include <utility>

namespace parley::sim {

void PeerApplication::collect(World& world) {
  for (session::SignalingMessage& message : machine().take_signaling())
    signaling_->post(world, side_, std::move(message));
  for (std::string& line : machine().take_keylog_lines()) {
    // Client and server of one handshake log the same line.
    if (std::find(keylog_->begin(), keylog_->end(), line) != keylog_->end())
      continue;
    if (world.tap() != nullptr)
      world.tap()->key_log(line);
    keylog_->push_back(std::move(line));
  }
}

void Signaling::post(World& world, std::size_t from, session::SignalingMessage message) {
  in_transit_.push_back({world.now() + delay_, 1 - from, std::move(message)});
  world.wake(id_, in_transit_.front().due);
}

void Signaling::on_packet(World& world, PortId /*port*/, PacketId packet) {
  world.consume(packet);
}

void Signaling::on_wake(World& world) {
  if (!started_ && world.now() >= start_) {
    started_ = true;
    const End& offerer = ends_[0];
    offerer.host->call(world, [&](Instant now, Outbox& out) {
      (void)offerer.peer->machine().create_offer(now, out);
    });
  }
  while (!in_transit_.empty() && in_transit_.front().due <= world.now()) {
    const InTransit transit = std::move(in_transit_.front());
    in_transit_.pop_front();
    deliver(world, transit);
  }
  if (!in_transit_.empty())
    world.wake(id_, in_transit_.front().due);
}

void Signaling::deliver(World& world, const InTransit& transit) {
  const End& end = ends_[transit.to];
  end.host->call(world, [&](Instant now, Outbox& out) {
    const auto taken = end.peer->machine().on_signaling(now, transit.message, out);
    if (!taken)
      world.emit(end.node, trace::StackDiscarded{
                               "session", std::string(session::to_string(taken.error())), {}, 0});
  });
}

}  // namespace parley::sim

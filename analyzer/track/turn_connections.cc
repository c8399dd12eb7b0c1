#include "analyzer/track/turn_connections.h"

#include <algorithm>

#include "stack/wire/ip.h"

namespace parley::analyzer {

namespace {

bool has_flag(const Packet& segment, std::uint8_t flags) {
  return (segment.tcp_flags & flags) != 0;
}

}  // namespace

FlowId TurnConnections::on_segment(const Packet& segment) {
  FlowKey key;
  key.a = segment.source;
  key.b = segment.destination;
  key.point = segment.point;
  key.protocol = TransportProtocol::Tcp;
  if (const FlowTable::Found found = flows_.find(key);
      found.id != kNone && streams_.count(found.id) > 0) {
    on_known(found.id, found.direction, segment);
    return found.id;
  }
  const Ends ends{key.point, std::min(key.a, key.b), std::max(key.a, key.b)};
  if (has_flag(segment, ip::kTcpSyn) && !has_flag(segment, ip::kTcpAck))
    open(ends, key);
  if (const std::optional<FlowId> flow = try_undecided(ends, key, segment))
    return *flow;
  if (!segment.payload.empty() && TurnStream::shows_turn(segment.payload))
    return begin(key, segment);
  return kNone;
}

void TurnConnections::on_known(FlowId flow, Direction direction, const Packet& segment) {
  FlowRecord& record = flows_[flow];
  ++record.directions[direction].seen;
  if (has_flag(segment, ip::kTcpFin | ip::kTcpRst) && !record.ended)
    record.ended = Sighting{segment.ref, segment.at};
  streams_[flow]->on_segment(direction, segment,
                             [&](Direction d, const TurnStream::Frame& f) { deliver(flow, d, f); });
}

void TurnConnections::deliver(FlowId flow, Direction direction, const TurnStream::Frame& frame) {
  flows_[flow].directions[direction].holes = streams_[flow]->holes(direction);
  take_(flow, direction, frame);
}

void TurnConnections::open(const Ends& ends, const FlowKey& key) {
  while (undecided_.size() >= kMaxUndecided || order_.size() >= 2 * kMaxUndecided) {
    undecided_.erase(order_.front());
    order_.pop_front();
  }
  std::unique_ptr<Undecided>& entry = undecided_[ends];
  // A SYN that was sent again.
  if (entry != nullptr && entry->key.a == key.a)
    return;
  entry = std::make_unique<Undecided>();
  entry->key = key;
  order_.push_back(ends);
}

std::optional<FlowId> TurnConnections::try_undecided(const Ends& ends, const FlowKey& key,
                                                     const Packet& segment) {
  const auto it = undecided_.find(ends);
  if (it == undecided_.end())
    return std::nullopt;
  Undecided& connection = *it->second;
  const Direction direction = key.a == connection.key.a ? Direction{0} : Direction{1};
  FlowId flow = kNone;
  connection.stream.on_segment(direction, segment, [&](Direction d, const TurnStream::Frame& f) {
    if (flow == kNone && streams_.size() < kMaxConnections) {
      flow = flows_.find_or_add(connection.key, segment).id;
      if (flow != kNone)
        flows_[flow].directions[d].holes = connection.stream.holes(d);
    }
    if (flow != kNone)
      take_(flow, d, f);
  });
  if (flow != kNone)
    streams_[flow] = std::make_unique<TurnStream>(std::move(connection.stream));
  if (flow != kNone || connection.stream.is_foreign() || has_flag(segment, ip::kTcpRst))
    undecided_.erase(it);
  return flow;
}

FlowId TurnConnections::begin(const FlowKey& key, const Packet& segment) {
  if (streams_.size() >= kMaxConnections)
    return kNone;
  const FlowTable::Found found = flows_.find_or_add(key, segment);
  if (found.id == kNone)
    return kNone;
  streams_[found.id] = std::make_unique<TurnStream>();
  on_known(found.id, found.direction, segment);
  return found.id;
}

void TurnConnections::finish() {
  for (const auto& [flow, stream] : streams_) {
    const FlowId id = flow;
    stream->finish([&](Direction d, const TurnStream::Frame& f) { deliver(id, d, f); });
  }
}

}  // namespace parley::analyzer

#pragma once

// Which TCP connections are TURN, and the stream of each. A connection whose SYN was captured is
// followed from there until its first bytes decide; of others a segment must show what they are
// (TurnStream::shows_turn). It does not read the messages.

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "analyzer/flow_table.h"
#include "analyzer/packet.h"
#include "analyzer/track/turn_stream.h"

namespace parley::analyzer {

class TurnConnections {
 public:
  static constexpr std::size_t kMaxConnections = 4096;
  // Connections not decided yet; beyond it the oldest is given up.
  static constexpr std::size_t kMaxUndecided = 1024;

  using Take = std::function<void(FlowId, Direction, const TurnStream::Frame&)>;
  // `take` gets every frame of every connection, in order.
  TurnConnections(FlowTable& flows, Take take) : flows_(flows), take_(std::move(take)) {}

  // The flow of the connection when it is TURN, else kNone.
  FlowId on_segment(const Packet& segment);
  // The flow is no more: its number will be another's.
  void forget(FlowId flow) { streams_.erase(flow); }
  // Nothing more will come.
  void finish();

 private:
  // Both directions of a connection: the smaller end stands first.
  using Ends = std::tuple<std::uint32_t, Endpoint, Endpoint>;
  struct Undecided {
    FlowKey key;  // `a` sent the SYN
    TurnStream stream;
  };

  void on_known(FlowId flow, Direction direction, const Packet& segment);
  void open(const Ends& ends, const FlowKey& key);
  // Nothing unless the segment belongs to a connection that is followed from its SYN; kNone while
  // it is not decided.
  std::optional<FlowId> try_undecided(const Ends& ends, const FlowKey& key, const Packet& segment);
  void deliver(FlowId flow, Direction direction, const TurnStream::Frame& frame);
  FlowId begin(const FlowKey& key, const Packet& segment);

  FlowTable& flows_;
  Take take_;
  std::map<FlowId, std::unique_ptr<TurnStream>> streams_;
  std::map<Ends, std::unique_ptr<Undecided>> undecided_;
  std::deque<Ends> order_;  // of undecided_, with those that are decided by now
};

}  // namespace parley::analyzer

#pragma once

// The way by which two peers exchange offer, answer and candidates: constant delay, in order,
// nothing lost (full trickle, RFC 8838). Begins the call. Stands outside the network: its messages
// are no packets and no capture shows them.

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "sim/host.h"
#include "sim/world.h"
#include "stack/session/peer.h"

namespace parley::sim {

class Signaling;

// A session::Peer on a host, tied to its end of the signaling.
class PeerApplication final : public MachineApplication<session::Peer> {
 public:
  // `keylog` gathers the key log lines of the run, each once.
  PeerApplication(session::Peer peer, Signaling& signaling, std::size_t side,
                  std::vector<std::string>& keylog)
      : MachineApplication(std::move(peer)),
        signaling_(&signaling),
        side_(side),
        keylog_(&keylog) {}

  void collect(World& world) override;

 private:
  Signaling* signaling_;
  std::size_t side_;
  std::vector<std::string>* keylog_;
};

class Signaling final : public Node {
 public:
  struct End {
    NodeId node;
    Host* host = nullptr;
    PeerApplication* peer = nullptr;
  };

  Signaling(NodeId id, Duration delay, Instant start) : id_(id), delay_(delay), start_(start) {}

  // End 0 makes the offer. To be called for both before the run.
  void attach(std::size_t side, const End& end) { ends_[side] = end; }
  void post(World& world, std::size_t from, session::SignalingMessage message);

  void on_packet(World& world, PortId port, PacketId packet) override;
  void on_wake(World& world) override;

 private:
  struct InTransit {
    Instant due;
    std::size_t to;
    session::SignalingMessage message;
  };

  void deliver(World& world, const InTransit& transit);

  NodeId id_;
  Duration delay_;
  Instant start_;
  bool started_ = false;
  std::array<End, 2> ends_;
  // One delay for both ways keeps it sorted by time. Bounded by what two peers have to say.
  std::deque<InTransit> in_transit_;
};

}  // namespace parley::sim

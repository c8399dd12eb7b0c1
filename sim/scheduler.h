#pragma once

// The order of everything that happens in a run, and the memory its packets live in. Owns the
// pending events and the packet buffers; deliberately knows neither nodes nor links.

#include <compare>
#include <cstdint>
#include <vector>

#include "stack/base/bytes.h"
#include "stack/base/strong.h"
#include "stack/base/time.h"

namespace parley::sim {

using NodeId = Strong<struct NodeIdTag, std::uint32_t>;
using PortId = Strong<struct PortIdTag, std::uint32_t>;  // a node's own count of its links
using PacketId = Strong<struct PacketIdTag, std::uint32_t>;

// Total order of events. Two events at the same instant are ordered by who caused them and by that
// node's own counter, never by when they happened to be pushed, so the order survives refactoring
// and parallel execution.
struct EventKey {
  Instant at;
  NodeId origin;
  std::uint64_t sequence = 0;
  friend constexpr auto operator<=>(const EventKey&, const EventKey&) = default;
};

enum class EventKind : std::uint8_t { Wake, Arrival };

struct Event {
  EventKey key;
  NodeId target;
  PacketId packet;  // of an Arrival
  PortId port;      // of an Arrival
  EventKind kind = EventKind::Wake;
};

// The pending events in a 4-ary heap: its levels are half those of a binary heap, and the four
// children of an element share cache lines. A node has at most one pending wake-up, so the heap
// holds nodes plus packets in flight, not nodes times timers.
class Scheduler {
 public:
  // Declares nodes 0 to count - 1.
  void resize(std::size_t count);

  Instant now() const { return now_; }
  // Sets the node's one pending wake-up: an earlier wish is moved, kNever takes it back. A time
  // that has passed means now.
  void wake(NodeId node, Instant at);
  void arrive(NodeId from, NodeId to, PortId port, PacketId packet, Instant at);

  bool empty() const { return heap_.empty(); }
  Instant next() const { return heap_.empty() ? kNever : heap_.front().key.at; }
  // Removes the earliest event and moves the clock to it. Needs !empty().
  Event pop();
  // Moves the clock on without an event; never back, never past the earliest event.
  void advance(Instant to);

 private:
  static constexpr std::size_t kArity = 4;
  static constexpr std::uint32_t kNoWake = ~std::uint32_t{0};

  struct PerNode {
    std::uint64_t next_sequence = 0;
    std::uint32_t wake_at = kNoWake;  // index in the heap
  };

  EventKey key_for(NodeId origin, Instant at);
  void place(std::size_t index, const Event& event);
  void push(const Event& event);
  void remove(std::size_t index);
  void sift_up(std::size_t index, const Event& event);
  void sift_down(std::size_t index, const Event& event);

  Instant now_{};
  std::vector<Event> heap_;
  std::vector<PerNode> nodes_;
};

// Where a packet was captured last, so that its fate can be written there (sim/tap.h); 0: nowhere.
struct Sighting {
  std::uint64_t record = 0;
};

struct Packet {
  ByteBuffer bytes;  // from the IP header on
  Sighting sighting;
};

// Buffers are used again with the memory they have grown to: a run allocates for as many packets
// as are in flight at once, not for each.
class PacketPool {
 public:
  PacketId acquire();
  void release(PacketId id);
  Packet& operator[](PacketId id) { return packets_[id.value()]; }
  const Packet& operator[](PacketId id) const { return packets_[id.value()]; }
  std::size_t in_use() const { return packets_.size() - free_.size(); }
  std::size_t size() const { return packets_.size(); }

 private:
  std::vector<Packet> packets_;
  std::vector<std::uint32_t> free_;
};

}  // namespace parley::sim

#include "sim/scheduler.h"

#include <algorithm>

namespace parley::sim {

void Scheduler::resize(std::size_t count) {
  nodes_.resize(count);
}

EventKey Scheduler::key_for(NodeId origin, Instant at) {
  return {std::max(at, now_), origin, nodes_[origin.value()].next_sequence++};
}

void Scheduler::wake(NodeId node, Instant at) {
  const std::uint32_t pending = nodes_[node.value()].wake_at;
  if (pending != kNoWake) {
    // A wish that has not changed keeps its place among the events of that instant.
    if (heap_[pending].key.at == std::max(at, now_))
      return;
    remove(pending);
  }
  if (at != kNever)
    push({key_for(node, at), node, PacketId{}, PortId{}, EventKind::Wake});
}

void Scheduler::arrive(NodeId from, NodeId to, PortId port, PacketId packet, Instant at) {
  push({key_for(from, at), to, packet, port, EventKind::Arrival});
}

Event Scheduler::pop() {
  const Event first = heap_.front();
  remove(0);
  now_ = first.key.at;
  return first;
}

void Scheduler::advance(Instant to) {
  now_ = std::max(now_, std::min(to, next()));
}

void Scheduler::place(std::size_t index, const Event& event) {
  heap_[index] = event;
  if (event.kind == EventKind::Wake)
    nodes_[event.target.value()].wake_at = static_cast<std::uint32_t>(index);
}

void Scheduler::push(const Event& event) {
  heap_.emplace_back();
  sift_up(heap_.size() - 1, event);
}

void Scheduler::remove(std::size_t index) {
  if (heap_[index].kind == EventKind::Wake)
    nodes_[heap_[index].target.value()].wake_at = kNoWake;
  const Event last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size())
    return;
  if (index > 0 && last.key < heap_[(index - 1) / kArity].key)
    sift_up(index, last);
  else
    sift_down(index, last);
}

void Scheduler::sift_up(std::size_t index, const Event& event) {
  while (index > 0) {
    const std::size_t parent = (index - 1) / kArity;
    if (heap_[parent].key < event.key)
      break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, event);
}

void Scheduler::sift_down(std::size_t index, const Event& event) {
  while (true) {
    const std::size_t first = index * kArity + 1;
    if (first >= heap_.size())
      break;
    const std::size_t end = std::min(first + kArity, heap_.size());
    std::size_t best = first;
    for (std::size_t child = first + 1; child < end; ++child)
      if (heap_[child].key < heap_[best].key)
        best = child;
    if (event.key < heap_[best].key)
      break;
    place(index, heap_[best]);
    index = best;
  }
  place(index, event);
}

PacketId PacketPool::acquire() {
  if (free_.empty()) {
    packets_.emplace_back();
    return PacketId{static_cast<std::uint32_t>(packets_.size() - 1)};
  }
  const PacketId id{free_.back()};
  free_.pop_back();
  packets_[id.value()].bytes.clear();
  packets_[id.value()].sighting = {};
  return id;
}

void PacketPool::release(PacketId id) {
  free_.push_back(id.value());
}

}  // namespace parley::sim

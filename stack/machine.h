#pragma once

#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

#include "stack/base/address.h"
#include "stack/base/bytes.h"
#include "stack/base/time.h"
#include "stack/trace/record.h"

namespace parley {

struct Datagram {
  Endpoint local;
  Endpoint remote;
  Bytes payload;  // borrowed; copy it to keep it
};

// Everything one call into the stack may cause. The driver owns it, passes it to every call and
// empties it afterwards; machines only append, so there is no re-entrancy to reason about.
class Outbox {
 public:
  explicit Outbox(trace::Sink* sink = nullptr) : sink_(sink) {}

  void send(const Endpoint& local, const Endpoint& remote, Bytes payload) {
    queue_.push_back({local, remote, arena_.size(), payload.size()});
    arena_.insert(arena_.end(), payload.begin(), payload.end());
  }
  void emit(Instant at, trace::ActorId actor, trace::Event event) {
    if (sink_ != nullptr)
      sink_->on_record({at, actor, std::move(event)});
  }

  // Hands every queued datagram to `deliver(const Datagram&)`, oldest first, and forgets them.
  template <class F>
  void take_datagrams(F&& deliver) {
    const std::vector<Queued> queue = std::exchange(queue_, {});
    const ByteBuffer arena = std::exchange(arena_, {});
    for (const Queued& q : queue)
      deliver(Datagram{q.local, q.remote, Bytes(arena).subspan(q.offset, q.size)});
  }
  bool empty() const { return queue_.empty(); }
  trace::Sink* sink() const { return sink_; }

 private:
  struct Queued {
    Endpoint local, remote;
    std::size_t offset, size;
  };
  ByteBuffer arena_;
  std::vector<Queued> queue_;
  trace::Sink* sink_;
};

// The shape of every protocol engine. Contract, tested for each by one typed suite
// (tests/stack/machine_contract.h): `now` never decreases; on_deadline may be called late, never
// early; after on_deadline(now) the next deadline is later than `now`; a call with nothing to do
// is harmless; equal inputs give equal outputs.
template <class M>
concept Machine = requires(M m, const M& c, Instant now, const Datagram& d, Outbox& out) {
  { m.on_datagram(now, d, out) } -> std::same_as<void>;
  { m.on_deadline(now, out) } -> std::same_as<void>;
  { c.next_deadline() } -> std::same_as<Instant>;  // kNever when idle
};

}  // namespace parley

#pragma once

// The checklist of one component (RFC 8445 section 6.1.2): candidate pairs, their priorities and
// states, which pair is checked next, and the queue of triggered checks. Sole owner of pair states.
// Does no I/O, keeps no time and knows no STUN: the agent says what happened to a pair.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "stack/base/time.h"
#include "stack/ice/candidate.h"
#include "stack/machine.h"
#include "stack/trace/event.h"
#include "stack/trace/states.h"

namespace parley::ice {

using trace::IceRole;
using trace::PairId;
using trace::PairInput;
using trace::PairState;

struct Pair {
  PairId id;
  Candidate local, remote;  // the local one replaced by its base (RFC 8445 section 6.1.2.4)
  std::uint64_t priority = 0;
  PairState state = PairState::Frozen;
  // RFC 8445 section 7.2.5.3.2: once a check succeeded, the local candidate that the peer saw.
  std::optional<Candidate> valid_local;
  Instant valid_since{};
  Duration rtt{};
  Instant check_started{};           // of the check in progress
  bool nominating = false;           // controlling: its next check carries USE-CANDIDATE
  bool nominate_on_success = false;  // controlled: the peer's check did (section 7.3.1.5)
  bool nominated = false;

  const Endpoint& base() const { return local.base; }
  bool valid() const { return state == PairState::Succeeded; }
};

// Where the events of one call go.
struct Reporter {
  Instant now;
  trace::ActorId self;
  Outbox& out;
  void emit(trace::Event event) const { out.emit(now, self, std::move(event)); }
  void discarded(std::string_view reason, const Endpoint& remote, std::uint32_t offset = 0) const;
};

class Checklist {
 public:
  Checklist(IceRole role, std::size_t max_pairs) : role_(role), max_pairs_(max_pairs) {}

  // Forms the pair and sets it Waiting if its foundation's turn has come. nullptr if it is
  // redundant, or if the list is full of pairs of higher priority. Pointers to pairs are good until
  // the next add() or prune().
  Pair* add(const Reporter& report, const Candidate& local, const Candidate& remote);
  // RFC 8445 section 7.3.1.1: after a switch of roles each priority is computed anew.
  void set_role(IceRole role);
  // A peer-reflexive candidate turned out to be one that the peer signals as well.
  void upgrade_remote(const Reporter& report, const Candidate& remote);

  Pair* find(PairId id);
  Pair* find(const Endpoint& base, const Endpoint& remote);
  const Pair* find(PairId id) const;
  const Pair* find(const Endpoint& base, const Endpoint& remote) const;
  const std::vector<Pair>& pairs() const { return pairs_; }

  // The only way in which a pair changes its state. A step that the table does not have is reported
  // and ignored: the peer decides what arrives.
  bool step(const Reporter& report, Pair& pair, PairInput input, std::string_view reason);

  // Queues a check ahead of the ordinary ones; a pair stands there once at most.
  void enqueue_triggered(PairId id);
  void remove_triggered(PairId id);
  // Section 6.1.4.2: the first triggered check, else the Waiting pair of highest priority, else a
  // Frozen one whose foundation is idle (it becomes Waiting). nullptr if there is nothing to do.
  Pair* next_check(const Reporter& report);
  bool has_work() const;
  // Section 7.2.5.3.3: what shares the foundation of a pair that succeeded need not wait.
  void unfreeze_like(const Reporter& report, const Pair& succeeded);

  // Section 8.1.2: drops the pairs that have not succeeded, but those for which keep(pair) is true.
  template <class F>
  void prune(const Reporter& report, F&& keep) {
    std::erase_if(pairs_, [&](const Pair& p) {
      if (p.valid() || keep(p))
        return false;
      report.emit(trace::IcePairRemoved{p.id, p.state, "another pair is nominated"});
      return true;
    });
    forget_lost_triggers();
  }

  std::size_t count(PairState state) const;
  // Some pair is Frozen, Waiting or In-Progress.
  bool unfinished() const;
  const Pair* best_valid() const;
  const Pair* best_nominated() const;

  // What is wrong, or empty.
  std::string_view broken_invariant() const;

 private:
  std::uint64_t priority_of(const Candidate& local, const Candidate& remote) const;
  bool foundation_busy(const Pair& pair) const;
  bool make_room(const Reporter& report, std::uint64_t priority);
  Pair* highest(bool (*eligible)(const Checklist&, const Pair&));
  void forget_lost_triggers();

  IceRole role_;
  std::size_t max_pairs_;
  std::uint32_t next_id_ = 0;
  std::vector<Pair> pairs_;  // in order of creation
  std::vector<PairId> triggered_;
};

}  // namespace parley::ice

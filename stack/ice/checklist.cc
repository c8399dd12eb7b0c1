#include "stack/ice/checklist.h"

#include <algorithm>
#include <string>

namespace parley::ice {

namespace {

bool same_foundation(const Pair& a, const Pair& b) {
  return a.local.foundation == b.local.foundation && a.remote.foundation == b.remote.foundation;
}

bool can_start(const Pair& pair) {
  return pair.state == PairState::Waiting || (pair.valid() && pair.nominating);
}

}  // namespace

void Reporter::discarded(std::string_view reason, const Endpoint& remote,
                         std::uint32_t offset) const {
  emit(trace::StackDiscarded{"ice", std::string(reason), remote, offset});
}

Pair* Checklist::add(const Reporter& report, const Candidate& local, const Candidate& remote) {
  if (find(local.base, remote.address) != nullptr)
    return nullptr;
  const std::uint64_t priority = priority_of(local, remote);
  if (!make_room(report, priority)) {
    report.discarded("checklist full: pair not formed", remote.address);
    return nullptr;
  }
  Pair pair;
  pair.id = PairId(next_id_++);
  pair.local = local;
  pair.remote = remote;
  pair.priority = priority;
  const bool busy = foundation_busy(pair);
  pairs_.push_back(std::move(pair));
  Pair& added = pairs_.back();
  report.emit(trace::IcePairCreated{added.id, local.base, remote.address, local.type, remote.type,
                                    added.priority});
  // RFC 8445 section 6.1.2.6, for pairs that come one by one.
  if (!busy)
    step(report, added, PairInput::Unfreeze, "first of its foundation");
  return &added;
}

bool Checklist::make_room(const Reporter& report, std::uint64_t priority) {
  if (pairs_.size() < max_pairs_)
    return true;
  auto lowest = pairs_.end();
  for (auto it = pairs_.begin(); it != pairs_.end(); ++it) {
    if (it->valid() || it->state == PairState::InProgress)
      continue;
    if (lowest == pairs_.end() || it->priority < lowest->priority)
      lowest = it;
  }
  if (lowest == pairs_.end() || lowest->priority >= priority)
    return false;
  report.emit(trace::IcePairRemoved{lowest->id, lowest->state, "room for one of higher priority"});
  pairs_.erase(lowest);
  forget_lost_triggers();
  return true;
}

std::uint64_t Checklist::priority_of(const Candidate& local, const Candidate& remote) const {
  return role_ == IceRole::Controlling ? pair_priority(local.priority, remote.priority)
                                       : pair_priority(remote.priority, local.priority);
}

void Checklist::set_role(IceRole role) {
  role_ = role;
  for (Pair& pair : pairs_)
    pair.priority = priority_of(pair.local, pair.remote);
}

void Checklist::upgrade_remote(const Reporter& report, const Candidate& remote) {
  for (Pair& pair : pairs_) {
    if (pair.remote.address != remote.address)
      continue;
    pair.remote = remote;
    pair.priority = priority_of(pair.local, pair.remote);
    report.emit(trace::IcePairUpgraded{pair.id, remote.type, pair.priority});
  }
}

Pair* Checklist::find(PairId id) {
  const auto it =
      std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& p) { return p.id == id; });
  return it == pairs_.end() ? nullptr : &*it;
}

Pair* Checklist::find(const Endpoint& base, const Endpoint& remote) {
  const auto it = std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& p) {
    return p.remote.address == remote && p.base() == base;
  });
  return it == pairs_.end() ? nullptr : &*it;
}

const Pair* Checklist::find(PairId id) const {
  const auto it =
      std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& p) { return p.id == id; });
  return it == pairs_.end() ? nullptr : &*it;
}

const Pair* Checklist::find(const Endpoint& base, const Endpoint& remote) const {
  const auto it = std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& p) {
    return p.remote.address == remote && p.base() == base;
  });
  return it == pairs_.end() ? nullptr : &*it;
}

bool Checklist::step(const Reporter& report, Pair& pair, PairInput input, std::string_view reason) {
  const std::optional<PairState> next = trace::kPairStates.next(pair.state, input);
  if (!next) {
    report.discarded("no step " + std::string(trace::to_string(input)) + " from " +
                         std::string(trace::to_string(pair.state)),
                     pair.remote.address);
    return false;
  }
  const PairState from = std::exchange(pair.state, *next);
  report.emit(trace::IcePairState{pair.id, from, *next, std::string(reason)});
  if (*next == PairState::Failed) {
    // Section 7.2.5.3.4: a failed nomination takes the pair out of the valid list.
    pair.valid_local.reset();
    pair.nominating = false;
    pair.nominated = false;
  }
  return true;
}

void Checklist::enqueue_triggered(PairId id) {
  if (std::find(triggered_.begin(), triggered_.end(), id) == triggered_.end())
    triggered_.push_back(id);
}

void Checklist::remove_triggered(PairId id) {
  std::erase(triggered_, id);
}

void Checklist::forget_lost_triggers() {
  std::erase_if(triggered_, [&](PairId id) { return find(id) == nullptr; });
}

bool Checklist::foundation_busy(const Pair& pair) const {
  return std::any_of(pairs_.begin(), pairs_.end(), [&](const Pair& other) {
    return (other.state == PairState::Waiting || other.state == PairState::InProgress) &&
           same_foundation(other, pair);
  });
}

Pair* Checklist::highest(bool (*eligible)(const Checklist&, const Pair&)) {
  Pair* best = nullptr;
  for (Pair& pair : pairs_)
    if (eligible(*this, pair) && (best == nullptr || pair.priority > best->priority))
      best = &pair;
  return best;
}

Pair* Checklist::next_check(const Reporter& report) {
  while (!triggered_.empty()) {
    Pair* pair = find(triggered_.front());
    triggered_.erase(triggered_.begin());
    if (pair != nullptr && can_start(*pair))
      return pair;
  }
  Pair* waiting =
      highest([](const Checklist&, const Pair& p) { return p.state == PairState::Waiting; });
  if (waiting != nullptr)
    return waiting;
  Pair* frozen = highest([](const Checklist& list, const Pair& p) {
    return p.state == PairState::Frozen && !list.foundation_busy(p);
  });
  if (frozen != nullptr)
    step(report, *frozen, PairInput::Unfreeze, "nothing else waits");
  return frozen;
}

bool Checklist::has_work() const {
  const bool triggered = std::any_of(triggered_.begin(), triggered_.end(), [&](PairId id) {
    const Pair* pair = find(id);
    return pair != nullptr && can_start(*pair);
  });
  return triggered || std::any_of(pairs_.begin(), pairs_.end(), [&](const Pair& p) {
           return p.state == PairState::Waiting ||
                  (p.state == PairState::Frozen && !foundation_busy(p));
         });
}

void Checklist::unfreeze_like(const Reporter& report, const Pair& succeeded) {
  for (Pair& pair : pairs_)
    if (pair.state == PairState::Frozen && same_foundation(pair, succeeded))
      step(report, pair, PairInput::Unfreeze, "a pair of its foundation succeeded");
}

std::size_t Checklist::count(PairState state) const {
  return static_cast<std::size_t>(
      std::count_if(pairs_.begin(), pairs_.end(), [&](const Pair& p) { return p.state == state; }));
}

bool Checklist::unfinished() const {
  return std::any_of(pairs_.begin(), pairs_.end(), [](const Pair& p) {
    return p.state == PairState::Frozen || p.state == PairState::Waiting ||
           p.state == PairState::InProgress;
  });
}

const Pair* Checklist::best_valid() const {
  const Pair* best = nullptr;
  for (const Pair& pair : pairs_)
    if (pair.valid() && (best == nullptr || pair.priority > best->priority))
      best = &pair;
  return best;
}

const Pair* Checklist::best_nominated() const {
  const Pair* best = nullptr;
  for (const Pair& pair : pairs_)
    if (pair.nominated && (best == nullptr || pair.priority > best->priority))
      best = &pair;
  return best;
}

std::string_view Checklist::broken_invariant() const {
  if (pairs_.size() > max_pairs_)
    return "more pairs than the limit";
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const Pair& pair = pairs_[i];
    if (pair.valid() != pair.valid_local.has_value())
      return "a pair is valid exactly if it has succeeded";
    if (pair.nominated && !pair.valid())
      return "only valid pairs are nominated";
    if (pair.priority != priority_of(pair.local, pair.remote))
      return "a pair's priority follows from its candidates and the role";
    if (i > 0 && pairs_[i - 1].id.value() >= pair.id.value())
      return "pairs stand in order of creation";
    if (find(pair.base(), pair.remote.address) != &pair)
      return "a path belongs to one pair";
  }
  for (const PairId id : triggered_)
    if (find(id) == nullptr)
      return "triggered checks are for pairs of the list";
  return {};
}

}  // namespace parley::ice

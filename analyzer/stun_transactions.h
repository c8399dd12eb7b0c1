#pragma once

// Open STUN transactions by their id (RFC 8489 section 6): what was seen of each at every capture
// point, until it is old enough to be folded into its path's sums. A transaction that several
// points saw is one, so nothing is counted twice. It does not know what the paths mean.

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "analyzer/flow_table.h"
#include "stack/trace/states.h"
#include "stack/wire/stun.h"

namespace parley::analyzer {

using PathId = std::uint32_t;

// One transaction on one path: one direction of one flow at one capture point.
struct TransactionView {
  PathId path = kNone;
  std::uint32_t requests = 0, successes = 0, errors = 0;
  Sighting first_request, last_request, first_success, first_error, last_error;
};

struct Transaction {
  std::vector<TransactionView> views;  // in the order in which they were first seen
  bool use_candidate = false;
  std::optional<trace::IceRole> role;
  std::uint16_t error_code = 0;
  Instant opened;
};

class StunTransactions {
 public:
  // Beyond it the oldest is folded early.
  static constexpr std::size_t kMaxOpen = 100'000;
  static constexpr std::size_t kMaxViews = 16;
  // The last retransmission goes out after 31.5 s and is waited for until 39.5 s (RFC 8489 section
  // 6.2.1); the rest is for captures whose clocks differ.
  static constexpr Duration kLifetime = std::chrono::seconds(60);

  // Ids are random, but a client may ask two servers with one id: `salt` keeps those apart.
  struct Key {
    stun::TransactionId id{};
    std::uint64_t salt = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  using Fold = std::function<void(const Transaction&)>;

  explicit StunTransactions(Fold fold) : fold_(std::move(fold)) {}

  // The transaction of a request that is seen now, and its view on `path`; nullptr view when it was
  // seen at too many places.
  struct Opened {
    Transaction* transaction;
    TransactionView* view;
  };
  Opened request(const Key& key, PathId path, const Packet& packet);
  Transaction* find(const Key& key);
  void expire(Instant now);
  void finish();

 private:
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  void fold_oldest();

  Fold fold_;
  std::unordered_map<Key, Transaction, KeyHash> open_;
  std::deque<Key> order_;
};

}  // namespace parley::analyzer

#pragma once

// Connectivity checks (RFC 8445 section 7) and questions to STUN servers, rebuilt from Binding
// transactions alone. A *session* is a pair of ufrags; a *path* is one direction of one flow on
// which one agent of a session sends requests. Paths that carry the same transaction ids at
// different capture points are the same pair (path_sets()). It does not know which sessions make a
// call.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/flow_table.h"
#include "analyzer/stun_transactions.h"
#include "analyzer/union_find.h"
#include "stack/trace/states.h"
#include "stack/wire/stun.h"

namespace parley::analyzer {

// A sample of durations that stays small: when it is full, every second one goes, and from then on
// only every second, fourth, ... is taken.
class BoundedSample {
 public:
  static constexpr std::size_t kMax = 256;
  void add(Duration value);
  bool empty() const { return seen_ == 0; }
  Duration min() const { return min_; }
  Duration max() const { return max_; }
  Duration median() const;
  std::uint64_t seen() const { return seen_; }
  void merge(const BoundedSample& other);

 private:
  std::vector<Duration> values_;
  std::uint64_t seen_ = 0, stride_ = 1;
  Duration min_{}, max_{};
};

struct PathError {
  std::uint16_t code = 0;
  std::uint64_t count = 0;
  Sighting first, last;
};
// What one of the paths of a set saw of transactions that another path of the set began.
struct PathShare {
  PathId path = kNone;
  std::uint64_t count = 0;
  Sighting first, last;
};
struct MappedAddress {
  Endpoint address;
  Sighting first;
};

struct CheckPath {
  FlowId flow = kNone;
  Direction direction = 0;        // of the requests
  std::uint32_t session = kNone;  // kNone: a question to a STUN server
  std::uint8_t agent = 0;         // who asks: index into IceSession::ufrags

  // As seen on this path.
  std::uint64_t requests = 0, successes = 0, use_candidate = 0, requests_after_success = 0;
  std::uint64_t cut = 0;  // requests whose end a snap length cut off
  Sighting first, last, last_request, first_success, last_success, first_use_candidate;
  std::optional<Sighting> nominated;  // first success of a request with USE-CANDIDATE
  bool asked_on = false;              // began another transaction after that
  std::optional<std::uint32_t> priority;
  std::uint8_t hop_limit = 0;              // of the first request
  std::optional<Duration> fastest_answer;  // of the answering side, as seen from here
  std::vector<MappedAddress> mapped;       // XOR-MAPPED-ADDRESS, distinct
  std::string answer_software;             // SOFTWARE of the responses

  // Sums of the transactions that were first seen on this path, each counted once.
  struct Sums {
    std::uint64_t transactions = 0, requests = 0, successes = 0, use_candidate = 0, unanswered = 0;
    std::uint64_t longest_unanswered = 0;  // most requests of one transaction that nothing answered
    std::vector<PathError> errors;
    BoundedSample rtt;
    // Of those without a response here: where responses were seen all the same, and where the
    // requests were; in the order in which the packets reach the paths, this one first.
    std::vector<PathShare> answered_elsewhere, unanswered_requests;
    // The same of those before the first one with a response here, and of those after the last.
    struct Since {
      std::uint64_t unanswered = 0;
      std::vector<PathShare> answered_elsewhere, unanswered_requests;
    } before_answer, since_answer;
  } sums;
};

struct RoleClaim {
  trace::IceRole role = trace::IceRole::Controlling;
  Sighting first;
};
struct ConflictEvent {
  std::uint8_t agent = 0;  // whose request was refused with 487
  std::optional<trace::IceRole> role;
  Sighting request, error;
};

struct IceSession {
  std::array<std::string, 2> ufrags;
  std::array<std::string, 2> software;
  // A new entry for every change of the claimed role.
  std::array<std::vector<RoleClaim>, 2> claims;
  std::array<std::optional<Sighting>, 2> first_request;
  std::vector<ConflictEvent> conflicts;
  std::vector<PathId> paths;
  Sighting first;
  Instant last_at;
};

class IceTracker {
 public:
  static constexpr std::size_t kMaxSessions = 50'000;
  static constexpr std::size_t kMaxPaths = 300'000;
  static constexpr std::size_t kMaxMapped = 8;
  static constexpr std::size_t kMaxEvents = 64;
  // Responses without a request that are kept, and for how long: network cards with several queues
  // and clocks that are set put packets in the wrong order.
  static constexpr std::size_t kMaxEarly = 64;
  static constexpr Duration kEarlyFor = std::chrono::seconds(1);

  explicit IceTracker(FlowTable& flows);

  // A Binding (or GOOG-PING) message on a flow.
  void on_message(FlowId flow, Direction direction, const stun::MessageView& message,
                  const Packet& packet);
  // Folds what is still open; then everything below is final.
  void finish();

  const std::deque<IceSession>& sessions() const { return sessions_; }
  const std::deque<CheckPath>& paths() const { return paths_; }
  // Sets of paths that are one pair. A path on which checks begin that were not seen before is no
  // part of the set of another path at its capture point, even where both show the same checks:
  // before and after a NAT that stands there, two destinations may look like one.
  UnionFind& path_sets() { return sets_; }

 private:
  PathId check_path(FlowId flow, Direction direction, const stun::MessageView& message,
                    const Packet& packet);
  void on_request(FlowId flow, Direction direction, const stun::MessageView& message,
                  const Packet& packet);
  void on_response(FlowId flow, Direction direction, const stun::MessageView& message,
                   const Packet& packet);
  void note_server(FlowId flow, Direction direction, const stun::MessageView& message,
                   const Packet& packet);
  void note_success(CheckPath& path, const Transaction& transaction, TransactionView& view,
                    const stun::MessageView& message, const Packet& packet);
  std::uint32_t session_of(std::string_view sender, std::string_view receiver,
                           const Packet& packet);
  PathId path_of(FlowId flow, Direction direction, std::uint32_t session, std::uint8_t agent);
  PathId last_path(FlowId flow, Direction direction) const;
  void note_role(IceSession& session, std::uint8_t agent, trace::IceRole role,
                 const Packet& packet);
  void keep_early(FlowId flow, Direction direction, const stun::MessageView& message,
                  const Packet& packet, bool asked_elsewhere);
  void forget_unasked(FlowId flow, Direction asked, const stun::TransactionId& id);
  // Another capture point holds the request, between the same addresses: as where the packets of
  // one host alternate between two interfaces.
  bool was_asked_elsewhere(const Transaction& transaction, FlowId flow, Direction asked) const;
  void match_early(FlowId flow, Direction asked, const stun::TransactionId& id, Instant now);
  void fold(const Transaction& transaction);
  void join(PathId nearest, PathId further);
  void join_passages();
  static void fold_unanswered(const Transaction& transaction, CheckPath::Sums& sums);

  // A response that stands before its request in the file.
  struct Early {
    FlowId flow = kNone;
    Direction direction = 0;
    stun::TransactionId id{};
    PacketRef ref;
    Instant at;
    ByteBuffer message;
    bool counted = false;  // among the answers whose request is not there
  };

  FlowTable& flows_;
  StunTransactions transactions_;
  std::deque<Early> early_;
  std::deque<IceSession> sessions_;
  std::map<std::pair<std::string, std::string>, std::uint32_t> session_index_;
  std::deque<CheckPath> paths_;
  UnionFind sets_;
  // Paths of one capture point that show the same checks, the one that shows them first first.
  std::set<std::pair<PathId, PathId>> passages_;
};

}  // namespace parley::analyzer

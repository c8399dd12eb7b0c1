#include "analyzer/track/ice_tracker.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace parley::analyzer {

namespace {

std::optional<trace::IceRole> role_of(const stun::MessageView& message) {
  if (message.has(stun::Attribute::IceControlling))
    return trace::IceRole::Controlling;
  if (message.has(stun::Attribute::IceControlled))
    return trace::IceRole::Controlled;
  return std::nullopt;
}

struct Username {
  std::string_view receiver, sender;
};
// "receiver:sender" (RFC 8445 section 7.2.2). A colon is no ice-char, so the first one splits.
std::optional<Username> split_username(const stun::MessageView& message) {
  const std::optional<std::string_view> text = message.username();
  if (!text)
    return std::nullopt;
  const std::size_t colon = text->find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text->size())
    return std::nullopt;
  return Username{text->substr(0, colon), text->substr(colon + 1)};
}

// A check goes through NATs, which may change both addresses, so its id alone names it; a question
// to a server is told apart by the server too.
StunTransactions::Key key_of(const stun::MessageView& message, bool check, const Endpoint& server) {
  return {message.transaction_id(), check ? 0 : std::hash<Endpoint>{}(server) | 1U};
}

void note_error(std::vector<PathError>& errors, std::uint16_t code, std::uint64_t count,
                const Sighting& first, const Sighting& last) {
  for (PathError& e : errors) {
    if (e.code == code) {
      e.count += count;
      e.last = last;
      return;
    }
  }
  if (errors.size() < IceTracker::kMaxEvents)
    errors.push_back({code, count, first, last});
}

void note_share(std::vector<PathShare>& shares, PathId path, std::uint64_t count,
                const Sighting& first, const Sighting& last) {
  for (PathShare& share : shares) {
    if (share.path == path) {
      share.count += count;
      share.last = last;
      return;
    }
  }
  if (shares.size() < IceTracker::kMaxEvents)
    shares.push_back({path, count, first, last});
}

// Where the requests of a transaction were seen, and where responses to them.
void note_shares(const Transaction& transaction, std::vector<PathShare>& requests,
                 std::vector<PathShare>& answers) {
  for (const TransactionView& view : transaction.views) {
    note_share(requests, view.path, view.requests, view.first_request, view.last_request);
    if (view.successes > 0)
      note_share(answers, view.path, 1, view.first_success, view.first_success);
    else if (view.errors > 0)
      note_share(answers, view.path, 1, view.first_error, view.last_error);
  }
}

// As the place nearest to the sender saw it, from where the way to and fro is the longest.
std::optional<Duration> round_trip_of(const Transaction& transaction) {
  std::optional<Duration> longest;
  for (const TransactionView& view : transaction.views)
    if (view.successes > 0 && view.requests == 1 &&
        view.first_success.at >= view.first_request.at) {
      const Duration seen = view.first_success.at - view.first_request.at;
      longest = longest ? std::max(*longest, seen) : seen;
    }
  return longest;
}

}  // namespace

void BoundedSample::add(Duration value) {
  min_ = seen_ == 0 ? value : std::min(min_, value);
  max_ = seen_ == 0 ? value : std::max(max_, value);
  if (seen_++ % stride_ != 0)
    return;
  if (values_.size() >= kMax) {
    for (std::size_t i = 0; i < kMax / 2; ++i)
      values_[i] = values_[i * 2];
    values_.resize(kMax / 2);
    stride_ *= 2;
  }
  values_.push_back(value);
}

Duration BoundedSample::median() const {
  if (values_.empty())
    return {};
  std::vector<Duration> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t n = sorted.size();
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

void BoundedSample::merge(const BoundedSample& other) {
  if (other.empty())
    return;
  const Duration low = seen_ == 0 ? other.min_ : std::min(min_, other.min_);
  const Duration high = seen_ == 0 ? other.max_ : std::max(max_, other.max_);
  for (const Duration d : other.values_)
    add(d);
  min_ = low;
  max_ = high;
}

IceTracker::IceTracker(FlowTable& flows)
    : flows_(flows), transactions_([this](const Transaction& t) { fold(t); }) {}

std::uint32_t IceTracker::session_of(std::string_view sender, std::string_view receiver,
                                     const Packet& packet) {
  std::string low = printable(sender);
  std::string high = printable(receiver);
  if (high < low)
    std::swap(low, high);
  const auto [it, added] =
      session_index_.try_emplace({low, high}, static_cast<std::uint32_t>(sessions_.size()));
  if (added) {
    if (sessions_.size() >= kMaxSessions) {
      session_index_.erase(it);
      return kNone;
    }
    sessions_.emplace_back();
    sessions_.back().ufrags = {low, high};
    sessions_.back().first = {packet.ref, packet.at};
  }
  return it->second;
}

PathId IceTracker::path_of(FlowId flow, Direction direction, std::uint32_t session,
                           std::uint8_t agent) {
  FlowRecord& record = flows_[flow];
  for (const PathId id : record.paths)
    if (paths_[id].direction == direction && paths_[id].session == session)
      return id;
  if (paths_.size() >= kMaxPaths || record.paths.size() >= kMaxEvents)
    return kNone;
  const auto id = static_cast<PathId>(paths_.size());
  paths_.emplace_back();
  sets_.grow(paths_.size());
  CheckPath& path = paths_.back();
  path.flow = flow;
  path.direction = direction;
  path.session = session;
  path.agent = agent;
  record.paths.push_back(id);
  if (session != kNone)
    sessions_[session].paths.push_back(id);
  return id;
}

PathId IceTracker::last_path(FlowId flow, Direction direction) const {
  const std::vector<PathId>& ids = flows_[flow].paths;
  for (auto it = ids.rbegin(); it != ids.rend(); ++it)
    if (paths_[*it].direction == direction && paths_[*it].session != kNone)
      return *it;
  return kNone;
}

void IceTracker::note_role(IceSession& session, std::uint8_t agent, trace::IceRole role,
                           const Packet& packet) {
  std::vector<RoleClaim>& claims = session.claims[agent];
  if (!claims.empty() && claims.back().role == role)
    return;
  if (claims.size() < kMaxEvents)
    claims.push_back({role, {packet.ref, packet.at}});
}

void IceTracker::on_message(FlowId flow, Direction direction, const stun::MessageView& message,
                            const Packet& packet) {
  switch (message.message_class()) {
    case stun::Class::Request:
      on_request(flow, direction, message, packet);
      break;
    case stun::Class::Success:
    case stun::Class::Error:
      on_response(flow, direction, message, packet);
      break;
    case stun::Class::Indication:
      break;
  }
}

// The path of a connectivity check, with what it says about its sender.
PathId IceTracker::check_path(FlowId flow, Direction direction, const stun::MessageView& message,
                              const Packet& packet) {
  const std::optional<Username> names = split_username(message);
  if (!names || message.verify_fingerprint() == stun::Verification::Bad)
    return kNone;
  const std::uint32_t session = session_of(names->sender, names->receiver, packet);
  if (session == kNone)
    return kNone;
  IceSession& s = sessions_[session];
  const std::uint8_t agent = s.ufrags[0] == printable(names->sender) ? 0 : 1;
  flows_[flow].proof = FlowProof::Ice;
  s.last_at = packet.at;
  if (!s.first_request[agent])
    s.first_request[agent] = Sighting{packet.ref, packet.at};
  if (const auto role = role_of(message))
    note_role(s, agent, *role, packet);
  if (const auto software = message.text(stun::Attribute::Software))
    s.software[agent] = printable(*software);
  return path_of(flow, direction, session, agent);
}

void IceTracker::on_request(FlowId flow, Direction direction, const stun::MessageView& message,
                            const Packet& packet) {
  PathId id = kNone;
  if (split_username(message))
    id = check_path(flow, direction, message, packet);
  else if (message.method() == stun::Method::GoogPing || message.is_cut())
    // No USERNAME, or it stands behind a cut: a check where a flow had one before.
    id = last_path(flow, direction);
  else
    id = path_of(flow, direction, kNone, 0);
  if (id == kNone) {
    flows_[flow].directions[direction].nameless += message.is_cut() ? 1 : 0;
    return;
  }
  CheckPath& path = paths_[id];
  const Sighting now{packet.ref, packet.at};
  if (path.requests++ == 0) {
    path.first = now;
    path.hop_limit = packet.hop_limit;
  }
  path.last = path.last_request = now;
  ++path.requests_after_success;
  path.cut += message.is_cut() ? 1 : 0;
  const bool use_candidate = message.has(stun::Attribute::UseCandidate);
  if (use_candidate && path.use_candidate++ == 0)
    path.first_use_candidate = now;
  if (!path.priority)
    path.priority = message.priority();
  const Endpoint& server = flows_[flow].destination(direction);
  const auto opened =
      transactions_.request(key_of(message, path.session != kNone, server), id, packet);
  opened.transaction->use_candidate |= use_candidate;
  if (const auto role = role_of(message))
    opened.transaction->role = role;
  if (opened.view != nullptr) {
    ++opened.view->requests;
    opened.view->last_request = now;
    path.asked_on = path.asked_on || (path.nominated && opened.view->requests == 1);
    if (opened.view->requests == 1 && !early_.empty())
      match_early(flow, direction, message.transaction_id(), packet.at);
  }
}

void IceTracker::on_response(FlowId flow, Direction direction, const stun::MessageView& message,
                             const Packet& packet) {
  Transaction* transaction = transactions_.find(key_of(message, true, {}));
  if (transaction == nullptr)
    transaction = transactions_.find(key_of(message, false, flows_[flow].source(direction)));
  if (transaction == nullptr) {
    // The request was not captured. A response with integrity still shows that ICE runs here.
    if (message.has(stun::Attribute::MessageIntegrity) &&
        message.verify_fingerprint() == stun::Verification::Good)
      flows_[flow].proof = FlowProof::Ice;
    else
      note_server(flow, direction, message, packet);
    keep_early(flow, direction, message, packet, false);
    return;
  }
  const Direction asked = reverse(direction);
  const auto view = std::find_if(
      transaction->views.begin(), transaction->views.end(), [&](const TransactionView& v) {
        return paths_[v.path].flow == flow && paths_[v.path].direction == asked;
      });
  if (view == transaction->views.end()) {
    keep_early(flow, direction, message, packet, was_asked_elsewhere(*transaction, flow, asked));
    return;
  }
  CheckPath& path = paths_[view->path];
  const Sighting now{packet.ref, packet.at};
  path.last = now;
  if (message.message_class() == stun::Class::Success) {
    note_success(path, *transaction, *view, message, packet);
    return;
  }
  const auto error = message.error_code();
  transaction->error_code = error ? error->code : 0;
  if (view->errors++ == 0)
    view->first_error = now;
  view->last_error = now;
}

// Without MESSAGE-INTEGRITY it is the answer of a STUN server (RFC 8445 section 7.3): what it tells
// holds without the question.
void IceTracker::note_server(FlowId flow, Direction direction, const stun::MessageView& message,
                             const Packet& packet) {
  const auto mapped = message.xor_mapped_address();
  if (message.message_class() != stun::Class::Success || !mapped ||
      message.has(stun::Attribute::MessageIntegrity))
    return;
  const PathId id = path_of(flow, reverse(direction), kNone, 0);
  if (id == kNone)
    return;
  CheckPath& path = paths_[id];
  const Sighting now{packet.ref, packet.at};
  if (path.requests == 0 && path.mapped.empty())
    path.first = path.first_success = now;
  path.last = now;
  const bool known = std::any_of(path.mapped.begin(), path.mapped.end(),
                                 [&](const MappedAddress& m) { return m.address == *mapped; });
  if (!known && path.mapped.size() < kMaxMapped)
    path.mapped.push_back({*mapped, now});
}

void IceTracker::note_success(CheckPath& path, const Transaction& transaction,
                              TransactionView& view, const stun::MessageView& message,
                              const Packet& packet) {
  const Sighting now{packet.ref, packet.at};
  if (view.successes++ == 0) {
    view.first_success = now;
    if (view.requests == 1 && packet.at >= view.first_request.at) {
      const Duration answer = packet.at - view.first_request.at;
      if (!path.fastest_answer || answer < *path.fastest_answer)
        path.fastest_answer = answer;
    }
  }
  if (path.successes++ == 0)
    path.first_success = now;
  path.last_success = now;
  path.requests_after_success = 0;
  if (transaction.use_candidate && !path.nominated)
    path.nominated = now;
  if (const auto software = message.text(stun::Attribute::Software);
      software && path.answer_software.empty())
    path.answer_software = printable(*software);
  auto mapped = message.xor_mapped_address();
  if (!mapped)
    mapped = message.mapped_address();
  if (!mapped || path.mapped.size() >= kMaxMapped)
    return;
  for (const MappedAddress& known : path.mapped)
    if (known.address == *mapped)
      return;
  path.mapped.push_back({*mapped, now});
}

// The requests are the most that one place saw; whether an answer arrived is what the place nearest
// to the sender saw, which is the first one.
void IceTracker::fold(const Transaction& transaction) {
  if (transaction.views.empty())
    return;
  const TransactionView& nearest = transaction.views.front();
  CheckPath& path = paths_[nearest.path];
  CheckPath::Sums& sums = path.sums;
  std::uint32_t requests = 0;
  for (const TransactionView& view : transaction.views) {
    join(nearest.path, view.path);
    requests = std::max(requests, view.requests);
  }
  ++sums.transactions;
  sums.requests += requests;
  if (nearest.successes > 0) {
    if (sums.successes == 0)
      sums.before_answer = std::move(sums.since_answer);
    sums.since_answer = {};
  }
  sums.successes += nearest.successes;
  sums.use_candidate += transaction.use_candidate ? requests : 0;
  if (nearest.successes == 0 && nearest.errors == 0) {
    fold_unanswered(transaction, sums);
    sums.longest_unanswered = std::max<std::uint64_t>(sums.longest_unanswered, requests);
  }
  if (const auto rtt = round_trip_of(transaction); rtt && nearest.successes > 0)
    sums.rtt.add(*rtt);
  if (nearest.errors == 0)
    return;
  note_error(sums.errors, transaction.error_code, nearest.errors, nearest.first_error,
             nearest.last_error);
  if (transaction.error_code == 487 && path.session != kNone) {
    IceSession& session = sessions_[path.session];
    if (session.conflicts.size() < kMaxEvents)
      session.conflicts.push_back(
          {path.agent, transaction.role, nearest.first_request, nearest.first_error});
  }
}

void IceTracker::fold_unanswered(const Transaction& transaction, CheckPath::Sums& sums) {
  ++sums.unanswered;
  ++sums.since_answer.unanswered;
  note_shares(transaction, sums.unanswered_requests, sums.answered_elsewhere);
  note_shares(transaction, sums.since_answer.unanswered_requests,
              sums.since_answer.answered_elsewhere);
}

void IceTracker::join(PathId nearest, PathId further) {
  const bool elsewhere =
      flows_[paths_[nearest].flow].key.point != flows_[paths_[further].flow].key.point;
  if (elsewhere || nearest == further || passages_.size() >= kMaxPaths)
    sets_.join(nearest, further);
  else
    passages_.emplace(nearest, further);
}

void IceTracker::join_passages() {
  for (const auto& [nearest, further] : passages_)
    if (paths_[further].sums.transactions == 0 || passages_.count({further, nearest}) > 0)
      sets_.join(nearest, further);
}

void IceTracker::finish() {
  transactions_.finish();
  join_passages();
}

}  // namespace parley::analyzer

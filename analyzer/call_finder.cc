#include "analyzer/call_finder.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "analyzer/union_find.h"

namespace parley::analyzer {

namespace {

// A server that gives every client the same ufrag would make this quadratic.
constexpr std::size_t kMaxCompared = 32;
// After a restart the media goes on within this time.
constexpr Duration kRestartGap = std::chrono::seconds(10);
constexpr Duration kRestartOverlap = std::chrono::seconds(2);
// Sockets are used again by another call much later.
constexpr Duration kSameSocketGap = std::chrono::seconds(60);
constexpr std::int64_t kMaxSequenceGap = 1000;

using Host = std::pair<std::uint32_t, IpAddress>;  // seen at that capture point

bool intersects(const std::set<Host>& x, const std::set<Host>& y) {
  return std::any_of(x.begin(), x.end(), [&](const Host& h) { return y.count(h) > 0; });
}

class Finder {
 public:
  explicit Finder(Pipeline& pipeline)
      : flows_(pipeline.flows()),
        ice_(pipeline.ice()),
        rtp_(pipeline.rtp()),
        sets_(ice_.sessions().size()),
        hosts_(ice_.sessions().size()) {}

  FoundCalls find();

 private:
  void collect_hosts();
  void join_by_ufrag();
  void join_by_flow();
  void join_by_ssrc();
  bool same_hosts(std::uint32_t s, std::uint8_t i, std::uint32_t t, std::uint8_t j) const;
  // The check path that stands for a flow, and which agent of its session is the flow's `a`.
  const CheckPath* session_path(FlowId flow) const;
  static std::uint8_t agent_of_a(const CheckPath& path) {
    return path.direction == 0 ? path.agent : static_cast<std::uint8_t>(1 - path.agent);
  }
  bool goes_on(const RtpStream& before, const RtpStream& after) const;
  void join_if_goes_on(const RtpStream& before, const RtpStream& after);
  std::uint8_t agent_a(const std::vector<std::uint32_t>& sessions);

  FlowTable& flows_;
  IceTracker& ice_;
  const RtpTracker& rtp_;
  UnionFind sets_;
  std::vector<std::array<std::set<Host>, 2>> hosts_;
};

void Finder::collect_hosts() {
  for (const CheckPath& path : ice_.paths()) {
    if (path.session == kNone)
      continue;
    const FlowRecord& flow = flows_[path.flow];
    auto& hosts = hosts_[path.session];
    hosts[path.agent].insert({flow.key.point, flow.source(path.direction).address});
    hosts[1U - path.agent].insert({flow.key.point, flow.destination(path.direction).address});
  }
}

bool Finder::same_hosts(std::uint32_t s, std::uint8_t i, std::uint32_t t, std::uint8_t j) const {
  return intersects(hosts_[s][i], hosts_[t][j]) && intersects(hosts_[s][1U - i], hosts_[t][1U - j]);
}

void Finder::join_by_ufrag() {
  std::map<std::string, std::vector<std::pair<std::uint32_t, std::uint8_t>>> holders;
  const auto& sessions = ice_.sessions();
  for (std::uint32_t s = 0; s < sessions.size(); ++s) {
    for (std::uint8_t agent = 0; agent < 2; ++agent) {
      auto& list = holders[sessions[s].ufrags[agent]];
      const std::size_t from = list.size() > kMaxCompared ? list.size() - kMaxCompared : 0;
      for (std::size_t i = from; i < list.size(); ++i) {
        const auto [other_session, other_agent] = list[i];
        if (other_session != s && same_hosts(s, agent, other_session, other_agent))
          sets_.join(s, other_session, agent == other_agent ? 0 : 1);
      }
      list.emplace_back(s, agent);
    }
  }
}

const CheckPath* Finder::session_path(FlowId flow) const {
  for (const PathId id : flows_[flow].paths)
    if (ice_.paths()[id].session != kNone)
      return &ice_.paths()[id];
  return nullptr;
}

void Finder::join_by_flow() {
  for (FlowId id = 0; id < flows_.size(); ++id) {
    const CheckPath* previous = nullptr;
    for (const PathId path_id : flows_[id].paths) {
      const CheckPath& path = ice_.paths()[path_id];
      if (path.session == kNone)
        continue;
      if (previous != nullptr && previous->session != path.session &&
          path.first.at - previous->last.at < kSameSocketGap)
        sets_.join(previous->session, path.session,
                   agent_of_a(*previous) == agent_of_a(path) ? 0 : 1);
      previous = &path;
    }
  }
}

// Only the receiver's address has to be the same: the sender may have moved to another network. A
// server that sends one SSRC to many has other receivers each time.
bool Finder::goes_on(const RtpStream& before, const RtpStream& after) const {
  const FlowRecord& f = flows_[before.flow];
  const FlowRecord& g = flows_[after.flow];
  if (f.key.point != g.key.point ||
      f.destination(before.direction).address != g.destination(after.direction).address)
    return false;
  const Duration gap = after.first.at - before.last.at;
  if (gap > kRestartGap || gap < -kRestartOverlap)
    return false;
  const auto step = static_cast<std::int16_t>(static_cast<std::uint16_t>(after.first_sequence) -
                                              static_cast<std::uint16_t>(before.highest_sequence));
  return step > -kMaxSequenceGap && step < kMaxSequenceGap;
}

void Finder::join_by_ssrc() {
  std::map<std::uint32_t, std::vector<std::uint32_t>> by_ssrc;
  for (std::uint32_t i = 0; i < rtp_.size(); ++i)
    if (rtp_[i].packets > 0 && rtp_[i].flow != kNone && session_path(rtp_[i].flow) != nullptr)
      by_ssrc[rtp_[i].ssrc].push_back(i);
  for (auto& [ssrc, list] : by_ssrc) {
    std::sort(list.begin(), list.end(), [&](std::uint32_t x, std::uint32_t y) {
      return rtp_[x].first.at != rtp_[y].first.at ? rtp_[x].first.at < rtp_[y].first.at : x < y;
    });
    for (std::size_t i = 1; i < list.size(); ++i) {
      const std::size_t from = i > kMaxCompared ? i - kMaxCompared : 0;
      for (std::size_t j = from; j < i; ++j)
        join_if_goes_on(rtp_[list[j]], rtp_[list[i]]);
    }
  }
}

void Finder::join_if_goes_on(const RtpStream& before, const RtpStream& after) {
  if (!goes_on(before, after))
    return;
  const CheckPath& p = *session_path(before.flow);
  const CheckPath& q = *session_path(after.flow);
  const bool by_first_agent = (agent_of_a(p) == 0) == (before.direction == 0);
  const bool still = (agent_of_a(q) == 0) == (after.direction == 0);
  sets_.join(p.session, q.session, by_first_agent == still ? 0 : 1);
}

// In the sense of the call's first session: the agent that is controlling when the call starts,
// else the one that sends first.
std::uint8_t Finder::agent_a(const std::vector<std::uint32_t>& sessions) {
  std::optional<Instant> claimed, sent;
  std::uint8_t by_claim = 0;
  std::uint8_t by_send = 0;
  for (const std::uint32_t s : sessions) {
    const std::uint8_t flip = sets_.find(s).second;
    const IceSession& session = ice_.sessions()[s];
    for (std::uint8_t agent = 0; agent < 2; ++agent) {
      const auto root_agent = static_cast<std::uint8_t>(agent ^ flip);
      const auto& first = session.first_request[agent];
      if (first && (!sent || first->at < *sent)) {
        sent = first->at;
        by_send = root_agent;
      }
      if (session.claims[agent].empty())
        continue;
      const RoleClaim& claim = session.claims[agent].front();
      if (!claimed || claim.first.at < *claimed) {
        claimed = claim.first.at;
        by_claim = claim.role == trace::IceRole::Controlling
                       ? root_agent
                       : static_cast<std::uint8_t>(1 - root_agent);
      }
    }
  }
  return claimed ? by_claim : by_send;
}

FoundCalls Finder::find() {
  collect_hosts();
  join_by_ufrag();
  join_by_flow();
  join_by_ssrc();
  const auto count = static_cast<std::uint32_t>(ice_.sessions().size());
  FoundCalls found;
  found.places.resize(count);
  std::map<std::uint32_t, std::uint32_t> call_of_root;
  for (std::uint32_t s = 0; s < count; ++s) {
    const auto [it, added] =
        call_of_root.try_emplace(sets_.root(s), static_cast<std::uint32_t>(found.calls.size()));
    if (added)
      found.calls.emplace_back();
    found.calls[it->second].push_back(s);
    found.places[s].call = it->second;
  }
  for (const std::vector<std::uint32_t>& sessions : found.calls) {
    const std::uint8_t a = agent_a(sessions);
    for (const std::uint32_t s : sessions)
      found.places[s].a = static_cast<std::uint8_t>(a ^ sets_.find(s).second);
  }
  return found;
}

}  // namespace

FoundCalls find_calls(Pipeline& pipeline) {
  return Finder(pipeline).find();
}

}  // namespace parley::analyzer

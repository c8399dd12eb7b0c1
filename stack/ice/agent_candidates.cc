// Candidates of both sides and the descriptions that bring them: RFC 8445 section 5.1, RFC 8838.

#include <algorithm>
#include <string>
#include <utility>

#include "stack/ice/agent_impl.h"

namespace parley::ice {

void Agent::Impl::start_gathering(const Reporter& report, const std::vector<Endpoint>& bases,
                                  const std::vector<Endpoint>& stun_servers) {
  if (started_ || closed_)
    return;
  started_ = true;
  report.emit(trace::IceCredentials{local_credentials_.ufrag, 0});
  report.emit(trace::IceRoleChanged{role_, "initial"});
  for (const Endpoint& base : bases) {
    if (bases_.size() == kMaxBases || std::find(bases_.begin(), bases_.end(), base) != bases_.end())
      continue;
    // RFC 8445 section 5.1.2.1: 65535 for the only or best address, others distinct below it.
    const auto local_preference = static_cast<std::uint16_t>(65535U - bases_.size());
    bases_.push_back(base);
    add_local(report, {CandidateType::Host, base, base,
                       candidate_priority(config_.preferences.host, local_preference),
                       foundations_.of(CandidateType::Host, base.address)});
  }
  gatherer_.plan(bases_, stun_servers, config_.initial_rto, config_.pacing);
  if (remote_credentials_)
    extend_patience(report.now);
  finish(report);
}

void Agent::Impl::on_server_answer(const Reporter& report, const Gatherer::Found& found) {
  const Candidate* host = host_of(found.base);
  if (host == nullptr)
    return;
  add_local(report, {CandidateType::ServerReflexive, found.mapped, found.base,
                     candidate_priority(config_.preferences.server_reflexive,
                                        local_preference_of(host->priority)),
                     foundations_.of(CandidateType::ServerReflexive, found.base.address,
                                     found.server.address)});
}

void Agent::Impl::add_local(const Reporter& report, const Candidate& candidate) {
  if (locals_.size() >= kMaxLocalCandidates || !add_unless_redundant(locals_, candidate))
    return;
  report.emit(trace::IceCandidate{false, candidate.type, candidate.address, candidate.base,
                                  candidate.priority, candidate.foundation});
  untold_.push_back(candidate);
  if (!remote_credentials_)
    return;
  for (const Candidate& remote : remotes_)
    pair_up(report, candidate, remote);
}

void Agent::Impl::pair_up(const Reporter& report, const Candidate& local, const Candidate& remote) {
  // RFC 8445 section 7.3.1.3: a peer-reflexive candidate is paired by its check alone. Section
  // 6.1.2.4: a reflexive local candidate sends from its base, so its pairs are the host's.
  if (remote.type == CandidateType::PeerReflexive || local.type == CandidateType::PeerReflexive ||
      selected_ || !can_pair(local.base, remote.address))
    return;
  checklist_.add(report, local, remote);
}

const Candidate* Agent::Impl::host_of(const Endpoint& base) const {
  const auto it = std::find_if(locals_.begin(), locals_.end(), [&](const Candidate& c) {
    return c.type == CandidateType::Host && c.base == base;
  });
  return it == locals_.end() ? nullptr : &*it;
}

void Agent::Impl::set_remote(const Reporter& report, Credentials remote) {
  if (remote_credentials_ || closed_)
    return;
  remote_credentials_ = std::move(remote);
  extend_patience(report.now);
  for (const Candidate& candidate : remotes_)
    for (const Candidate& local : locals_)
      pair_up(report, local, candidate);
  for (const EarlyCheck& check : std::exchange(early_, {}))
    on_peer_check(report, check);
  finish(report);
}

void Agent::Impl::add_remote_candidate(const Reporter& report, const Candidate& candidate) {
  if (closed_)
    return;
  Candidate remote = candidate;
  remote.base = remote.address;
  const auto known = std::find_if(remotes_.begin(), remotes_.end(),
                                  [&](const Candidate& c) { return c.address == remote.address; });
  const bool upgrade = known != remotes_.end() && known->type == CandidateType::PeerReflexive;
  if (known != remotes_.end() && !upgrade)
    return;
  if (!usable_remote(remote.address) || (!upgrade && remotes_.size() >= kMaxRemoteCandidates)) {
    report.discarded("remote candidate that cannot be used", remote.address);
    return;
  }
  report.emit(trace::IceCandidate{true, remote.type, remote.address, remote.base, remote.priority,
                                  remote.foundation});
  if (upgrade) {
    // RFC 8838 section 11.4: what a check taught before is the same candidate, not another one.
    *known = remote;
    checklist_.upgrade_remote(report, remote);
  } else {
    remotes_.push_back(remote);
  }
  if (remote_credentials_) {
    if (!end_of_candidates_)
      extend_patience(report.now);
    for (const Candidate& local : locals_)
      pair_up(report, local, remote);
  }
  finish(report);
}

void Agent::Impl::set_remote_end_of_candidates(const Reporter& report) {
  end_of_candidates_ = true;
  finish(report);
}

// RFC 8863 section 4: from the peer's first news on; as long as the peer has not said that there
// are no more candidates, each new one starts the time again (RFC 8838 section 8.1).
void Agent::Impl::extend_patience(Instant now) {
  patience_until_ = now + config_.patience;
  patience_over_ = false;
}

}  // namespace parley::ice

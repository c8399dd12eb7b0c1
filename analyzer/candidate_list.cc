#include "analyzer/candidate_list.h"

#include <algorithm>

namespace parley::analyzer {

namespace {

constexpr std::size_t kMaxListed = 256;

bool same_candidate(const Candidate& x, const Candidate& y) {
  return x.address == y.address && x.protocol == y.protocol;
}

}  // namespace

void add_candidate(std::vector<Candidate>& list, const Candidate& candidate) {
  if (!candidate.address || list.size() >= kMaxListed)
    return;
  for (Candidate& known : list) {
    if (!same_candidate(known, candidate))
      continue;
    const bool known_inferred = !known.inferred.empty();
    if (!known.type || (known_inferred && candidate.type && candidate.inferred.empty()))
      known = candidate;
    return;
  }
  list.push_back(candidate);
}

void mark_hosts_of_lite(Side side, Call& call) {
  const auto mark = [](Candidate& candidate) {
    if (candidate.type || !candidate.address)
      return;
    candidate.type = trace::CandidateType::Host;
    candidate.inferred.emplace_back("type");
  };
  for (Candidate& candidate : call.peers[index_of(side)].candidates)
    mark(candidate);
  for (Transport& transport : call.transports) {
    for (Pair& pair : transport.pairs)
      if (pair.agent != side)
        mark(pair.remote);
    if (auto& own = transport.agents[index_of(side)].selected_pair)
      mark(own->local);
    if (auto& theirs = transport.agents[index_of(other(side))].selected_pair)
      mark(theirs->remote);
  }
}

void add_told_address(const StunServerUse& use, Peer& peer) {
  for (const Endpoint& outside : use.mapped) {
    if (outside == use.client)
      continue;
    Candidate c;
    c.type = trace::CandidateType::ServerReflexive;
    c.address = outside;
    c.related = use.client;
    add_candidate(peer.candidates, c);
    if (std::find(peer.addresses.begin(), peer.addresses.end(), outside.address) ==
        peer.addresses.end())
      peer.addresses.push_back(outside.address);
    if (use.first && peer.nat.mappings.size() < kMaxListed)
      peer.nat.mappings.push_back({use.client, use.server, outside, *use.first});
  }
}

}  // namespace parley::analyzer

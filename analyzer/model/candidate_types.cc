#include "analyzer/model/candidate_types.h"

#include <algorithm>
#include <tuple>

namespace parley::analyzer {
namespace {

enum class End : std::uint8_t { Local, Remote };

struct Known {
  std::optional<trace::CandidateType> seen, inferred;
  bool contradicted = false;
};

using Key = std::tuple<std::uint32_t, Side, End, std::string, Endpoint>;

bool type_is_inferred(const Candidate& candidate) {
  return std::find(candidate.inferred.begin(), candidate.inferred.end(), "type") !=
         candidate.inferred.end();
}

void learn(const Candidate& candidate, Known& known) {
  if (!candidate.type)
    return;
  auto& slot = type_is_inferred(candidate) ? known.inferred : known.seen;
  known.contradicted = known.contradicted || (slot && *slot != *candidate.type);
  slot = candidate.type;
}

void apply(const Known& known, Candidate& candidate) {
  if (known.contradicted || (candidate.type && !type_is_inferred(candidate)))
    return;
  std::erase(candidate.inferred, "type");
  candidate.type = known.seen ? known.seen : known.inferred;
  if (!known.seen && known.inferred)
    candidate.inferred.emplace_back("type");
}

template <class Visit>
void visit_candidates(Call& call, Visit visit) {
  for (Transport& transport : call.transports) {
    for (Pair& pair : transport.pairs) {
      const auto at = [&](Candidate& candidate, End end, const std::string& ufrag) {
        if (candidate.address)
          visit(Key{transport.id, pair.agent, end, ufrag, *candidate.address}, candidate);
      };
      at(pair.local, End::Local, pair.local_ufrag);
      at(pair.remote, End::Remote, pair.remote_ufrag);
    }
  }
}

}  // namespace

void share_candidate_types(Call& call) {
  std::map<Key, Known> known;
  visit_candidates(call,
                   [&](const Key& key, Candidate& candidate) { learn(candidate, known[key]); });
  visit_candidates(call,
                   [&](const Key& key, Candidate& candidate) { apply(known[key], candidate); });
}

}  // namespace parley::analyzer

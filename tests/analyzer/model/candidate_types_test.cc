#include "analyzer/model/candidate_types.h"

#include <gtest/gtest.h>

#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using trace::CandidateType;

// Two pairs of A with the same remote address.
Call two_pairs(const Candidate& first, const Candidate& second) {
  Call call;
  Transport transport;
  const Candidate local = test::candidate(CandidateType::Host, "10.1.0.2:1000", false);
  transport.pairs = {test::pair(Side::A, local, first, 1, 0),
                     test::pair(Side::A, local, second, 1, 0)};
  call.transports = {transport};
  share_candidate_types(call);
  return call;
}

Candidate unknown(const char* address) {
  Candidate candidate = test::candidate(CandidateType::Host, address, false);
  candidate.type.reset();
  return candidate;
}

TEST(CandidateTypes, WhatOnePairShowsHoldsForAllPairsOfTheAgent) {
  const Call call =
      two_pairs(unknown("203.0.113.22:5"),
                test::candidate(CandidateType::ServerReflexive, "203.0.113.22:5", true));
  const Candidate& remote = call.transports[0].pairs[0].remote;
  EXPECT_EQ(remote.type, CandidateType::ServerReflexive);
  EXPECT_EQ(remote.inferred, Inferred{"type"});
}

TEST(CandidateTypes, WhatIsSeenReplacesWhatIsInferred) {
  const Call call = two_pairs(test::candidate(CandidateType::Host, "10.2.0.2:5", true),
                              test::candidate(CandidateType::Relayed, "10.2.0.2:5", false));
  EXPECT_EQ(call.transports[0].pairs[0].remote.type, CandidateType::Relayed);
  EXPECT_TRUE(call.transports[0].pairs[0].remote.inferred.empty());
}

TEST(CandidateTypes, AnotherPortIsAnotherCandidate) {
  const Call call =
      two_pairs(unknown("203.0.113.22:5"),
                test::candidate(CandidateType::ServerReflexive, "203.0.113.22:6", true));
  EXPECT_FALSE(call.transports[0].pairs[0].remote.type);
}

TEST(CandidateTypes, ThePeersViewOfTheSameAddressIsItsOwn) {
  Call call;
  Transport transport;
  const Candidate host = test::candidate(CandidateType::Host, "10.1.0.2:1000", false);
  transport.pairs = {test::pair(Side::A, host, unknown("10.2.0.2:5"), 1, 0),
                     test::pair(Side::B, unknown("10.2.0.2:5"), unknown("10.1.0.2:1000"), 1, 0)};
  call.transports = {transport};
  share_candidate_types(call);
  EXPECT_FALSE(call.transports[0].pairs[1].remote.type) << "B may have it as peer-reflexive";
}

}  // namespace
}  // namespace parley::analyzer

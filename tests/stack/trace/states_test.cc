#include "stack/trace/states.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "stack/trace/matrix.h"
#include "tests/support/golden.h"

namespace parley::trace {
namespace {

TEST(PairStates, EveryStateByInputIsAsWritten) {
  test::expect_golden("tests/golden/states/pair.txt",
                      to_matrix(kPairStates, kAllPairStates, kAllPairInputs));
}

TEST(DtlsStates, EveryStateByInputIsAsWritten) {
  test::expect_golden("tests/golden/states/dtls.txt",
                      to_matrix(kDtlsStates, kAllDtlsStates, kAllDtlsInputs));
}

template <class Table, class States>
std::set<std::string> reachable_from(const Table& table, const States& states,
                                     typename Table::StateType start) {
  std::set<std::string> found{std::string(to_string(start))};
  for (std::size_t round = 0; round < states.size(); ++round)
    for (const auto& row : table.rows())
      if (found.contains(std::string(to_string(row.from))))
        found.insert(std::string(to_string(row.to)));
  return found;
}

TEST(PairStates, AreAllReachableFromFrozen) {
  EXPECT_EQ(reachable_from(kPairStates, kAllPairStates, PairState::Frozen).size(),
            kAllPairStates.size());
}

TEST(DtlsStates, AreAllReachableFromNone) {
  EXPECT_EQ(reachable_from(kDtlsStates, kAllDtlsStates, DtlsState::None).size(),
            kAllDtlsStates.size());
}

TEST(PairStates, FollowRfc8445) {
  EXPECT_EQ(kPairStates.next(PairState::Frozen, PairInput::Unfreeze), PairState::Waiting);
  EXPECT_EQ(kPairStates.next(PairState::Waiting, PairInput::SendCheck), PairState::InProgress);
  EXPECT_EQ(kPairStates.next(PairState::InProgress, PairInput::ValidResponse),
            PairState::Succeeded);
  EXPECT_EQ(kPairStates.next(PairState::InProgress, PairInput::CheckFailed), PairState::Failed);
  EXPECT_EQ(kPairStates.next(PairState::Failed, PairInput::TriggeredCheck), PairState::Waiting);
  EXPECT_EQ(kPairStates.next(PairState::Frozen, PairInput::SendCheck), std::nullopt);
  EXPECT_FALSE(kPairStates.reachable(PairState::Failed, PairState::Succeeded));
}

TEST(DtlsStates, NothingLeavesFailedAndClosed) {
  for (const DtlsInput input : kAllDtlsInputs) {
    EXPECT_EQ(kDtlsStates.next(DtlsState::Failed, input), std::nullopt);
    EXPECT_EQ(kDtlsStates.next(DtlsState::Closed, input), std::nullopt);
  }
}

template <class Values>
void expect_kebab_case(const Values& values) {
  std::set<std::string_view> words;
  for (const auto value : values) {
    const std::string_view word = to_string(value);
    EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos)
        << word;
    words.insert(word);
  }
  EXPECT_EQ(words.size(), values.size());
}

TEST(States, AreSpelledInKebabCaseAndDiffer) {
  expect_kebab_case(kAllIceRoles);
  expect_kebab_case(kAllCandidateTypes);
  expect_kebab_case(kAllNominations);
  expect_kebab_case(kAllPairStates);
  expect_kebab_case(kAllPairInputs);
  expect_kebab_case(kAllIceStates);
  expect_kebab_case(kAllDtlsStates);
  expect_kebab_case(kAllDtlsInputs);
  EXPECT_EQ(to_string(PairState::InProgress), "in-progress");
  EXPECT_EQ(to_string(CandidateType::ServerReflexive), "srflx");
  EXPECT_EQ(to_string(CandidateType::PeerReflexive), "prflx");
  EXPECT_EQ(to_string(CandidateType::Relayed), "relay");
}

}  // namespace
}  // namespace parley::trace

#include "sim/expectation.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace parley::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr trace::ActorId kAlice{4};
constexpr trace::ActorId kBob{5};

trace::Record ice(std::int64_t ms, trace::IceState to, trace::ActorId actor = kAlice) {
  return {Instant{milliseconds(ms)}, actor, trace::IceStateChanged{trace::IceState::New, to, ""}};
}
trace::Record dtls(std::int64_t ms, trace::DtlsState to) {
  return {Instant{milliseconds(ms)}, kAlice,
          trace::DtlsStateChanged{trace::DtlsState::None, to, ""}};
}

ExpectationResult judged(const std::string& text, const std::vector<trace::Record>& records) {
  const auto parsed = parse_expectation(text);
  EXPECT_TRUE(parsed.has_value()) << text << ": " << parsed.error().message;
  return judge(parsed.value(), kAlice, records, Instant{seconds(10)});
}

// Checking at 1 s, connected at 2 s, disconnected at 5 s, connected again at 6 s, failed at 9 s.
const std::vector<trace::Record>& life() {
  static const std::vector<trace::Record> kRecords = {
      ice(1000, trace::IceState::Checking),  ice(1500, trace::IceState::Failed, kBob),
      ice(2000, trace::IceState::Connected), ice(5000, trace::IceState::Disconnected),
      ice(6000, trace::IceState::Completed), ice(9000, trace::IceState::Failed)};
  return kRecords;
}

TEST(Expectation, JudgesStatesAtTheirTimes) {
  const auto held = [](const std::string& text) {
    return judged("alice.ice is " + text, life()).held;
  };
  EXPECT_TRUE(held("failed"));
  EXPECT_TRUE(held("failed at end"));
  EXPECT_FALSE(held("connected"));
  EXPECT_TRUE(held("connected at 2s"));
  EXPECT_FALSE(held("connected at 1.999s"));
  EXPECT_TRUE(held("connected within 2s"));
  EXPECT_FALSE(held("connected within 1999ms"));
  EXPECT_TRUE(held("connected between 4s and 5s"));
  EXPECT_FALSE(held("connected between 5s and 5.9s"));
  EXPECT_TRUE(held("disconnected between 5.5s and 7s"));
  EXPECT_TRUE(held("connected for 3s"));
  EXPECT_FALSE(held("connected for 3001ms"));
  EXPECT_TRUE(held("new within 0s"));
  EXPECT_TRUE(held("disconnected ever"));
  EXPECT_FALSE(held("closed ever"));
  EXPECT_TRUE(held("closed never"));
  EXPECT_FALSE(held("failed never"));
  EXPECT_FALSE(held("failed at 11s"));
}

TEST(Expectation, CompletedIsConnectedButNotTheOtherWayRound) {
  EXPECT_TRUE(judged("alice.ice is connected at 7s", life()).held);
  EXPECT_TRUE(judged("alice.ice is completed at 7s", life()).held);
  EXPECT_FALSE(judged("alice.ice is completed at 3s", life()).held);
}

TEST(Expectation, SaysWhatItFound) {
  EXPECT_EQ(judged("alice.ice is connected within 3s", life()).found,
            "connected at 2.000 s, failed at 9.000 s");
  EXPECT_EQ(judged("alice.ice is closed ever", life()).found, "failed since 9.000 s, never closed");
  EXPECT_EQ(judged("alice.selected is srflx/srflx", life()).found, "none");
}

TEST(Expectation, TheSelectedPairTakesTheTypeThatSignalingNamesLater) {
  trace::IceSelectedPair pair;
  pair.pair = trace::PairId(3);
  pair.local_type = trace::CandidateType::Host;
  pair.remote_type = trace::CandidateType::PeerReflexive;
  const std::vector<trace::Record> records = {
      {Instant{seconds(1)}, kAlice, pair},
      {Instant{seconds(2)}, kAlice,
       trace::IcePairUpgraded{trace::PairId(2), trace::CandidateType::ServerReflexive, 1}},
      {Instant{seconds(3)}, kAlice,
       trace::IcePairUpgraded{trace::PairId(3), trace::CandidateType::Host, 1}}};
  EXPECT_TRUE(judged("alice.selected is host/host", records).held);
  EXPECT_TRUE(judged("alice.selected is host/prflx at 2s", records).held);
}

TEST(Expectation, JudgesTheSelectedPairByTypes) {
  trace::IceSelectedPair pair;
  pair.local_type = trace::CandidateType::ServerReflexive;
  pair.remote_type = trace::CandidateType::PeerReflexive;
  const std::vector<trace::Record> records = {{Instant{seconds(1)}, kAlice, pair}};
  EXPECT_TRUE(judged("alice.selected is srflx/prflx", records).held);
  EXPECT_FALSE(judged("alice.selected is srflx/srflx", records).held);
  EXPECT_EQ(judged("alice.selected is srflx/srflx", records).found, "srflx/prflx");
}

TEST(Expectation, CountsAndTimes) {
  std::vector<trace::Record> records = life();
  records.push_back(dtls(2500, trace::DtlsState::Connected));
  for (int i = 0; i < 3; ++i)
    records.push_back({Instant{seconds(3 + i)}, kAlice, trace::IceCheckSent{}});
  records.push_back({Instant{seconds(3)}, kBob, trace::IceCheckSent{}});
  EXPECT_TRUE(judged("alice.requests is 3", records).held);
  EXPECT_TRUE(judged("alice.requests is 2 at 4s", records).held);
  EXPECT_TRUE(judged("alice.requests is at least 3", records).held);
  EXPECT_FALSE(judged("alice.requests is at most 2", records).held);
  EXPECT_TRUE(judged("alice.requests is between 2 and 4", records).held);
  EXPECT_EQ(judged("alice.requests is 7", records).found, "3");
  EXPECT_TRUE(judged("alice.connect-time is at most 2500ms", records).held);
  EXPECT_FALSE(judged("alice.connect-time is at most 2499ms", records).held);
  EXPECT_EQ(judged("alice.connect-time is at most 1s", life()).found, "never connected");
  EXPECT_FALSE(judged("alice.connect-time is at least 0s", life()).held);
}

TEST(Expectation, ARoleSwitchIsOneConflict) {
  const auto role = [](std::int64_t s, trace::IceRole r) {
    return trace::Record{Instant{seconds(s)}, kAlice, trace::IceRoleChanged{r, ""}};
  };
  const std::vector<trace::Record> one = {role(0, trace::IceRole::Controlling)};
  const std::vector<trace::Record> two = {role(0, trace::IceRole::Controlling),
                                          role(1, trace::IceRole::Controlled)};
  EXPECT_TRUE(judged("alice.conflicts is 0", one).held);
  EXPECT_TRUE(judged("alice.conflicts is 1", two).held);
  EXPECT_TRUE(judged("alice.role is controlled", two).held);
}

struct BadCase {
  const char* text;
  std::size_t offset;
};

TEST(Expectation, NamesTheWordThatIsWrong) {
  for (const BadCase& c : {BadCase{"", 0},
                           {"alice", 0},
                           {".ice is connected", 0},
                           {"alice.foo is 1", 0},
                           {"alice.sctp is connected", 0},
                           {"finding ice-no-relay", 0},
                           {"alice.ice has connected", 10},
                           {"alice.ice is", 12},
                           {"alice.ice is up", 13},
                           {"alice.ice is connected soon", 23},
                           {"alice.ice is connected within", 29},
                           {"alice.ice is connected within 2", 30},
                           {"alice.ice is connected within 2s please", 33},
                           {"alice.ice is connected between 3s and 2s", 40},
                           {"alice.ice is at least connected", 13},
                           {"alice.selected is srflx", 18},
                           {"alice.selected is srflx/foo", 18},
                           {"alice.requests is many", 18},
                           {"alice.requests is 3 within 2s", 20},
                           {"alice.connect-time is at most 3", 30},
                           {"alice.connect-time is at most 3s at 2s", 33}}) {
    const auto parsed = parse_expectation(c.text);
    ASSERT_FALSE(parsed.has_value()) << c.text;
    EXPECT_EQ(parsed.error().offset, c.offset) << c.text;
    EXPECT_FALSE(parsed.error().message.empty());
  }
}

}  // namespace
}  // namespace parley::sim

#include "stack/ice/gathering.h"

#include <gtest/gtest.h>

#include "tests/stack/ice/support.h"

namespace parley::test {
namespace {

using stun::Attribute;
using stun::MessageBuilder;
using trace::CandidateType;

const Endpoint kServer = endpoint("203.0.113.10:3478");
const Endpoint kMapped = endpoint("198.51.100.1:50000");

ByteBuffer answer_of_server(const Packet& request, const Endpoint& mapped) {
  ByteBuffer bytes;
  MessageBuilder builder(bytes, stun::Class::Success, stun::Method::Binding,
                         request.view().transaction_id());
  builder.address(Attribute::XorMappedAddress, mapped).fingerprint();
  (void)builder.finish();
  return bytes;
}

TEST(Gathering, HostCandidatesAreThereAtOnce) {
  Lone lone;
  lone.gather();
  const auto candidates = lone.agent.take_local_candidates();
  ASSERT_EQ(candidates.size(), 1U);
  EXPECT_EQ(candidates[0].type, CandidateType::Host);
  EXPECT_EQ(candidates[0].priority, 2130706431U);
  EXPECT_TRUE(lone.agent.gathering_complete());
  EXPECT_TRUE(lone.agent.take_local_candidates().empty());
}

TEST(Gathering, AServersAnswerMakesAServerReflexiveCandidate) {
  Lone lone;
  lone.gather({kServer});
  (void)lone.agent.take_local_candidates();
  EXPECT_FALSE(lone.agent.gathering_complete());
  ASSERT_EQ(lone.requests().size(), 1U);
  lone.now = at(42ms);
  lone.receive(kServer, answer_of_server(lone.last_request(), kMapped));
  EXPECT_TRUE(lone.agent.gathering_complete());
  const auto candidates = lone.agent.take_local_candidates();
  ASSERT_EQ(candidates.size(), 1U);
  EXPECT_EQ(candidates[0].type, CandidateType::ServerReflexive);
  EXPECT_EQ(candidates[0].address, kMapped);
  EXPECT_EQ(candidates[0].base, lone.base);
  EXPECT_EQ(candidates[0].priority, 1694498815U);
  const auto answered = events<trace::StunServerAnswered>(lone.records);
  ASSERT_EQ(answered.size(), 1U);
  EXPECT_EQ(answered[0].rtt, 42ms);
  EXPECT_EQ(answered[0].mapped, kMapped);
}

TEST(Gathering, WithoutANatThereIsNothingToAdd) {
  Lone lone;
  lone.gather({kServer});
  (void)lone.agent.take_local_candidates();
  lone.receive(kServer, answer_of_server(lone.last_request(), lone.base));
  EXPECT_TRUE(lone.agent.gathering_complete());
  EXPECT_TRUE(lone.agent.take_local_candidates().empty());
}

TEST(Gathering, TwoServersThatAgreeMakeOneCandidate) {
  const Endpoint second = endpoint("203.0.113.11:3478");
  Lone lone;
  lone.gather({kServer, second});
  lone.run_until(at(60ms));
  const auto requests = lone.requests();
  ASSERT_EQ(requests.size(), 2U);
  lone.receive(kServer, answer_of_server(requests[0], kMapped));
  lone.receive(second, answer_of_server(requests[1], kMapped));
  EXPECT_EQ(lone.agent.take_local_candidates().size(), 2U);
}

TEST(Gathering, ASilentServerIsReportedAfter39AndAHalfSeconds) {
  Lone lone;
  lone.gather({kServer});
  lone.run_until(at(39499ms));
  EXPECT_EQ(lone.requests().size(), 7U);
  EXPECT_FALSE(lone.agent.gathering_complete());
  lone.run_until(at(39500ms));
  EXPECT_TRUE(lone.agent.gathering_complete());
  ASSERT_EQ(events<trace::StunServerSilent>(lone.records).size(), 1U);
  EXPECT_EQ(events<trace::StunServerSilent>(lone.records)[0].server, kServer);
}

TEST(Gathering, AnAnswerFromElsewhereIsIgnored) {
  Lone lone;
  lone.gather({kServer});
  (void)lone.agent.take_local_candidates();
  lone.receive(endpoint("203.0.113.66:3478"), answer_of_server(lone.last_request(), kMapped));
  EXPECT_FALSE(lone.agent.gathering_complete());
  lone.receive(kServer, answer_of_server(lone.last_request(), kMapped));
  EXPECT_EQ(lone.agent.take_local_candidates().size(), 1U);
}

TEST(Gathering, AnErrorOrAnOddAnswerEndsItWithoutACandidate) {
  for (const int kind : {0, 1, 2}) {
    Lone lone;
    lone.gather({kServer});
    (void)lone.agent.take_local_candidates();
    ByteBuffer bytes;
    MessageBuilder builder(bytes, kind == 0 ? stun::Class::Error : stun::Class::Success,
                           stun::Method::Binding, lone.last_request().view().transaction_id());
    if (kind == 0)
      builder.error_code(500, "");
    else if (kind == 1)
      builder.address(Attribute::XorMappedAddress, kMapped).attribute(0x7f00, {});
    else
      builder.address(Attribute::XorMappedAddress, endpoint("224.0.0.1:9"));
    (void)builder.finish();
    lone.receive(kServer, bytes);
    EXPECT_TRUE(lone.agent.gathering_complete()) << kind;
    EXPECT_TRUE(lone.agent.take_local_candidates().empty()) << kind;
    EXPECT_EQ(events<trace::StackDiscarded>(lone.records).size(), 1U) << kind;
  }
}

TEST(Gathering, AsksEachServerFromEachBaseOfItsFamily) {
  SeededRandom random(1, "gathering");
  ice::Gatherer gatherer;
  gatherer.plan({endpoint("10.0.0.1:1"), endpoint("10.0.0.2:1"), endpoint("[2001:db8::1]:1")},
                {kServer, endpoint("[2001:db8::9]:3478")}, 500ms, 50ms);
  Outbox out;
  const ice::Reporter report{Instant{}, trace::ActorId(0), out};
  while (gatherer.has_unstarted())
    gatherer.start_next(report, random);
  std::vector<std::string> sent;
  out.take_datagrams(
      [&](const Datagram& d) { sent.push_back(to_string(d.local) + " " + to_string(d.remote)); });
  EXPECT_EQ(sent, (std::vector<std::string>{"10.0.0.1:1 203.0.113.10:3478",
                                            "10.0.0.2:1 203.0.113.10:3478",
                                            "[2001:db8::1]:1 [2001:db8::9]:3478"}));
}

TEST(Gathering, RetransmitsMoreSlowlyWithManyTransactions) {
  SeededRandom random(1, "gathering");
  ice::Gatherer gatherer;
  std::vector<Endpoint> servers;
  for (std::uint16_t port = 1; port <= 100; ++port)
    servers.push_back({kServer.address, port});
  gatherer.plan({endpoint("10.0.0.1:1")}, servers, 500ms, 50ms);
  Outbox out;
  gatherer.start_next({Instant{}, trace::ActorId(0), out}, random);
  EXPECT_EQ(gatherer.next_deadline(), at(3200ms)) << "64 at most, 50 ms each";
}

}  // namespace
}  // namespace parley::test

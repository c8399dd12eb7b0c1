// Two agents and a network: the whole of ICE in virtual time.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "stack/stun/server.h"
#include "tests/stack/ice/support.h"
#include "tests/support/pair.h"

namespace parley::test {
namespace {

using ice::Agent;
using ice::AgentConfig;
using trace::CandidateType;
using trace::IceRole;
using trace::IceState;

const Endpoint kAliceBase = endpoint("192.168.0.204:50000");
const Endpoint kBobBase = endpoint("10.0.0.7:50000");
const Endpoint kStunServer = endpoint("203.0.113.10:3478");

AgentConfig with_role(IceRole role) {
  AgentConfig config;
  config.role = role;
  return config;
}

struct CallConfig {
  LinkConfig link;
  AgentConfig alice = with_role(IceRole::Controlling);
  AgentConfig bob = with_role(IceRole::Controlled);
  std::vector<Endpoint> alice_bases = {kAliceBase}, bob_bases = {kBobBase};
  std::vector<Endpoint> stun_servers;
  Duration signaling = 40ms;
  std::uint64_t seed = 1;
};

// Alice offers at 0; descriptions and candidates take `signaling` to the other side.
class Call {
 public:
  explicit Call(const CallConfig& config)
      : config_(config),
        alice_random_(config.seed, "alice"),
        bob_random_(config.seed, "bob"),
        alice(trace::ActorId(0), config.alice, {"alic", "alicePasswordAlicePassword"},
              alice_random_),
        bob(trace::ActorId(1), config.bob, {"bobb", "bobPasswordBobPasswordBob"}, bob_random_),
        net(alice, bob, config.link) {}

  void start() {
    gather(true);
    net.at(at(config_.signaling), [this] {
      describe(false);
      gather(false);
      net.at(net.now() + config_.signaling, [this] { describe(true); });
    });
    trickle();
  }
  bool done() const { return up(alice) && up(bob); }
  static bool up(const Agent& agent) {
    return agent.state() == IceState::Connected || agent.state() == IceState::Completed;
  }

 private:
  CallConfig config_;
  SeededRandom alice_random_, bob_random_;
  bool alice_ended_ = false, bob_ended_ = false;

 public:
  Agent alice, bob;
  Pair<Agent, Agent> net;

 private:
  void gather(bool first) {
    auto call = [&](Agent& agent, Instant now, Outbox& out) {
      agent.start_gathering(now, first ? config_.alice_bases : config_.bob_bases,
                            config_.stun_servers, out);
    };
    first ? net.on_first(call) : net.on_second(call);
  }
  void describe(bool first) {
    const ice::Credentials remote = (first ? bob : alice).local_credentials();
    auto call = [&](Agent& agent, Instant now, Outbox& out) { agent.set_remote(now, remote, out); };
    first ? net.on_first(call) : net.on_second(call);
  }
  // Polls each millisecond, as a session would after each call.
  void trickle() {
    forward(alice, alice_ended_, false);
    forward(bob, bob_ended_, true);
    if (!alice_ended_ || !bob_ended_)
      net.at(net.now() + 1ms, [this] { trickle(); });
  }
  void forward(Agent& from, bool& ended, bool to_first) {
    for (const ice::Candidate& candidate : from.take_local_candidates())
      deliver(to_first, [candidate](Agent& agent, Instant now, Outbox& out) {
        agent.add_remote_candidate(now, candidate, out);
      });
    if (!ended && from.gathering_complete()) {
      ended = true;
      deliver(to_first, [](Agent& agent, Instant now, Outbox& out) {
        agent.set_remote_end_of_candidates(now, out);
      });
    }
  }
  void deliver(bool to_first, std::function<void(Agent&, Instant, Outbox&)> call) {
    net.at(net.now() + config_.signaling, [this, to_first, call = std::move(call)] {
      to_first ? net.on_first(call) : net.on_second(call);
    });
  }
};

// Selected paths are mirror images when no NAT is between.
void expect_same_path(const Call& call) {
  const auto alice = call.alice.selected_pair();
  const auto bob = call.bob.selected_pair();
  ASSERT_TRUE(alice.has_value() && bob.has_value());
  EXPECT_EQ(alice->local.base, bob->remote.address);
  EXPECT_EQ(alice->remote.address, bob->local.base);
}

TEST(TwoAgents, ConnectOverADirectPath) {
  Call call({});
  call.start();
  ASSERT_TRUE(call.net.run_until(at(2s), [&] { return call.done(); }));
  expect_same_path(call);
  EXPECT_EQ(call.alice.role(), IceRole::Controlling);
  call.net.run_until(at(3s));
  EXPECT_EQ(call.alice.state(), IceState::Completed);
  EXPECT_EQ(call.bob.state(), IceState::Completed);
}

TEST(TwoAgents, AreDeterministic) {
  auto run = [](std::uint64_t seed) {
    CallConfig config;
    config.link.loss = 0.3;
    config.link.jitter = 15ms;
    config.link.seed = seed;
    config.seed = seed;
    Call call(config);
    call.start();
    call.net.run_until(at(20s));
    std::string log;
    for (const Sent& sent : call.net.sent)
      log += std::to_string(sent.at.time_since_epoch().count()) + " " +
             to_string(sent.datagram.source) + to_hex(sent.datagram.payload) + "\n";
    return log;
  };
  EXPECT_EQ(run(5), run(5));
  EXPECT_NE(run(5), run(6));
}

// Endpoint-independent mapping, address-and-port-dependent filtering: one NAT for each side. What
// is sent to the STUN server is answered by a real one.
class Nats {
 public:
  explicit Nats(Call& call) : call_(call) {
    call.net.on_path = [this](Instant, Passing& passing) { return pass(passing); };
  }
  const Endpoint alice_outside = endpoint("198.51.100.1:50000");
  const Endpoint bob_outside = endpoint("198.51.100.2:50000");
  int filtered = 0;

 private:
  bool pass(Passing& passing) {
    const bool alice = passing.from_first;
    passing.source = alice ? alice_outside : bob_outside;
    auto& opened = alice ? alice_opened_ : bob_opened_;
    opened[passing.destination] = true;
    if (passing.destination == kStunServer) {
      answer_as_server(passing);
      return false;
    }
    if (passing.destination != (alice ? bob_outside : alice_outside))
      return false;  // a private address is not routed
    // The filter is taken to stand next to the sender: who has opened it by now is let in.
    const bool lets_in = (alice ? bob_opened_ : alice_opened_).contains(passing.source);
    if (!lets_in) {
      ++filtered;
      return false;
    }
    passing.destination = alice ? kBobBase : kAliceBase;
    return true;
  }
  void answer_as_server(const Passing& request) {
    stun::Server server;
    Outbox out;
    server.on_datagram(call_.net.now(), {kStunServer, request.source, request.payload}, out);
    out.take_datagrams([&](const Datagram& d) {
      call_.net.inject({!request.from_first, d.local, request.from_first ? kAliceBase : kBobBase,
                        to_buffer(d.payload)});
    });
  }
  Call& call_;
  std::map<Endpoint, bool> alice_opened_, bob_opened_;
};

TEST(TwoAgents, PunchHolesIntoTwoNats) {
  CallConfig config;
  config.link.delay = 43ms;
  config.stun_servers = {kStunServer};
  Call call(config);
  Nats nats(call);
  call.start();
  ASSERT_TRUE(call.net.run_until(at(2s), [&] { return call.done(); }));
  const auto alice = call.alice.selected_pair();
  const auto bob = call.bob.selected_pair();
  EXPECT_EQ(alice->local.type, CandidateType::ServerReflexive);
  EXPECT_EQ(alice->local.address, nats.alice_outside);
  EXPECT_EQ(alice->local.base, kAliceBase);
  EXPECT_EQ(alice->remote.type, CandidateType::ServerReflexive);
  EXPECT_EQ(bob->local.address, nats.bob_outside);
  EXPECT_EQ(bob->remote.address, nats.alice_outside);
  EXPECT_EQ(events<trace::StunServerAnswered>(call.net.first_records).size(), 1U);
}

TEST(TwoAgents, FindEachOtherByPeerReflexiveCandidatesAlone) {
  // Bob knows Alice by her checks only; no STUN server, and her NAT gives her another port.
  CallConfig config;
  Call call(config);
  const Endpoint outside = endpoint("198.51.100.77:61234");
  call.net.on_path = [&](Instant, Passing& passing) {
    if (passing.from_first)
      passing.source = outside;
    else if (passing.destination == outside)
      passing.destination = kAliceBase;
    else
      return false;
    return true;
  };
  call.start();
  ASSERT_TRUE(call.net.run_until(at(2s), [&] { return call.done(); }));
  EXPECT_EQ(call.alice.selected_pair()->local.type, CandidateType::PeerReflexive);
  EXPECT_EQ(call.alice.selected_pair()->local.address, outside);
  EXPECT_EQ(call.bob.selected_pair()->remote.type, CandidateType::PeerReflexive);
  EXPECT_EQ(call.bob.selected_pair()->remote.address, outside);
}

TEST(TwoAgents, SettleARoleConflict) {
  for (const IceRole role : {IceRole::Controlling, IceRole::Controlled}) {
    for (const auto& [alice, bob] :
         {std::pair<std::uint64_t, std::uint64_t>{1, 2}, {2, 1}, {7, 7}}) {
      CallConfig config;
      config.alice = with_role(role);
      config.alice.tie_breaker = alice;
      config.bob = with_role(role);
      config.bob.tie_breaker = bob;
      Call call(config);
      call.start();
      ASSERT_TRUE(call.net.run_until(at(5s), [&] { return call.done(); })) << alice << " " << bob;
      EXPECT_NE(call.alice.role(), call.bob.role());
      expect_same_path(call);
      if (alice != bob) {
        EXPECT_EQ((alice > bob ? call.alice : call.bob).role(), IceRole::Controlling);
      }
      EXPECT_LE(events<trace::IceRoleChanged>(call.net.first_records).size() +
                    events<trace::IceRoleChanged>(call.net.second_records).size(),
                6U);
    }
  }
}

TEST(TwoAgents, FailTogetherWhenNothingGetsThrough) {
  CallConfig config;
  config.link.loss = 1;
  Call call(config);
  call.start();
  call.net.run_until(at(60s));
  EXPECT_EQ(call.alice.state(), IceState::Failed);
  EXPECT_EQ(call.bob.state(), IceState::Failed);
  EXPECT_FALSE(call.alice.send_path().has_value());
  EXPECT_EQ(call.alice.next_deadline(), kNever);
  // Two candidates' worth of checks, not a flood: seven for the one pair of each side.
  EXPECT_EQ(call.net.sent.size(), 14U);
}

TEST(Consent, IsAskedForEveryFiveSecondsOrSo) {
  Call call({});
  call.start();
  call.net.run_until(at(300s));
  EXPECT_EQ(call.alice.state(), IceState::Completed);
  std::vector<Instant> times;
  for (const trace::Record& record : call.net.first_records.records())
    if (const auto* sent = std::get_if<trace::IceCheckSent>(&record.event))
      if (sent->consent)
        times.push_back(record.at);
  ASSERT_GT(times.size(), 50U);
  std::set<Duration> gaps;
  for (std::size_t i = 1; i < times.size(); ++i) {
    const Duration gap = times[i] - times[i - 1];
    EXPECT_GE(gap, 4s);
    EXPECT_LE(gap, 6s);
    gaps.insert(gap);
  }
  EXPECT_GT(gaps.size(), 40U) << "randomised";
}

TEST(Consent, ExpiresThirtySecondsAfterTheLastAnswerAndThenSendingStops) {
  Call call({});
  call.start();
  call.net.run_until(at(20s));
  ASSERT_TRUE(call.done());
  Instant last_answer{};
  for (const trace::Record& record : call.net.first_records.records())
    if (std::holds_alternative<trace::IceCheckAnswered>(record.event))
      last_answer = record.at;
  call.net.on_path = [](Instant, Passing&) { return false; };
  call.net.run_until(at(25s), [] { return false; });
  // Data of the peer, or answers that nobody authenticated, do not renew consent (RFC 7675 5.1).
  ASSERT_TRUE(
      call.net.run_until(at(90s), [&] { return call.alice.state() == IceState::Disconnected; }));
  EXPECT_TRUE(call.alice.send_path().has_value());
  ASSERT_TRUE(call.net.run_until(at(90s), [&] { return call.alice.state() == IceState::Failed; }));
  EXPECT_EQ(call.net.now(), last_answer + 30s);
  EXPECT_FALSE(call.alice.send_path().has_value());
  EXPECT_EQ(events<trace::IceConsentLost>(call.net.first_records).size(), 1U);
  call.net.on_path = nullptr;
  call.net.run_until(at(90s));
  const std::size_t so_far = call.net.sent.size();
  call.net.run_until(at(200s));
  EXPECT_EQ(call.net.sent.size(), so_far);
  EXPECT_EQ(call.alice.state(), IceState::Failed) << "only a restart brings it back";
}

TEST(Consent, AShortInterruptionIsSeenAndForgotten) {
  Call call({});
  call.start();
  call.net.run_until(at(20s));
  call.net.on_path = [](Instant, Passing&) { return false; };
  ASSERT_TRUE(
      call.net.run_until(at(60s), [&] { return call.alice.state() == IceState::Disconnected; }));
  call.net.on_path = nullptr;
  ASSERT_TRUE(
      call.net.run_until(at(60s), [&] { return call.alice.state() == IceState::Completed; }));
  EXPECT_TRUE(events<trace::IceConsentLost>(call.net.first_records).empty());
}

TEST(Keepalive, IsSentOnAQuietPathEveryFifteenSecondsWhenConsentIsOff) {
  CallConfig config;
  config.alice.consent = false;
  config.bob.consent = false;
  Call call(config);
  call.start();
  ASSERT_TRUE(call.net.run_until(at(2s), [&] { return call.done(); }));
  call.net.run_until(at(5s));
  const std::size_t before = call.net.sent.size();
  call.net.run_until(at(65s));
  std::size_t alices = 0;
  for (std::size_t i = before; i < call.net.sent.size(); ++i) {
    const Passing& datagram = call.net.sent[i].datagram;
    EXPECT_EQ(stun::MessageView::decode(datagram.payload)->message_class(),
              stun::Class::Indication);
    alices += datagram.from_first ? 1U : 0U;
  }
  EXPECT_EQ(alices, 4U);
  EXPECT_EQ(call.alice.state(), IceState::Completed);
  call.alice.on_data_sent(call.net.now());
  EXPECT_EQ(call.alice.next_deadline(), call.net.now() + 15s);
}

// Random networks: whatever is lost, doubled or reordered, nothing breaks, both end up on one path
// or without any, and the trace follows the tables.
class RandomNetwork : public ::testing::TestWithParam<std::uint64_t> {};

void expect_steps_of_the_table(const trace::RecordList& records) {
  std::map<trace::PairId, trace::PairState> states;
  for (const auto& step : events<trace::IcePairState>(records)) {
    EXPECT_EQ(step.from, states[step.pair]);
    EXPECT_TRUE(trace::kPairStates.reachable(step.from, step.to));
    states[step.pair] = step.to;
  }
}

// Of a side that has no selected pair any more, or never got one.
void expect_failed_with_a_cause(const Agent& agent, const trace::RecordList& records) {
  EXPECT_EQ(agent.state(), IceState::Failed);
  const auto states = events<trace::IceStateChanged>(records);
  ASSERT_FALSE(states.empty());
  EXPECT_FALSE(states.back().reason.empty());
}

TEST_P(RandomNetwork, BothSidesAgree) {
  const char* override_seed = std::getenv("PARLEY_SEED");
  const std::uint64_t seed =
      override_seed == nullptr ? GetParam() : std::strtoull(override_seed, nullptr, 10);
  SCOPED_TRACE("PARLEY_SEED=" + std::to_string(seed));
  SeededRandom random(seed, "scenario");
  CallConfig config;
  config.seed = seed;
  config.link.seed = seed;
  config.link.delay = Duration(static_cast<Duration::rep>(random.below(150'000'000)));
  config.link.jitter = Duration(static_cast<Duration::rep>(1 + random.below(200'000'000)));
  config.link.loss = random.unit() * 0.6;
  config.link.duplication = random.unit() * 0.3;
  config.signaling = Duration(static_cast<Duration::rep>(random.below(400'000'000)));
  const std::size_t count = 1 + random.below(3);
  for (std::size_t i = 1; i < count; ++i) {
    config.alice_bases.push_back({kAliceBase.address, static_cast<std::uint16_t>(50000 + i)});
    config.bob_bases.push_back({kBobBase.address, static_cast<std::uint16_t>(50000 + i)});
  }
  if (random.chance(0.3))
    config.bob.role = IceRole::Controlling;

  Call call(config);
  call.start();
  const auto failed = [](const Agent& agent) { return agent.state() == IceState::Failed; };
  // Not "connected": where a third of the packets is lost, consent may expire on one side before
  // the other has its nomination answered.
  call.net.run_until(at(200s), [&] {
    EXPECT_EQ(call.alice.broken_invariant(), "");
    EXPECT_EQ(call.bob.broken_invariant(), "");
    return (call.alice.selected_pair() && call.bob.selected_pair()) ||
           (failed(call.alice) && failed(call.bob)) || ::testing::Test::HasFailure();
  });
  // Never two paths, never one side that waits without end.
  if (call.alice.selected_pair() && call.bob.selected_pair()) {
    expect_same_path(call);
  } else {
    expect_failed_with_a_cause(call.alice, call.net.first_records);
    expect_failed_with_a_cause(call.bob, call.net.second_records);
  }
  EXPECT_NE(call.alice.role(), call.bob.role());
  expect_steps_of_the_table(call.net.first_records);
  expect_steps_of_the_table(call.net.second_records);
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomNetwork, ::testing::Range<std::uint64_t>(1, 201));

}  // namespace
}  // namespace parley::test

// What an agent does with its own checks (RFC 8445 section 7.2): its peer is played by hand.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stack/ice/support.h"

namespace parley::test {
namespace {

using ice::AgentConfig;
using stun::Attribute;
using ::testing::HasSubstr;
using trace::CandidateType;
using trace::IceRole;
using trace::IceState;
using trace::PairState;

const Endpoint kPeer = endpoint("192.168.0.9:6000");

AgentConfig as(IceRole role) {
  AgentConfig config;
  config.role = role;
  return config;
}

TEST(AgentChecks, CarryWhatTheStandardAsksForAndNothingElse) {
  Lone lone;
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")});
  ASSERT_EQ(lone.requests().size(), 1U);
  const Packet check = lone.last_request();
  EXPECT_EQ(check.local, lone.base);
  EXPECT_EQ(check.remote, kPeer);
  const stun::MessageView view = check.view();
  EXPECT_EQ(view.method(), stun::Method::Binding);
  EXPECT_EQ(view.username(), "peer:ourU");
  EXPECT_EQ(view.priority(), 1862270975U) << "what a peer-reflexive candidate of it would have";
  EXPECT_TRUE(view.u64(Attribute::IceControlling).has_value());
  EXPECT_FALSE(view.has(Attribute::UseCandidate));
  EXPECT_FALSE(view.has(Attribute::Software));
  EXPECT_EQ(view.verify_integrity(as_bytes(kTheirs.password)), stun::Verification::Good);
  EXPECT_EQ(view.verify_fingerprint(), stun::Verification::Good);
  EXPECT_EQ(view.attributes().size(), 5U);
}

TEST(AgentChecks, UnansweredGoOutSevenTimesAndFailAfter39AndAHalfSeconds) {
  Lone lone;
  lone.now = at(1s);
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")}, true);
  lone.run_until(at(60s));
  std::vector<Duration> times;
  for (const Packet& packet : lone.requests())
    times.push_back(packet.at - at(1s));
  EXPECT_EQ(times, (std::vector<Duration>{0ms, 500ms, 1500ms, 3500ms, 7500ms, 15500ms, 31500ms}));
  const auto& records = lone.records.records();
  const auto failed = std::find_if(records.begin(), records.end(), [](const trace::Record& r) {
    const auto* step = std::get_if<trace::IcePairState>(&r.event);
    return step != nullptr && step->to == PairState::Failed;
  });
  ASSERT_NE(failed, records.end());
  EXPECT_EQ(failed->at, at(40500ms));
  EXPECT_EQ(std::get<trace::IcePairState>(failed->event).reason, "no answer to 7 requests");
  EXPECT_EQ(lone.agent.state(), IceState::Failed);
  const auto sent = events<trace::IceCheckSent>(lone.records);
  ASSERT_EQ(sent.size(), 7U);
  EXPECT_EQ(sent[6].attempt, 7U);
  EXPECT_EQ(sent[6].transaction, sent[0].transaction);
  EXPECT_EQ(lone.agent.next_deadline(), kNever);
}

TEST(AgentChecks, ArePacedByTaWithGatheringAmongThem) {
  Lone lone;
  lone.gather({endpoint("203.0.113.10:3478"), endpoint("203.0.113.11:3478")});
  std::vector<ice::Candidate> candidates;
  for (int i = 0; i < 5; ++i) {
    candidates.push_back(host_candidate("192.168.0.9:6000", static_cast<std::uint16_t>(100 + i)));
    candidates.back().address.port = static_cast<std::uint16_t>(6000 + i);
    candidates.back().foundation = std::to_string(i);
  }
  lone.describe(candidates);
  lone.run_until(at(400ms));
  const auto requests = lone.requests();
  ASSERT_EQ(requests.size(), 7U);
  for (std::size_t i = 0; i < requests.size(); ++i)
    EXPECT_EQ(requests[i].at, at(50ms * static_cast<int>(i))) << i;
  EXPECT_EQ(requests[1].remote, endpoint("203.0.113.11:3478"));
  EXPECT_EQ(requests[2].remote.port, 6004) << "highest priority first";
  EXPECT_EQ(requests[6].remote.port, 6000);
}

TEST(AgentChecks, WaitLongerForAnswersWhenManyAreUnderWay) {
  AgentConfig config;
  config.pacing = 100ms;
  Lone lone(config);
  lone.gather();
  std::vector<ice::Candidate> candidates;
  for (int i = 0; i < 20; ++i) {
    candidates.push_back(host_candidate("192.168.0.9:6000", static_cast<std::uint16_t>(100 - i)));
    candidates.back().address.port = static_cast<std::uint16_t>(6000 + i);
    candidates.back().foundation = std::to_string(i);
  }
  lone.describe(candidates);
  lone.run_until(at(2400ms));
  // RFC 8445 section 14.3. The second check, at 0.1 s, has twenty pairs waiting or in progress.
  std::vector<Instant> times;
  for (const Packet& packet : lone.requests())
    if (packet.remote.port == 6001)
      times.push_back(packet.at);
  EXPECT_EQ(times, (std::vector<Instant>{at(100ms), at(2100ms)}));
}

TEST(AgentChecks, AnsweredMakeThePairValidAndItIsNominatedAtOnce) {
  Lone lone;
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")}, true);
  EXPECT_FALSE(lone.agent.is_valid_path(lone.base, kPeer));
  lone.now = at(86ms);
  lone.answer(lone.last_request());
  EXPECT_TRUE(lone.agent.is_valid_path(lone.base, kPeer));
  EXPECT_FALSE(lone.agent.is_valid_path(lone.base, endpoint("192.168.0.9:6001")));
  EXPECT_EQ(lone.agent.send_path(), (ice::Path{lone.base, kPeer}));
  EXPECT_EQ(lone.agent.state(), IceState::Checking);
  ASSERT_EQ(lone.requests().size(), 2U);
  EXPECT_TRUE(lone.last_request().view().has(Attribute::UseCandidate));
  lone.now = at(172ms);
  lone.answer(lone.last_request());
  EXPECT_EQ(lone.agent.state(), IceState::Completed);
  ASSERT_TRUE(lone.agent.selected_pair().has_value());
  EXPECT_EQ(lone.agent.selected_pair()->local.type, CandidateType::Host);
  const auto answered = events<trace::IceCheckAnswered>(lone.records);
  ASSERT_EQ(answered.size(), 2U);
  EXPECT_EQ(answered[0].rtt, 86ms);
  const auto states = events<trace::IceStateChanged>(lone.records);
  ASSERT_EQ(states.size(), 3U);
  EXPECT_EQ(states[1].to, IceState::Connected) << "seen on the way to completed";
}

TEST(AgentChecks, FindALocalPeerReflexiveCandidateInTheAnswer) {
  Lone lone;
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")});
  (void)lone.agent.take_local_candidates();
  lone.answer(lone.last_request(), endpoint("198.51.100.7:61000"));
  lone.now = at(50ms);
  lone.run_until(at(50ms));
  lone.answer(lone.last_request(), endpoint("198.51.100.7:61000"));
  const auto selected = lone.agent.selected_pair();
  ASSERT_TRUE(selected.has_value());
  EXPECT_EQ(selected->local.type, CandidateType::PeerReflexive);
  EXPECT_EQ(selected->local.address, endpoint("198.51.100.7:61000"));
  EXPECT_EQ(selected->local.base, lone.base);
  EXPECT_EQ(selected->local.priority, 1862270975U);
  EXPECT_EQ(lone.agent.send_path()->local, lone.base);
  EXPECT_TRUE(lone.agent.take_local_candidates().empty()) << "it is not signalled";
  EXPECT_EQ(events<trace::IcePairCreated>(lone.records).size(), 1U) << "and never paired";
}

TEST(AgentChecks, FailOnAnAnswerFromAnotherAddress) {
  Lone lone;
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")});
  const Packet check = lone.last_request();
  lone.receive(endpoint("192.168.0.9:6001"),
               ice::encode_success(check.view().transaction_id(), lone.base, kTheirs));
  const auto steps = events<trace::IcePairState>(lone.records);
  EXPECT_EQ(steps.back().to, PairState::Failed);
  EXPECT_THAT(steps.back().reason, HasSubstr("192.168.0.9:6001"));
  EXPECT_FALSE(lone.agent.is_valid_path(lone.base, kPeer));
}

TEST(AgentChecks, IgnoreAnswersThatThePeerDidNotAuthenticate) {
  Lone lone;
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")}, true);
  const Packet check = lone.last_request();
  const stun::TransactionId id = check.view().transaction_id();
  const ice::Credentials wrong{"peer", "anotherPasswordAltogether"};
  lone.receive(kPeer, ice::encode_success(id, lone.base, wrong));
  ByteBuffer bare;
  stun::MessageBuilder builder(bare, stun::Class::Success, stun::Method::Binding, id);
  builder.address(Attribute::XorMappedAddress, lone.base).fingerprint();
  (void)builder.finish();
  lone.receive(kPeer, bare);
  lone.answer_error(check, 401);
  EXPECT_FALSE(lone.agent.is_valid_path(lone.base, kPeer));
  lone.run_until(at(39500ms));
  EXPECT_EQ(lone.requests().size(), 7U) << "the retransmissions went on";
  EXPECT_THAT(events<trace::IcePairState>(lone.records).back().reason, HasSubstr("error 401"));
}

TEST(AgentChecks, IgnoreAnswersToRequestsThatWereNeverSent) {
  Lone lone;
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")});
  lone.receive(kPeer, ice::encode_success(stun::TransactionId{}, lone.base, kTheirs));
  EXPECT_FALSE(lone.agent.is_valid_path(lone.base, kPeer));
  EXPECT_EQ(lone.sent.size(), 1U);
}

TEST(AgentChecks, FailOnAnAnswerThatHasToBeUnderstoodButIsNot) {
  Lone lone;
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")});
  ByteBuffer odd;
  stun::MessageBuilder builder(odd, stun::Class::Success, stun::Method::Binding,
                               lone.last_request().view().transaction_id());
  builder.address(Attribute::XorMappedAddress, lone.base).attribute(0x7f00, {});
  builder.message_integrity(as_bytes(kTheirs.password)).fingerprint();
  (void)builder.finish();
  lone.receive(kPeer, odd);
  EXPECT_EQ(events<trace::IcePairState>(lone.records).back().to, PairState::Failed);
}

TEST(AgentChecks, ChangeTheRoleOn487AndGoOutAgain) {
  for (const IceRole role : {IceRole::Controlling, IceRole::Controlled}) {
    Lone lone(as(role));
    lone.gather();
    lone.describe({host_candidate("192.168.0.9:6000")});
    lone.answer_error(lone.last_request(), 487);
    EXPECT_NE(lone.agent.role(), role);
    lone.run_until(at(50ms));
    ASSERT_EQ(lone.requests().size(), 2U);
    const Packet repeated = lone.last_request();
    const stun::MessageView again = repeated.view();
    EXPECT_TRUE(again.has(role == IceRole::Controlling ? Attribute::IceControlled
                                                       : Attribute::IceControlling));
    EXPECT_NE(again.transaction_id(), lone.requests()[0].view().transaction_id());
    // RFC 8445 section 7.2.5.1: with the old number the conflict could come back.
    const auto number = [](const Packet& request) {
      const auto controlling = request.view().u64(Attribute::IceControlling);
      return controlling ? controlling : request.view().u64(Attribute::IceControlled);
    };
    EXPECT_NE(number(repeated), number(lone.requests()[0]));
    EXPECT_THAT(events<trace::IceRoleChanged>(lone.records).back().reason, HasSubstr("487"));
  }
}

TEST(AgentChecks, ASecond487ToTheFormerRoleChangesNothing) {
  Lone lone;
  lone.gather();
  auto other = host_candidate("192.168.0.9:6001", 65000);
  other.foundation = "2";
  lone.describe({host_candidate("192.168.0.9:6000"), other});
  lone.run_until(at(60ms));
  const auto requests = lone.requests();
  ASSERT_EQ(requests.size(), 2U);
  lone.answer_error(requests[0], 487);
  lone.answer_error(requests[1], 487);
  EXPECT_EQ(lone.agent.role(), IceRole::Controlled);
}

TEST(AgentChecks, AnotherErrorFailsThePair) {
  Lone lone;
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")});
  lone.answer_error(lone.last_request(), 420);
  const auto step = events<trace::IcePairState>(lone.records).back();
  EXPECT_EQ(step.to, PairState::Failed);
  EXPECT_EQ(step.reason, "error 420");
}

TEST(AgentChecks, CarryUseCandidateFromTheFirstOnWithAggressiveNomination) {
  AgentConfig config;
  config.nomination = trace::Nomination::Aggressive;
  Lone lone(config);
  lone.gather();
  auto low = host_candidate("192.168.0.9:6001", 100);
  low.foundation = "2";
  lone.describe({host_candidate("192.168.0.9:6000"), low});
  lone.run_until(at(60ms));
  const auto requests = lone.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_TRUE(requests[0].view().has(Attribute::UseCandidate));
  lone.answer(requests[1]);
  EXPECT_EQ(lone.agent.selected_pair()->remote.address.port, 6001);
  lone.answer(requests[0]);
  EXPECT_EQ(lone.agent.selected_pair()->remote.address.port, 6000) << "the better one takes over";
  EXPECT_EQ(lone.agent.broken_invariant(), "");
}

TEST(AgentNomination, WaitsForABetterPairThatIsStillLikely) {
  Lone lone;
  lone.gather();
  auto best = host_candidate("192.168.0.9:6000", 65535);
  auto low = host_candidate("192.168.0.9:6001", 100);
  low.foundation = "2";
  lone.describe({best, low});
  lone.run_until(at(50ms));
  const auto requests = lone.requests();
  ASSERT_EQ(requests.size(), 2U);
  lone.now = at(130ms);
  lone.answer(requests[1]);  // took 80 ms; the better one has been out for 130 ms already
  EXPECT_TRUE(lone.last_request().view().has(Attribute::UseCandidate));
  EXPECT_EQ(lone.last_request().remote.port, 6001);
}

TEST(AgentNomination, GivesABetterPairTheTimeThatTheValidOneTook) {
  Lone lone;
  lone.gather();
  auto low = host_candidate("192.168.0.9:6001", 100);
  low.foundation = "2";
  lone.describe({low});
  lone.now = at(50ms);
  lone.add(host_candidate("192.168.0.9:6000", 65535));
  lone.now = at(90ms);
  lone.answer(lone.requests()[0]);  // took 90 ms: the better one has until 140 ms
  EXPECT_EQ(lone.requests().size(), 2U);
  EXPECT_EQ(lone.agent.next_deadline(), at(140ms));
  lone.now = at(120ms);
  lone.answer(lone.requests()[1]);
  EXPECT_EQ(lone.last_request().remote.port, 6000);
  EXPECT_TRUE(lone.last_request().view().has(Attribute::UseCandidate));
}

// RFC 8445 section 7.2.5.3.4: the peer may have got the request and use that pair.
TEST(AgentNomination, IsNotTriedOnAnotherPairWhenItsCheckFails) {
  Lone lone;
  lone.gather();
  auto low = host_candidate("192.168.0.9:6001", 100);
  low.foundation = "2";
  lone.describe({host_candidate("192.168.0.9:6000"), low});
  lone.run_until(at(50ms));
  lone.answer(lone.requests()[0]);
  lone.answer(lone.requests()[1]);
  lone.run_until(at(100ms));
  ASSERT_EQ(lone.requests().size(), 3U);
  ASSERT_EQ(lone.last_request().remote.port, 6000);
  lone.run_until(at(39700ms));
  EXPECT_FALSE(lone.agent.is_valid_path(lone.base, kPeer));
  EXPECT_EQ(lone.last_request().remote.port, 6000);
  EXPECT_EQ(lone.agent.state(), IceState::Failed);
  EXPECT_EQ(events<trace::IceStateChanged>(lone.records).back().reason,
            "the nomination failed: no answer to 7 requests");
  EXPECT_FALSE(lone.agent.send_path().has_value());
  // Nothing that comes later gives the peer hope.
  const std::size_t so_far = lone.sent.size();
  EXPECT_EQ(lone.reply_to(lone.check_from(kPeer, {})), std::nullopt);
  lone.run_until(at(200s));
  EXPECT_EQ(lone.sent.size(), so_far);
  EXPECT_EQ(lone.agent.broken_invariant(), "");
}

TEST(AgentNomination, EndsAllOtherChecks) {
  Lone lone;
  lone.gather();
  std::vector<ice::Candidate> candidates;
  for (int i = 0; i < 6; ++i) {
    candidates.push_back(host_candidate("192.168.0.9:6000", static_cast<std::uint16_t>(900 - i)));
    candidates.back().address.port = static_cast<std::uint16_t>(6000 + i);
    candidates.back().foundation = std::to_string(i);
  }
  lone.describe(candidates, true);
  lone.run_until(at(50ms));
  lone.answer(lone.requests()[0]);
  lone.run_until(at(100ms));
  lone.answer(lone.last_request());
  ASSERT_TRUE(lone.agent.selected_pair().has_value());
  const std::size_t so_far = lone.requests().size();
  lone.run_until(at(3900ms));  // before the first consent request
  EXPECT_EQ(lone.requests().size(), so_far);
}

TEST(AgentClosed, IsSilent) {
  Lone lone;
  lone.gather({endpoint("203.0.113.10:3478")});
  lone.describe({host_candidate("192.168.0.9:6000")});
  lone.close();
  const std::size_t so_far = lone.sent.size();
  EXPECT_EQ(lone.agent.next_deadline(), kNever);
  lone.check_from(kPeer, {});
  EXPECT_EQ(lone.sent.size(), so_far);
  EXPECT_EQ(lone.agent.state(), IceState::Closed);
  EXPECT_FALSE(lone.agent.send_path().has_value());
}

}  // namespace
}  // namespace parley::test

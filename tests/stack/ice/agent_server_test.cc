// What an agent does with its peer's checks (RFC 8445 section 7.3).

#include <string>

#include <gtest/gtest.h>

#include "tests/stack/ice/support.h"

namespace parley::test {
namespace {

using ice::AgentConfig;
using stun::Attribute;
using stun::MessageBuilder;
using trace::CandidateType;
using trace::IceRole;
using trace::IceState;

const Endpoint kPeer = endpoint("192.168.0.9:6000");
constexpr stun::TransactionId kId = {std::byte{9}};

AgentConfig controlled(std::uint64_t tie_breaker = 100) {
  AgentConfig config;
  config.role = IceRole::Controlled;
  config.tie_breaker = tie_breaker;
  return config;
}

// A request that differs from a good one in what `fill` writes.
template <class F>
ByteBuffer request(F&& fill) {
  ByteBuffer bytes;
  MessageBuilder builder(bytes, stun::Class::Request, stun::Method::Binding, kId);
  fill(builder);
  builder.fingerprint();
  (void)builder.finish();
  return bytes;
}

TEST(PeerChecks, AreAnsweredWithTheAddressTheyCameFrom) {
  Lone lone(controlled());
  lone.gather();
  const auto id = lone.check_from(kPeer, {IceRole::Controlling});
  ASSERT_EQ(lone.sent.size(), 1U);
  const stun::MessageView view = lone.sent[0].view();
  EXPECT_EQ(view.transaction_id(), id);
  EXPECT_EQ(view.message_class(), stun::Class::Success);
  EXPECT_EQ(view.xor_mapped_address(), kPeer);
  EXPECT_EQ(view.verify_integrity(as_bytes(kOurs.password)), stun::Verification::Good);
  EXPECT_EQ(view.verify_fingerprint(), stun::Verification::Good);
}

TEST(PeerChecks, WithoutUsernameOrIntegrityGet400) {
  Lone lone(controlled());
  lone.gather();
  lone.receive(kPeer, request([](MessageBuilder& b) {
                 b.u32(Attribute::Priority, 1).message_integrity(as_bytes(kOurs.password));
               }));
  EXPECT_EQ(lone.reply_to(kId), 400);
  lone.sent.clear();
  const ByteBuffer bare =
      request([](MessageBuilder& b) { b.text(Attribute::Username, "ourU:peer"); });
  lone.receive(kPeer, bare);
  EXPECT_EQ(lone.reply_to(kId), 400);
  EXPECT_LE(lone.sent[0].bytes.size(), bare.size()) << "a forged request gains nothing";
  EXPECT_EQ(lone.sent[0].view().verify_integrity(as_bytes(kOurs.password)),
            stun::Verification::Absent);
}

TEST(PeerChecks, WithWrongUsernameOrPasswordGet401AndChangeNothing) {
  for (const auto& [name, secret] :
       {std::pair<std::string, std::string>{"ourX:peer", kOurs.password},
        {"our:peer", kOurs.password},
        {"ourU", kOurs.password},
        {"ourUx:peer", kOurs.password},
        {"ourU:peer", "anotherPasswordAltogether"}}) {
    const std::string& username = name;
    const std::string& password = secret;
    Lone lone(controlled());
    lone.gather();
    lone.describe();
    lone.receive(kPeer, request([&](MessageBuilder& b) {
                   b.text(Attribute::Username, username).u32(Attribute::Priority, 1);
                   b.u64(Attribute::IceControlling, 1).flag(Attribute::UseCandidate);
                   b.message_integrity(as_bytes(password));
                 }));
    EXPECT_EQ(lone.reply_to(kId), 401) << username;
    EXPECT_TRUE(events<trace::IcePairCreated>(lone.records).empty()) << username;
  }
}

TEST(PeerChecks, WithUnknownAttributesGet420WithTheList) {
  Lone lone(controlled());
  lone.gather();
  lone.describe();
  lone.receive(kPeer, request([](MessageBuilder& b) {
                 b.text(Attribute::Username, "ourU:peer").u32(Attribute::Priority, 1);
                 b.attribute(0x7f01, {}).attribute(0xff01, {});
                 b.message_integrity(as_bytes(kOurs.password));
               }));
  EXPECT_EQ(lone.reply_to(kId), 420);
  const stun::MessageView view = lone.sent[0].view();
  EXPECT_EQ(to_hex(view.find(Attribute::UnknownAttributes)->value), "7f01");
  EXPECT_EQ(view.verify_integrity(as_bytes(kOurs.password)), stun::Verification::Good);
  EXPECT_TRUE(events<trace::IcePairCreated>(lone.records).empty());
}

TEST(PeerChecks, WithoutPriorityGet400) {
  Lone lone(controlled());
  lone.gather();
  lone.receive(kPeer, request([](MessageBuilder& b) {
                 b.text(Attribute::Username, "ourU:peer");
                 b.message_integrity(as_bytes(kOurs.password));
               }));
  EXPECT_EQ(lone.reply_to(kId), 400);
}

TEST(PeerChecks, WithBadOrNoFingerprintAndOddMessagesGetNoAnswer) {
  Lone lone(controlled());
  lone.gather();
  ByteBuffer bad = request([](MessageBuilder& b) {
    b.text(Attribute::Username, "ourU:peer").u32(Attribute::Priority, 1);
    b.message_integrity(as_bytes(kOurs.password));
  });
  bad.back() ^= std::byte{1};
  lone.receive(kPeer, bad);
  lone.receive(kPeer, Bytes(bad).first(bad.size() - 8));
  lone.receive(kPeer, as_bytes("no STUN at all, but long enough"));
  ByteBuffer allocate;
  (void)MessageBuilder(allocate, stun::Class::Request, stun::Method::Allocate, kId)
      .fingerprint()
      .finish();
  lone.receive(kPeer, allocate);
  lone.receive(kPeer, ice::encode_keepalive(kId));
  EXPECT_TRUE(lone.sent.empty());
}

TEST(PeerChecks, AttributesBehindTheIntegrityDoNotCount) {
  Lone lone(controlled());
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")});
  lone.answer(lone.last_request());
  lone.receive(kPeer, request([](MessageBuilder& b) {
                 b.text(Attribute::Username, "ourU:peer").u32(Attribute::Priority, 1);
                 b.u64(Attribute::IceControlling, 1);
                 b.message_integrity(as_bytes(kOurs.password));
                 b.flag(Attribute::UseCandidate);
               }));
  EXPECT_EQ(lone.reply_to(kId), 0);
  EXPECT_FALSE(lone.agent.selected_pair().has_value());
}

TEST(PeerChecks, FromAnUnknownAddressTeachAPeerReflexiveCandidate) {
  Lone lone(controlled());
  lone.gather();
  lone.describe();
  lone.check_from(kPeer, {IceRole::Controlling, 1, false, 1862270000});
  const auto candidates = events<trace::IceCandidate>(lone.records);
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_TRUE(candidates[1].remote);
  EXPECT_EQ(candidates[1].type, CandidateType::PeerReflexive);
  EXPECT_EQ(candidates[1].priority, 1862270000U);
  EXPECT_EQ(candidates[1].address, kPeer);
  ASSERT_EQ(lone.requests().size(), 1U) << "the triggered check";
  EXPECT_EQ(lone.last_request().remote, kPeer);
}

TEST(PeerChecks, ACandidateThatIsSignalledLaterIsUpgradedAndNotAddedTwice) {
  Lone lone(controlled());
  lone.gather();
  lone.describe();
  lone.check_from(kPeer, {IceRole::Controlling, 1, false, 1862270000});
  lone.answer(lone.last_request());
  lone.add(host_candidate("192.168.0.9:6000"));
  lone.add(host_candidate("192.168.0.9:6000"));
  EXPECT_EQ(events<trace::IcePairCreated>(lone.records).size(), 1U);
  EXPECT_EQ(events<trace::IceCandidate>(lone.records).size(), 3U);
  lone.check_from(kPeer, {IceRole::Controlling, 1, true});
  ASSERT_TRUE(lone.agent.selected_pair().has_value());
  EXPECT_EQ(lone.agent.selected_pair()->remote.type, CandidateType::Host);
  EXPECT_EQ(lone.agent.selected_pair()->remote.priority, 2130706431U);
}

TEST(PeerChecks, BeforeTheDescriptionAreAnsweredAndTakenUpLater) {
  Lone lone;
  lone.gather();
  const auto id = lone.check_from(kPeer, {});
  EXPECT_EQ(lone.reply_to(id), 0);
  EXPECT_TRUE(lone.requests().empty());
  lone.describe();
  ASSERT_EQ(lone.requests().size(), 1U);
  EXPECT_EQ(lone.last_request().remote, kPeer);
}

TEST(PeerChecks, BeforeTheDescriptionAreKeptInABoundedQueue) {
  Lone lone;
  lone.gather();
  for (std::uint16_t port = 1; port <= 1000; ++port)
    EXPECT_EQ(lone.reply_to(lone.check_from({kPeer.address, port}, {})), 0);
  lone.describe();
  EXPECT_EQ(events<trace::IcePairCreated>(lone.records).size(), 32U);
}

TEST(PeerChecks, FromEndlessAddressesFillTheTablesToTheirLimits) {
  Lone lone(controlled());
  lone.gather();
  lone.describe();
  for (std::uint16_t port = 1; port <= 1000; ++port)
    lone.check_from({kPeer.address, port}, {IceRole::Controlling});
  EXPECT_EQ(events<trace::IcePairCreated>(lone.records).size(), 100U);
  EXPECT_EQ(lone.agent.broken_invariant(), "");
}

TEST(PeerChecks, TriggerANewCheckForAPairInProgress) {
  Lone lone;
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")});
  lone.now = at(60ms);
  lone.check_from(kPeer, {});
  const auto requests = lone.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[1].at, at(60ms));
  EXPECT_NE(requests[0].view().transaction_id(), requests[1].view().transaction_id());
  lone.run_until(at(2s));
  int first = 0;
  for (const Packet& packet : lone.requests())
    first += packet.view().transaction_id() == requests[0].view().transaction_id() ? 1 : 0;
  EXPECT_EQ(first, 1) << "the check it replaces is not retransmitted";
  lone.answer(requests[0]);
  EXPECT_TRUE(lone.agent.is_valid_path(lone.base, kPeer)) << "but its answer still counts";
}

TEST(PeerChecks, ReviveAPairThatHadFailed) {
  Lone lone;
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")}, true);
  lone.run_until(at(50s));
  ASSERT_EQ(lone.agent.state(), IceState::Failed);
  lone.check_from(kPeer, {});
  EXPECT_EQ(lone.agent.state(), IceState::Checking);
  lone.answer(lone.last_request());
  EXPECT_TRUE(lone.agent.is_valid_path(lone.base, kPeer));
}

TEST(UseCandidate, NominatesOnlyAfterOurOwnCheckHasSucceeded) {
  Lone lone(controlled());
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")});
  lone.now = at(60ms);
  lone.check_from(kPeer, {IceRole::Controlling, 1, true});
  EXPECT_FALSE(lone.agent.selected_pair().has_value());
  lone.answer(lone.last_request());
  EXPECT_TRUE(lone.agent.selected_pair().has_value());
  EXPECT_EQ(lone.agent.state(), IceState::Connected);
  lone.finish_candidates();
  EXPECT_EQ(lone.agent.state(), IceState::Completed);
}

TEST(UseCandidate, NominatesAValidPairAtOnce) {
  Lone lone(controlled());
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")});
  lone.answer(lone.last_request());
  EXPECT_FALSE(lone.agent.selected_pair().has_value());
  lone.check_from(kPeer, {IceRole::Controlling, 1, true});
  EXPECT_TRUE(lone.agent.selected_pair().has_value());
}

// A peer that went away before it chose: nothing else would ever end the wait.
TEST(UseCandidate, ThatNeverComesFailsTheAgentAfterTheTimeOfPatience) {
  Lone lone(controlled());
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")}, true);
  lone.answer(lone.last_request());
  lone.run_until(at(30s));
  lone.check_from(kPeer, {IceRole::Controlling, 1, false});
  lone.run_until(at(69400ms));
  EXPECT_EQ(lone.agent.state(), IceState::Checking) << "the peer was there 39.4 s ago";
  lone.run_until(at(69600ms));
  EXPECT_EQ(lone.agent.state(), IceState::Failed);
  EXPECT_EQ(events<trace::IceStateChanged>(lone.records).back().reason,
            "the peer is silent and nominated no pair");
  lone.check_from(kPeer, {IceRole::Controlling, 1, true});
  EXPECT_EQ(lone.agent.state(), IceState::Completed) << "late, and still good";
}

TEST(UseCandidate, FromAControlledPeerIsIgnored) {
  Lone lone;
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")});
  lone.check_from(kPeer, {IceRole::Controlled, 1, true});
  lone.answer(lone.last_request());
  EXPECT_FALSE(lone.agent.selected_pair().has_value()) << "its own nomination is still out";
}

TEST(UseCandidate, AnAggressivePeerMovesUsToABetterPair) {
  Lone lone(controlled());
  lone.gather();
  auto low = host_candidate("192.168.0.9:6001", 100);
  low.foundation = "2";
  lone.describe({low});
  lone.answer(lone.last_request());
  lone.check_from(low.address, {IceRole::Controlling, 1, true});
  ASSERT_EQ(lone.agent.selected_pair()->remote.address.port, 6001);
  lone.now = at(60ms);
  lone.add(host_candidate("192.168.0.9:6000"));
  lone.check_from(kPeer, {IceRole::Controlling, 1, true});
  lone.answer(lone.last_request());
  EXPECT_EQ(lone.agent.selected_pair()->remote.address.port, 6000);
  EXPECT_EQ(lone.agent.broken_invariant(), "");
}

// RFC 8445 section 7.3.1.1: the larger tie-breaker keeps its role.
struct Conflict {
  IceRole role;
  std::uint64_t ours, theirs;
  std::optional<int> reply;
  IceRole after;
};

class RoleConflict : public ::testing::TestWithParam<Conflict> {};

TEST_P(RoleConflict, IsDecidedByTheTieBreaker) {
  const Conflict& c = GetParam();
  AgentConfig config;
  config.role = c.role;
  config.tie_breaker = c.ours;
  Lone lone(config);
  lone.gather();
  lone.describe();
  EXPECT_EQ(lone.reply_to(lone.check_from(kPeer, {c.role, c.theirs})), c.reply);
  EXPECT_EQ(lone.agent.role(), c.after);
  // A request that got 487 is not processed further.
  EXPECT_EQ(events<trace::IcePairCreated>(lone.records).size(), c.reply == 0 ? 1U : 0U);
}

constexpr IceRole kControlling = IceRole::Controlling;
constexpr IceRole kControlled = IceRole::Controlled;
INSTANTIATE_TEST_SUITE_P(All, RoleConflict,
                         ::testing::Values(Conflict{kControlling, 5, 4, 487, kControlling},
                                           Conflict{kControlling, 5, 5, 487, kControlling},
                                           Conflict{kControlling, 4, 5, 0, kControlled},
                                           Conflict{kControlled, 5, 4, 0, kControlling},
                                           Conflict{kControlled, 5, 5, 0, kControlling},
                                           Conflict{kControlled, 4, 5, 487, kControlled}));

TEST(Candidates, BeforeTheDescriptionAreKept) {
  Lone lone;
  lone.gather();
  lone.add(host_candidate("192.168.0.9:6000"));
  EXPECT_TRUE(lone.requests().empty());
  EXPECT_EQ(lone.agent.state(), IceState::New);
  lone.describe();
  EXPECT_EQ(lone.requests().size(), 1U);
  EXPECT_EQ(lone.agent.state(), IceState::Checking);
}

TEST(Candidates, ThatCannotBeSentToAreIgnored) {
  Lone lone;
  lone.gather();
  lone.describe();
  for (const char* address : {"192.168.0.9:0", "0.0.0.0:5", "224.0.0.1:5", "[2001:db8::1]:5"}) {
    ice::Candidate candidate = host_candidate("192.168.0.9:6000");
    candidate.address = endpoint(address);
    lone.add(candidate);
  }
  EXPECT_TRUE(events<trace::IcePairCreated>(lone.records).empty());
  lone.add(host_candidate("192.168.0.9:6000"));
  EXPECT_EQ(events<trace::IcePairCreated>(lone.records).size(), 1U);
}

TEST(Candidates, MakeNoMorePairsThanTheLimit) {
  AgentConfig config;
  config.max_pairs = 10;
  Lone lone(config);
  lone.gather();
  lone.describe();
  for (std::uint16_t i = 0; i < 200; ++i) {
    auto candidate = host_candidate("192.168.0.9:6000", static_cast<std::uint16_t>(1000 + i));
    candidate.address.port = static_cast<std::uint16_t>(6000 + i);
    candidate.foundation = std::to_string(i);
    lone.add(candidate);
    ASSERT_EQ(lone.agent.broken_invariant(), "");
  }
}

TEST(EndOfCandidates, WithoutItTheAgentWaitsForTheNextCandidate) {
  Lone lone;
  lone.gather();
  lone.describe({host_candidate("192.168.0.9:6000")});
  lone.now = at(30s);
  auto late = host_candidate("192.168.0.9:6001", 5);
  late.foundation = "2";
  lone.run_until(at(30s));
  lone.add(late);
  lone.run_until(at(69s));
  EXPECT_EQ(lone.agent.state(), IceState::Checking);
  lone.run_until(at(70s));
  EXPECT_EQ(lone.agent.state(), IceState::Failed);
}

TEST(Patience, KeepsAnAgentWithoutCandidatesFromFailingEarly) {
  Lone lone;
  lone.gather();
  lone.describe({}, true);
  lone.run_until(at(39499ms));
  EXPECT_EQ(lone.agent.state(), IceState::Checking) << "the peer's check may still come";
  lone.run_until(at(39500ms));
  EXPECT_EQ(lone.agent.state(), IceState::Failed);
}

}  // namespace
}  // namespace parley::test

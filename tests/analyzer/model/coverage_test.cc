#include "analyzer/model/coverage.h"

#include <gtest/gtest.h>

#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;
using test::packet;

HostTraffic traffic(PerSide sent, PerSide received) {
  HostTraffic point;
  point.sent = sent;
  point.received = received;
  return point;
}

TEST(OneDirection, IsWhatOneHostSends) {
  const auto way = one_direction(traffic({378, 0}, {0, 364}));
  ASSERT_TRUE(way);
  EXPECT_EQ(way->host, Side::A);
  EXPECT_TRUE(way->outgoing);
  EXPECT_EQ(way->packets, 378U);
  EXPECT_EQ(way->sender(), Side::A);
}

TEST(OneDirection, IsWhatComesToOneHost) {
  // Servers' packets come to A too, so A's host was captured.
  const auto way = one_direction(traffic({0, 362}, {371, 0}));
  ASSERT_TRUE(way);
  EXPECT_EQ(way->host, Side::A);
  EXPECT_FALSE(way->outgoing);
  EXPECT_EQ(way->sender(), Side::B);
}

TEST(OneDirection, IsNoneWhereAServerAnswers) {
  EXPECT_FALSE(one_direction(traffic({249, 0}, {7, 242})));
}

TEST(OneDirection, IsNoneWhereQuestionsAreRepeatedInVain) {
  HostTraffic point = traffic({249, 0}, {0, 242});
  point.insists[0] = true;
  EXPECT_FALSE(one_direction(point));
}

TEST(OneDirection, NamesTheHostWhoseSocketWasCaptured) {
  // All that B sends, to addresses of A and to a server that relays for A.
  HostTraffic point = traffic({0, 250}, {250, 0});
  point.own[1] = true;
  const auto way = one_direction(point);
  ASSERT_TRUE(way);
  EXPECT_EQ(way->host, Side::B);
  EXPECT_TRUE(way->outgoing);
}

TEST(CouldShow, AHalfShowsItsSenderOnly) {
  Call call;
  call.traffic = {traffic({378, 0}, {0, 364}), traffic({249, 0}, {7, 242})};
  call.traffic[1].point = 1;
  EXPECT_TRUE(could_show(call, 0, Side::A));
  EXPECT_FALSE(could_show(call, 0, Side::B));
  EXPECT_TRUE(could_show(call, 1, Side::B)) << "whole";
  EXPECT_TRUE(could_show(call, 2, Side::B)) << "nothing is known of it";
}

TEST(CouldShow, TheAnswersOfAServerComeAsTheOtherSidesPackets) {
  Call call;
  call.traffic = {traffic({378, 0}, {0, 364})};
  StunServerUse use;
  use.of = Side::A;
  use.points = {0};
  EXPECT_FALSE(answers_could_show(call, use));
  use.of = Side::B;
  EXPECT_TRUE(answers_could_show(call, use));
  TurnAllocation allocation;
  allocation.of = Side::A;
  EXPECT_FALSE(answers_could_show(call, allocation)) << "the only point of the call";
  allocation.points = {1};
  EXPECT_TRUE(answers_could_show(call, allocation));
}

TEST(CouldShow, AWholePointFurtherOffTellsThatNoAnswerCame) {
  Call call;
  call.traffic = {traffic({378, 0}, {0, 364}), traffic({249, 0}, {7, 242})};
  call.traffic[1].point = 1;
  Pair pair;
  pair.agent = Side::A;
  pair.requests_seen_at = {{121, {0, 5}, {0, 249}, {}, {}}};
  EXPECT_FALSE(answers_could_show(call, pair));
  pair.requests_seen_at.push_back({121, {1, 9}, {1, 300}, {}, {}});
  EXPECT_TRUE(answers_could_show(call, pair));
  // Where it shows some, whether they came to A is not known.
  pair.answered_elsewhere = {{7, {1, 10}, {1, 290}, {}, {}}};
  EXPECT_FALSE(answers_could_show(call, pair));
}

TEST(OneDirection, TakesMoreThanAFewPackets) {
  EXPECT_FALSE(one_direction(traffic({9, 0}, {0, 9})));
  EXPECT_TRUE(one_direction(traffic({10, 0}, {0, 10})));
}

TEST(OneDirection, OfACallIsThatOfAllItsPoints) {
  Call call = test::connected_call();
  call.traffic = {traffic({50, 0}, {0, 50})};
  ASSERT_TRUE(one_direction(call));
  call.traffic.push_back(traffic({0, 60}, {60, 0}));
  EXPECT_FALSE(one_direction(call));
  call.traffic = {traffic({50, 0}, {0, 50}), traffic({50, 40}, {40, 50})};
  EXPECT_FALSE(one_direction(call));
  call.traffic.clear();
  EXPECT_FALSE(one_direction(call));
}

Transport media_at(double first_rtp, double first_answer) {
  Transport transport;
  Pair pair = test::pair(Side::A, test::candidate(trace::CandidateType::Host, "10.0.0.1:1"),
                         test::candidate(trace::CandidateType::Host, "10.0.0.2:2"), 3, 3);
  pair.first_at = at(first_answer - 0.1);
  pair.first_response_at = at(first_answer);
  transport.pairs = {pair};
  Flow flow;
  flow.rtp = 100;
  flow.first_at = at(first_rtp);
  flow.first_rtp_at = at(first_rtp);
  transport.flows = {flow};
  transport.srtp_packets = {100, 0};
  return transport;
}

TEST(UpBeforeCapture, MediaBeforeAnyAnswerShowsIt) {
  EXPECT_TRUE(up_before_capture(media_at(0.06, 0.71)));
  // Without DTLS media may begin with the answer: SDES.
  EXPECT_FALSE(up_before_capture(media_at(0.71, 0.71)));
  EXPECT_FALSE(up_before_capture(media_at(0.9, 0.71)));
}

TEST(UpBeforeCapture, ProtectedDataWithoutAHandshakeShowsIt) {
  Transport transport = media_at(0.9, 0.71);
  transport.dtls.protected_data[0] = packet(7);
  transport.dtls.records = transport.dtls.undecrypted = 1;
  transport.dtls_packets = {1, 0};
  EXPECT_TRUE(up_before_capture(transport));
  // Of one more a snap length left nothing that can be read.
  transport.dtls_packets = {2, 0};
  EXPECT_FALSE(up_before_capture(transport));
  transport.dtls_packets = {1, 0};
  transport.dtls.client_hello = packet(3);
  EXPECT_FALSE(up_before_capture(transport));
}

TEST(UpBeforeCapture, AHandshakeInTheCaptureSpeaksAgainstIt) {
  Transport transport = media_at(0.06, 0.71);
  transport.dtls.client_hello = packet(3);
  EXPECT_FALSE(up_before_capture(transport));
  // Of a handshake only the end is here.
  transport.dtls.client_hello.reset();
  transport.dtls_steps.push_back({Side::B, "Finished", packet(3), at(0.05), 1});
  EXPECT_TRUE(up_before_capture(transport));
}

Call late_call(Transport transport) {
  Call call;
  call.transports = {std::move(transport)};
  return call;
}

TEST(CheckedBeforeCapture, AnAnswerToACheckThatIsNotHereShowsIt) {
  Call call = late_call(media_at(0.9, 0.71));
  EXPECT_FALSE(checked_before_capture(call, call.transports[0]));
  HostTraffic point;
  point.first_at = at(0);
  point.unasked[1] = SeenAt{1, packet(1), packet(1), at(0.01), at(0.01)};
  call.traffic = {point};
  EXPECT_TRUE(checked_before_capture(call, call.transports[0]));
  // Who gathers in the capture checks in it too: one packet is missing.
  call.stun_servers.emplace_back();
  call.stun_servers[0].of = Side::A;
  call.stun_servers[0].first_at = at(0.1);
  EXPECT_FALSE(checked_before_capture(call, call.transports[0]));
  call.from_run = true;
  EXPECT_FALSE(checked_before_capture(call, call.transports[0]));
}

TEST(CheckedBeforeCapture, DataOfASideBeforeAnAnswerToItShowsItThoughTheHandshakeIsHere) {
  Transport transport = media_at(0.06, 0.71);
  transport.dtls.client_hello = packet(3);
  EXPECT_FALSE(up_before_capture(transport));
  const Call call = late_call(transport);
  EXPECT_TRUE(checked_before_capture(call, call.transports[0]));
  ASSERT_NE(flow_before_answer(transport, Side::A), nullptr);
  EXPECT_EQ(flow_before_answer(transport, Side::B), nullptr);
  // Through a relay data may go before the answer.
  transport.flows[0].through_turn = true;
  EXPECT_EQ(flow_before_answer(transport, Side::A), nullptr);
}

TEST(CheckedBeforeCapture, ARelayMadeBeforeShowsIt) {
  Call call = late_call(media_at(0.9, 0.71));
  call.turn.emplace_back();
  call.turn[0].of = Side::A;
  call.turn[0].made_before = true;
  EXPECT_TRUE(checked_before_capture(call, call.transports[0]));
}

TEST(CutPackets, DoNotShowThatACaptureBeginsLate) {
  Transport transport = media_at(0.06, 0.71);
  transport.relayed_cut = true;
  EXPECT_FALSE(up_before_capture(transport));
  EXPECT_TRUE(begins_behind_cut(transport));
  EXPECT_TRUE(first_checks_missing(transport));
  transport = media_at(0.9, 0.71);
  transport.relayed_cut = true;
  EXPECT_FALSE(begins_behind_cut(transport));
}

TEST(CutPackets, HideAHandshakeUnlessItsEndIsKnown) {
  Transport transport = media_at(0.9, 0.71);
  EXPECT_FALSE(handshake_was_cut(transport));
  transport.handshake_cut = {0, 1};
  EXPECT_TRUE(handshake_was_cut(transport));
  transport.dtls.state = trace::DtlsState::Handshaking;
  EXPECT_TRUE(handshake_was_cut(transport));
  for (const auto state : {trace::DtlsState::Connected, trace::DtlsState::Failed}) {
    transport.dtls.state = state;
    EXPECT_FALSE(handshake_was_cut(transport));
  }
}

TEST(LackingAnswer, ShowsWhereAClientGoesOnWithoutARetransmission) {
  Call call = test::unanswered_call().calls[0];
  TurnAllocation allocation;
  allocation.of = Side::A;
  allocation.requests = 2;
  allocation.responses = 1;
  allocation.state = "requested";
  call.last_packet_from_at[0] = at(15);
  EXPECT_FALSE(answer_is_lacking(call, allocation));
  allocation.unrepeated = packet(9);
  allocation.unrepeated_at = at(1);
  allocation.unrepeated_method = "Allocate";
  EXPECT_TRUE(answer_is_lacking(call, allocation));
  call.turn = {allocation};
  EXPECT_TRUE(relay_is_open(call, Side::A));
  call.turn[0].unrepeated_method = "Refresh";
  EXPECT_FALSE(relay_is_open(call, Side::A));
  call.last_packet_from_at[0] = at(2);
  EXPECT_FALSE(answer_is_lacking(call, allocation));
}

StunServerUse question(Instant when) {
  StunServerUse use;
  use.of = Side::A;
  use.first_at = when;
  use.requests = use.responses = 1;
  return use;
}

TEST(Gathering, IsSeenBeforeTheFirstCheck) {
  Call call = test::unanswered_call().calls[0];
  call.stun_servers.clear();
  call.turn.clear();
  EXPECT_FALSE(gathering_seen(call, Side::A));
  EXPECT_FALSE(gathered_unseen(call, Side::A));
  const Instant first = *call.transports[0].pairs[0].first_at;
  call.stun_servers = {question(first - std::chrono::milliseconds(100))};
  EXPECT_TRUE(gathering_seen(call, Side::A));
  // A keepalive.
  call.stun_servers = {question(first + std::chrono::seconds(10))};
  EXPECT_FALSE(gathering_seen(call, Side::A));
  EXPECT_TRUE(gathered_unseen(call, Side::A));
}

TEST(UnaskedAnswers, OfTheFirstSecondMayAnswerWhatCameBeforeTheCapture) {
  HostTraffic point;
  point.first_at = at(1);
  point.unasked[0] = SeenAt{2, packet(3), packet(4), at(1.1), at(1.4)};
  EXPECT_FALSE(unasked_answers(point, Side::A));
  point.unasked[0] = SeenAt{3, packet(3), packet(90), at(1.1), at(4)};
  ASSERT_TRUE(unasked_answers(point, Side::A));
  EXPECT_EQ(unasked_answers(point, Side::A)->seen.count, 3U);
  EXPECT_FALSE(unasked_answers(point, Side::B));
}

Call in_handshake(std::uint64_t times) {
  Call call = test::connected_call();
  Transport& transport = call.transports[0];
  transport.dtls = {};
  transport.dtls.state = trace::DtlsState::Handshaking;
  transport.dtls_steps = {{Side::B, "ClientHello", packet(11), at(1), 1},
                          {Side::A, "ServerHello", packet(13), at(1.1), times}};
  call.last_packet_from_at = {at(9), at(9)};
  return call;
}

TEST(Handshake, GoesOnUnseenWhereNobodyRepeatsAFlight) {
  const Call call = in_handshake(1);
  EXPECT_TRUE(handshake_goes_on_unseen(call, call.transports[0], at(9)));
  const Call stuck = in_handshake(3);
  EXPECT_FALSE(handshake_goes_on_unseen(stuck, stuck.transports[0], at(9)));
}

TEST(Handshake, OfASideThatIsGoneIsStuck) {
  Call call = in_handshake(1);
  call.last_packet_from_at[index_of(Side::A)] = at(2);
  EXPECT_FALSE(handshake_goes_on_unseen(call, call.transports[0], at(9)));
}

}  // namespace
}  // namespace parley::analyzer

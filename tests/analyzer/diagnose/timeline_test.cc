#include "analyzer/diagnose/timeline.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;

std::vector<TimelineEntry> timeline(const Analysis& analysis) {
  const Citation cite(analysis.captures, analysis.origin);
  return timeline_of(analysis.calls[0], cite, analysis.calls[0].last_at);
}

const TimelineEntry* find(const std::vector<TimelineEntry>& entries, std::string_view start) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const TimelineEntry& e) {
    return e.what.starts_with(start);
  });
  return found == entries.end() ? nullptr : &*found;
}

TEST(TimelineOf, IsSortedByTime) {
  const auto entries = timeline(test::restarted_call());
  EXPECT_TRUE(
      std::is_sorted(entries.begin(), entries.end(),
                     [](const TimelineEntry& a, const TimelineEntry& b) { return a.at < b.at; }));
  EXPECT_GT(entries.size(), 10U);
}

TEST(TimelineOf, GoesByPacketWhereTimesAreEqual) {
  Call call = test::connected_call();
  Transport& transport = call.transports[0];
  transport.dtls.started_at = transport.pairs[0].first_at = transport.pairs[1].first_at = at(0.2);
  transport.dtls.client_hello = test::packet(3);
  transport.pairs[0].first = test::packet(4);
  transport.pairs[1].first = test::packet(2);
  std::vector<std::uint64_t> packets;
  for (const TimelineEntry& entry : timeline(test::analysis_with(call)))
    if (entry.at == at(0.2) && entry.packet)
      packets.push_back(entry.packet->packet);
  EXPECT_EQ(packets, (std::vector<std::uint64_t>{2, 3, 4}));
}

TEST(TimelineOf, ADurationOfSecondsIsInSeconds) {
  Call call = test::connected_call();
  call.transports[0].dtls.handshake_ms = 3184;
  const auto entries = timeline(test::analysis_with(call));
  ASSERT_NE(find(entries, "DTLS is finished"), nullptr);
  EXPECT_EQ(find(entries, "DTLS is finished")->what, "DTLS is finished after 3.2 s");
}

TEST(TimelineOf, TellsOneEventOnce) {
  const auto entries = timeline(test::restarted_call());
  EXPECT_EQ(
      std::count_if(entries.begin(), entries.end(),
                    [](const TimelineEntry& e) { return e.what.starts_with("ICE of A is up"); }),
      1);
  EXPECT_EQ(find(entries, "A gets its first answer"), nullptr);  // it is what brings ICE up
  ASSERT_NE(find(entries, "ICE of A is up"), nullptr);
  EXPECT_EQ(find(entries, "ICE of A is up")->packet, test::packet(16));
}

TEST(TimelineOf, TellsTheNatThatAStunServerShows) {
  const auto entries = timeline(test::unanswered_call());
  ASSERT_NE(find(entries, "A is behind a NAT"), nullptr);
  EXPECT_EQ(find(entries, "A is behind a NAT")->what,
            "A is behind a NAT: 10.1.0.2:36615 is seen as 203.0.113.21:60156");
}

TEST(TimelineOf, DoesNotClaimThatAPeerHasNoNatWhenItIsSeenOutsideOfIt) {
  Analysis analysis = test::unanswered_call();
  analysis.calls[0].stun_servers[0].client = test::endpoint("203.0.113.21:60156");
  const auto entries = timeline(analysis);
  EXPECT_EQ(find(entries, "A is"), nullptr);
  ASSERT_NE(find(entries, "the server sees A"), nullptr);
}

TEST(TimelineOf, NamesTheMomentAtWhichMediaChangesItsPath) {
  Analysis analysis = test::restarted_call();
  for (Flow& flow : analysis.calls[0].transports[0].flows) {
    flow.first_rtp = flow.first;
    flow.last_rtp = flow.last;
    flow.first_rtp_at = flow.first_at;
    flow.last_rtp_at = flow.last_at;
  }
  const auto entries = timeline(analysis);
  const TimelineEntry* moved = find(entries, "RTP of A moves");
  ASSERT_NE(moved, nullptr);
  EXPECT_EQ(moved->packet, test::packet(646));
  EXPECT_EQ(moved->weight, Weight::Main);
  EXPECT_EQ(moved->what,
            "RTP of A moves to 192.168.50.11:57012 -> 192.168.50.12:48765, 22.0 ms after its last "
            "on the old path [639]");
  EXPECT_EQ(find(entries, "RTP of B moves"), nullptr);
}

TEST(TimelineOf, ACheckWhoseAnswerMayBeUnderWayIsNotCalledUnanswered) {
  Call call = test::connected_call();
  Pair& pair = call.transports[0].pairs[0];
  pair.rtt = RttSummary{80, 86, 90};
  pair.last_response_at = at(10);
  pair.last_at = at(19.92);
  pair.requests_after_last_response = 1;
  const auto young = timeline(test::analysis_with(call));
  EXPECT_EQ(find(young, "A gets its last answer"), nullptr);
  pair.last_at = at(19);
  const auto old = timeline(test::analysis_with(call));
  ASSERT_NE(find(old, "A gets its last answer"), nullptr);
  EXPECT_EQ(find(old, "A gets its last answer")->what,
            "A gets its last answer; 1 check after it got none");
}

TEST(TimelineOf, OneServerThatIsAskedFromTwoPortsIsOneLine) {
  Analysis analysis = test::unanswered_call();
  TurnAllocation allocation;
  allocation.of = Side::A;
  allocation.server = test::endpoint("203.0.113.10:3478");
  allocation.first_at = test::at(2);
  allocation.first = test::packet(7);
  analysis.calls[0].turn = {allocation, allocation};
  const auto entries = timeline(analysis);
  EXPECT_EQ(std::count_if(
                entries.begin(), entries.end(),
                [](const TimelineEntry& e) { return e.what.starts_with("A asks TURN server"); }),
            1);
  ASSERT_NE(find(entries, "A asks TURN"), nullptr);
  EXPECT_TRUE(find(entries, "A asks TURN")->what.ends_with("for a relay, from 2 ports"));
}

IcmpReport refusal(const char* refused, double seconds, std::uint64_t number) {
  IcmpReport report;
  report.packet = test::packet(number);
  report.at = at(seconds);
  report.port_unreachable = true;
  report.refused = test::endpoint(refused);
  report.owner = Side::A;
  return report;
}

TEST(TimelineOf, PortsThatCloseTogetherAreOneLineAndLaterOnesAnother) {
  Call call = test::connected_call();
  call.icmp_reports = {refusal("192.0.2.1:5001", 1, 21), refusal("192.0.2.1:5002", 1.1, 23),
                       refusal("192.0.2.1:5001", 9, 30), refusal("192.0.2.1:5000", 19, 90)};
  const auto entries = timeline(test::analysis_with(call));
  ASSERT_NE(find(entries, "A's ports"), nullptr);
  EXPECT_EQ(find(entries, "A's ports")->what,
            "A's ports 5001 and 5002 are closed (3 ICMP port unreachable)");
  ASSERT_NE(find(entries, "A's port 5000"), nullptr);
  EXPECT_EQ(find(entries, "A's port 5000")->what,
            "A's port 5000 is closed (ICMP port unreachable)");
  EXPECT_EQ(find(entries, "A's port 5000")->packet, test::packet(90));
}

TEST(TimelineOf, ARelayThatItsOwnerGaveUpIsNoPortOfTheOwner) {
  Call call = test::connected_call();
  IcmpReport report = refusal("203.0.113.10:49201", 19, 923);
  report.owner.reset();
  report.relay_of = Side::A;
  report.relay_released = true;
  call.icmp_reports = {report};
  TurnAllocation allocation;
  allocation.of = Side::A;
  allocation.relayed = report.refused;
  allocation.released = test::packet(920);
  allocation.released_at = at(18.9);
  call.turn = {allocation};
  const auto entries = timeline(test::analysis_with(call));
  EXPECT_EQ(find(entries, "A's port"), nullptr);
  ASSERT_NE(find(entries, "A's relay"), nullptr);
  EXPECT_EQ(find(entries, "A's relay")->what,
            "A's relay 203.0.113.10:49201 is gone (ICMP port unreachable): A gave it up [920]");
  ASSERT_NE(find(entries, "A gives up"), nullptr);
  EXPECT_EQ(find(entries, "A gives up")->what,
            "A gives up its relay 203.0.113.10:49201: Refresh with lifetime 0");
}

TEST(TimelineOf, TheRelayOfAnAllocationThatWasNotCapturedKeepsItsQuestionMark) {
  Call call = test::connected_call();
  call.icmp_reports = {refusal("203.0.113.10:49201", 19, 780)};
  call.peers[0].candidates = {
      test::candidate(trace::CandidateType::Relayed, "203.0.113.10:49201", true)};
  const auto entries = timeline(test::analysis_with(call));
  ASSERT_NE(find(entries, "A's relay?"), nullptr);
  EXPECT_EQ(find(entries, "A's relay?")->what,
            "A's relay? 203.0.113.10:49201 is gone (ICMP port unreachable)");
}

TEST(TimelineOf, AnUnansweredQuestionOutlastsTheAnsweredOnesWhereTheStoryIsCut) {
  Analysis analysis = test::unanswered_call();
  StunServerUse silent = analysis.calls[0].stun_servers[0];
  silent.server = test::endpoint("203.0.113.11:3478");
  silent.responses = 0;
  silent.rtt.reset();
  silent.first_response_at.reset();
  analysis.calls[0].stun_servers.push_back(silent);
  const auto entries = timeline(analysis);
  const TimelineEntry* answered = find(entries, "A asks STUN server 203.0.113.10");
  const TimelineEntry* unanswered = find(entries, "A asks STUN server 203.0.113.11");
  ASSERT_TRUE(answered != nullptr && unanswered != nullptr);
  EXPECT_EQ(answered->weight, Weight::Detail);
  EXPECT_EQ(unanswered->weight, Weight::Normal);
}

TEST(TimelineOf, TheAlertThatIsTheLastPacketIsNotToldTwice) {
  Call call = test::connected_call();
  call.last_at = at(20);
  call.last_packet_from = {test::packet(90), test::packet(91)};
  call.last_packet_from_at = {at(19), at(19)};
  call.transports[0].dtls.sealed_alert[0] = test::packet(90);
  call.transports[0].dtls.sealed_alert_at[0] = at(19);
  const auto entries = timeline(test::analysis_with(call));
  EXPECT_NE(find(entries, "A ends DTLS"), nullptr);
  EXPECT_EQ(find(entries, "last packet of A"), nullptr);
  EXPECT_NE(find(entries, "last packet of B"), nullptr);
}

TEST(TimelineOf, IsBounded) {
  Analysis analysis = test::restarted_call();
  Transport& transport = analysis.calls[0].transports[0];
  for (int i = 0; i < 5000; ++i)
    transport.restart_list.push_back({Side::A, "x", test::packet(1), test::at(i)});
  EXPECT_LE(timeline(analysis).size(), 200U);
}

}  // namespace
}  // namespace parley::analyzer

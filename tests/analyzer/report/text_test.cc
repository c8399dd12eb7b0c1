#include "analyzer/report/text.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/diagnose/diagnose.h"
#include "analyzer/report/layout.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string report(Analysis analysis, const TextOptions& options = {}) {
  diagnose(analysis);
  return render_text(analysis, options);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

// Golden files are rewritten when PARLEY_UPDATE_GOLDEN is set: the change is reviewed in the diff.
void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = PARLEY_SOURCE_DIR "/tests/golden/reports/" + name;
  if (std::getenv("PARLEY_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str()) << name;
}

TEST(TextReport, OfACallWithoutAnswerIsTheGoldenOne) {
  expect_golden("unanswered.txt", report(test::unanswered_call()));
}

TEST(TextReport, OfARestartedCallIsTheGoldenOne) {
  expect_golden("restarted.txt", report(test::restarted_call()));
}

TEST(TextReport, OfACaptureWithoutACallSaysWhatThatMayMean) {
  Analysis analysis = test::unanswered_call();
  analysis.calls.clear();
  LooseFlow flow;
  flow.protocol = "rtp";
  flow.ssrc = 7;
  flow.packets = 50;
  flow.a = *Endpoint::parse("192.0.2.1:5004");
  flow.b = *Endpoint::parse("198.51.100.2:6004");
  flow.first = test::packet(9);
  analysis.loose = {flow};
  const std::string text = report(analysis);
  expect_golden("no-call.txt", text);
  EXPECT_THAT(text, HasSubstr("NO CALL"));
}

TEST(TextReport, OfNoPacketsSaysOnlyThat) {
  Analysis analysis;
  analysis.captures.push_back({});
  const std::string text = report(analysis);
  EXPECT_THAT(text, HasSubstr("There is no packet in it at all."));
  EXPECT_THAT(text, Not(HasSubstr("This may mean")));
}

TEST(TextReport, PutsTheVerdictBeforeEverythingElseOfACall) {
  const std::string text = report(test::unanswered_call());
  const auto verdict = text.find("Call 1   FAILED.");
  ASSERT_NE(verdict, std::string::npos);
  for (const char* section : {"\nWHY", "\nPAIRS", "\nWHAT HAPPENED", "\nTRY"}) {
    ASSERT_NE(text.find(section), std::string::npos) << section;
    EXPECT_LT(verdict, text.find(section)) << section;
  }
}

TEST(TextReport, FitsAHundredColumnsAndAScreen) {
  for (const Analysis& analysis : {test::unanswered_call(), test::restarted_call()}) {
    const auto lines = lines_of(report(analysis));
    EXPECT_LE(lines.size(), 60U);
    for (const std::string& line : lines)
      EXPECT_LE(display_width(line), 100U) << line;
  }
}

TEST(TextReport, FitsEightyColumns) {
  TextOptions options;
  options.width = 80;
  Analysis none = test::unanswered_call();
  none.calls.clear();
  for (const Analysis& analysis : {test::unanswered_call(), test::restarted_call(), none})
    for (const std::string& line : lines_of(report(analysis, options)))
      EXPECT_LE(display_width(line), 80U) << line;
}

TEST(TextReport, MarksInferredTypes) {
  EXPECT_THAT(report(test::unanswered_call()), HasSubstr("srflx? 203.0.113.22:43776"));
}

TEST(TextReport, HasNoEscapesWithoutColorAndTheSameWordsWithIt) {
  const std::string plain = report(test::restarted_call());
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  TextOptions options;
  options.color = true;
  std::string colored = report(test::restarted_call(), options);
  EXPECT_NE(colored.find('\x1b'), std::string::npos);
  for (auto at = colored.find('\x1b'); at != std::string::npos; at = colored.find('\x1b'))
    colored.erase(at, colored.find('m', at) - at + 1);
  EXPECT_EQ(colored, plain);
}

TEST(TextReport, LongListsAreCutWithACount) {
  Analysis analysis = test::unanswered_call();
  auto& pairs = analysis.calls[0].transports[0].pairs;
  for (int i = 0; i < 30; ++i)
    pairs.push_back(pairs.front());
  EXPECT_THAT(report(analysis), HasSubstr("   and 22 more (--all shows them)\n"));
}

TEST(TextReport, AllShowsEveryRow) {
  Analysis analysis = test::unanswered_call();
  auto& pairs = analysis.calls[0].transports[0].pairs;
  for (int i = 0; i < 30; ++i)
    pairs.push_back(pairs.front());
  TextOptions options;
  options.all = true;
  const std::string text = report(analysis, options);
  EXPECT_THAT(text, Not(HasSubstr("--all")));
  const auto rows = lines_of(text);
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(),
                          [](const std::string& row) { return row.starts_with("   A  host "); }),
            32);
}

TEST(TextReport, DestinationsOfOneOutsideAddressShareARow) {
  Analysis analysis = test::unanswered_call();
  Nat& nat = analysis.calls[0].peers[0].nat;
  nat.mapping = "endpoint-independent";
  for (const char* to : {"203.0.113.10:3478", "203.0.113.22:40755"})
    nat.mappings.push_back({test::endpoint("10.1.0.2:46335"), test::endpoint(to),
                            test::endpoint("203.0.113.21:46335"), test::packet(5)});
  EXPECT_THAT(report(analysis),
              HasSubstr("203.0.113.21:46335  203.0.113.10:3478 and 1 more  [5 and 1 more]"));
}

TEST(TextReport, OneAddressHasOneTypeInTheTable) {
  Analysis analysis = test::unanswered_call();
  auto& pairs = analysis.calls[0].transports[0].pairs;
  Pair back = pairs[1];
  back.agent = Side::B;
  std::swap(back.local, back.remote);
  back.local.type.reset();
  back.local.inferred.clear();
  pairs.push_back(back);
  const std::string text = report(analysis);
  EXPECT_THAT(text, HasSubstr("B  srflx? 203.0.113.22:43776  host 10.1.0.2:36615"));
}

TEST(TextReport, OnlyAHigherGenerationIsALaterUfrag) {
  Analysis analysis = test::unanswered_call();
  analysis.calls[0].peers[0].ufrags = {{"T0uC", 0}, {"4V/6", 0}, {"kbM2", 1}};
  EXPECT_THAT(report(analysis), HasSubstr("A = T0uC and 4V/6, then kbM2"));
}

TEST(TextReport, TheSideOfTheCapturePointIsTold) {
  Analysis analysis = test::unanswered_call();
  analysis.captures[0].interfaces.push_back({"alice", "", 1, 0});
  HostTraffic& point = analysis.calls[0].traffic.at(0);
  EXPECT_THAT(report(analysis), HasSubstr("A = qVy4, captured on its side (at alice)"));
  point.beside_inferred = true;
  EXPECT_THAT(report(analysis), HasSubstr("A = qVy4, probably captured on its side (at alice)"));
  // Another file, which holds nothing of this call.
  analysis.captures.push_back(analysis.captures[0]);
  EXPECT_THAT(report(analysis), HasSubstr("A = qVy4, probably captured on its side (at alice)"));
  point.beside.reset();
  EXPECT_THAT(report(analysis), Not(HasSubstr("captured on its side")));
}

TEST(TextReport, TheNatOfAPeerIsShownByItsMappings) {
  Analysis analysis = test::unanswered_call();
  Nat& nat = analysis.calls[0].peers[0].nat;
  nat.mapping = "not-endpoint-independent";
  nat.ports = "not-preserving";
  const auto mapping = [](const char* outside, const char* to, std::uint64_t packet) {
    return NatMapping{test::endpoint("10.1.0.2:36615"), test::endpoint(to), test::endpoint(outside),
                      test::packet(packet)};
  };
  nat.mappings = {mapping("203.0.113.21:60156", "203.0.113.10:3478", 3),
                  mapping("203.0.113.21:25906", "10.2.0.2:56134", 7)};
  EXPECT_THAT(report(analysis),
              HasSubstr("NAT\n"
                        "      inside          leaves as           to                 shown by\n"
                        "   A  10.1.0.2:36615  203.0.113.21:60156  203.0.113.10:3478  [3]\n"
                        "                      203.0.113.21:25906  10.2.0.2:56134     [7]\n"
                        "      A's NAT gives each destination another port "
                        "(not-endpoint-independent mapping)\n"));
}

TEST(TextReport, OneDestinationSaysNothingAboutOthers) {
  Analysis analysis = test::unanswered_call();
  Nat& nat = analysis.calls[0].peers[0].nat;
  nat.ports = "preserving";
  nat.mappings = {{test::endpoint("10.1.0.2:5000"), test::endpoint("203.0.113.10:3478"),
                   test::endpoint("203.0.113.21:5000"), test::packet(3)}};
  EXPECT_THAT(report(analysis),
              HasSubstr("A's NAT keeps the port; what other destinations see is not known"));
  nat.mappings.push_back({test::endpoint("10.1.0.2:5000"), test::endpoint("203.0.113.10:3479"),
                          test::endpoint("203.0.113.21:5000"), test::packet(4)});
  EXPECT_THAT(report(analysis),
              HasSubstr("A's NAT keeps the port; all seen by 203.0.113.10: what other hosts see is "
                        "not known"));
}

TEST(TextReport, ANatOfWhichOnlyAnswersAreSeenIsASentenceToo) {
  Analysis analysis = test::unanswered_call();
  Nat& nat = analysis.calls[0].peers[0].nat;
  nat.ports.reset();
  nat.mapping.reset();
  nat.mappings = {{test::endpoint("10.1.0.2:5000"), test::endpoint("203.0.113.10:3478"),
                   test::endpoint("203.0.113.21:5000"), test::packet(3)}};
  EXPECT_THAT(report(analysis), HasSubstr("A's NAT gives the outside address above; what other "
                                          "destinations see is not known"));
}

TEST(TextReport, AClockThatWasCorrectedIsTold) {
  Analysis analysis = test::unanswered_call();
  analysis.captures.push_back(analysis.captures.front());
  analysis.captures[1].index = 1;
  analysis.captures[1].file = "b.pcapng";
  analysis.captures[1].clock_of = 0;
  analysis.captures[1].clock_offset = std::chrono::milliseconds(-2500);
  EXPECT_THAT(report(analysis), HasSubstr("2.500 s behind peerA's: corrected here"));
  analysis.captures[1].clock_offset = Duration{};
  EXPECT_THAT(report(analysis), Not(HasSubstr("its clock is")));
}

TEST(TextReport, ARefusedAllocationIsToldOnce) {
  Analysis analysis = test::unanswered_call();
  TurnAllocation turn;
  turn.of = Side::A;
  turn.client = test::endpoint("10.1.0.2:5000");
  turn.server = test::endpoint("203.0.113.10:3478");
  turn.state = "refused";
  turn.refusals.resize(2);
  turn.refusals[0].method = turn.refusals[1].method = "Allocate";
  turn.refusals[0].code = turn.refusals[1].code = 401;
  turn.refusals[0].count = turn.refusals[1].count = 1;
  turn.refusals[1].authenticated = true;
  turn.refusals[1].reason = "Unauthorized";
  analysis.calls[0].turn = {turn};
  EXPECT_THAT(report(analysis), HasSubstr("10.1.0.2:5000 -> 203.0.113.10:3478 over UDP: no relay, "
                                          "Allocate refused: 401 Unauthorized\n"));
}

TEST(TextReport, ASingleRoundTripIsOneNumber) {
  Analysis analysis = test::restarted_call();
  for (Pair& pair : analysis.calls[0].transports[0].pairs)
    pair.rtt = RttSummary{1.25, 1.25, 1.25};
  EXPECT_THAT(report(analysis), Not(HasSubstr("min/median/max")));
}

// A legend explains what stands there, and what gave way is named.
TEST(TextReport, ColumnsThatFindNoRoomAreNamedAndTakeTheirLegendAlong) {
  Analysis analysis = test::restarted_call();
  TextOptions options;
  options.width = 200;
  for (Pair& pair : analysis.calls[0].transports[0].pairs)
    pair.rtt = RttSummary{1.25, 20.5, 300};
  EXPECT_THAT(report(analysis, options), HasSubstr("RTT: min/median/max"));
  EXPECT_THAT(report(analysis, options), Not(HasSubstr("no room for")));
  for (Pair& pair : analysis.calls[0].transports[0].pairs)
    pair.remote.address = test::endpoint("[2001:db8:1111:2222:3333:4444:5555:6666]:50000");
  options.width = 80;
  const std::string narrow = report(analysis, options);
  EXPECT_THAT(narrow, Not(HasSubstr("RTT: ")));
  EXPECT_THAT(narrow, HasSubstr("no room for: RTT ms and packets (--all shows them)\n"));
  options.all = true;
  const std::string all = report(analysis, options);
  EXPECT_THAT(all, HasSubstr("RTT: min/median/max"));
  EXPECT_THAT(all, HasSubstr("RTT ms"));
  EXPECT_THAT(all, Not(HasSubstr("no room for")));
}

TEST(TextReport, LossThatNoCaptureCanShowIsNoNumber) {
  Analysis analysis = test::restarted_call();
  Stream stream;
  stream.ssrc = 1234;
  stream.packets = 143;
  stream.sent = 143;
  stream.not_captured = 47;
  stream.duplicated = 3;
  stream.payload_types = {97, 119};
  stream.reordered = 0;
  analysis.calls[0].streams = {stream};
  const std::string text = report(analysis);
  EXPECT_THAT(text, HasSubstr("97/119"));
  EXPECT_THAT(text, HasSubstr("not captured"));
  EXPECT_THAT(text, HasSubstr("twice"));
  EXPECT_THAT(text, HasSubstr("; - where only the sender's side was"));
  analysis.calls[0].streams[0].not_captured = 0;
  analysis.calls[0].streams[0].duplicated = 0;
  analysis.calls[0].streams[0].lost = 0;
  EXPECT_THAT(report(analysis), Not(HasSubstr("not captured")));
  EXPECT_THAT(report(analysis), Not(HasSubstr("twice")));
}

TEST(TextReport, WithSeveralCapturesAnUnansweredPairTellsWhereItWasSeenLast) {
  Analysis analysis = test::unanswered_call();
  analysis.captures.push_back(analysis.captures[0]);
  analysis.captures[1].file = "natB-wan.pcapng";
  analysis.captures[1].index = 1;
  Pair& pair = analysis.calls[0].transports[0].pairs[0];
  pair.requests_seen_at = {{121, {0, 5}, {0, 249}, {}, {}}, {121, {1, 9}, {1, 300}, {}, {}}};
  const std::string text = report(analysis);
  EXPECT_THAT(text, HasSubstr("up to natB-wan\n"));
}

TEST(TextReport, APairsEndIsNotToldByACaptureThatCouldNotShowIt) {
  Analysis analysis = test::unanswered_call();
  analysis.captures.push_back(analysis.captures[0]);
  analysis.captures[1].file = "natB-wan.pcapng";
  analysis.captures[1].index = 1;
  Call& call = analysis.calls[0];
  Pair& pair = call.transports[0].pairs[0];
  pair.requests_seen_at = {{121, {0, 5}, {0, 249}, {}, {}}};
  HostTraffic far;
  far.point = 1;
  far.sent[index_of(other(pair.agent))] = 249;  // and nothing comes in
  call.traffic = {far};
  EXPECT_THAT(report(analysis), Not(HasSubstr("up to ")));
  EXPECT_THAT(report(analysis), HasSubstr("no answer\n"));
  pair.answers_hidden = true;
  EXPECT_THAT(report(analysis), HasSubstr("not known\n"));
  pair.answers_hidden = false;
  // A whole one that lacks them too.
  HostTraffic between;
  between.point = 2;
  between.sent = {249, 249};
  between.received = {249, 249};
  call.traffic.push_back(between);
  EXPECT_THAT(report(analysis), HasSubstr("up to "));
}

TEST(TextReport, AFindingNamesItsStandard) {
  Analysis analysis = test::unanswered_call();
  EXPECT_THAT(report(analysis), HasSubstr("(RFC 8445"));
}

TEST(TextReport, TcpToTurnServersIsNamed) {
  Analysis analysis = test::unanswered_call();
  analysis.captures[0].by_protocol = {{"stun", 22}, {"tcp", 143}, {"turn-tcp", 752}};
  TextOptions options;
  options.width = 120;
  EXPECT_THAT(report(analysis, options), HasSubstr("22 STUN and 895 TCP (752 of them TURN)"));
}

TEST(TextReport, TroublesAreTheVerdictsOfCallsThatWentWrong) {
  Analysis failed = test::unanswered_call();
  diagnose(failed);
  const std::string text = render_troubles(failed, {});
  EXPECT_TRUE(text.starts_with("Call 1   FAILED. ")) << text;
  EXPECT_THAT(text, Not(HasSubstr("PAIRS")));
  Analysis well = test::restarted_call();
  diagnose(well);
  EXPECT_EQ(render_troubles(well, {}), "");
}

TEST(TextReport, TextFromTheWireCannotMoveTheCursor) {
  Analysis analysis = test::unanswered_call();
  analysis.captures[0].file = "evil\x1b[2J.pcap";
  analysis.calls[0].peers[0].ufrags[0].ufrag = "a\x1b]0;x\x07";
  analysis.captures[0].by_protocol["\x1b[31m"] = 1;
  const std::string text = report(analysis);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\x07'), std::string::npos);
}

TEST(TextReport, SeveralCapturesAreNamedInReferences) {
  Analysis analysis = test::unanswered_call();
  analysis.captures.push_back(analysis.captures[0]);
  analysis.captures[1].file = "natA-wan.pcapng";
  analysis.captures[1].index = 1;
  EXPECT_THAT(report(analysis), HasSubstr("[peerA 5..250]"));
  EXPECT_THAT(report(analysis), HasSubstr("2 captures, 528 packets, 1 call"));
}

TEST(TextReport, DamageStandsInTheCaptureLine) {
  Analysis analysis = test::unanswered_call();
  analysis.captures[0].damage = {{512, 9, "a block is longer than the file"}};
  EXPECT_THAT(report(analysis), HasSubstr("DAMAGED at"));
}

}  // namespace
}  // namespace parley::analyzer

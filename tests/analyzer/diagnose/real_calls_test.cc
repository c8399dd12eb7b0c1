#include <gtest/gtest.h>

#include "analyzer/analyze.h"

namespace parley::analyzer {
namespace {

struct Expected {
  const char* file;  // below captures/
  Outcome outcome;
  const char* verdict;
  Confidence confidence;
};

// What each capture alone may say. truth.json of the folder tells what really happened; where the
// expectation says less, one capture cannot show more.
class RealCalls : public testing::TestWithParam<Expected> {};

TEST_P(RealCalls, GetTheVerdictThatTheirPacketsCarry) {
  const Expected& expected = GetParam();
  const Analysis analysis =
      analyze_captures({std::string(PARLEY_SOURCE_DIR "/captures/") + expected.file}, {});
  ASSERT_EQ(analysis.calls.size(), 1U);
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.outcome, expected.outcome) << to_string(call.outcome);
  EXPECT_EQ(call.verdict.code, expected.verdict) << call.verdict.text;
  EXPECT_EQ(call.verdict.confidence, expected.confidence);
}

using enum Outcome;
using enum Confidence;

INSTANTIATE_TEST_SUITE_P(
    Captures, RealCalls,
    testing::Values(
        Expected{"c01-lan-av-data/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c01m-lan-mdns/peerB.pcapng", Connected, "ok", Certain},
        Expected{"c02-two-cone-stun/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c03-two-symmetric-turn/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c03-two-symmetric-turn/turn.pcapng", Closed, "ok", Likely},
        Expected{"c04-symmetric-no-turn-fails/peerA.pcapng", Failed, "ice-no-relay", Likely},
        Expected{"c04-symmetric-no-turn-fails/peerB.pcapng", Failed, "ice-no-relay", Likely},
        Expected{"c04-symmetric-no-turn-fails/natA-wan.pcapng", Failed,
                 "ice-symmetric-both-no-relay", Likely},
        Expected{"c05-turn-wrong-password/peerA.pcapng", Failed, "turn-401", Likely},
        Expected{"c05-turn-wrong-password/peerB.pcapng", Failed, "turn-401", Likely},
        Expected{"c05b-turn-403-forbidden-peer/peerA.pcapng", Failed, "turn-403", Likely},
        Expected{"c05b-turn-403-forbidden-peer/peerB.pcapng", Failed, "turn-403", Likely},
        Expected{"c05b-turn-403-forbidden-peer/turn.pcapng", Failed, "turn-403", Possible},
        Expected{"c06-aiortc-data-keylog/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c06b-firefox-data-keylog13/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c07-firefox-av-keylog-loss/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c08-fingerprint-mismatch/peerA.pcapng", Failed, "dtls-peer-silent", Likely},
        Expected{"c08-fingerprint-mismatch/peerB.pcapng", Failed, "dtls-peer-silent", Likely},
        Expected{"c08b-media-filtered/peerA.pcapng", Closed, "media-one-way", Likely},
        // B's media leaves B, and RTCP that would complain is encrypted.
        Expected{"c08b-media-filtered/peerB.pcapng", Closed, "ok", Likely},
        Expected{"c09-consent-loss/peerA.pcapng", Lost, "ice-consent-lost", Likely},
        Expected{"c09-consent-loss/peerB.pcapng", Lost, "ice-consent-lost", Likely},
        Expected{"c09b-ice-restart/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c11-firefox-chromium-av/peerB.pcapng", Closed, "ok", Likely},
        Expected{"c13-udp-blocked-turn-tcp/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c14-werift-data-keylog12/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c15-no-bundle/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c16-pion-av-data/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c17-candidates-lost-one-way/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c18-janus-echotest/peerA.pcapng", Closed, "ok", Likely},
        Expected{"c19-janus-ice-lite/peerA.pcapng", Closed, "ok", Likely}));

const Finding* find(const Call& call, std::string_view code) {
  for (const Finding& finding : call.findings)
    if (finding.code == code)
      return &finding;
  return nullptr;
}

Analysis all_points_of(const std::string& call, const std::vector<std::string>& more = {}) {
  const std::string folder = std::string(PARLEY_SOURCE_DIR "/captures/") + call + "/";
  std::vector<std::string> files;
  for (const char* point : {"peerA", "natA-wan", "natB-wan", "peerB", "turn"})
    files.push_back(folder + point + ".pcapng");
  files.insert(files.end(), more.begin(), more.end());
  return analyze_captures(files, {});
}

TEST(AllPoints, ShowThatBothNatsOfC04ChangeThePort) {
  const Analysis analysis = all_points_of("c04-symmetric-no-turn-fails");
  ASSERT_EQ(analysis.calls.size(), 1U);
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.verdict.code, "ice-symmetric-both-no-relay");
  EXPECT_EQ(call.verdict.confidence, Certain);
  const Finding* finding = find(call, call.verdict.code);
  ASSERT_NE(finding, nullptr);
  for (const char* fact : {":25906 to 10.2.0.2:56134", ":58611 to 10.1.0.2:36615",
                           "121 of 121 seen last at natB-wan", "none at peerB"})
    EXPECT_NE(finding->because.find(fact), std::string::npos) << fact << "\n" << finding->because;
}

// The reason for the relay stands with the finding, as far as the packets show it.
TEST(AllPoints, ShowWhyC03IsRelayed) {
  const Analysis analysis = all_points_of("c03-two-symmetric-turn");
  ASSERT_EQ(analysis.calls.size(), 1U);
  const Finding* finding = find(analysis.calls[0], "ice-relayed");
  ASSERT_NE(finding, nullptr);
  for (const char* fact : {"A's NAT gives ", "B's NAT gives ", "another port, which no check of B"})
    EXPECT_NE(finding->because.find(fact), std::string::npos) << fact << "\n" << finding->because;
  const Analysis alone =
      analyze_captures({PARLEY_SOURCE_DIR "/captures/c03-two-symmetric-turn/peerA.pcapng"}, {});
  const Finding* one = find(alone.calls.at(0), "ice-relayed");
  ASSERT_NE(one, nullptr);
  EXPECT_NE(one->because.find("A's NAT gives "), std::string::npos) << one->because;
  EXPECT_EQ(one->because.find("B's NAT gives "), std::string::npos) << one->because;
}

TEST(AllPoints, OfC05TellTheSameWithACaptureOfAnotherCallBesideThem) {
  const Analysis alone = all_points_of("c05-turn-wrong-password");
  const Analysis more =
      all_points_of("c05-turn-wrong-password",
                    {PARLEY_SOURCE_DIR "/captures/c17-candidates-lost-one-way/peerA.pcapng"});
  ASSERT_EQ(alone.calls.size(), 1U);
  ASSERT_EQ(more.calls.size(), 2U);
  EXPECT_EQ(alone.calls[0].verdict.code, "turn-401");
  EXPECT_EQ(more.calls[0].verdict.code, "turn-401");
  EXPECT_EQ(alone.calls[0].verdict.confidence, more.calls[0].verdict.confidence);
  EXPECT_EQ(alone.calls[0].findings.size(), more.calls[0].findings.size());
}

TEST(AllPoints, OfC09NameTheDirectionThatBroke) {
  const Analysis analysis = all_points_of("c09-consent-loss");
  ASSERT_EQ(analysis.calls.size(), 1U);
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.outcome, Lost);
  EXPECT_EQ(call.verdict.code, "ice-path-broken");
  const Finding* finding = find(call, call.verdict.code);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->peer, Side::B);
  EXPECT_NE(finding->because.find("B answered 151 of A's checks after it [natA-wan"),
            std::string::npos)
      << finding->because;
}

TEST(AllPoints, OfC13TellThatAHungUpAndNotThatItsPortClosed) {
  const Analysis analysis = all_points_of("c13-udp-blocked-turn-tcp");
  ASSERT_EQ(analysis.calls.size(), 1U);
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.outcome, Closed);
  EXPECT_NE(call.verdict.text.find("A hung up at "), std::string::npos) << call.verdict.text;
  for (const TimelineEntry& entry : call.timeline)
    EXPECT_EQ(entry.what.find("A's port"), std::string::npos) << entry.what;
  EXPECT_EQ(find(call, "ice-icmp-unreachable"), nullptr);
}

TEST(AllPoints, OfC02CountTheLastPacketOfASideAtItsOwnEnd) {
  const std::string folder = PARLEY_SOURCE_DIR "/captures/c02-two-cone-stun/";
  const Analysis analysis =
      analyze_captures({folder + "peerA.pcapng", folder + "peerB.pcapng"}, {});
  ASSERT_EQ(analysis.calls.size(), 1U);
  ASSERT_TRUE(analysis.calls[0].last_packet_from[0]);
  EXPECT_EQ(analysis.calls[0].last_packet_from[0], (PacketRef{0, 740}));
  const Finding* finding = find(analysis.calls[0], "ice-icmp-unreachable");
  ASSERT_NE(finding, nullptr);
  EXPECT_TRUE(finding->summary.starts_with("A's port was closed at ")) << finding->summary;
}

TEST(AllPoints, OfC18DoNotTakeAServerForAReflexiveCandidate) {
  const std::string folder = PARLEY_SOURCE_DIR "/captures/c18-janus-echotest/";
  const Analysis analysis = analyze_captures(
      {folder + "natA-wan.pcapng", folder + "peerA.pcapng", folder + "sfu.pcapng"}, {});
  ASSERT_EQ(analysis.calls.size(), 1U);
  EXPECT_EQ(analysis.calls[0].verdict.text.find("prflx"), std::string::npos)
      << analysis.calls[0].verdict.text;
}

TEST(OnePoint, NamesThePacketThatCompletesDtls) {
  for (const char* file : {"c13-udp-blocked-turn-tcp/turn", "c06-aiortc-data-keylog/peerB",
                           "c08-fingerprint-mismatch/peerB", "c01-lan-av-data/peerA"}) {
    const Analysis analysis =
        analyze_captures({std::string(PARLEY_SOURCE_DIR "/captures/") + file + ".pcapng"}, {});
    bool told = false;
    for (const TimelineEntry& entry : analysis.calls.at(0).timeline)
      told = told || (entry.what.starts_with("DTLS is finished") && entry.packet);
    EXPECT_TRUE(told) << file;
  }
}

// What settles it is no capture: it is worth having however many there are.
TEST(AllPoints, OfC08StillMissTheSdp) {
  const std::string folder = PARLEY_SOURCE_DIR "/captures/c08-fingerprint-mismatch/";
  const Analysis analysis =
      analyze_captures({folder + "peerA.pcapng", folder + "peerB.pcapng"}, {});
  ASSERT_EQ(analysis.calls.size(), 1U);
  EXPECT_EQ(analysis.calls[0].verdict.would_decide, "the SDP that B received, or its log");
}

TEST(OnePoint, OfC14TellsOfTheCookie) {
  const Analysis analysis =
      analyze_captures({PARLEY_SOURCE_DIR "/captures/c14-werift-data-keylog12/peerA.pcapng"}, {});
  bool told = false;
  for (const TimelineEntry& entry : analysis.calls.at(0).timeline)
    told = told || (entry.packet && entry.packet->packet == 13 &&
                    entry.what.starts_with("HelloVerifyRequest of A: B has to repeat"));
  EXPECT_TRUE(told);
}

TEST(OnePoint, OfC05bHasARelayThatIsOfNoUse) {
  const Analysis analysis = analyze_captures(
      {PARLEY_SOURCE_DIR "/captures/c05b-turn-403-forbidden-peer/peerA.pcapng"}, {});
  EXPECT_TRUE(analysis.calls.at(0).verdict.text.starts_with(
      "No direct path worked, and the relay was of no use: the TURN server refused A's "))
      << analysis.calls[0].verdict.text;
}

// A port that closes when the call is over explains nothing: it stands behind what does.
TEST(OnePoint, OfC02EndsWithThePortThatWasClosed) {
  const Analysis analysis =
      analyze_captures({PARLEY_SOURCE_DIR "/captures/c02-two-cone-stun/peerA.pcapng"}, {});
  const std::vector<Finding>& findings = analysis.calls.at(0).findings;
  ASSERT_GT(findings.size(), 1U);
  EXPECT_EQ(findings.back().code, "ice-icmp-unreachable");
}

TEST(OnePoint, OfC05NamesTheCredentialsThatWereRefused) {
  const Analysis analysis =
      analyze_captures({PARLEY_SOURCE_DIR "/captures/c05-turn-wrong-password/peerA.pcapng"}, {});
  const Finding* finding = find(analysis.calls[0], "turn-401");
  ASSERT_NE(finding, nullptr);
  EXPECT_NE(
      finding->because.find("with the server's current nonce: user name or password is wrong"),
      std::string::npos)
      << finding->because;
  EXPECT_NE(finding->try_this.find("parley packets -v --only 7 --password PASSWORD "),
            std::string::npos)
      << finding->try_this;
  EXPECT_NE(finding->try_this.find("c05-turn-wrong-password/peerA.pcapng shows whether"),
            std::string::npos)
      << finding->try_this;
}

}  // namespace
}  // namespace parley::analyzer

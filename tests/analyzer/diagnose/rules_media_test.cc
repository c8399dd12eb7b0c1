#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/diagnose/diagnose.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using test::at;
using test::find;
using test::packet;

// SSRC 1234 of B.
Stream lossy_stream(std::uint64_t packets, std::uint64_t lost) {
  Stream stream;
  stream.ssrc = 1234;
  stream.from = Side::B;
  stream.packets = packets;
  stream.lost = lost;
  return stream;
}

TEST(LostPackets, AreANoteWithAllStreamsAndTheOneThatLostMostFirst) {
  Call call = test::connected_call();
  Stream stream = lossy_stream(722, 38);
  call.streams = {stream};
  stream.ssrc = 99;
  stream.packets = 16;
  stream.lost = 2;
  call.streams.insert(call.streams.begin(), stream);
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "rtp-loss");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->level, Level::Note);
  EXPECT_EQ(finding->stream, 1234U);
  EXPECT_EQ(finding->summary,
            "2 RTP streams lost packets; most were lost of SSRC 1234 of B: 38 of 760 (5.0 %).");
  EXPECT_TRUE(finding->because.starts_with("SSRC 1234 of B: 38 of 760 packets lost"));
  EXPECT_NE(finding->because.find("SSRC 99 of B: 2 of 18 packets lost"), std::string::npos);
}

TEST(LostPackets, AreNotCertainWhereOneOfTheStreamsIsInferred) {
  Call call = test::connected_call();
  Stream stream = lossy_stream(722, 38);
  call.streams = {stream};
  stream.ssrc = 99;
  stream.from = Side::A;
  stream.lost = 30;
  stream.inferred = {"lost"};
  call.streams.push_back(stream);
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "rtp-loss");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->stream, 1234U);
  EXPECT_EQ(finding->confidence, Confidence::Likely);
  EXPECT_THAT(finding->open,
              testing::Contains("How many packets of A did not reach B: it is inferred."));
}

TEST(LostPackets, OfAFewInAShortStreamAloneAreNoNews) {
  Call call = test::connected_call();
  Stream stream;
  stream.packets = 16;
  stream.lost = 2;
  call.streams = {stream};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "rtp-loss"), nullptr);
}

TEST(LostPackets, AreAShareOfWhatTheSenderSent) {
  Call call = test::connected_call();
  Stream stream;
  stream.ssrc = 1234;
  stream.from = Side::B;
  stream.packets = stream.sent.emplace(322);
  stream.lost = 16;
  call.streams = {stream};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "rtp-loss");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->summary, "1 RTP stream lost 5.0 % of its packets: SSRC 1234 of B.");
  EXPECT_TRUE(finding->because.starts_with("SSRC 1234 of B: 16 of 322 packets lost"));
}

// What the capture beside the sender lacks was lost by no network.
TEST(LostPackets, AtTheSendersOwnCaptureAreNotLost) {
  Call call = test::connected_call();
  Stream stream;
  stream.ssrc = 1234;
  stream.from = Side::A;
  stream.packets = stream.sent.emplace(143);
  stream.not_captured = 47;
  call.streams = {stream};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "rtp-loss"), nullptr);
  const Finding* finding = find(analysis.calls[0], "rtp-not-captured");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->summary, testing::HasSubstr("24.7 % of A's own RTP packets (47 of 190)"));
}

TEST(LostPackets, MayBeMissedByACaptureThatMissesOthers) {
  Call call = test::connected_call();
  Stream stream;
  stream.ssrc = 1234;
  stream.from = Side::A;
  stream.packets = stream.sent.emplace(143);
  stream.not_captured = 47;
  call.streams = {stream};
  stream = {};
  stream.ssrc = 99;
  stream.from = Side::B;
  stream.packets = stream.arrived.emplace(165);
  stream.lost = 40;
  call.streams.push_back(stream);
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  const Finding* finding = find(analysis.calls[0], "rtp-loss");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->confidence, Confidence::Possible);
  EXPECT_EQ(finding->open.size(), 1U);
  EXPECT_THAT(finding->summary,
              testing::EndsWith("of B; or the capture missed them, as it did some of A."));
  EXPECT_THAT(finding->because, testing::HasSubstr("SSRC 99 of B: 40 of 205 packets lost"));
}

TEST(LostPackets, AreNotToldAgainWhereNoMediaArrivesAtAll) {
  Call call = test::connected_call();
  Stream stream;
  stream.from = Side::B;
  stream.packets = stream.sent.emplace(322);
  stream.lost = 322;
  call.streams = {stream};
  call.transports[0].media_arrived[1] = MediaSeen{};
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(find(analysis.calls[0], "rtp-loss"), nullptr);
}

Call talking_call(std::uint64_t rtp_back, std::uint64_t rtcp_back) {
  Call call = test::connected_call();
  call.transports[0].srtp_packets = {400, rtp_back};
  call.transports[0].srtcp_packets = {20, rtcp_back};
  Stream stream;
  stream.from = Side::A;
  stream.first_at = at(1);
  stream.last_at = at(9);
  stream.first = packet(30);
  stream.last = packet(80);
  call.streams = {stream};
  return call;
}

TEST(OneWayMedia, WithoutEvenRtcpIsAnErrorThatIsLikely) {
  Analysis analysis = test::analysis_with(talking_call(0, 0));
  diagnose(analysis);
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.outcome, Outcome::Connected);
  EXPECT_EQ(call.verdict.code, "media-one-way");
  EXPECT_EQ(call.verdict.confidence, Confidence::Likely);
  EXPECT_EQ(call.findings.front().peer, Side::B);
}

TEST(OneWayMedia, AReceiverThatReportsIsAnOrdinaryOneWayCall) {
  Analysis analysis = test::analysis_with(talking_call(0, 5));
  diagnose(analysis);
  EXPECT_EQ(analysis.calls[0].verdict.code, "ok");
}

MediaSeen media_at(PointId point, std::uint64_t rtp) {
  MediaSeen seen;
  seen.point = point;
  seen.rtp = rtp;
  if (rtp > 0) {
    seen.first = PacketRef{point, 30};
    seen.last = PacketRef{point, 80};
    seen.first_at = at(1);
    seen.last_at = at(9);
  }
  return seen;
}

// B sends to A: as the captures at B, between and at A show it.
Call lossy_call(std::uint64_t sent_by_a) {
  Call call = talking_call(300, 10);
  Transport& t = call.transports[0];
  t.media_sent = {media_at(0, sent_by_a), media_at(2, 300)};
  t.media_seen_last[1] = media_at(1, 300);
  t.media_arrived[1] = media_at(0, 0);
  return call;
}

Analysis three_captures(const Call& call) {
  Analysis analysis = test::analysis_with(call);
  analysis.captures.assign(3, analysis.captures.front());
  for (std::uint32_t i = 0; i < 3; ++i) {
    analysis.captures[i].index = i;
    analysis.captures[i].file = std::array{"at-a.pcap", "wan.pcap", "at-b.pcap"}[i];
  }
  diagnose(analysis);
  return analysis;
}

TEST(OneWayMedia, ThatLeavesAndDoesNotArriveIsCertainAndNamesTheSegment) {
  const Analysis analysis = three_captures(lossy_call(400));
  const Call& call = analysis.calls[0];
  EXPECT_EQ(call.verdict.code, "media-one-way");
  const Finding* finding = find(call, "media-one-way");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->confidence, Confidence::Certain);
  EXPECT_EQ(finding->peer, Side::B);
  EXPECT_NE(finding->because.find("[wan 30..80]"), std::string::npos) << finding->because;
  EXPECT_NE(finding->because.find("At at-a arrived 0 RTP"), std::string::npos) << finding->because;
}

TEST(OneWayMedia, IsOnlyLikelyWhereTheReceiversCaptureShowsNoMediaAtAll) {
  const Analysis analysis = three_captures(lossy_call(0));
  const Finding* finding = find(analysis.calls[0], "media-one-way");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->confidence, Confidence::Likely);
}

TEST(OneWayMedia, SomeMediaThatArrivesIsLossOnly) {
  Call call = lossy_call(400);
  call.transports[0].media_arrived[1] = media_at(0, 2);
  EXPECT_EQ(three_captures(call).calls[0].verdict.code, "ok");
}

TEST(OneWayMedia, AShortCaptureDecidesNothing) {
  Call call = talking_call(0, 0);
  call.streams[0].last_at = at(3);
  Analysis analysis = test::analysis_with(call);
  diagnose(analysis);
  EXPECT_EQ(analysis.calls[0].verdict.code, "ok");
}

}  // namespace
}  // namespace parley::analyzer

#include "analyzer/diagnose/words.h"

#include <gtest/gtest.h>

namespace parley::analyzer {
namespace {

using std::chrono::milliseconds;

TEST(Words, ANounAgreesWithItsCount) {
  EXPECT_EQ(counted(0, "check"), "0 checks");
  EXPECT_EQ(counted(1, "check"), "1 check");
  EXPECT_EQ(counted(2, "reply"), "2 replies");
  EXPECT_EQ(counted(3, "relay"), "3 relays");
}

TEST(Words, ALongListIsCutWithACount) {
  EXPECT_EQ(listed({"a", "b"}), "a and b");
  EXPECT_EQ(listed({"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(listed({"a", "b", "c", "d"}, 2), "a, b and 2 more");
}

TEST(Words, ShortTimesAreMillisecondsAndLongOnesSeconds) {
  EXPECT_EQ(span_text(milliseconds(22)), "22.0 ms");
  EXPECT_EQ(span_text(milliseconds(15100)), "15.1 s");
}

TEST(Words, AnInferredTypeHasAQuestionMark) {
  Candidate candidate;
  EXPECT_EQ(type_word(candidate), "?");
  candidate.type = trace::CandidateType::ServerReflexive;
  EXPECT_EQ(type_word(candidate), "srflx");
  candidate.inferred = {"type"};
  EXPECT_EQ(type_word(candidate), "srflx?");
}

TEST(Words, OnePacketOfOneCaptureIsItsNumber) {
  const Citation cite({Capture{}}, Instant{});
  EXPECT_EQ(cite.ref(PacketRef{0, 5}), "[5]");
  EXPECT_EQ(cite.range(PacketRef{0, 5}, PacketRef{0, 250}), "[5..250]");
  EXPECT_EQ(cite.range(PacketRef{0, 5}, PacketRef{0, 5}), "[5]");
  EXPECT_EQ(cite.list({{0, 1}, {0, 2}, {0, 3}}, 2), "[1, 2 and 1 more]");
}

TEST(Words, WithSeveralCapturesAPacketNamesItsFile) {
  Capture a;
  a.file = "some/where/peerA.pcapng";
  Capture b;
  b.index = 1;
  b.file = "natA-wan.pcap.gz";
  const Citation cite({a, b}, Instant{});
  EXPECT_EQ(cite.ref(PacketRef{1, 3}), "[natA-wan 3]");
  EXPECT_EQ(cite.range(PacketRef{0, 3}, PacketRef{1, 4}), "[peerA 3 .. natA-wan 4]");
  EXPECT_EQ(cite.list({{0, 1}, {0, 2}, {1, 3}}), "[peerA 1, 2, natA-wan 3]");
}

TEST(Words, ACitationOfNoPacketLeavesNoGap) {
  const Citation cite({}, Instant{});
  EXPECT_EQ(cite.ref(PacketRef{}), "");
  EXPECT_EQ(cite.list({PacketRef{}, PacketRef{}}), "");
  EXPECT_EQ(without_gaps("0 ICMP . B sent  3 checks ; done."), "0 ICMP. B sent 3 checks; done.");
}

TEST(Words, CapturesOfOneNameAreToldApartByTheirFolders) {
  std::vector<Capture> captures(5);
  captures[0].file = "all/d1/peerA.pcapng";
  captures[1].file = "all/d2/peerA.pcapng";
  captures[2].file = "all/d1/peerB.pcapng";
  captures[3].file = "one.pcap";
  captures[4].file = "one.pcapng";
  EXPECT_EQ(capture_labels(captures),
            (std::vector<std::string>{"d1/peerA", "d2/peerA", "peerB", "one.pcap", "one.pcapng"}));
  const Citation cite(captures, Instant{});
  EXPECT_EQ(cite.ref(PacketRef{1, 8}), "[d2/peerA 8]");
}

TEST(Words, TimesCountFromTheOrigin) {
  const Citation cite({}, Instant(milliseconds(1000)));
  EXPECT_EQ(cite.time(Instant(milliseconds(2234))), "1.234");
}

}  // namespace
}  // namespace parley::analyzer

#include "analyzer/capture_points.h"

#include <fstream>

#include <gtest/gtest.h>

#include "analyzer/analyze.h"
#include "tests/analyzer/capture_bytes.h"

namespace parley::analyzer {
namespace {

std::string capture(const std::string& name) {
  return std::string(PARLEY_SOURCE_DIR) + "/captures/" + name;
}

struct Kept {
  ByteBuffer bytes;
  std::uint64_t microseconds = 0;
  bool outgoing = false;  // sent by the machine that sent the first packet
};

std::vector<Kept> packets_of(const std::string& name) {
  std::vector<Kept> list;
  const auto file = CaptureFile::open(capture(name));
  RawPacket raw;
  ByteBuffer own_mac;
  while (file->next(raw)) {
    const Bytes source = raw.bytes.subspan(6, 6);
    if (own_mac.empty())
      own_mac.assign(source.begin(), source.end());
    Kept kept;
    kept.bytes.assign(raw.bytes.begin(), raw.bytes.end());
    kept.microseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(raw.at - Instant{}).count());
    kept.outgoing = std::equal(source.begin(), source.end(), own_mac.begin());
    list.push_back(std::move(kept));
  }
  return list;
}

ByteBuffer named_interface(const std::string& name) {
  return test::block(
      1, test::OrderedWriter(false).u16(1).u16(0).u32(0).option(2, as_bytes(name)).u32(0));
}

class File {
 public:
  File& add(const ByteBuffer& block) {
    bytes_.insert(bytes_.end(), block.begin(), block.end());
    return *this;
  }
  File& section(const std::vector<std::string>& interfaces) {
    add(test::section_block());
    for (const std::string& name : interfaces)
      add(named_interface(name));
    return *this;
  }
  File& packet(const Kept& kept, std::uint32_t interface = 0) {
    return add(test::packet_block(kept.bytes, kept.microseconds, interface));
  }
  std::string written(const std::string& name) const {
    std::string path = testing::TempDir() + name;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes_.data()),
               static_cast<std::streamsize>(bytes_.size()));
    return path;
  }

 private:
  ByteBuffer bytes_;
};

// What must not depend on how the packets lie in files.
std::string told(const Analysis& analysis) {
  std::string text;
  for (const Call& call : analysis.calls) {
    text += call.verdict.code + "\n";
    for (const Finding& finding : call.findings)
      text += finding.code + " " + finding.summary + "\n";
    for (const Transport& t : call.transports)
      for (const Pair& pair : t.pairs)
        text += std::to_string(pair.requests) + " " + std::to_string(pair.responses) + " " +
                std::to_string(pair.nominated) + "\n";
    for (const StunServerUse& use : call.stun_servers)
      text += std::to_string(use.requests) + " " + std::to_string(use.responses) + "\n";
    for (const Stream& s : call.streams)
      text += std::to_string(s.ssrc) + " " + std::to_string(s.packets) + " " +
              std::to_string(s.lost.value_or(9999)) + "\n";
  }
  return text;
}

class SplitCapture : public testing::Test {
 protected:
  std::vector<Kept> packets = packets_of("c02-two-cone-stun/peerA.pcapng");

  std::string whole() const {
    File file;
    file.section({"eth0"});
    for (const Kept& kept : packets)
      file.packet(kept);
    return told(analyze_captures({file.written("whole.pcapng")}, {}));
  }
};

TEST_F(SplitCapture, ReceivedAndSentOnTwoInterfacesAreOnePoint) {
  File file;
  file.section({"rx", "tx"});
  for (const Kept& kept : packets)
    file.packet(kept, kept.outgoing ? 1 : 0);
  EXPECT_EQ(told(analyze_captures({file.written("directions.pcapng")}, {})), whole());
}

TEST_F(SplitCapture, ReceivedAndSentInTwoFilesAreOnePoint) {
  File received;
  File sent;
  received.section({"tap1"});
  sent.section({"tap2"});
  for (const Kept& kept : packets)
    (kept.outgoing ? sent : received).packet(kept);
  EXPECT_EQ(told(analyze_captures({received.written("rx.pcapng"), sent.written("tx.pcapng")}, {})),
            whole());
}

TEST_F(SplitCapture, AnInterfaceGoesOnInTheNextSection) {
  File file;
  file.section({"eth0"});
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (i == packets.size() / 2)
      file.section({"other", "eth0"});
    file.packet(packets[i], i < packets.size() / 2 ? 0 : 1);
  }
  EXPECT_EQ(told(analyze_captures({file.written("sections.pcapng")}, {})), whole());
}

TEST_F(SplitCapture, AnInterfaceGoesOnInTheNextFileWhateverTheirOrder) {
  File first;
  File second;
  first.section({"eth0"});
  second.section({"eth0"});
  for (std::size_t i = 0; i < packets.size(); ++i)
    (i < packets.size() / 2 ? first : second).packet(packets[i]);
  EXPECT_EQ(
      told(analyze_captures({second.written("ring2.pcapng"), first.written("ring1.pcapng")}, {})),
      whole());
}

TEST_F(SplitCapture, APacketInTheWrongOneOfTwoFilesDoesNotPartThem) {
  const std::size_t half = packets.size() / 2;
  ASSERT_LT(packets[half - 1].microseconds, packets[half].microseconds);
  std::swap(packets[half - 1], packets[half]);
  File first;
  File second;
  first.section({"eth0"});
  second.section({"eth0"});
  for (std::size_t i = 0; i < packets.size(); ++i)
    (i < half ? first : second).packet(packets[i]);
  EXPECT_EQ(
      told(analyze_captures({first.written("seam1.pcapng"), second.written("seam2.pcapng")}, {})),
      whole());
}

// Linux cooked v2 in front of the IP packet of an Ethernet frame.
ByteBuffer cooked(const ByteBuffer& ethernet, std::uint32_t device) {
  ByteBuffer out;
  ByteWriter w(out);
  w.u16(load_u16(ethernet.data() + 12));
  w.u16(0);
  w.u32(device);
  w.u16(1);
  w.u8(0);
  w.u8(6);
  w.zeros(8);
  out.insert(out.end(), ethernet.begin() + 14, ethernet.end());
  return out;
}

TEST_F(SplitCapture, APacketOnTwoDevicesOfLinuxCookedCountsOnce) {
  File file;
  file.add(test::section_block()).add(test::interface_block(276));
  for (const Kept& kept : packets)
    for (const std::uint32_t device : {3U, 7U})
      file.add(test::packet_block(cooked(kept.bytes, device), kept.microseconds));
  EXPECT_EQ(told(analyze_captures({file.written("any.pcapng")}, {})), whole());
}

TEST_F(SplitCapture, TimesThatRunBackwardsAreCounted) {
  File file;
  file.section({"eth0"});
  std::swap(packets[7], packets[8]);
  std::swap(packets[20], packets[21]);
  for (const Kept& kept : packets)
    file.packet(kept);
  const Analysis a = analyze_captures({file.written("swapped.pcapng")}, {});
  EXPECT_EQ(a.captures.at(0).times_backwards, 2U);
  EXPECT_TRUE(a.captures.at(0).timed);
  EXPECT_EQ(told(a), whole());
}

TEST_F(SplitCapture, WithoutTimesNothingLastsAnyTime) {
  File file;
  file.section({"eth0"});
  for (const Kept& kept : packets)
    file.add(test::block(3, test::OrderedWriter(false)
                                .u32(static_cast<std::uint32_t>(kept.bytes.size()))
                                .bytes(kept.bytes)));
  const Analysis a = analyze_captures({file.written("simple.pcapng")}, {});
  EXPECT_FALSE(a.captures.at(0).timed);
  ASSERT_EQ(a.calls.size(), 1U);
  const Transport& t = a.calls[0].transports.at(0);
  EXPECT_GT(t.pairs.at(0).requests, 0U);
  for (const Pair& pair : t.pairs)
    EXPECT_FALSE(pair.rtt.has_value());
  for (const TransportAgent& agent : t.agents)
    EXPECT_FALSE(agent.connected.has_value());
  EXPECT_FALSE(t.dtls.handshake_ms.has_value());
}

std::uint32_t point(CapturePoints& points, const test::ReadResult& result, std::size_t packet,
                    std::uint32_t file = 0) {
  return points.of(file, *result.file, result.packets[packet], [](std::uint32_t) { return false; });
}

TEST(CapturePoints, InterfacesOfOneNameAtTheSameTimeAreTwoPoints) {
  const ByteBuffer frame(40, std::byte{0});
  File file;
  const auto bytes =
      test::joined({test::section_block(), named_interface("eth0"), named_interface("eth0"),
                    test::packet_block(frame, 1000, 0), test::packet_block(frame, 2000, 1)});
  const auto result = test::read_bytes_of(bytes);
  CapturePoints points;
  EXPECT_EQ(point(points, result, 0), 0U);
  EXPECT_EQ(point(points, result, 1), 1U);
}

TEST(CapturePoints, ALaterSectionWhoseTimesOverlapIsAnotherPoint) {
  const ByteBuffer frame(40, std::byte{0});
  const auto bytes = test::joined({test::section_block(), named_interface("eth0"),
                                   test::packet_block(frame, 5'000'000), test::section_block(),
                                   named_interface("eth0"), test::packet_block(frame, 1'000'000)});
  const auto result = test::read_bytes_of(bytes);
  CapturePoints points;
  EXPECT_NE(point(points, result, 0), point(points, result, 1));
}

TEST(CapturePoints, ManyDevicesShareTheLastPoint) {
  ByteBuffer frame(40, std::byte{0});
  RawPacket raw;
  raw.link_type = 276;
  const auto result = test::read_bytes_of(test::joined({test::section_block()}));
  CapturePoints points;
  std::uint32_t highest = 0;
  for (std::uint32_t device = 1; device < CapturePoints::kMaxPlaces + 100; ++device) {
    frame[6] = static_cast<std::byte>(device >> 8U);
    frame[7] = static_cast<std::byte>(device);
    raw.bytes = frame;
    highest =
        std::max(highest, points.of(0, *result.file, raw, [](std::uint32_t) { return false; }));
  }
  EXPECT_EQ(highest, CapturePoints::kMaxPlaces - 1);
}

std::uint32_t file_of_point(const Analysis& analysis, PointId point) {
  for (const Capture& capture : analysis.captures)
    for (const CapturePoint& known : capture.points)
      if (known.id == point)
        return capture.index;
  return 9999;
}

TEST(Points, OneOfSeveralShowsWhereMediaEnds) {
  const std::string base = capture("c08b-media-filtered/");
  const Analysis a = analyze_captures(
      {base + "natA-wan.pcapng", base + "peerA.pcapng", base + "peerB.pcapng"}, {});
  ASSERT_EQ(a.calls.size(), 1U);
  const Call& call = a.calls[0];
  EXPECT_EQ(call.verdict.code, "media-one-way");
  EXPECT_EQ(call.verdict.confidence, Confidence::Certain);
  const Transport& t = call.transports.at(0);
  ASSERT_TRUE(t.media_sent[1] && t.media_seen_last[1] && t.media_arrived[1]);
  EXPECT_EQ(file_of_point(a, t.media_sent[1]->point), 2U);
  EXPECT_EQ(file_of_point(a, t.media_seen_last[1]->point), 0U);
  EXPECT_EQ(file_of_point(a, t.media_arrived[1]->point), 1U);
  EXPECT_EQ(t.media_sent[1]->rtp, 577U);
  EXPECT_EQ(t.media_arrived[1]->rtp + t.media_arrived[1]->rtcp, 0U);
  EXPECT_EQ(t.media_arrived[0]->rtp, t.media_sent[0]->rtp) << "A's media arrives";
  for (const Stream& s : call.streams)
    EXPECT_EQ(s.lost, s.from == Side::A ? 0U : s.packets) << s.ssrc;
}

// A's NAT drops B's media behind the point outside of it.
TEST(Points, OutsideOfItsNatAReceiverIsNotSeenToGetMedia) {
  const std::string base = capture("c08b-media-filtered/");
  for (const bool with_b : {false, true}) {
    std::vector<std::string> files = {base + "natA-wan.pcapng"};
    if (with_b)
      files.push_back(base + "peerB.pcapng");
    const Analysis a = analyze_captures(files, {});
    ASSERT_EQ(a.calls.size(), 1U);
    const Transport& t = a.calls[0].transports.at(0);
    EXPECT_FALSE(t.media_arrived[1].has_value()) << files.size();
    EXPECT_EQ(t.media_arrived[0].has_value(), with_b);
  }
}

TEST(Points, OfUnansweredChecksTheLastPointOfRequestAndResponseIsKnown) {
  const std::string base = capture("c09-consent-loss/");
  const Analysis a = analyze_captures(
      {base + "peerA.pcapng", base + "natA-wan.pcapng", base + "peerB.pcapng"}, {});
  ASSERT_EQ(a.calls.size(), 1U);
  const Pair* selected = nullptr;
  for (const Pair& pair : a.calls[0].transports.at(0).pairs)
    if (pair.agent == Side::A && pair.selected)
      selected = &pair;
  ASSERT_NE(selected, nullptr);
  EXPECT_GT(selected->unanswered, 0U);
  ASSERT_EQ(selected->requests_seen_at.size(), 3U) << "all the way to B";
  EXPECT_EQ(selected->requests_seen_at[0].first.capture, 0U);
  EXPECT_EQ(selected->requests_seen_at[2].first.capture, 2U);
  ASSERT_EQ(selected->answered_elsewhere.size(), 2U) << "not at A";
  EXPECT_EQ(selected->answered_elsewhere[0].first.capture, 1U) << "the NAT of A saw them last";
  EXPECT_EQ(selected->answered_elsewhere[0].count, selected->unanswered);
}

}  // namespace
}  // namespace parley::analyzer

// Whole runs of scenarios: what they leave, and that it is what the network must produce.
//
//   alice - home-a - internet - home-b - bob,  stun at internet
// One way alice to the STUN server takes 1 + 15 + 5 ms, bob 2 + 25 + 5 ms, peer to peer
// 1 + 15 + 25 + 2 ms; serialization adds some microseconds.

#include "sim/run.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/support.h"

namespace parley::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::HasSubstr;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "parley-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr)
    return "popen failed";
  std::array<char, 4096> block{};
  std::size_t size = 0;
  while ((size = fread(block.data(), 1, block.size(), pipe)) > 0)
    text.append(block.data(), size);
  return pclose(pipe) == 0 ? text : "exit code of " + command;
}

// tshark says on stderr who it runs as when that is root; everything else is a complaint.
std::string tshark(const std::filesystem::path& file, const std::string& options) {
  return output_of("tshark -r '" + file.string() + "' " + options +
                   " 2>&1 | grep -v '^Running as user' || true");
}

template <class Event, class Test>
Instant first_time(const RunResult& result, const std::string& node, Test&& test) {
  for (const trace::Record& record : result.records)
    if (const auto* event = std::get_if<Event>(&record.event);
        event != nullptr && result.nodes[record.actor.value()] == node && test(*event))
      return record.at;
  return kNever;
}

void expect_near(Instant got, Duration expected) {
  // Up to a dozen packets of some hundred bytes at 20 Mbit/s on the way.
  EXPECT_GE(got.time_since_epoch(), expected);
  EXPECT_LE(got.time_since_epoch(), expected + microseconds(300));
}

TEST(Run, TwoHomeRoutersConnectAtTheComputedTimes) {
  const RunResult result = run(load_scenario("two-home-routers"));
  EXPECT_TRUE(result.all_held());
  ASSERT_EQ(result.expectations.size(), 3U);
  const auto srflx = [&](const char* node) {
    return first_time<trace::IceCandidate>(result, node, [](const trace::IceCandidate& c) {
      return !c.remote && c.type == trace::CandidateType::ServerReflexive;
    });
  };
  const auto connected = [&](const char* node) {
    return first_time<trace::IceStateChanged>(result, node, [](const trace::IceStateChanged& s) {
      return s.to == trace::IceState::Connected;
    });
  };
  expect_near(srflx("alice"), milliseconds(42));
  expect_near(srflx("bob"), milliseconds(104));
  // Alice's triggered check leaves at 194 ms, so Ta lets the nomination go at 244 ms; it needs 43
  // ms to bob and 43 ms back.
  expect_near(connected("bob"), milliseconds(287));
  expect_near(connected("alice"), milliseconds(330));
  // Bob's first check leaves home-b at 142 ms and meets the hole that alice's made at 145 ms.
  const Instant admitted =
      first_time<trace::NatAdmitted>(result, "home-a", [](const trace::NatAdmitted& a) {
        return a.remote == *Endpoint::parse("198.51.100.2:50000");
      });
  expect_near(admitted, milliseconds(182));
}

TEST(Run, LeavesFilesThatTsharkReadsWithoutComplaint) {
  const TemporaryDirectory directory;
  RunOptions options;
  options.directory = directory.path() / "out";
  options.pcap = directory.path() / "all.pcapng";
  const RunResult result = run(load_scenario("two-home-routers"), options);
  ASSERT_EQ(result.captures.size(), 7U);
  std::uint64_t packets = 0;
  for (const RunCapture& capture : result.captures) {
    packets += capture.packets;
    const std::string text = tshark(capture.file, "-T fields -e frame.number");
    EXPECT_EQ(static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')),
              capture.packets)
        << text;
    EXPECT_EQ(tshark(capture.file,
                     "-o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -Y '_ws.malformed or "
                     "_ws.expert.severity >= \"Warning\" or ip.checksum.status == \"Bad\" or "
                     "udp.checksum.status == \"Bad\"'"),
              "")
        << capture.point;
  }
  const std::string names = tshark(options.pcap, "-T fields -e frame.interface_name");
  EXPECT_EQ(static_cast<std::uint64_t>(std::count(names.begin(), names.end(), '\n')), packets);
  EXPECT_THAT(names, HasSubstr("home-b.outside\n"));
}

TEST(Run, TheSecretsInTheCaptureOpenIt) {
  const TemporaryDirectory directory;
  RunOptions options;
  options.directory = directory.path();
  const RunResult result = run(load_scenario("two-home-routers"), options);
  ASSERT_EQ(result.keylog.size(), 1U);
  EXPECT_EQ(content(directory.path() / "keys.log"), result.keylog[0] + "\n");
  // Message type 20 is Finished, which only the keys make readable: one from each side.
  EXPECT_EQ(tshark(directory.path() / "alice.pcapng",
                   "-Y 'dtls.handshake.type == 20' -T fields -e ip.src"),
            "198.51.100.2\n192.168.0.204\n");
}

TEST(Run, CommentsSayWhatTheWireCannotShow) {
  const TemporaryDirectory directory;
  RunOptions options;
  options.directory = directory.path();
  (void)run(load_scenario("two-home-routers"), options);
  EXPECT_EQ(tshark(directory.path() / "home-a.outside.pcapng",
                   "-Y frame.comment -T fields -e ip.dst -e frame.comment"),
            "10.0.0.7\tdropped at internet: no route to 10.0.0.7\n");
}

TEST(Run, ALostPacketIsMarkedWhereItWasSeenLast) {
  const TemporaryDirectory directory;
  RunOptions options;
  options.directory = directory.path();
  const RunResult result =
      run(parse_scenario(with(good_scenario(), "[alice, home-a], delay: 1ms",
                              "[alice, home-a], delay: 1ms, loss: 20%, queue: 1s"),
                         "x.yaml"),
          options);
  std::uint64_t lost = 0;
  for (const trace::Record& record : result.records)
    if (const auto* dropped = std::get_if<trace::PacketDropped>(&record.event);
        dropped != nullptr && dropped->reason == "loss")
      ++lost;
  ASSERT_GT(lost, 0U);
  const std::string at_alice =
      tshark(directory.path() / "alice.pcapng", "-Y 'frame.comment contains \"lost on link\"'");
  const std::string at_nat = tshark(directory.path() / "home-a.inside.pcapng",
                                    "-Y 'frame.comment contains \"lost on link alice-home-a\"'");
  const std::string both = at_alice + at_nat;
  EXPECT_EQ(static_cast<std::uint64_t>(std::count(both.begin(), both.end(), '\n')), lost);
}

TEST(Run, PacketsDroppedByAFilterAreMarkedAtTheNat) {
  // Both NATs give every destination another port: nothing fits.
  const std::string text = with(
      with(good_scenario(), "inside: 192.168.0.1/24", "inside: 192.168.0.1/24, profile: symmetric"),
      "inside: 10.0.0.1/24", "inside: 10.0.0.1/24, profile: symmetric");
  const TemporaryDirectory directory;
  RunOptions options;
  options.directory = directory.path();
  const RunResult result = run(parse_scenario(text, "x.yaml"), options);
  EXPECT_FALSE(result.all_held());
  EXPECT_THAT(tshark(directory.path() / "home-a.outside.pcapng", "-T fields -e frame.comment"),
              HasSubstr("dropped by home-a: NAT filter"));
}

TEST(Run, ConnectsBehindOneSymmetricNatByAPeerReflexiveCandidate) {
  const std::string text = with(
      with(good_scenario(), "inside: 192.168.0.1/24", "inside: 192.168.0.1/24, profile: symmetric"),
      "inside: 10.0.0.1/24", "inside: 10.0.0.1/24, profile: address-restricted-cone");
  const RunResult result = run(
      parse_scenario(with(text, "  - alice.ice is connected within 2s\n",
                          "  - bob.ice is connected within 5s\n  - bob.selected is srflx/prflx\n"
                          "  - alice.dtls is connected within 5s\n"),
                     "x.yaml"));
  for (const ExpectationResult& e : result.expectations)
    EXPECT_TRUE(e.held) << e.text << ", found " << e.found;
}

TEST(Run, TwoHomesWithTheSameAddressesDoNotMix) {
  const std::string text =
      with(with(good_scenario(), "inside: 10.0.0.1/24", "inside: 192.168.0.1/24"),
           "address: 10.0.0.7", "address: 192.168.0.204");
  const RunResult result = run(parse_scenario(text, "x.yaml"));
  EXPECT_TRUE(result.all_held());
  for (const trace::Record& record : result.records)
    if (const auto* mapping = std::get_if<trace::NatMapping>(&record.event)) {
      EXPECT_EQ(mapping->outside.address,
                *IpAddress::parse(result.nodes[record.actor.value()] == "home-a" ? "198.51.100.1"
                                                                                 : "198.51.100.2"));
    }
}

TEST(Run, ACallWithoutAnyNatUsesHostCandidates) {
  const std::string text =
      "name: Open\n"
      "duration: 5s\n"
      "nodes:\n"
      "  internet: {kind: router}\n"
      "  a: {kind: host, address: 203.0.113.1}\n"
      "  b: {kind: host, address: 198.51.100.1}\n"
      "links:\n"
      "  - {between: [a, internet], delay: 5ms}\n"
      "  - {between: [b, internet], delay: 5ms}\n"
      "call: {offerer: a, peers: {a: {}, b: {}}}\n"
      "expect:\n"
      "  - a.selected is host/host\n"
      "  - b.dtls is connected within 1s\n"
      "  - a.role is controlling\n"
      "  - b.role is controlled\n"
      "  - a.conflicts is 0\n";
  for (const ExpectationResult& e : run(parse_scenario(text, "x.yaml")).expectations)
    EXPECT_TRUE(e.held) << e.text << ", found " << e.found;
}

TEST(Run, Ipv6WorksAsWell) {
  const std::string text =
      "name: Six\n"
      "duration: 5s\n"
      "nodes:\n"
      "  internet: {kind: router}\n"
      "  a: {kind: host, address: \"2001:db8:1::1\"}\n"
      "  b: {kind: host, address: \"2001:db8:2::1\"}\n"
      "links:\n"
      "  - {between: [a, internet], delay: 5ms}\n"
      "  - {between: [b, internet], delay: 5ms}\n"
      "call: {offerer: a, peers: {a: {}, b: {}}}\n"
      "expect: [b.dtls is connected within 1s]\n";
  const TemporaryDirectory directory;
  RunOptions options;
  options.directory = directory.path();
  const RunResult result = run(parse_scenario(text, "x.yaml"), options);
  EXPECT_TRUE(result.all_held());
  EXPECT_EQ(
      tshark(directory.path() / "a.pcapng", "-Y 'dtls.handshake.type == 1' -T fields -e ipv6.src"),
      "2001:db8:2::1\n");
}

TEST(Run, CapturesOnlyTheChosenPoints) {
  const TemporaryDirectory directory;
  RunOptions options;
  options.directory = directory.path();
  options.capture = {"bob", "home-a.inside"};
  const RunResult result = run(load_scenario("two-home-routers"), options);
  ASSERT_EQ(result.captures.size(), 2U);
  EXPECT_EQ(result.captures[0].point, "home-a.inside");
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "alice.pcapng"));
  options.capture = {"carol"};
  try {
    (void)run(load_scenario("two-home-routers"), options);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("there are stun, home-a.inside"));
  }
}

TEST(Run, SaysWhatItCannotWrite) {
  RunOptions options;
  options.directory = "/dev/null/out";
  EXPECT_THROW((void)run(load_scenario("two-home-routers"), options), OutputError);
  options = {};
  options.events = "/dev/full";
  EXPECT_THROW((void)run(load_scenario("two-home-routers"), options), OutputError);
}

TEST(Run, NamesTheLimitThatWasExceeded) {
  const std::string text = with(good_scenario(), "seed: 1", "limits: {packets: 5}");
  try {
    (void)run(parse_scenario(text, "x.yaml"));
    FAIL();
  } catch (const ScenarioError& error) {
    EXPECT_THAT(error.what(), HasSubstr("more than 5 packets, its limit 'packets'"));
  }
}

TEST(Run, OneSeedGivesOneSetOfBytesAndAnotherSeedAnother) {
  RunOptions options;
  options.keep_captures = true;
  const Scenario scenario = load_scenario("two-home-routers");
  const RunResult first = run(scenario, options);
  const RunResult second = run(scenario, options);
  options.seed = 2;
  const RunResult other = run(scenario, options);
  EXPECT_EQ(events_jsonl(first), events_jsonl(second));
  EXPECT_NE(events_jsonl(first), events_jsonl(other));
  EXPECT_EQ(first.keylog, second.keylog);
  EXPECT_NE(first.keylog, other.keylog);
  ASSERT_EQ(first.captures.size(), second.captures.size());
  for (std::size_t i = 0; i < first.captures.size(); ++i) {
    EXPECT_FALSE(first.captures[i].bytes.empty());
    EXPECT_TRUE(first.captures[i].bytes == second.captures[i].bytes) << first.captures[i].point;
    EXPECT_FALSE(first.captures[i].bytes == other.captures[i].bytes) << first.captures[i].point;
  }
}

TEST(Run, AnotherNodeDoesNotShiftTheNumbersOfTheOthers) {
  const Scenario plain = load_scenario("two-home-routers");
  const std::string text = with(
      with(std::string(built_in_scenarios()[0].text), "links:\n",
           "  carol: {kind: host, address: 203.0.113.77}\nlinks:\n  - {between: [carol, internet], "
           "loss: 50%}\n"),
      "name: Two", "name: Three, two");
  const RunResult two = run(plain);
  const RunResult three = run(parse_scenario(text, "x.yaml"));
  EXPECT_EQ(two.keylog, three.keylog);
  EXPECT_EQ(events_jsonl(two), events_jsonl(three));
}

}  // namespace
}  // namespace parley::sim

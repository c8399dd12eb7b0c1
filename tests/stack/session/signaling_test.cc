#include "stack/session/signaling.h"

#include <gtest/gtest.h>

namespace parley::session {
namespace {

using trace::CandidateType;

SignaledCandidate reflexive() {
  SignaledCandidate candidate;
  candidate.foundation = "2";
  candidate.priority = 1694498815;
  candidate.address = *Endpoint::parse("192.0.2.3:45664");
  candidate.type = CandidateType::ServerReflexive;
  candidate.related = Endpoint::parse("203.0.113.141:8998");
  return candidate;
}

// RFC 8839 section 5.1, the two examples.
TEST(CandidateLine, ReadsTheExamplesOfTheStandard) {
  const auto host =
      parse_candidate_line("a=candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host");
  ASSERT_TRUE(host.has_value());
  EXPECT_EQ(host->foundation, "1");
  EXPECT_EQ(host->component, 1);
  EXPECT_EQ(host->priority, 2130706431U);
  EXPECT_EQ(to_string(host->address), "203.0.113.141:8998");
  EXPECT_EQ(host->type, CandidateType::Host);
  EXPECT_FALSE(host->related.has_value());

  const auto mapped = parse_candidate_line(
      "candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998");
  ASSERT_TRUE(mapped.has_value());
  EXPECT_EQ(*mapped, reflexive());
}

TEST(CandidateLine, SkipsAttributesThatItDoesNotKnow) {
  // As Chromium writes them.
  const auto candidate = parse_candidate_line(
      "candidate:842163049 1 udp 1677729535 198.51.100.7 60769 typ srflx raddr 0.0.0.0 rport 0 "
      "generation 0 ufrag sXP5 network-cost 999");
  ASSERT_TRUE(candidate.has_value());
  EXPECT_EQ(candidate->related, Endpoint::parse("0.0.0.0:0"));
}

TEST(CandidateLine, IsReadBackAsItWasWritten) {
  EXPECT_EQ(
      to_line(reflexive()),
      "candidate:2 1 udp 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998");
  for (const CandidateType type : {CandidateType::Host, CandidateType::ServerReflexive,
                                   CandidateType::PeerReflexive, CandidateType::Relayed}) {
    SignaledCandidate candidate = reflexive();
    candidate.type = type;
    candidate.address = *Endpoint::parse("[2001:db8::1]:1");
    EXPECT_EQ(parse_candidate_line(to_line(candidate)), candidate);
  }
}

TEST(CandidateLine, EveryPrefixThatEndsBeforeTheTypeIsRefused) {
  const std::string line = "candidate:1 1 udp 2130706431 203.0.113.141 8998 typ host";
  for (std::size_t size = 0; size < line.size(); ++size)
    EXPECT_FALSE(parse_candidate_line(std::string_view(line).substr(0, size)).has_value()) << size;
  EXPECT_TRUE(parse_candidate_line(line).has_value());
}

struct BadLine {
  std::string_view line;
  WireFault fault;
  std::uint32_t offset;
  std::string_view field;
};

TEST(CandidateLine, SaysWhatIsWrongAndWhere) {
  for (const BadLine& bad : std::vector<BadLine>{
           {"cand:1 1 udp 1 192.0.2.1 1 typ host", WireFault::BadValue, 0,
            "a foundation of 1 to 32 ice-chars"},
           {"candidate:{} 1 udp 1 192.0.2.1 1 typ host", WireFault::BadValue, 10,
            "a foundation of 1 to 32 ice-chars"},
           {"candidate:1 0 udp 1 192.0.2.1 1 typ host", WireFault::BadValue, 12,
            "a component of 1 to 256"},
           {"candidate:1 1 tcp 1 192.0.2.1 1 typ host", WireFault::Unsupported, 14, "udp"},
           {"candidate:1 1 udp -1 192.0.2.1 1 typ host", WireFault::BadValue, 18,
            "a priority of 32 bits"},
           {"candidate:1 1 udp 1 1234.local 1 typ host", WireFault::Unsupported, 20,
            "an IP address"},
           {"candidate:1 1 udp 1 192.0.2.256 1 typ host", WireFault::BadValue, 20, "an IP address"},
           {"candidate:1 1 udp 1 192.0.2.1 65536 typ host", WireFault::BadValue, 30,
            "a port of 0 to 65535"},
           {"candidate:1 1 udp 1 192.0.2.1 1 tip host", WireFault::BadMagic, 32, "typ"},
           {"candidate:1 1 udp 1 192.0.2.1 1 typ hast", WireFault::BadValue, 36,
            "host, srflx, prflx or relay"},
           {"candidate:1 1 udp 1 192.0.2.1 1 typ host raddr x", WireFault::BadValue, 47,
            "an IP address"},
           {"candidate:1 1 udp 1 192.0.2.1 1 typ host rport", WireFault::Truncated, 46,
            "a value after the name of an extension"}}) {
    const auto parsed = parse_candidate_line(bad.line);
    ASSERT_FALSE(parsed.has_value()) << bad.line;
    EXPECT_EQ(parsed.error(), (WireError{bad.fault, bad.offset, bad.field}))
        << bad.line << ": " << to_string(parsed.error());
  }
}

TEST(SignalingMessage, IsNamedAsSignalingEventsNameIt) {
  EXPECT_EQ(kind_of(Description{}), "offer");
  EXPECT_EQ(kind_of(Description{DescriptionKind::Answer, {}, {}, {}, Setup::Active}), "answer");
  EXPECT_EQ(kind_of(reflexive()), "candidate");
  EXPECT_EQ(kind_of(EndOfCandidates{}), "end-of-candidates");
  EXPECT_EQ(content_of(reflexive()), to_line(reflexive()));
  EXPECT_EQ(content_of(EndOfCandidates{"abcd"}), "");
  EXPECT_EQ(to_string(Setup::ActPass), "actpass");
}

}  // namespace
}  // namespace parley::session

// The table against RFC 4787, requirement by requirement, and against a second, naive table that
// shares no code with it.

#include "sim/nat_table.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace parley::sim {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr auto kEi = NatBehavior::EndpointIndependent;
constexpr auto kAd = NatBehavior::AddressDependent;
constexpr auto kApd = NatBehavior::AddressAndPortDependent;

Endpoint ep(std::string_view text) noexcept {
  return *Endpoint::parse(text);
}
IpAddress ip(std::string_view text) noexcept {
  return *IpAddress::parse(text);
}
Instant at(Duration d) {
  return Instant{d};
}

const Endpoint kInside = ep("192.168.0.2:5000");
const Endpoint kRemote = ep("203.0.113.1:1000");
const Endpoint kOtherPort = ep("203.0.113.1:2000");
const Endpoint kOtherAddress = ep("203.0.113.2:1000");
const IpAddress kPublic = ip("198.51.100.1");

NatTable make(NatPolicy policy, std::vector<IpAddress> pool = {kPublic}) {
  return {policy, std::move(pool), SeededRandom(1, "nat")};
}
NatPolicy policy(NatBehavior mapping, NatBehavior filtering) {
  NatPolicy p;
  p.mapping = mapping;
  p.filtering = filtering;
  return p;
}

TEST(NatTable, DropsInboundWithoutAMapping) {
  NatTable table = make({});
  EXPECT_EQ(table.inbound(at({}), ep("198.51.100.1:5000"), kRemote).verdict, NatVerdict::NoMapping);
}

struct FilterCase {
  NatBehavior filtering;
  bool same, other_port, other_address;
};

TEST(NatTable, FiltersEachKindOfSenderAsItsBehaviourSays) {
  for (const FilterCase& c : {FilterCase{kEi, true, true, true}, FilterCase{kAd, true, true, false},
                              FilterCase{kApd, true, false, false}}) {
    NatTable table = make(policy(kEi, c.filtering));
    const Endpoint outside = table.outbound(at({}), kInside, kRemote).outside;
    const auto passes = [&](const Endpoint& from) {
      const NatInbound in = table.inbound(at(seconds(1)), outside, from);
      return in.verdict == NatVerdict::Translated && in.inside == kInside;
    };
    EXPECT_EQ(passes(kRemote), c.same) << to_string(c.filtering);
    EXPECT_EQ(passes(kOtherPort), c.other_port) << to_string(c.filtering);
    EXPECT_EQ(passes(kOtherAddress), c.other_address) << to_string(c.filtering);
  }
}

TEST(NatTable, ReusesAMappingAsFarAsItsBehaviourSays) {
  for (const FilterCase& c : {FilterCase{kEi, true, true, true}, FilterCase{kAd, true, true, false},
                              FilterCase{kApd, true, false, false}}) {
    NatTable table = make(policy(c.filtering, kApd));
    const Endpoint first = table.outbound(at({}), kInside, kRemote).outside;
    const auto same = [&](const Endpoint& to) {
      return table.outbound(at(seconds(1)), kInside, to).outside == first;
    };
    EXPECT_EQ(same(kRemote), c.same) << to_string(c.filtering);
    EXPECT_EQ(same(kOtherPort), c.other_port) << to_string(c.filtering);
    EXPECT_EQ(same(kOtherAddress), c.other_address) << to_string(c.filtering);
  }
}

TEST(NatTable, OutboundPacketsRefreshAMappingAndInboundOnesOnlyIfConfigured) {
  const Duration half = seconds(60);
  for (const NatRefresh refresh : {NatRefresh::Outbound, NatRefresh::Inbound, NatRefresh::Both}) {
    NatPolicy p;
    p.refresh = refresh;
    NatTable out = make(p);
    const Endpoint outside = out.outbound(at({}), kInside, kRemote).outside;
    (void)out.outbound(at(half), kInside, kRemote);
    EXPECT_EQ(out.next_expiry(), at(refresh == NatRefresh::Inbound ? 2 * half : 3 * half));

    NatTable in = make(p);
    (void)in.outbound(at({}), kInside, kRemote);
    (void)in.inbound(at(half), outside, kRemote);
    EXPECT_EQ(in.next_expiry(), at(refresh == NatRefresh::Outbound ? 2 * half : 3 * half));
  }
}

TEST(NatTable, AMappingDiesExactlyWhenItsLifetimeIsOver) {
  const Instant death = at(seconds(120));
  NatTable table = make({});
  const Endpoint outside = table.outbound(at({}), kInside, kRemote).outside;
  EXPECT_EQ(table.next_expiry(), death);
  EXPECT_EQ(table.inbound(death - nanoseconds(1), outside, kRemote).verdict,
            NatVerdict::Translated);
  EXPECT_FALSE(table.expire(death - nanoseconds(1)).has_value());
  EXPECT_EQ(table.inbound(death, outside, kRemote).verdict, NatVerdict::NoMapping);
  EXPECT_EQ(table.inbound(death + nanoseconds(1), outside, kRemote).verdict, NatVerdict::NoMapping);
  const std::optional<NatExpired> gone = table.expire(death);
  ASSERT_TRUE(gone.has_value());
  EXPECT_EQ(gone->inside, kInside);
  EXPECT_EQ(gone->outside, outside);
  EXPECT_EQ(gone->remote, kRemote);
  EXPECT_EQ(table.next_expiry(), kNever);
}

TEST(NatTable, AMappingMadeAnewMayHaveAnotherPort) {
  NatPolicy p;
  p.ports = PortAllocation::Random;
  NatTable table = make(p);
  const Endpoint first = table.outbound(at({}), kInside, kRemote).outside;
  const NatOutbound again = table.outbound(at(seconds(120)), kInside, kRemote);
  EXPECT_TRUE(again.mapping_created);
  EXPECT_NE(again.outside, first);
}

TEST(NatTable, TheFilterForgetsARemoteThatNothingWasSentToForALifetime) {
  NatTable table = make(policy(kEi, kApd));
  const Endpoint outside = table.outbound(at({}), kInside, kRemote).outside;
  // Other traffic keeps the mapping alive.
  (void)table.outbound(at(seconds(100)), kInside, kOtherAddress);
  EXPECT_EQ(table.inbound(at(seconds(119)), outside, kRemote).verdict, NatVerdict::Translated);
  EXPECT_EQ(table.inbound(at(seconds(120)), outside, kRemote).verdict, NatVerdict::Filtered);
  EXPECT_EQ(table.inbound(at(seconds(120)), outside, kOtherAddress).verdict,
            NatVerdict::Translated);
}

TEST(NatTable, PreservesPortsAndFallsBackWhenTheyAreTaken) {
  NatTable table = make({});
  const Endpoint second = ep("192.168.0.3:5000");
  EXPECT_EQ(table.outbound(at({}), kInside, kRemote).outside, ep("198.51.100.1:5000"));
  const Endpoint other = table.outbound(at({}), second, kRemote).outside;
  EXPECT_EQ(other.address, kPublic);
  EXPECT_NE(other.port, 5000);
  EXPECT_GE(other.port, 1024);
  // A port outside of the range cannot be kept.
  EXPECT_GE(table.outbound(at({}), ep("192.168.0.4:80"), kRemote).outside.port, 1024);
}

TEST(NatTable, ContiguousPortsCountUpAndSkipWhatIsTaken) {
  NatPolicy p = policy(kApd, kApd);
  p.ports = PortAllocation::Contiguous;
  p.first_port = 2000;
  p.last_port = 2002;
  NatTable table = make(p);
  const auto port = [&](const char* remote) {
    return table.outbound(at({}), kInside, ep(remote)).outside.port;
  };
  EXPECT_EQ(port("203.0.113.1:1"), 2000);
  EXPECT_EQ(port("203.0.113.1:2"), 2001);
  EXPECT_EQ(port("203.0.113.1:3"), 2002);
}

TEST(NatTable, AnExhaustedPoolIsReportedAndRecovers) {
  NatPolicy p = policy(kApd, kApd);
  p.first_port = 2000;
  p.last_port = 2001;
  NatTable table = make(p);
  const Endpoint first = table.outbound(at({}), kInside, ep("203.0.113.1:1")).outside;
  (void)table.outbound(at(seconds(1)), kInside, ep("203.0.113.1:2"));
  EXPECT_EQ(table.outbound(at(seconds(2)), kInside, ep("203.0.113.1:3")).verdict,
            NatVerdict::NoPort);
  ASSERT_TRUE(table.expire(at(seconds(120))).has_value());
  const NatOutbound late = table.outbound(at(seconds(120)), kInside, ep("203.0.113.1:3"));
  EXPECT_EQ(late.verdict, NatVerdict::Translated);
  EXPECT_EQ(late.outside, first);
}

TEST(NatTable, RefusesMoreMappingsThanItMayHold) {
  NatPolicy p = policy(kApd, kApd);
  p.max_mappings = 2;
  NatTable table = make(p);
  (void)table.outbound(at({}), kInside, ep("203.0.113.1:1"));
  (void)table.outbound(at({}), kInside, ep("203.0.113.1:2"));
  EXPECT_EQ(table.outbound(at({}), kInside, ep("203.0.113.1:3")).verdict, NatVerdict::TableFull);
}

TEST(NatTable, TheFilterOfOneMappingIsBounded) {
  NatTable table = make({});
  for (std::size_t i = 0; i < NatTable::kMaxFilterEntries; ++i)
    ASSERT_EQ(table.outbound(at({}), kInside, {kRemote.address, static_cast<std::uint16_t>(i + 1)})
                  .verdict,
              NatVerdict::Translated);
  EXPECT_EQ(table.outbound(at({}), kInside, kOtherAddress).verdict, NatVerdict::TableFull);
  // Entries that have died make room.
  (void)table.outbound(at(seconds(60)), kInside, {kRemote.address, 1});
  EXPECT_EQ(table.outbound(at(seconds(120)), kInside, kOtherAddress).verdict,
            NatVerdict::Translated);
}

TEST(NatTable, KeepsAnInsideAddressOnOneOutsideAddress) {
  const IpAddress second = *IpAddress::parse("198.51.100.2");
  NatTable table = make(policy(kApd, kApd), {kPublic, second});
  const IpAddress first = table.outbound(at({}), kInside, ep("203.0.113.1:1")).outside.address;
  for (std::uint16_t port = 2; port < 50; ++port)
    EXPECT_EQ(table.outbound(at({}), kInside, {kRemote.address, port}).outside.address, first);
  EXPECT_NE(table.outbound(at({}), ep("192.168.0.3:5000"), kRemote).outside.address, first);
}

TEST(NatTable, SaysWhoWasLetInFirstAndSinceWhenTheWayIsOpen) {
  NatTable table = make(policy(kEi, kApd));
  const NatOutbound out = table.outbound(at(seconds(1)), kInside, kRemote);
  EXPECT_TRUE(out.mapping_created);
  EXPECT_TRUE(out.filter_opened);
  EXPECT_FALSE(table.outbound(at(seconds(2)), kInside, kRemote).filter_opened);
  const NatInbound first = table.inbound(at(seconds(3)), out.outside, kRemote);
  EXPECT_TRUE(first.first);
  EXPECT_EQ(first.open_for, seconds(2));
  EXPECT_FALSE(table.inbound(at(seconds(4)), out.outside, kRemote).first);
}

TEST(NatTable, ReportsARefreshOnceASecond) {
  NatTable table = make({});
  (void)table.outbound(at({}), kInside, kRemote);
  EXPECT_FALSE(table.outbound(at(std::chrono::milliseconds(999)), kInside, kRemote).refreshed);
  EXPECT_TRUE(table.outbound(at(seconds(1)), kInside, kRemote).refreshed);
  EXPECT_FALSE(table.outbound(at(std::chrono::milliseconds(1999)), kInside, kRemote).refreshed);
}

// The oracle: what RFC 4787 says about a packet, by search through everything that is alive.
class NaiveNat {
 public:
  explicit NaiveNat(const NatPolicy& p) : policy_(p) {}

  // The outside endpoint that the packet has to get, or nothing when it needs a new mapping.
  std::optional<Endpoint> expected(Instant now, const Endpoint& inside, const Endpoint& remote) {
    const Mapping* mapping = find(now, inside, remote);
    return mapping == nullptr ? std::nullopt : std::optional(mapping->outside);
  }
  bool in_use(Instant now, const Endpoint& outside) const {
    return std::any_of(mappings_.begin(), mappings_.end(), [&](const Mapping& m) {
      return m.outside == outside && alive(m.last, now);
    });
  }
  void sent(Instant now, const Endpoint& inside, const Endpoint& remote, const Endpoint& outside) {
    std::erase_if(mappings_, [&](const Mapping& m) { return !alive(m.last, now); });
    Mapping* mapping = find(now, inside, remote);
    if (mapping == nullptr) {
      mappings_.push_back({inside, remote, outside, now, {}});
      mapping = &mappings_.back();
    } else if (policy_.refresh != NatRefresh::Inbound) {
      mapping->last = now;
    }
    Hole* hole = find_hole(now, *mapping, remote);
    if (hole == nullptr)
      mapping->holes.push_back({remote, now});
    else if (policy_.refresh != NatRefresh::Inbound)
      hole->last = now;
  }
  // The inside endpoint that the packet has to reach, or nothing.
  std::optional<Endpoint> received(Instant now, const Endpoint& outside, const Endpoint& remote) {
    for (Mapping& m : mappings_) {
      if (m.outside != outside || !alive(m.last, now))
        continue;
      Hole* hole = policy_.filtering == kEi ? &m.holes.back() : find_hole(now, m, remote);
      if (hole == nullptr)
        return std::nullopt;
      if (policy_.refresh != NatRefresh::Outbound)
        m.last = hole->last = now;
      return m.inside;
    }
    return std::nullopt;
  }

 private:
  struct Hole {
    Endpoint remote;
    Instant last;
  };
  struct Mapping {
    Endpoint inside, remote, outside;
    Instant last;
    std::vector<Hole> holes;
  };

  bool alive(Instant last, Instant now) const { return now < last + policy_.lifetime; }
  static bool equal(NatBehavior b, const Endpoint& x, const Endpoint& y) {
    return b == kEi || (x.address == y.address && (b == kAd || x.port == y.port));
  }
  Mapping* find(Instant now, const Endpoint& inside, const Endpoint& remote) {
    for (Mapping& m : mappings_)
      if (m.inside == inside && equal(policy_.mapping, m.remote, remote) && alive(m.last, now))
        return &m;
    return nullptr;
  }
  Hole* find_hole(Instant now, Mapping& m, const Endpoint& remote) {
    for (Hole& hole : m.holes)
      if (equal(policy_.filtering, hole.remote, remote) && alive(hole.last, now))
        return &hole;
    return nullptr;
  }

  NatPolicy policy_;
  std::vector<Mapping> mappings_;
};

void compare_with_oracle(const NatPolicy& p, std::uint64_t seed) {
  NatTable table = make(p);
  NaiveNat oracle(p);
  SeededRandom random(seed, "oracle");
  const auto pick = [&](std::uint64_t n) { return static_cast<std::uint16_t>(random.below(n)); };
  Instant now{};
  std::vector<Endpoint> outsides;
  std::uint64_t passed = 0;
  std::uint64_t refused = 0;
  for (int i = 0; i < 3000; ++i) {
    now += Duration(static_cast<Duration::rep>(random.below(12'000'000'000)));
    while (table.expire(now))
      continue;
    const Endpoint remote{IpAddress::v4(0xcb007100U + pick(3)),
                          static_cast<std::uint16_t>(1000 + pick(3))};
    if (outsides.empty() || random.chance(0.5)) {
      const Endpoint inside{IpAddress::v4(0xc0a80002U + pick(3)),
                            static_cast<std::uint16_t>(5000 + pick(2))};
      const std::optional<Endpoint> expected = oracle.expected(now, inside, remote);
      const NatOutbound got = table.outbound(now, inside, remote);
      ASSERT_EQ(got.verdict, NatVerdict::Translated);
      ASSERT_EQ(got.mapping_created, !expected.has_value());
      ASSERT_EQ(got.outside, expected.value_or(got.outside));
      ASSERT_TRUE(expected.has_value() || !oracle.in_use(now, got.outside));
      oracle.sent(now, inside, remote, got.outside);
      outsides.push_back(got.outside);
    } else {
      const std::size_t recent =
          std::min<std::size_t>(outsides.size(), random.chance(0.5) ? 8 : 1000);
      const Endpoint outside = outsides[outsides.size() - 1 - random.below(recent)];
      const std::optional<Endpoint> expected = oracle.received(now, outside, remote);
      const NatInbound got = table.inbound(now, outside, remote);
      ASSERT_EQ(got.verdict == NatVerdict::Translated, expected.has_value()) << "step " << i;
      if (expected) {
        ASSERT_EQ(got.inside, *expected);
      }
      ++(expected ? passed : refused);
    }
  }
  EXPECT_GT(passed, 20U);
  EXPECT_GT(refused, 20U);
}

TEST(NatTable, AgreesWithANaiveTableForEveryBehaviour) {
  std::uint64_t seed = 1;
  for (const NatBehavior mapping : {kEi, kAd, kApd})
    for (const NatBehavior filtering : {kEi, kAd, kApd})
      for (const NatRefresh refresh : {NatRefresh::Outbound, NatRefresh::Inbound, NatRefresh::Both})
        for (const PortAllocation ports :
             {PortAllocation::Preserving, PortAllocation::Contiguous, PortAllocation::Random}) {
          NatPolicy p = policy(mapping, filtering);
          p.refresh = refresh;
          p.ports = ports;
          SCOPED_TRACE(std::string(to_string(mapping)) + "/" + std::string(to_string(filtering)) +
                       " " + std::string(to_string(refresh)) + " " + std::string(to_string(ports)));
          compare_with_oracle(p, seed++);
        }
}

TEST(NatTable, TheSameSeedGivesTheSamePorts) {
  NatPolicy p = policy(kApd, kApd);
  p.ports = PortAllocation::Random;
  const auto ports = [&](std::uint64_t seed) {
    NatTable table(p, {kPublic}, SeededRandom(seed, "home-a"));
    std::vector<std::uint16_t> result;
    for (std::uint16_t i = 1; i < 20; ++i)
      result.push_back(table.outbound(at({}), kInside, {kRemote.address, i}).outside.port);
    return result;
  };
  EXPECT_EQ(ports(1), ports(1));
  EXPECT_NE(ports(1), ports(2));
}

}  // namespace
}  // namespace parley::sim

#include "stack/ice/candidate.h"

#include <fstream>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace parley::ice {
namespace {

Endpoint endpoint(std::string_view text) {
  return *Endpoint::parse(text);
}

class IceVectors : public ::testing::Test {
 protected:
  IceVectors() {
    std::ifstream file(PARLEY_SOURCE_DIR "/tests/vectors/ice.json");
    vectors = nlohmann::json::parse(file);
  }
  nlohmann::json vectors;
};

TEST_F(IceVectors, CandidatePrioritiesAreThoseOfTheStandard) {
  const TypePreferences preferences;
  const auto& values = vectors["priority"];
  const std::pair<CandidateType, const char*> types[] = {{CandidateType::Host, "host"},
                                                         {CandidateType::ServerReflexive, "srflx"},
                                                         {CandidateType::PeerReflexive, "prflx"},
                                                         {CandidateType::Relayed, "relay"}};
  for (const auto& [type, name] : types) {
    EXPECT_EQ(preferences.of(type), values["recommended_type_pref"][name].get<int>()) << name;
    EXPECT_EQ(candidate_priority(preferences.of(type), 65535, 1),
              values["values_component1_localpref65535"][name].get<std::uint32_t>());
    EXPECT_EQ(candidate_priority(preferences.of(type), 65535, 2),
              values["values_component2_localpref65535"][name].get<std::uint32_t>());
  }
}

TEST_F(IceVectors, PairPrioritiesAreThoseOfTheStandard) {
  for (const auto& row : vectors["pair_priority"]["computed"])
    EXPECT_EQ(pair_priority(row["G"].get<std::uint32_t>(), row["D"].get<std::uint32_t>()),
              row["pair"].get<std::uint64_t>());
}

TEST(PairPriority, TellsTheControllingSideApartInItsLastBit) {
  EXPECT_EQ(pair_priority(2130706431, 2130706431), 9151314442783293438U);
  EXPECT_EQ(pair_priority(1694498815, 1694498815), 7277816996924751870U);
  EXPECT_EQ(pair_priority(16777215, 1862270975), 72057593467502590U);
  EXPECT_EQ(pair_priority(1862270975, 16777215), 72057593467502591U);
}

TEST(CandidatePriority, GivesBackItsLocalPreference) {
  EXPECT_EQ(local_preference_of(candidate_priority(126, 65535)), 65535);
  EXPECT_EQ(local_preference_of(candidate_priority(0, 1)), 1);
}

TEST(Pairing, WantsOneFamilyAndKeepsLinkLocalToItself) {
  EXPECT_TRUE(can_pair(endpoint("10.0.0.1:1"), endpoint("192.0.2.1:2")));
  EXPECT_FALSE(can_pair(endpoint("10.0.0.1:1"), endpoint("[2001:db8::1]:2")));
  EXPECT_TRUE(can_pair(endpoint("[fe80::1]:1"), endpoint("[fe80::2]:2")));
  EXPECT_FALSE(can_pair(endpoint("[fe80::1]:1"), endpoint("[2001:db8::1]:2")));
  EXPECT_FALSE(can_pair(endpoint("[2001:db8::1]:1"), endpoint("[fe80::1]:2")));
}

TEST(Pairing, CannotSendToEverything) {
  EXPECT_TRUE(usable_remote(endpoint("192.0.2.1:9")));
  EXPECT_FALSE(usable_remote(endpoint("192.0.2.1:0")));
  EXPECT_FALSE(usable_remote(endpoint("0.0.0.0:5")));
  EXPECT_FALSE(usable_remote(endpoint("[::]:5")));
  EXPECT_FALSE(usable_remote(endpoint("224.0.0.251:5353")));
  EXPECT_FALSE(usable_remote(endpoint("255.255.255.255:5")));
  EXPECT_FALSE(usable_remote({}));
}

TEST(Foundation, IsSharedByTypeBaseAndServer) {
  Foundations foundations;
  const auto base = *IpAddress::parse("10.0.0.1");
  const auto other = *IpAddress::parse("10.0.0.2");
  const auto server = *IpAddress::parse("203.0.113.1");
  const std::string host = foundations.of(CandidateType::Host, base);
  EXPECT_EQ(host, foundations.of(CandidateType::Host, base));
  const std::set<std::string> all = {host, foundations.of(CandidateType::Host, other),
                                     foundations.of(CandidateType::ServerReflexive, base, server),
                                     foundations.of(CandidateType::ServerReflexive, base, other),
                                     foundations.of(CandidateType::PeerReflexive, base)};
  EXPECT_EQ(all.size(), 5U);
}

TEST(Redundancy, IsAddressAndBaseTogether) {
  std::vector<Candidate> list;
  Candidate host{CandidateType::Host, endpoint("10.0.0.1:1"), endpoint("10.0.0.1:1"), 9, "1"};
  EXPECT_TRUE(add_unless_redundant(list, host));
  Candidate reflexive = host;
  reflexive.type = CandidateType::ServerReflexive;
  EXPECT_FALSE(add_unless_redundant(list, reflexive)) << "no NAT: the mapped address is the base";
  reflexive.address = endpoint("192.0.2.9:1");
  EXPECT_TRUE(add_unless_redundant(list, reflexive));
  reflexive.base = endpoint("10.0.0.2:1");
  EXPECT_TRUE(add_unless_redundant(list, reflexive));
  EXPECT_EQ(list.size(), 3U);
}

TEST(CredentialsTest, AreLongEnoughAndOfTheRightCharacters) {
  SeededRandom random(3, "credentials");
  std::set<std::string> fragments;
  for (int i = 0; i < 100; ++i) {
    const Credentials credentials = make_credentials(random);
    EXPECT_TRUE(well_formed(credentials));
    EXPECT_GE(credentials.ufrag.size() * 6, 24U);
    EXPECT_GE(credentials.password.size() * 6, 128U);
    fragments.insert(credentials.ufrag);
  }
  EXPECT_GT(fragments.size(), 95U);
  EXPECT_FALSE(well_formed({"abc", "aaaaaaaaaaaaaaaaaaaaaa"}));
  EXPECT_FALSE(well_formed({"abcd", "aaaaaaaaaaaaaaaaaaaaa"}));
  EXPECT_FALSE(well_formed({"ab-d", "aaaaaaaaaaaaaaaaaaaaaa"}));
}

}  // namespace
}  // namespace parley::ice

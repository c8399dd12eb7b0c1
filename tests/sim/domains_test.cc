#include "sim/domains.h"

#include <gtest/gtest.h>

#include "sim/topology.h"
#include "tests/sim/support.h"

namespace parley::sim {
namespace {

trace::ActorId actor(const Scenario& scenario, std::string_view name) {
  for (std::uint32_t i = 0; i < scenario.nodes.size(); ++i)
    if (scenario.nodes[i].name == name)
      return trace::ActorId{i};
  throw std::logic_error("no such node");
}

TEST(Domains, EachHomeIsOneAndItsNatStandsInTwo) {
  const Scenario scenario = parse_scenario(good_scenario(), "x.yaml");
  const Domains domains(scenario, build_topology(scenario));
  const auto of = [&](const char* name) { return domains.of(actor(scenario, name)); };
  EXPECT_NE(of("alice"), of("bob"));
  EXPECT_EQ(of("internet"), of("stun"));
  EXPECT_EQ(of("alice"), of("home-a"));
  EXPECT_EQ(domains.outside(actor(scenario, "home-a")), of("internet"));
  EXPECT_EQ(domains.outside(actor(scenario, "alice")), of("alice"));
  EXPECT_EQ(domains.around(of("alice")), std::vector<DomainId>{of("internet")});
  EXPECT_TRUE(domains.around(of("internet")).empty());
}

TEST(Domains, ADropIsReadWhereItsAddressesStand) {
  const Scenario scenario = parse_scenario(good_scenario(), "x.yaml");
  const Domains domains(scenario, build_topology(scenario));
  const trace::ActorId nat = actor(scenario, "home-a");
  const DomainId inside = domains.of(nat);
  const DomainId outside = domains.outside(nat);
  trace::PacketDropped event;
  event.reason = "nat-filtered";
  event.destination = *Endpoint::parse("198.51.100.1:50000");
  EXPECT_EQ(domains.of_drop(nat, event), outside);
  event.reason = "nat-no-hairpin";
  EXPECT_EQ(domains.of_drop(nat, event), inside);
  event.reason = "nat-refused";
  event.destination = *Endpoint::parse("203.0.113.10:3478");
  EXPECT_EQ(domains.of_drop(nat, event), inside);
  event.reason = "loss";
  event.place = "home-a-internet";
  EXPECT_EQ(domains.of_drop(nat, event), outside);
  event.place = "alice-home-a";
  EXPECT_EQ(domains.of_drop(nat, event), inside);
}

}  // namespace
}  // namespace parley::sim

// The NAT, router and host nodes in small worlds of their own: packets are real bytes.

#include "sim/nat.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/host.h"
#include "sim/router.h"

namespace parley::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Endpoint ep(std::string_view text) {
  return *Endpoint::parse(text);
}
IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

// Says what it is told to say, keeps what it hears.
class Echo final : public Application {
 public:
  explicit Echo(bool answers = false) : answers_(answers) {}
  void on_datagram(Instant now, const Datagram& datagram, Outbox& out) override {
    heard.push_back({now, datagram.remote, std::string(as_text(datagram.payload))});
    if (answers_)
      out.send(datagram.local, datagram.remote, as_bytes("answer"));
  }
  void on_deadline(Instant /*now*/, Outbox& /*out*/) override {}
  Instant next_deadline() const override { return kNever; }

  struct Heard {
    Instant at;
    Endpoint from;
    std::string text;
  };
  std::vector<Heard> heard;

 private:
  bool answers_;
};

// home (192.168.0.2) - NAT (198.51.100.1) - server (203.0.113.1), 10 ms each way on each link.
class NatWorld {
 public:
  explicit NatWorld(NatPolicy policy = {}) : world_(1, {}, records_, nullptr) {
    LinkConfig link;
    link.delay = milliseconds(10);
    home_ = add_host("192.168.0.2", home_app, "192.168.0.2:5000", false);
    NatSetup setup;
    setup.id = NodeId{1};
    setup.name = "nat";
    setup.inside = {ip("192.168.0.1")};
    setup.outside = {ip("198.51.100.1")};
    setup.policy = policy;
    setup.port_is_inside = {true, false};
    setup.outside_port = PortId{1};
    setup.inside_routes.add(ip("192.168.0.2"), 32, PortId{0});
    world_.add(std::make_unique<Nat>(std::move(setup), SeededRandom(1, "nat")));
    server_ = add_host("203.0.113.1", server_app, "203.0.113.1:3478", true);
    world_.connect("in", NodeId{0}, NodeId{1}, link, link);
    world_.connect("out", NodeId{1}, NodeId{2}, link, link);
  }

  void home_sends(const char* to, const char* text = "hello") {
    send(home_, "192.168.0.2:5000", to, text);
  }
  void server_sends(const char* from, const char* to) { send(server_, from, to, "hello"); }
  void run_for(Duration d) { world_.run_until(world_.now() + d); }

  std::vector<std::string> drops() const {
    std::vector<std::string> reasons;
    for (const trace::Record& record : records_.records())
      if (const auto* dropped = std::get_if<trace::PacketDropped>(&record.event))
        reasons.push_back(dropped->reason);
    return reasons;
  }
  std::vector<std::string> mappings() const {
    std::vector<std::string> what;
    for (const trace::Record& record : records_.records())
      if (const auto* mapping = std::get_if<trace::NatMapping>(&record.event))
        what.push_back(mapping->what);
    return what;
  }

  Echo* home_app = nullptr;
  Echo* server_app = nullptr;

 private:
  Host* add_host(const char* address, Echo*& app, const char* socket, bool answers) {
    auto host = std::make_unique<Host>(NodeId{home_ == nullptr ? 0U : 2U}, address,
                                       std::vector<IpAddress>{ip(address)}, kNoPoint, records_);
    auto echo = std::make_unique<Echo>(answers);
    app = echo.get();
    host->install(std::move(echo), {ep(socket)});
    Host* raw = host.get();
    world_.add(std::move(host));
    return raw;
  }
  void send(Host* host, const char* from, const char* to, const char* text) {
    host->call(world_,
               [&](Instant /*now*/, Outbox& out) { out.send(ep(from), ep(to), as_bytes(text)); });
  }

  trace::RecordList records_;
  World world_;
  Host* home_ = nullptr;
  Host* server_ = nullptr;
};

TEST(Nat, TranslatesBothWaysWithTheExactDelay) {
  NatWorld world;
  world.home_sends("203.0.113.1:3478");
  world.run_for(seconds(1));
  ASSERT_EQ(world.server_app->heard.size(), 1U);
  EXPECT_EQ(world.server_app->heard[0].from, ep("198.51.100.1:5000"));
  EXPECT_EQ(world.server_app->heard[0].at, Instant{milliseconds(20)});
  ASSERT_EQ(world.home_app->heard.size(), 1U);
  EXPECT_EQ(world.home_app->heard[0].from, ep("203.0.113.1:3478"));
  EXPECT_EQ(world.home_app->heard[0].text, "answer");
  EXPECT_EQ(world.home_app->heard[0].at, Instant{milliseconds(40)});
  EXPECT_EQ(world.mappings(), std::vector<std::string>{"created"});
}

TEST(Nat, FiltersAndSaysWhy) {
  NatWorld world;
  world.server_sends("203.0.113.1:3478", "198.51.100.1:5000");
  world.run_for(seconds(1));
  world.home_sends("203.0.113.1:3478");
  world.run_for(seconds(1));
  world.server_sends("203.0.113.1:9999", "198.51.100.1:5000");
  world.run_for(seconds(1));
  EXPECT_EQ(world.drops(), (std::vector<std::string>{"nat-no-mapping", "nat-filtered"}));
  EXPECT_EQ(world.home_app->heard.size(), 1U);
}

TEST(Nat, SaysWhenAMappingExpiresAtThatInstant) {
  NatPolicy policy;
  policy.lifetime = seconds(30);
  NatWorld world(policy);
  world.home_sends("203.0.113.1:3478");
  world.run_for(seconds(30));
  EXPECT_EQ(world.mappings(), std::vector<std::string>{"created"});
  world.run_for(milliseconds(10));
  EXPECT_EQ(world.mappings(), (std::vector<std::string>{"created", "expired"}));
}

TEST(Nat, AnIcmpErrorPassesAndEndsNoMapping) {
  NatWorld world;
  world.home_sends("203.0.113.1:3478");
  // Nobody listens on port 9: the server answers with an ICMP error.
  world.home_sends("203.0.113.1:9");
  world.run_for(seconds(1));
  EXPECT_EQ(world.drops(), std::vector<std::string>{"no-socket"});
  world.server_sends("203.0.113.1:3478", "198.51.100.1:5000");
  world.run_for(seconds(1));
  EXPECT_EQ(world.home_app->heard.size(), 2U);
  EXPECT_EQ(world.mappings(), std::vector<std::string>{"created"});
}

TEST(Nat, DoesNotHairpin) {
  NatWorld world;
  world.home_sends("198.51.100.1:5000");
  world.run_for(seconds(1));
  EXPECT_EQ(world.drops(), std::vector<std::string>{"nat-no-hairpin"});
}

TEST(Nat, ReportsARefusedMapping) {
  NatPolicy policy;
  policy.mapping = NatBehavior::AddressAndPortDependent;
  policy.first_port = policy.last_port = 2000;
  NatWorld world(policy);
  world.home_sends("203.0.113.1:3478");
  world.home_sends("203.0.113.1:3479");
  world.run_for(seconds(1));
  EXPECT_EQ(world.mappings(), (std::vector<std::string>{"created", "refused"}));
  EXPECT_EQ(world.drops(), std::vector<std::string>{"nat-refused"});
}

TEST(Router, DropsWhatItHasNoRouteFor) {
  trace::RecordList records;
  World world(1, {}, records, nullptr);
  auto host = std::make_unique<Host>(NodeId{0}, "host", std::vector<IpAddress>{ip("203.0.113.1")},
                                     kNoPoint, records);
  host->install(std::make_unique<Echo>(), {ep("203.0.113.1:1000")});
  Host* sender = host.get();
  world.add(std::move(host));
  world.add(
      std::make_unique<Router>(NodeId{1}, "router", std::vector<IpAddress>{}, RoutingTable{}));
  world.connect("link", NodeId{0}, NodeId{1}, {}, {});
  sender->call(world, [](Instant /*now*/, Outbox& out) {
    out.send(ep("203.0.113.1:1000"), ep("10.0.0.7:50000"), as_bytes("hello"));
  });
  world.run_until(Instant{seconds(1)});
  ASSERT_EQ(records.records().size(), 1U);
  const auto& dropped = std::get<trace::PacketDropped>(records.records()[0].event);
  EXPECT_EQ(dropped.reason, "no-route");
  EXPECT_EQ(dropped.source, ep("203.0.113.1:1000"));
  EXPECT_EQ(dropped.destination, ep("10.0.0.7:50000"));
  EXPECT_EQ(dropped.size, 33U);
}

TEST(World, StopsAtItsLimits) {
  trace::RecordList records;
  World world(1, {1, 100}, records, nullptr);
  auto host = std::make_unique<Host>(NodeId{0}, "host", std::vector<IpAddress>{ip("203.0.113.1")},
                                     kNoPoint, records);
  host->install(std::make_unique<Echo>(), {ep("203.0.113.1:1000")});
  world.add(std::move(host));
  world.wake(NodeId{0}, Instant{seconds(1)});
  world.run_until(Instant{seconds(2)});
  world.wake(NodeId{0}, Instant{seconds(3)});
  EXPECT_THROW(world.run_until(Instant{seconds(4)}), LimitExceeded);
}

}  // namespace
}  // namespace parley::sim

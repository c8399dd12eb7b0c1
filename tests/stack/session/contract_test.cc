#include "stack/session/peer.h"
#include "tests/stack/machine_contract.h"

namespace parley::test {
namespace {

// An answerer whose peer never answers a check.
class PeerAtWork {
 public:
  PeerAtWork() : peer_(config(), SeededRandom(1, "peer")) {}
  session::Peer& machine() { return peer_; }
  void start(Instant now, Outbox& out) {
    const session::Description offer{session::DescriptionKind::Offer, "abcd",
                                     "0123456789abcdef012345", crypto::Fingerprint::of({}),
                                     session::Setup::ActPass};
    EXPECT_TRUE(peer_.on_signaling(now, offer, out).has_value());
    EXPECT_TRUE(peer_
                    .on_signaling(now,
                                  *session::parse_candidate_line(
                                      "candidate:1 1 udp 2130706431 192.0.2.2 6000 typ host"),
                                  out)
                    .has_value());
  }
  Datagram datagram(Random& random) {
    payload_ = noise(random);
    return {local(), *Endpoint::parse("192.0.2.2:6000"), payload_};
  }

 private:
  static Endpoint local() { return *Endpoint::parse("192.0.2.1:5000"); }
  static session::PeerConfig config() {
    session::PeerConfig config;
    config.host_endpoints = {local()};
    config.certificate_time = std::chrono::seconds(1'704'067'200);
    return config;
  }

  session::Peer peer_;
  ByteBuffer payload_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Peer, MachineContract, PeerAtWork);

}  // namespace
}  // namespace parley::test

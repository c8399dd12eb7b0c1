#include "stack/base/random.h"
#include "stack/dtls/transport.h"
#include "tests/stack/machine_contract.h"

namespace parley::test {
namespace {

// A transport whose peer never answers sensibly.
template <dtls::Role kRole>
class TransportAtWork {
 public:
  TransportAtWork()
      : random_(1, "transport"),
        certificate_(crypto::Certificate::make(random_, std::chrono::seconds(1'704'067'200))),
        transport_(trace::ActorId{0}, config(), certificate_, random_) {
    transport_.set_path(local(), remote());
  }
  dtls::Transport& machine() { return transport_; }
  void start(Instant now, Outbox& out) { transport_.start(now, out); }
  Datagram datagram(Random& random) {
    payload_.resize(60);
    random.fill(payload_);
    // An application data record of an epoch that does not exist yet: to be dropped.
    constexpr std::string_view kHeader = "17fefd0001000000000001002f";
    const ByteBuffer header = *parse_hex(kHeader);
    std::copy(header.begin(), header.end(), payload_.begin());
    return {local(), remote(), payload_};
  }

 private:
  static dtls::TransportConfig config() {
    dtls::TransportConfig config;
    config.role = kRole;
    return config;
  }
  static Endpoint local() { return *Endpoint::parse("192.0.2.1:5000"); }
  static Endpoint remote() { return *Endpoint::parse("192.0.2.2:6000"); }

  SeededRandom random_;
  crypto::Certificate certificate_;
  dtls::Transport transport_;
  ByteBuffer payload_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(DtlsClient, MachineContract, TransportAtWork<dtls::Role::Client>);
INSTANTIATE_TYPED_TEST_SUITE_P(DtlsServer, MachineContract, TransportAtWork<dtls::Role::Server>);

}  // namespace
}  // namespace parley::test

// Two DTLS transports on a network that the input commands: it delivers, drops, repeats, damages,
// truncates and invents datagrams, fires timers and sends data. Whatever happens, machines keep
// their contract, and two ends that both call themselves connected hold the same keys.

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <optional>
#include <utility>

#include "stack/base/random.h"
#include "stack/dtls/transport.h"

namespace parley {
namespace {

using trace::DtlsState;

void require(bool condition) {
  if (!condition)
    std::abort();
}

const crypto::Certificate& certificate(bool client) {
  const auto make = [](std::string_view name) {
    SeededRandom random(1, name);
    return crypto::Certificate::make(random, std::chrono::seconds(1'704'067'200));
  };
  static const crypto::Certificate kClient = make("client");
  static const crypto::Certificate kServer = make("server");
  return client ? kClient : kServer;
}

class Driver {
 public:
  explicit Driver(Bytes input)
      : input_(input),
        client_random_(1, "client"),
        server_random_(1, "server"),
        settings_(input_.u8("settings")),
        client_(make(dtls::Role::Client, client_random_)),
        server_(make(dtls::Role::Server, server_random_)) {}

  void run() {
    for (dtls::Transport* side : {&client_, &server_}) {
      side->set_path(here_, there_);
      Outbox out;
      side->start(now_, out);
      carry(side, out);
    }
    while (input_.ok() && input_.remaining() > 0 && steps_++ < 500) {
      act(input_.u8("action"));
      check();
    }
  }

 private:
  struct InFlight {
    dtls::Transport* to;
    ByteBuffer payload;
  };

  dtls::Transport make(dtls::Role role, Random& random) const {
    const bool client = role == dtls::Role::Client;
    dtls::TransportConfig config;
    config.role = role;
    config.hello_verify = (settings_ & 1U) != 0;
    config.mtu = (settings_ & 2U) != 0 ? 300 : 1200;
    if ((settings_ & 4U) != 0 && client)
      config.srtp_profiles = {0x0002};
    config.expected_fingerprints = {certificate(!client && (settings_ & 8U) == 0).fingerprint()};
    if (client)
      config.expected_fingerprints = {certificate(false).fingerprint()};
    return {trace::ActorId(client ? 0 : 1), config, certificate(client), random};
  }

  void act(unsigned byte) {
    dtls::Transport* side = (byte & 0x80U) != 0 ? &client_ : &server_;
    switch (byte % 10) {
      case 0:
        damage();
        deliver(false);
        break;
      case 1:
        deliver(true);  // and keeps a copy for later
        break;
      case 2:
        if (!in_flight_.empty())
          in_flight_.pop_front();
        break;
      case 3:
        if (!in_flight_.empty())
          std::rotate(in_flight_.begin(), in_flight_.begin() + 1, in_flight_.end());
        break;
      case 4:
        fire(side);
        break;
      case 5:
        invent(side);
        break;
      case 6:
        send(side, input_.u8("size"));
        break;
      case 7:
        if (input_.u8("close") == 0xff)
          close(side);
        break;
      default:
        deliver(false);
        break;
    }
  }

  void deliver(bool keep) {
    if (in_flight_.empty())
      return;
    const InFlight one = in_flight_.front();
    in_flight_.pop_front();
    if (keep && in_flight_.size() < kMaxInFlight)
      in_flight_.push_back(one);
    receive(one.to, one.payload);
  }
  void receive(dtls::Transport* side, Bytes payload) {
    Outbox out;
    side->on_datagram(now_, {here_, there_, payload}, out);
    carry(side, out);
  }
  void damage() {
    if (in_flight_.empty() || in_flight_.front().payload.empty())
      return;
    ByteBuffer& payload = in_flight_.front().payload;
    const std::size_t at = input_.u16("where") % payload.size();
    const std::uint8_t with = input_.u8("with");
    if (with == 0)
      payload.resize(at);
    else
      payload[at] ^= static_cast<std::byte>(with);
  }
  void fire(dtls::Transport* side) {
    if (side->next_deadline() == kNever)
      return;
    now_ = std::max(now_, side->next_deadline());
    for (dtls::Transport* one : {&client_, &server_}) {
      Outbox out;
      one->on_deadline(now_, out);
      require(one->next_deadline() > now_);
      carry(one, out);
    }
  }
  void invent(dtls::Transport* side) {
    const std::size_t size = input_.u8("size");
    receive(side, input_.bytes(std::min(size, input_.remaining()), "datagram"));
  }
  void send(dtls::Transport* side, std::size_t size) {
    Outbox out;
    (void)side->send_application_data(now_, ByteBuffer(size * 5), out);
    carry(side, out);
  }
  void close(dtls::Transport* side) {
    Outbox out;
    side->close(now_, out);
    carry(side, out);
  }

  void carry(dtls::Transport* from, Outbox& out) {
    dtls::Transport* to = from == &client_ ? &server_ : &client_;
    out.take_datagrams([&](const Datagram& datagram) {
      require(datagram.payload.size() <= 1200);
      if (in_flight_.size() < kMaxInFlight)
        in_flight_.push_back({to, to_buffer(datagram.payload)});
    });
  }
  void check() {
    for (const dtls::Transport* side : {&client_, &server_}) {
      const bool active =
          side->state() == DtlsState::Handshaking || side->state() == DtlsState::Connected;
      require(active || side->next_deadline() == kNever);
      require(side->failure().empty() == (side->state() != DtlsState::Failed));
    }
    // With a fingerprint that does not match, or no common profile, nobody gets keys.
    const bool must_fail = (settings_ & 0x0cU) != 0;
    if (client_.state() != DtlsState::Connected || server_.state() != DtlsState::Connected)
      return;
    require(!must_fail);
    require(client_.srtp_keys().client_key == server_.srtp_keys().client_key);
  }

  static constexpr std::size_t kMaxInFlight = 64;
  const Endpoint here_{IpAddress::v4(0xc0000201U), 5000};
  const Endpoint there_{IpAddress::v4(0xc0000202U), 6000};
  ByteReader input_;
  SeededRandom client_random_, server_random_;
  std::uint8_t settings_;
  dtls::Transport client_, server_;
  std::deque<InFlight> in_flight_;
  Instant now_{};
  int steps_ = 0;
};

}  // namespace
}  // namespace parley

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  parley::Driver(std::as_bytes(std::span(data, size))).run();
  return 0;
}

#pragma once

// Two transports and the network between them, in virtual time. The network is a function from a
// datagram to the delays of its copies: none for a loss, two for a duplicate.

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "stack/dtls/transport.h"
#include "stack/trace/record.h"

namespace parley::dtls {

struct Sent {
  Instant at;
  bool by_client = false;
  std::size_t number = 0;  // of this sender's datagrams, from 0
  ByteBuffer payload;
};
using Network = std::function<std::vector<Duration>(const Sent&)>;

struct PairOptions {
  std::uint64_t seed = 1;
  TransportConfig client, server;  // roles and fingerprints are filled in
  Network network = [](const Sent&) {
    return std::vector<Duration>{std::chrono::milliseconds(20)};
  };
};

class TransportPair {
 public:
  static constexpr trace::ActorId kClient{0};
  static constexpr trace::ActorId kServer{1};

  explicit TransportPair(PairOptions options)
      : network_(std::move(options.network)),
        root_(options.seed, "pair"),
        client_random_(root_.split("client")),
        server_random_(root_.split("server")),
        client_certificate_(make_certificate("client certificate")),
        server_certificate_(make_certificate("server certificate")) {
    options.client.role = Role::Client;
    options.server.role = Role::Server;
    if (options.client.expected_fingerprints.empty())
      options.client.expected_fingerprints = {server_certificate_.fingerprint()};
    if (options.server.expected_fingerprints.empty())
      options.server.expected_fingerprints = {client_certificate_.fingerprint()};
    client_.emplace(kClient, options.client, client_certificate_, client_random_);
    server_.emplace(kServer, options.server, server_certificate_, server_random_);
    client_->set_path(client_address(), server_address());
    server_->set_path(server_address(), client_address());
  }

  static Endpoint client_address() { return *Endpoint::parse("192.0.2.1:5000"); }
  static Endpoint server_address() { return *Endpoint::parse("192.0.2.2:6000"); }

  Transport& client() { return *client_; }
  Transport& server() { return *server_; }
  const crypto::Certificate& client_certificate() const { return client_certificate_; }
  const crypto::Certificate& server_certificate() const { return server_certificate_; }

  void start() {
    act([](Instant now, Transport& server, Outbox& out) { server.start(now, out); }, false);
    act([](Instant now, Transport& client, Outbox& out) { client.start(now, out); }, true);
  }
  // Until nothing is in flight and no timer runs, or until `limit`.
  void run(Duration limit = std::chrono::minutes(10)) {
    for (;;) {
      const Instant next = next_event();
      if (next == kNever || next > Instant{} + limit)
        return;
      now_ = std::max(now_, next);
      if (!deliver_one())
        fire_timers();
    }
  }
  template <class F>
  void act(F&& f, bool as_client) {
    Outbox out(&records_);
    f(now_, as_client ? *client_ : *server_, out);
    carry(out, as_client);
  }
  void inject_to_client(Bytes payload) {
    Outbox out(&records_);
    client_->on_datagram(now_, {client_address(), server_address(), payload}, out);
    carry(out, true);
  }
  void inject_to_server(Bytes payload) {
    Outbox out(&records_);
    server_->on_datagram(now_, {server_address(), client_address(), payload}, out);
    carry(out, false);
  }
  bool both_connected() const {
    return client_->state() == trace::DtlsState::Connected &&
           server_->state() == trace::DtlsState::Connected;
  }
  Instant now() const { return now_; }
  const std::vector<Sent>& sent() const { return sent_; }
  const std::vector<trace::Record>& records() const { return records_.records(); }

  template <class E>
  std::vector<std::pair<Instant, E>> events(trace::ActorId actor) const {
    std::vector<std::pair<Instant, E>> found;
    for (const trace::Record& record : records())
      if (record.actor == actor)
        if (const E* event = std::get_if<E>(&record.event); event != nullptr)
          found.push_back({record.at, *event});
    return found;
  }
  // Every datagram with its time, as text: equal for equal runs.
  std::string transcript() const {
    std::string text;
    for (const Sent& sent : sent_)
      text += std::to_string(sent.at.time_since_epoch().count()) +
              (sent.by_client ? " C " : " S ") + to_hex(sent.payload) + "\n";
    return text;
  }

 private:
  struct InFlight {
    Instant arrives;
    std::size_t order;
    bool by_client;
    ByteBuffer payload;
  };

  crypto::Certificate make_certificate(std::string_view name) const {
    SeededRandom random = root_.split(name);
    return crypto::Certificate::make(random, std::chrono::seconds(1'704'067'200));
  }
  Instant next_event() const {
    Instant next = std::min(client_->next_deadline(), server_->next_deadline());
    for (const InFlight& one : in_flight_)
      next = std::min(next, one.arrives);
    return next;
  }
  bool deliver_one() {
    const auto earliest = std::ranges::min_element(
        in_flight_, {}, [](const InFlight& one) { return std::pair(one.arrives, one.order); });
    if (earliest == in_flight_.end() || earliest->arrives > now_)
      return false;
    const InFlight one = *earliest;
    in_flight_.erase(earliest);
    Outbox out(&records_);
    if (one.by_client)
      server_->on_datagram(now_, {server_address(), client_address(), one.payload}, out);
    else
      client_->on_datagram(now_, {client_address(), server_address(), one.payload}, out);
    carry(out, !one.by_client);
    return true;
  }
  void fire_timers() {
    for (const bool as_client : {true, false}) {
      Outbox out(&records_);
      (as_client ? *client_ : *server_).on_deadline(now_, out);
      carry(out, as_client);
    }
  }
  void carry(Outbox& out, bool by_client) {
    out.take_datagrams([&](const Datagram& datagram) {
      std::size_t& count = by_client ? client_count_ : server_count_;
      Sent sent{now_, by_client, count++, to_buffer(datagram.payload)};
      for (const Duration delay : network_(sent))
        in_flight_.push_back({now_ + delay, order_++, by_client, sent.payload});
      sent_.push_back(std::move(sent));
    });
  }

  Network network_;
  SeededRandom root_, client_random_, server_random_;
  crypto::Certificate client_certificate_, server_certificate_;
  std::optional<Transport> client_, server_;
  trace::RecordList records_;
  Instant now_{};
  std::size_t order_ = 0, client_count_ = 0, server_count_ = 0;
  std::vector<InFlight> in_flight_;
  std::vector<Sent> sent_;
};

}  // namespace parley::dtls

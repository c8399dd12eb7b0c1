#include "stack/dtls/transport.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <openssl/ssl.h>

#include "stack/crypto/openssl_env.h"
#include "stack/dtls/flight_observer.h"
#include "stack/dtls/libssl_port.h"

namespace parley::dtls {
namespace {

using crypto::OpensslScope;
using trace::DtlsInput;
using trace::DtlsState;

// The time that libssl is shown, except in the one call that fires its timer: it stands still, so
// that nothing expires unless we say so. Any value but zero; this is in November 2023.
constexpr std::chrono::microseconds kFrozenTime = std::chrono::seconds(1'700'000'000);
constexpr std::size_t kMinMtu = 256;
constexpr std::size_t kMaxMtu = 4096;
constexpr std::size_t kMaxPlaintext = std::size_t{1} << 14U;  // RFC 5246 section 6.2.1

TransportConfig checked(TransportConfig config) {
  config.mtu = std::clamp(config.mtu, kMinMtu, kMaxMtu);
  return config;
}

}  // namespace

struct Transport::Impl {
  Impl(trace::ActorId actor, TransportConfig settings, const crypto::Certificate& certificate,
       Random& generator)
      : self(actor), config(checked(std::move(settings))), random(&generator), port(config) {
    const OpensslScope scope(*random, kFrozenTime);
    if (config.hello_verify)
      random->fill(port.cookie_secret);
    ssl = make_ssl(certificate, port);
  }

  bool active() const { return state == DtlsState::Handshaking || state == DtlsState::Connected; }
  void step(Instant now, DtlsInput input, std::string reason, Outbox& out);
  void fail(Instant now, Outbox& out);
  void settle(Instant now, Outbox& out);
  void send_outgoing(Instant now, Outbox& out);
  void pump(Instant now, Outbox& out);
  void handshake(Instant now, Outbox& out);
  void read_records(Instant now, Outbox& out);
  void connected(Instant now, Outbox& out);
  void store_application_data(Bytes plaintext);

  trace::ActorId self;
  TransportConfig config;
  Random* random;
  LibsslPort port;
  SslPointer ssl;
  FlightObserver flights;
  std::uint32_t attempt = 0;

  DtlsState state = DtlsState::None;
  bool closed = false;
  std::string failure;
  Negotiated negotiated;
  std::optional<std::pair<Endpoint, Endpoint>> path;  // local, remote
  Instant deadline = kNever;
  TransportCounters counters;
  std::vector<ByteBuffer> application_data;
  std::size_t application_data_size = 0;
};

void Transport::Impl::step(Instant now, DtlsInput input, std::string reason, Outbox& out) {
  const auto next = trace::kDtlsStates.next(state, input);
  if (!next)
    return;
  const DtlsState from = std::exchange(state, *next);
  if (!active())
    deadline = kNever;
  out.emit(now, self, trace::DtlsStateChanged{from, state, std::move(reason)});
}

// Whatever libssl still had to say (its alert) leaves before the state shows the failure.
void Transport::Impl::fail(Instant now, Outbox& out) {
  failure = describe_failure(*ssl, port);
  send_outgoing(now, out);
  step(now, DtlsInput::Fatal, failure, out);
}

void Transport::Impl::send_outgoing(Instant now, Outbox& out) {
  const std::vector<ByteBuffer> datagrams = std::exchange(port.outgoing, {});
  if (datagrams.empty() || !path)
    return;
  for (const ByteBuffer& datagram : datagrams)
    out.send(path->first, path->second, datagram);
  counters.datagrams_sent += datagrams.size();
  for (const Flight& flight : flights.observe(datagrams)) {
    attempt = flight.retransmission ? attempt + 1 : 1;
    ++(flight.retransmission ? counters.retransmissions : counters.flights_sent);
    out.emit(now, self, trace::DtlsFlightSent{flight.messages, flight.datagrams, attempt});
  }
}

// What every turn of libssl ends with: its datagrams leave, its timer becomes our deadline.
void Transport::Impl::settle(Instant now, Outbox& out) {
  send_outgoing(now, out);
  if (std::exchange(port.timer_set, false))
    deadline = port.libssl_timer.count() == 0 || !active() ? kNever : now + port.backoff;
}

void Transport::Impl::pump(Instant now, Outbox& out) {
  if (state == DtlsState::Handshaking)
    handshake(now, out);
  // Also right after the handshake, and for a server that finished long ago: only SSL_read answers
  // a repeated Finished with the last flight (RFC 6347 section 4.2.4).
  if (state == DtlsState::Connected)
    read_records(now, out);
  settle(now, out);
}

void Transport::Impl::handshake(Instant now, Outbox& out) {
  const int result = SSL_do_handshake(ssl.get());
  if (result == 1)
    connected(now, out);
  else if (SSL_get_error(ssl.get(), result) != SSL_ERROR_WANT_READ)
    fail(now, out);
}

void Transport::Impl::connected(Instant now, Outbox& out) {
  send_outgoing(now, out);
  negotiated = negotiated_of(*ssl, port);
  step(now, DtlsInput::Finished, "both Finished messages are verified", out);
  out.emit(
      now, self,
      trace::DtlsConnected{config.role == Role::Client, negotiated.version, negotiated.cipher_suite,
                           negotiated.group, negotiated.srtp_profile, negotiated.peer_fingerprint});
}

void Transport::Impl::read_records(Instant now, Outbox& out) {
  std::array<std::byte, kMaxPlaintext> buffer{};
  while (state == DtlsState::Connected) {
    const int result = SSL_read(ssl.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (result > 0) {
      store_application_data(Bytes(buffer).first(static_cast<std::size_t>(result)));
      continue;
    }
    const int error = SSL_get_error(ssl.get(), result);
    if (error == SSL_ERROR_WANT_READ)
      return;
    if (error == SSL_ERROR_ZERO_RETURN) {
      (void)SSL_shutdown(ssl.get());  // our own close_notify, RFC 5246 section 7.2.1
      send_outgoing(now, out);
      step(now, DtlsInput::CloseNotify, "the peer sent close_notify", out);
    } else {
      fail(now, out);
    }
  }
}

void Transport::Impl::store_application_data(Bytes plaintext) {
  constexpr std::size_t kOverhead = 64;  // of a buffer, so that many small ones are bounded, too
  const std::size_t cost = plaintext.size() + kOverhead;
  if (application_data_size + cost > kMaxQueuedApplicationData) {
    ++counters.application_data_dropped;
    return;
  }
  application_data_size += cost;
  application_data.push_back(to_buffer(plaintext));
}

Transport::Transport(trace::ActorId self, TransportConfig config,
                     const crypto::Certificate& certificate, Random& random)
    : impl_(std::make_unique<Impl>(self, std::move(config), certificate, random)) {}
Transport::~Transport() = default;
Transport::Transport(Transport&&) noexcept = default;
Transport& Transport::operator=(Transport&&) noexcept = default;

void Transport::set_path(const Endpoint& local, const Endpoint& remote) {
  impl_->path = {local, remote};
}

void Transport::clear_path() {
  impl_->path.reset();
}

void Transport::start(Instant now, Outbox& out) {
  Impl& m = *impl_;
  if (m.state != DtlsState::None || m.closed)
    return;
  const bool client = m.config.role == Role::Client;
  m.step(now, DtlsInput::Start, client ? "sends ClientHello" : "waits for ClientHello", out);
  if (m.ssl == nullptr) {
    m.failure = m.port.refusal;
    m.step(now, DtlsInput::Fatal, m.failure, out);
    return;
  }
  const OpensslScope scope(*m.random, kFrozenTime);
  m.pump(now, out);
}

void Transport::close(Instant now, Outbox& out) {
  Impl& m = *impl_;
  m.closed = true;
  if (!m.active())
    return;
  // Before the handshake is over there is nothing to close in order: libssl would refuse.
  if (m.state == DtlsState::Connected) {
    const OpensslScope scope(*m.random, kFrozenTime);
    (void)SSL_shutdown(m.ssl.get());
    m.settle(now, out);
  }
  m.step(now, DtlsInput::CloseNotify, "closed by the application", out);
}

void Transport::on_datagram(Instant now, const Datagram& datagram, Outbox& out) {
  Impl& m = *impl_;
  if (!m.active() || datagram.payload.empty())
    return;
  ++m.counters.datagrams_received;
  const OpensslScope scope(*m.random, kFrozenTime);
  m.port.remote = datagram.remote;
  m.port.incoming = datagram.payload;
  m.port.has_incoming = true;
  m.pump(now, out);
  m.port.has_incoming = false;
  m.port.incoming = {};
}

void Transport::on_deadline(Instant now, Outbox& out) {
  Impl& m = *impl_;
  if (!m.active() || now < m.deadline)
    return;
  m.deadline = kNever;
  OpensslScope scope(*m.random, kFrozenTime);
  // Exactly the moment that libssl waits for: it retransmits, and sets its timer from here.
  scope.show(m.port.libssl_timer);
  if (DTLSv1_handle_timeout(m.ssl.get()) < 0)
    m.fail(now, out);
  m.settle(now, out);
}

Instant Transport::next_deadline() const {
  return impl_->deadline;
}

bool Transport::send_application_data(Instant now, Bytes data, Outbox& out) {
  Impl& m = *impl_;
  if (m.state != DtlsState::Connected || data.empty() ||
      data.size() > DTLS_get_data_mtu(m.ssl.get()))
    return false;
  const OpensslScope scope(*m.random, kFrozenTime);
  const int written = SSL_write(m.ssl.get(), data.data(), static_cast<int>(data.size()));
  m.settle(now, out);
  return written == static_cast<int>(data.size());
}

std::vector<ByteBuffer> Transport::take_application_data() {
  impl_->application_data_size = 0;
  return std::exchange(impl_->application_data, {});
}

trace::DtlsState Transport::state() const {
  return impl_->state;
}
const std::string& Transport::failure() const {
  return impl_->failure;
}
Role Transport::role() const {
  return impl_->config.role;
}
const Negotiated& Transport::negotiated() const {
  return impl_->negotiated;
}
const TransportCounters& Transport::counters() const {
  return impl_->counters;
}

ByteBuffer Transport::export_keying_material(std::string_view label, std::size_t size) const {
  const Impl& m = *impl_;
  if (m.state != DtlsState::Connected)
    return {};
  const OpensslScope scope(*m.random, kFrozenTime);
  ByteBuffer material(size);
  auto* const octets = reinterpret_cast<unsigned char*>(material.data());
  if (SSL_export_keying_material(m.ssl.get(), octets, size, label.data(), label.size(), nullptr, 0,
                                 0) != 1)
    return {};
  return material;
}

SrtpKeys Transport::srtp_keys() const {
  struct Sizes {
    std::uint16_t profile;
    std::size_t key, salt;
  };
  // RFC 5764 section 4.1.2, RFC 7714 section 14.2.
  constexpr auto kSizes = std::to_array<Sizes>(
      {{0x0001, 16, 14}, {0x0002, 16, 14}, {0x0007, 16, 12}, {0x0008, 32, 12}});
  SrtpKeys keys;
  if (impl_->state != DtlsState::Connected)
    return keys;
  const std::uint16_t profile = srtp_profile_of(*impl_->ssl);
  for (const Sizes& sizes : kSizes) {
    if (sizes.profile != profile)
      continue;
    const ByteBuffer block =
        export_keying_material("EXTRACTOR-dtls_srtp", 2 * (sizes.key + sizes.salt));
    Bytes rest = block;
    const auto cut = [&rest](std::size_t size) {
      ByteBuffer part = to_buffer(rest.first(size));
      rest = rest.subspan(size);
      return part;
    };
    if (block.empty())
      return keys;
    keys.profile = profile;
    keys.client_key = cut(sizes.key);
    keys.server_key = cut(sizes.key);
    keys.client_salt = cut(sizes.salt);
    keys.server_salt = cut(sizes.salt);
  }
  return keys;
}

std::vector<std::string> Transport::take_keylog_lines() {
  return std::exchange(impl_->port.keylog_lines, {});
}

}  // namespace parley::dtls

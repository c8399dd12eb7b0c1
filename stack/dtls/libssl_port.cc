#include "stack/dtls/libssl_port.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <openssl/err.h>
#include <openssl/srtp.h>

#include "stack/base/random.h"
#include "stack/crypto/certificate_handles.h"
#include "stack/crypto/hmac.h"
#include "stack/crypto/openssl_env.h"
#include "stack/wire/dtls.h"

namespace parley::dtls {
namespace {

using crypto::openssl_require;

// What the timer callback answers libssl, in microseconds. Any value above the 15 ms that libssl
// takes for "expired already" would do: its clock stands still but for the call that fires.
constexpr std::chrono::microseconds kLibsslTimeout = std::chrono::seconds(1);
constexpr std::size_t kCookieSize = 20;

LibsslPort& port_of(BIO* bio) {
  return *static_cast<LibsslPort*>(BIO_get_data(bio));
}
LibsslPort& port_of(const SSL* ssl) {
  return port_of(SSL_get_rbio(ssl));
}

int bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  port_of(bio).outgoing.push_back(
      to_buffer(as_bytes(std::string_view(data, static_cast<std::size_t>(size)))));
  return size;
}

int bio_read(BIO* bio, char* out, int capacity) {
  BIO_clear_retry_flags(bio);
  LibsslPort& port = port_of(bio);
  if (!port.has_incoming) {
    BIO_set_retry_read(bio);
    return -1;
  }
  port.has_incoming = false;
  const std::size_t size = std::min(static_cast<std::size_t>(capacity), port.incoming.size());
  std::memcpy(out, port.incoming.data(), size);
  return static_cast<int>(size);
}

void on_libssl_timer(LibsslPort& port, const timeval& at) {
  port.libssl_timer = std::chrono::seconds(at.tv_sec) + std::chrono::microseconds(at.tv_usec);
  port.timer_set = true;
  const auto shown = crypto::openssl_shown_time();
  // libssl has just computed this from gettimeofday(). If it was not ours, nothing that follows
  // would be repeatable: the program is linked so that libssl does not see our function.
  const bool ours = shown && port.libssl_timer == *shown + kLibsslTimeout;
  if (port.libssl_timer.count() != 0 && !ours)
    crypto::openssl_fatal("libssl does not see the interposed gettimeofday()");
}

long bio_ctrl(BIO* bio, int command, long /*number*/, void* pointer) {
  LibsslPort& port = port_of(bio);
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return static_cast<long>(port.config->mtu);
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
      on_libssl_timer(port, *static_cast<const timeval*>(pointer));
      return 1;
    default:  // BIO_CTRL_DGRAM_GET_MTU_OVERHEAD among them: the MTU is that of the UDP payload
      return 0;
  }
}

int bio_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

const BIO_METHOD* make_bio_method() {
  BIO_METHOD* method =
      BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "parley datagram port");
  openssl_require(method != nullptr && BIO_meth_set_write(method, bio_write) == 1 &&
                      BIO_meth_set_read(method, bio_read) == 1 &&
                      BIO_meth_set_ctrl(method, bio_ctrl) == 1 &&
                      BIO_meth_set_create(method, bio_create) == 1,
                  "BIO_meth_new");
  return method;
}

const BIO_METHOD* bio_method() {
  static const BIO_METHOD* const kMethod = make_bio_method();
  return kMethod;
}

// RFC 6347 section 4.2.4.1: the initial value for a fresh flight, then doubled up to the maximum.
// `previous` is zero for a fresh flight; else it is what we answered last, which says nothing.
unsigned on_timer_start(SSL* ssl, unsigned previous) {
  LibsslPort& port = port_of(ssl);
  const Duration next = previous == 0 ? port.config->initial_timeout : port.backoff * 2;
  port.backoff = std::min(next, port.config->maximum_timeout);
  return static_cast<unsigned>(kLibsslTimeout.count());
}

void on_keylog_line(const SSL* ssl, const char* line) {
  auto& lines = port_of(ssl).keylog_lines;
  if (lines.size() < Transport::kMaxKeylogLines)
    lines.emplace_back(line);
}

// Takes the place of libssl's own verification, which would ask for a chain and read the real
// clock. Runs before anything that the peer protected with this certificate is accepted.
int verify_peer(X509_STORE_CTX* context, void* /*unused*/) {
  auto* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  LibsslPort& port = port_of(ssl);
  port.peer_fingerprint =
      crypto::Fingerprint::of(crypto::der_of(*X509_STORE_CTX_get0_cert(context)));
  const auto& expected = port.config->expected_fingerprints;
  const bool known = std::ranges::any_of(
      expected, [&](const auto& one) { return port.peer_fingerprint.matches(one); });
  if (!known) {
    port.refusal = "the peer's certificate does not match the fingerprint that was signaled";
    X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_REJECTED);  // alert bad_certificate
    return 0;
  }
  // By now both hellos are read. Without a profile there would be no keys for the media, which
  // RFC 5764 section 4.1 leaves to the endpoints to object to.
  const bool wants_srtp = !port.config->srtp_profiles.empty();
  if (wants_srtp && SSL_get_selected_srtp_profile(ssl) == nullptr) {
    port.refusal = "no common SRTP profile";
    X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);  // handshake_failure
    return 0;
  }
  return 1;
}

// RFC 6347 section 4.2.1: HMAC(secret, client's address).
std::array<std::byte, kCookieSize> cookie_for(const LibsslPort& port) {
  const crypto::Sha256Digest digest =
      crypto::hmac_sha256(port.cookie_secret, {as_bytes(to_string(port.remote))});
  std::array<std::byte, kCookieSize> cookie{};
  std::copy_n(digest.begin(), cookie.size(), cookie.begin());
  return cookie;
}
int generate_cookie(SSL* ssl, unsigned char* out, unsigned* size) {
  const auto cookie = cookie_for(port_of(ssl));
  std::memcpy(out, cookie.data(), cookie.size());
  *size = static_cast<unsigned>(cookie.size());
  return 1;
}
int verify_cookie(SSL* ssl, const unsigned char* cookie, unsigned size) {
  const Bytes given = std::as_bytes(std::span(cookie, size));
  return crypto::equal_constant_time(given, cookie_for(port_of(ssl))) ? 1 : 0;
}

struct NamedGroup {
  std::uint16_t code;  // IANA, TLS Supported Groups
  int nid;
};
constexpr auto kGroups = std::to_array<NamedGroup>({{23, NID_X9_62_prime256v1},
                                                    {24, NID_secp384r1},
                                                    {25, NID_secp521r1},
                                                    {29, NID_X25519},
                                                    {30, NID_X448}});

struct SrtpProfile {
  std::uint16_t code;  // IANA, DTLS-SRTP Protection Profiles
  std::string_view openssl_name;
};
constexpr auto kSrtpProfiles = std::to_array<SrtpProfile>({{0x0001, "SRTP_AES128_CM_SHA1_80"},
                                                           {0x0002, "SRTP_AES128_CM_SHA1_32"},
                                                           {0x0007, "SRTP_AEAD_AES_128_GCM"},
                                                           {0x0008, "SRTP_AEAD_AES_256_GCM"}});

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : ":") + word;
  return text;
}

// Each returns false when the list has nothing that libssl knows. What it does not know is left
// out, as a peer that does not know it would do.
bool set_cipher_suites(SSL& ssl, const std::vector<std::uint16_t>& suites) {
  std::vector<std::string> names;
  for (const std::uint16_t suite : suites) {
    const std::array<unsigned char, 2> code = {static_cast<unsigned char>(suite >> 8U),
                                               static_cast<unsigned char>(suite & 0xffU)};
    if (const SSL_CIPHER* cipher = SSL_CIPHER_find(&ssl, code.data()); cipher != nullptr)
      names.emplace_back(SSL_CIPHER_get_name(cipher));
  }
  return !names.empty() && SSL_set_cipher_list(&ssl, joined(names).c_str()) == 1;
}
bool set_groups(SSL& ssl, const std::vector<std::uint16_t>& groups) {
  std::vector<int> nids;
  for (const std::uint16_t group : groups)
    for (const NamedGroup& row : kGroups)
      if (row.code == group)
        nids.push_back(row.nid);
  return !nids.empty() && SSL_set1_groups(&ssl, nids.data(), static_cast<int>(nids.size())) == 1;
}
bool set_srtp_profiles(SSL& ssl, const std::vector<std::uint16_t>& profiles) {
  if (profiles.empty())
    return true;
  std::vector<std::string> names;
  for (const std::uint16_t profile : profiles)
    for (const SrtpProfile& row : kSrtpProfiles)
      if (row.code == profile)
        names.emplace_back(row.openssl_name);
  // Zero is success here.
  return !names.empty() && SSL_set_tlsext_use_srtp(&ssl, joined(names).c_str()) == 0;
}

SSL_CTX* make_context() {
  // libssl draws keys for the tickets that we never issue. Not from an endpoint's generator: its
  // bytes must not depend on whether it was the first in the process.
  SeededRandom unused(0, "tickets");
  const crypto::OpensslScope scope(unused, kLibsslTimeout);
  SSL_CTX* const context = SSL_CTX_new_ex(crypto::openssl_context(), nullptr, DTLS_method());
  openssl_require(context != nullptr, "SSL_CTX_new_ex");
  openssl_require(SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
                      SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1,
                  "DTLS 1.2");
  // Tickets would hold the real time. The MTU is given, so there is nothing to query.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify_peer, nullptr);
  SSL_CTX_set_keylog_callback(context, on_keylog_line);
  SSL_CTX_set_cookie_generate_cb(context, generate_cookie);
  SSL_CTX_set_cookie_verify_cb(context, verify_cookie);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  return context;
}

// What all associations have in common; each sets the rest on its own SSL. Making one costs a
// millisecond and 13 KB, so there is one, which nothing changes afterwards.
SSL_CTX* shared_context() {
  struct Context {
    SSL_CTX* handle;
  };
  static const Context kContext{make_context()};
  return kContext.handle;
}

}  // namespace

SslPointer make_ssl(const crypto::Certificate& certificate, LibsslPort& port) {
  const TransportConfig& config = *port.config;
  SslPointer ssl(SSL_new(shared_context()));
  openssl_require(ssl != nullptr, "SSL_new");
  BIO* const bio = BIO_new(bio_method());
  openssl_require(bio != nullptr, "BIO_new");
  BIO_set_data(bio, &port);
  SSL_set_bio(ssl.get(), bio, bio);
  DTLS_set_timer_cb(ssl.get(), on_timer_start);
  openssl_require(
      SSL_use_certificate(ssl.get(), certificate.handles().certificate.get()) == 1 &&
          SSL_use_PrivateKey(ssl.get(), certificate.handles().key.get()) == 1 &&
          SSL_set_mtu(ssl.get(), static_cast<long>(config.mtu)) == static_cast<long>(config.mtu),
      "certificate and MTU");
  if (config.hello_verify)
    SSL_set_options(ssl.get(), SSL_OP_COOKIE_EXCHANGE);
  if (!set_cipher_suites(*ssl, config.cipher_suites))
    port.refusal = "none of the configured cipher suites is known to libssl";
  else if (!set_groups(*ssl, config.groups))
    port.refusal = "none of the configured groups is known to libssl";
  else if (!set_srtp_profiles(*ssl, config.srtp_profiles))
    port.refusal = "none of the configured SRTP profiles is known to libssl";
  if (!port.refusal.empty())
    return nullptr;
  if (config.role == Role::Client)
    SSL_set_connect_state(ssl.get());
  else
    SSL_set_accept_state(ssl.get());
  return ssl;
}

std::uint16_t srtp_profile_of(SSL& ssl) {
  const SRTP_PROTECTION_PROFILE* profile = SSL_get_selected_srtp_profile(&ssl);
  return profile == nullptr ? std::uint16_t{0} : static_cast<std::uint16_t>(profile->id);
}

Negotiated negotiated_of(SSL& ssl, const LibsslPort& port) {
  Negotiated result;
  result.version = version_name(static_cast<std::uint16_t>(SSL_version(&ssl)));
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(&ssl); cipher != nullptr)
    result.cipher_suite = cipher_suite_name(SSL_CIPHER_get_protocol_id(cipher));
  const int nid = static_cast<int>(SSL_get_negotiated_group(&ssl));
  for (const NamedGroup& row : kGroups)
    if (row.nid == nid)
      result.group = group_name(row.code);
  if (const std::uint16_t profile = srtp_profile_of(ssl); profile != 0)
    result.srtp_profile = srtp_profile_name(profile);
  result.peer_fingerprint = to_string(port.peer_fingerprint);
  return result;
}

std::string describe_failure(SSL& ssl, const LibsslPort& port) {
  if (!port.refusal.empty())
    return port.refusal;
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) != ERR_LIB_SSL)
    return "the cryptographic library failed";
  if (reason == SSL_R_READ_TIMEOUT_EXPIRED)
    return "no answer to a flight and its 12 retransmissions";
  if (reason == SSL_R_NO_SHARED_CIPHER)
    return "no common cipher suite or group";
  if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 0xff) {
    const auto alert = static_cast<std::uint8_t>(reason - SSL_AD_REASON_OFFSET);
    std::string text = "the peer sent the alert " + alert_description_name(alert);
    const bool no_profile = !port.config->srtp_profiles.empty() && srtp_profile_of(ssl) == 0;
    if (port.config->role == Role::Server && no_profile && alert == SSL_AD_HANDSHAKE_FAILURE)
      text += ": no common SRTP profile";
    return text;
  }
  const char* text = ERR_reason_error_string(error);
  return text == nullptr ? "the handshake failed" : text;
}

}  // namespace parley::dtls

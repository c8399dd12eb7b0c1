#pragma once

// DTLS of one transport: what the handshake settled, and its steps.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/observation.h"
#include "stack/base/time.h"
#include "stack/trace/states.h"

namespace parley::analyzer {

struct DtlsAlert {
  std::string level, description;
  Side from = Side::A;
  PacketRef at;
  std::optional<Instant> time;
};

struct DtlsCertificate {
  Side peer = Side::A;
  std::string algorithm, value;  // "sha-256", "AA:BB:..."
  std::optional<bool> matches_sdp;
};

// Records of one sender at the point nearest to the receiver, by their numbers (DTLS 1.2).
struct DtlsArrived {
  std::uint64_t lost = 0, came = 0;
  std::uint64_t first_number = 0, last_number = 0;
  PacketRef first, last;
  // Numbers of the receiver's own records that this point lacks: the capture missed them.
  std::uint64_t receiver_missed = 0;
};

struct Dtls {
  trace::DtlsState state = trace::DtlsState::None;
  std::optional<std::string> version, cipher_suite, group, srtp_profile;  // IANA names
  std::optional<Side> client;
  // Empty optional: no ClientHello was seen in clear.
  std::optional<std::vector<std::string>> offered_versions, offered_cipher_suites, offered_groups,
      offered_srtp_profiles;
  std::vector<DtlsCertificate> certificates;
  std::vector<DtlsAlert> alerts;
  // Flights that were sent again, whatever they hold.
  std::optional<std::uint64_t> retransmissions;
  // From the client's first ClientHello until the last flight reached it.
  std::optional<double> handshake_ms;
  bool decrypted = false;
  std::optional<std::uint64_t> records, undecrypted;
  Inferred inferred;
  // For the story:
  std::optional<PacketRef> client_hello, server_hello;
  std::optional<PacketRef> connected_by;  // the packet of `connected_at`
  std::vector<PacketRef> client_hello_datagrams;
  // By sender: an alert behind the handshake. What it says is encrypted; at the end of a session it
  // is a close_notify as a rule. DTLS 1.2: the first alert record behind ChangeCipherSpec. 1.3
  // hides the content type too: a last record that is just as long as an alert.
  std::array<std::optional<PacketRef>, 2> sealed_alert;
  std::array<std::optional<Instant>, 2> sealed_alert_at;
  std::array<bool, 2> alert_by_length{};  // of it: nothing but its length tells what it is
  // By sender: the first record of protected application data.
  std::array<std::optional<PacketRef>, 2> protected_data;
  std::optional<Instant> started_at, connected_at;
  // By sender; empty where no such point was captured, or the numbers do not show.
  std::array<std::optional<DtlsArrived>, 2> arrived;
};

// One handshake message, or all that one side sent encrypted, as it was first seen.
struct DtlsStep {
  Side from = Side::A;
  std::string what;  // "ClientHello", "ServerHello, Certificate", "Finished (encrypted)"
  PacketRef packet;
  Instant at;
  std::uint64_t times = 1;  // with its retransmissions
  bool datagrams = false;   // `times` are datagrams, which need not hold the same
  // No capture shows its sender's own socket: `times` are those that got as far as a capture.
  bool far = false;
  // The last time that it was seen, in the capture that shows it most.
  std::optional<PacketRef> last = std::nullopt;
  // Whether all of it came to the other side's own socket; empty where that was not captured.
  std::optional<bool> arrived = std::nullopt;
  // The capture that shows it last on its way, of those that show any of it.
  std::optional<std::uint32_t> seen_last = std::nullopt;
};

}  // namespace parley::analyzer

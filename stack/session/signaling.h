#pragma once

// What two peers tell each other outside the media path: offer and answer, candidates one by one
// (trickle, RFC 8838), and that there are no more. Holds the values that ICE and DTLS need, as the
// attributes of RFC 8839 and RFC 8842 carry them; deliberately knows no session description as a
// whole and no transport.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "stack/base/address.h"
#include "stack/base/result.h"
#include "stack/crypto/certificate.h"
#include "stack/trace/states.h"

namespace parley::session {

enum class DescriptionKind : std::uint8_t { Offer, Answer };
// a=setup (RFC 8842 section 5): active is the DTLS client.
enum class Setup : std::uint8_t { ActPass, Active, Passive };

struct Description {
  DescriptionKind kind = DescriptionKind::Offer;
  std::string ufrag, password;  // a=ice-ufrag, a=ice-pwd
  crypto::Fingerprint fingerprint;
  Setup setup = Setup::ActPass;
};

// One a=candidate attribute (RFC 8839 section 5.1), bound to a generation by its ufrag.
struct SignaledCandidate {
  std::string foundation;
  std::uint16_t component = 1;
  std::uint32_t priority = 0;
  Endpoint address;
  trace::CandidateType type = trace::CandidateType::Host;
  std::optional<Endpoint> related;  // raddr and rport: the base, or what a relay saw
  std::string ufrag;                // of the description it belongs to; not part of the line

  friend bool operator==(const SignaledCandidate&, const SignaledCandidate&) = default;
};

struct EndOfCandidates {
  std::string ufrag;
};

using SignalingMessage = std::variant<Description, SignaledCandidate, EndOfCandidates>;

// "candidate:1 1 udp 2130706431 192.168.0.204 50000 typ host"
std::string to_line(const SignaledCandidate& candidate);
// The inverse, by sdp::Candidate: "a=" and "candidate:" in front may be missing, attributes that it
// does not know are skipped. A transport other than UDP and a name instead of an address (mDNS) are
// Unsupported. The offsets in errors count characters of `line`.
Result<SignaledCandidate> parse_candidate_line(std::string_view line);

// "offer" "answer" "candidate" "end-of-candidates", as signaling events name them.
std::string_view kind_of(const SignalingMessage& message);
// What a signaling event shows: the candidate line, or nothing.
std::string content_of(const SignalingMessage& message);
std::string_view to_string(Setup setup);

}  // namespace parley::session

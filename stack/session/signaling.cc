#include "stack/session/signaling.h"

#include <algorithm>
#include <array>

#include "stack/wire/sdp_attributes.h"

namespace parley::session {
namespace {

using trace::CandidateType;

constexpr std::string_view kPrefix = "candidate:";

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
  });
}

std::optional<CandidateType> candidate_type(std::string_view text) {
  constexpr std::array kTypes = {CandidateType::Host, CandidateType::ServerReflexive,
                                 CandidateType::PeerReflexive, CandidateType::Relayed};
  for (const CandidateType type : kTypes)
    if (to_string(type) == text)
      return type;
  return std::nullopt;
}

}  // namespace

std::string to_line(const SignaledCandidate& candidate) {
  std::string line(kPrefix);
  line += candidate.foundation;
  line += " " + std::to_string(candidate.component) + " udp " + std::to_string(candidate.priority);
  line += " " + to_string(candidate.address.address) + " " + std::to_string(candidate.address.port);
  line += " typ ";
  line += to_string(candidate.type);
  if (candidate.related)
    line += " raddr " + to_string(candidate.related->address) + " rport " +
            std::to_string(candidate.related->port);
  return line;
}

Result<SignaledCandidate> parse_candidate_line(std::string_view line) {
  const sdp::Value value(line);
  const auto given = sdp::Candidate::decode(value);
  if (!given)
    return tl::unexpected(given.error());
  const auto fault = [&value](WireFault what, std::string_view word, std::string_view expected) {
    return wire_error(what, value.offset_of(word), expected);
  };
  SignaledCandidate candidate;
  candidate.foundation = given->foundation;
  candidate.component = given->component;
  if (!equals_ignoring_case(given->transport, "udp"))
    return fault(WireFault::Unsupported, given->transport, "udp");
  candidate.priority = given->priority;
  if (!given->ip)
    return fault(given->is_mdns() ? WireFault::Unsupported : WireFault::BadValue, given->address,
                 "an IP address");
  candidate.address = {*given->ip, given->port};
  const auto type = candidate_type(given->type);
  if (!type)
    return fault(WireFault::BadValue, given->type, "host, srflx, prflx or relay");
  candidate.type = *type;
  if (given->related_address.empty())
    return candidate;
  const auto related = IpAddress::parse(given->related_address);
  if (!related)
    return fault(WireFault::BadValue, given->related_address, "an IP address");
  candidate.related = Endpoint{*related, given->related_port.value_or(0)};
  return candidate;
}

std::string_view kind_of(const SignalingMessage& message) {
  if (const auto* description = std::get_if<Description>(&message); description != nullptr)
    return description->kind == DescriptionKind::Offer ? "offer" : "answer";
  return std::holds_alternative<SignaledCandidate>(message) ? "candidate" : "end-of-candidates";
}

std::string content_of(const SignalingMessage& message) {
  const auto* candidate = std::get_if<SignaledCandidate>(&message);
  return candidate == nullptr ? std::string() : to_line(*candidate);
}

std::string_view to_string(Setup setup) {
  switch (setup) {
    case Setup::ActPass:
      return "actpass";
    case Setup::Active:
      return "active";
    case Setup::Passive:
      return "passive";
  }
  return {};
}

}  // namespace parley::session

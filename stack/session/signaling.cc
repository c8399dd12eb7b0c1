#include "stack/session/signaling.h"

#include <array>
#include <charconv>
#include <concepts>

namespace parley::session {
namespace {

using trace::CandidateType;

constexpr std::string_view kPrefix = "candidate:";
constexpr std::size_t kMaxFoundation = 32;  // RFC 8839 section 5.1

// The words of a line with their places, for errors that point at them.
class Words {
 public:
  explicit Words(std::string_view line) : line_(line) {}

  void skip(std::size_t count) { position_ += count; }
  bool starts_with(std::string_view text) const { return rest().starts_with(text); }
  // Empty at the end of the line.
  std::string_view next() {
    while (position_ < line_.size() && line_[position_] == ' ')
      ++position_;
    begin_ = position_;
    while (position_ < line_.size() && line_[position_] != ' ')
      ++position_;
    return line_.substr(begin_, position_ - begin_);
  }
  tl::unexpected<WireError> fault(WireFault fault, std::string_view field) const {
    return wire_error(begin_ == line_.size() ? WireFault::Truncated : fault, begin_, field);
  }

 private:
  std::string_view rest() const { return line_.substr(position_); }

  std::string_view line_;
  std::size_t position_ = 0, begin_ = 0;
};

template <std::unsigned_integral T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

// ice-char of RFC 8839 section 5.1.
bool is_foundation(std::string_view text) {
  const auto is_ice_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  if (text.empty() || text.size() > kMaxFoundation)
    return false;
  for (const char c : text)
    if (!is_ice_char(c))
      return false;
  return true;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size())
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] | 0x20) : text[i];
    if (c != lower[i])
      return false;
  }
  return true;
}

std::optional<CandidateType> candidate_type(std::string_view text) {
  constexpr std::array kTypes = {CandidateType::Host, CandidateType::ServerReflexive,
                                 CandidateType::PeerReflexive, CandidateType::Relayed};
  for (const CandidateType type : kTypes)
    if (to_string(type) == text)
      return type;
  return std::nullopt;
}

// foundation, component, transport, priority: up to the address.
Result<SignaledCandidate> parse_head(Words& words) {
  SignaledCandidate candidate;
  const std::string_view foundation = words.next();
  if (!is_foundation(foundation))
    return words.fault(WireFault::BadValue, "foundation");
  candidate.foundation = foundation;
  const auto component = parse_number<std::uint16_t>(words.next());
  if (!component || *component < 1 || *component > 256)
    return words.fault(WireFault::BadValue, "component");
  candidate.component = *component;
  if (!equals_ignoring_case(words.next(), "udp"))
    return words.fault(WireFault::Unsupported, "transport");
  const auto priority = parse_number<std::uint32_t>(words.next());
  if (!priority)
    return words.fault(WireFault::BadValue, "priority");
  candidate.priority = *priority;
  return candidate;
}

// raddr and rport, and whatever else stands behind the type in pairs of name and value.
Result<SignaledCandidate> parse_attributes(Words& words, SignaledCandidate candidate) {
  Endpoint related;
  bool has_address = false;
  for (std::string_view name = words.next(); !name.empty(); name = words.next()) {
    const std::string_view value = words.next();
    if (name == "raddr") {
      const auto address = IpAddress::parse(value);
      if (!address)
        return words.fault(WireFault::BadValue, "raddr");
      related.address = *address;
      has_address = true;
    } else if (name == "rport") {
      const auto port = parse_number<std::uint16_t>(value);
      if (!port)
        return words.fault(WireFault::BadValue, "rport");
      related.port = *port;
    }
  }
  if (has_address)
    candidate.related = related;
  return candidate;
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
  Words words(line);
  if (words.starts_with("a="))
    words.skip(2);
  if (!words.starts_with(kPrefix))
    return words.fault(WireFault::BadMagic, "candidate");
  words.skip(kPrefix.size());
  auto candidate = parse_head(words);
  if (!candidate)
    return candidate;
  const std::string_view host = words.next();
  const auto address = IpAddress::parse(host);
  if (!address)
    return words.fault(host.ends_with(".local") ? WireFault::Unsupported : WireFault::BadValue,
                       "address");
  candidate->address.address = *address;
  const auto port = parse_number<std::uint16_t>(words.next());
  if (!port)
    return words.fault(WireFault::BadValue, "port");
  candidate->address.port = *port;
  if (words.next() != "typ")
    return words.fault(WireFault::BadValue, "typ");
  const auto type = candidate_type(words.next());
  if (!type)
    return words.fault(WireFault::BadValue, "type");
  candidate->type = *type;
  return parse_attributes(words, std::move(*candidate));
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

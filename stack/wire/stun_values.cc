#include <array>

#include "stack/wire/stun.h"

// What the value of each attribute must look like. RFC 8489 section 14.1, an address; section 14.2
// XORs port and address with the magic cookie and, for IPv6, the transaction id behind it:
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |0 0 0 0 0 0 0 0|    Family     |           Port                |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                 Address (32 bits or 128 bits)                 |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// Section 14.8, ERROR-CODE; ADDRESS-ERROR-CODE (RFC 8656 section 18.12) has the family in its first
// octet:
//
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |           Reserved, should be 0         |Class|     Number    |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |      Reason Phrase (variable)                                ..
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

namespace parley::stun {
namespace {

constexpr std::uint8_t kFamilyV4 = 1;
constexpr std::uint8_t kFamilyV6 = 2;
constexpr std::uint32_t kValueOffset = 4;

// How a value is checked, beyond its size.
enum class Form : std::uint8_t {
  Any,          // only the size counts
  Address,      // MAPPED-ADDRESS and its kind
  Error,        // ERROR-CODE
  FamilyError,  // ADDRESS-ERROR-CODE
  Family,       // REQUESTED-ADDRESS-FAMILY
  FourByFour,   // a size that is a multiple of four
  Even,         // a size that is even
  Algorithm,    // PASSWORD-ALGORITHM
  Algorithms    // PASSWORD-ALGORITHMS
};

struct Rule {
  Attribute type;
  std::uint16_t least;
  std::uint16_t most;
  Form form;
  std::string_view expected;
};

constexpr std::uint16_t kNoLimit = 0xffff;
// RFC 8489 sections 14.3, 14.9, 14.10, 14.14: fewer than 509 and 763 bytes once encoded. RFC 5389
// allowed USERNAME up to 512 bytes.
constexpr std::uint16_t kUsernameLimit = 512;
constexpr std::uint16_t kTextLimit = 763;

constexpr std::string_view kAddressText = "address of 8 bytes (IPv4) or 20 bytes (IPv6)";
constexpr std::string_view kFour = "value of 4 bytes";
constexpr std::string_view kEight = "value of 8 bytes";
constexpr std::string_view kEmpty = "no value";
constexpr std::string_view kShortText = "text of at most 763 bytes";

constexpr std::array<Rule, 43> kRules{{
    {Attribute::MappedAddress, 8, 20, Form::Address, kAddressText},
    {Attribute::ResponseAddress, 8, 20, Form::Address, kAddressText},
    {Attribute::ChangeRequest, 4, 4, Form::Any, kFour},
    {Attribute::SourceAddress, 8, 20, Form::Address, kAddressText},
    {Attribute::ChangedAddress, 8, 20, Form::Address, kAddressText},
    {Attribute::Username, 0, kUsernameLimit, Form::Any, "text of at most 512 bytes"},
    {Attribute::MessageIntegrity, 20, 20, Form::Any, "HMAC-SHA1 of 20 bytes"},
    {Attribute::ErrorCode, 4, 4 + kTextLimit, Form::Error, "error code and reason"},
    {Attribute::UnknownAttributes, 0, kNoLimit, Form::Even, "list of 16-bit types"},
    {Attribute::ReflectedFrom, 8, 20, Form::Address, kAddressText},
    {Attribute::ChannelNumber, 4, 4, Form::Any, kFour},
    {Attribute::Lifetime, 4, 4, Form::Any, kFour},
    {Attribute::Bandwidth, 4, 4, Form::Any, kFour},
    {Attribute::XorPeerAddress, 8, 20, Form::Address, kAddressText},
    {Attribute::Realm, 0, kTextLimit, Form::Any, kShortText},
    {Attribute::Nonce, 0, kTextLimit, Form::Any, kShortText},
    {Attribute::XorRelayedAddress, 8, 20, Form::Address, kAddressText},
    {Attribute::RequestedAddressFamily, 4, 4, Form::Family, kFour},
    {Attribute::EvenPort, 1, 1, Form::Any, "value of 1 byte"},
    {Attribute::RequestedTransport, 4, 4, Form::Any, kFour},
    {Attribute::DontFragment, 0, 0, Form::Any, kEmpty},
    {Attribute::MessageIntegritySha256, 16, 32, Form::FourByFour,
     "HMAC-SHA256 of 16 to 32 bytes, a multiple of 4"},
    {Attribute::PasswordAlgorithm, 4, kNoLimit, Form::Algorithm, "one password algorithm"},
    {Attribute::Userhash, 32, 32, Form::Any, "SHA-256 of 32 bytes"},
    {Attribute::XorMappedAddress, 8, 20, Form::Address, kAddressText},
    {Attribute::ReservationToken, 8, 8, Form::Any, kEight},
    {Attribute::Priority, 4, 4, Form::Any, kFour},
    {Attribute::UseCandidate, 0, 0, Form::Any, kEmpty},
    {Attribute::ResponsePort, 2, 4, Form::Even, "port and padding"},
    {Attribute::ConnectionId, 4, 4, Form::Any, kFour},
    {Attribute::AdditionalAddressFamily, 4, 4, Form::Family, kFour},
    {Attribute::AddressErrorCode, 4, 4 + kTextLimit, Form::FamilyError, "error code and reason"},
    {Attribute::PasswordAlgorithms, 4, kNoLimit, Form::Algorithms, "list of password algorithms"},
    {Attribute::Icmp, 8, 8, Form::Any, kEight},
    {Attribute::Software, 0, kTextLimit, Form::Any, kShortText},
    {Attribute::AlternateServer, 8, 20, Form::Address, kAddressText},
    {Attribute::TransactionTransmitCounter, 4, 4, Form::Any, kFour},
    {Attribute::Fingerprint, 4, 4, Form::Any, kFour},
    {Attribute::IceControlled, 8, 8, Form::Any, kEight},
    {Attribute::IceControlling, 8, 8, Form::Any, kEight},
    {Attribute::ResponseOrigin, 8, 20, Form::Address, kAddressText},
    {Attribute::OtherAddress, 8, 20, Form::Address, kAddressText},
    {Attribute::EcnCheck, 4, 4, Form::Any, kFour},
}};

// Attributes outside the RFCs: what their only definition, an implementation, sends.
constexpr std::array<Rule, 6> kVendorRules{{
    {Attribute::Renomination, 4, 4, Form::Any, kFour},
    {Attribute::GoogNetworkInfo, 4, 4, Form::Any, kFour},
    {Attribute::GoogMiscInfo, 0, kNoLimit, Form::Even, "list of 16-bit values"},
    {Attribute::GoogDeltaAck, 8, 8, Form::Any, kEight},
    {Attribute::GoogMessageIntegrity32, 4, 4, Form::Any, kFour},
    {Attribute::DtlsInStunAck, 0, kNoLimit, Form::FourByFour, "list of CRC-32 values"},
}};

const Rule* rule_of(std::uint16_t type) {
  for (const Rule& rule : kRules)
    if (static_cast<std::uint16_t>(rule.type) == type)
      return &rule;
  for (const Rule& rule : kVendorRules)
    if (static_cast<std::uint16_t>(rule.type) == type)
      return &rule;
  return nullptr;
}

bool is_xor_address(const AttributeView& attribute) {
  return attribute.is(Attribute::XorMappedAddress) || attribute.is(Attribute::XorPeerAddress) ||
         attribute.is(Attribute::XorRelayedAddress);
}

WireError at_value(const AttributeView& attribute, std::size_t offset, WireFault fault,
                   std::string_view expected) {
  return {fault, attribute.offset + kValueOffset + static_cast<std::uint32_t>(offset), expected};
}

WireError at_length(const AttributeView& attribute, std::string_view expected) {
  return {WireFault::BadLength, attribute.offset + 2, expected};
}

std::optional<WireError> check_address(const AttributeView& attribute) {
  const std::uint8_t family = load_u8(attribute.value.data() + 1);
  if (family != kFamilyV4 && family != kFamilyV6)
    return at_value(attribute, 1, WireFault::BadValue, "address family 1 (IPv4) or 2 (IPv6)");
  if (attribute.value.size() != (family == kFamilyV4 ? 8U : 20U))
    return at_length(attribute, kAddressText);
  return std::nullopt;
}

std::optional<WireError> check_error(const AttributeView& attribute) {
  const std::uint8_t hundreds = load_u8(attribute.value.data() + 2) & 7U;
  if (hundreds < 3 || hundreds > 6)
    return at_value(attribute, 2, WireFault::BadValue, "error class from 3 to 6");
  if (load_u8(attribute.value.data() + 3) > 99)
    return at_value(attribute, 3, WireFault::BadValue, "error number from 0 to 99");
  return std::nullopt;
}

std::optional<WireError> check_family(const AttributeView& attribute) {
  const std::uint8_t family = load_u8(attribute.value.data());
  if (family != kFamilyV4 && family != kFamilyV6)
    return at_value(attribute, 0, WireFault::BadValue, "address family 1 (IPv4) or 2 (IPv6)");
  return std::nullopt;
}

// Entries of number (16 bits), length of the parameters (16 bits), parameters padded to four.
std::optional<WireError> check_algorithms(const AttributeView& attribute, bool only_one) {
  const Bytes value = attribute.value;
  std::size_t at = 0;
  while (at < value.size()) {
    if (value.size() - at < 4)
      return at_value(attribute, at, WireFault::Truncated, "password algorithm of 4 bytes");
    const std::size_t parameters = load_u16(value.data() + at + 2);
    if (parameters > value.size() - at - 4)
      return at_value(attribute, at + 2, WireFault::BadLength, "parameters within the attribute");
    at += 4 + ((parameters + 3U) & ~std::size_t{3});
    if (only_one && at < value.size())
      return at_value(attribute, at, WireFault::BadLength, "one password algorithm");
  }
  return std::nullopt;
}

}  // namespace

std::optional<WireError> check_value(const AttributeView& attribute) {
  const Rule* rule = rule_of(attribute.type);
  if (rule == nullptr)
    return std::nullopt;
  const std::size_t size = attribute.value.size();
  if (size < rule->least || size > rule->most)
    return at_length(attribute, rule->expected);
  switch (rule->form) {
    case Form::Any:
      return std::nullopt;
    case Form::Address:
      return check_address(attribute);
    case Form::Error:
      return check_error(attribute);
    case Form::FamilyError: {
      const auto error = check_family(attribute);
      return error ? error : check_error(attribute);
    }
    case Form::Family:
      return check_family(attribute);
    case Form::FourByFour:
      return size % 4 == 0 ? std::nullopt : std::optional(at_length(attribute, rule->expected));
    case Form::Even:
      return size % 2 == 0 ? std::nullopt : std::optional(at_length(attribute, rule->expected));
    case Form::Algorithm:
      return check_algorithms(attribute, true);
    case Form::Algorithms:
      return check_algorithms(attribute, false);
  }
  return std::nullopt;
}

Result<Endpoint> decode_address(const AttributeView& attribute, const TransactionId& id) {
  const Bytes value = attribute.value;
  if (value.size() < 8)
    return tl::unexpected<WireError>(at_length(attribute, kAddressText));
  if (const auto error = check_address(attribute))
    return tl::unexpected<WireError>(*error);
  std::array<std::byte, 16> octets{};
  const std::size_t size = value.size() - 4;
  std::memcpy(octets.data(), value.data() + 4, size);
  std::uint16_t port = load_u16(value.data() + 2);
  if (is_xor_address(attribute)) {
    port ^= static_cast<std::uint16_t>(kMagicCookie >> 16U);
    for (std::size_t i = 0; i < 4; ++i)
      octets[i] ^= static_cast<std::byte>((kMagicCookie >> (24U - 8U * i)) & 0xffU);
    for (std::size_t i = 4; i < size; ++i)
      octets[i] ^= id[i - 4];
  }
  const IpAddress address =
      size == 4 ? IpAddress::v4(std::span(octets).first<4>()) : IpAddress::v6(octets);
  return Endpoint{address, port};
}

}  // namespace parley::stun

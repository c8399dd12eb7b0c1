#include "analyzer/dissect/stun_values.h"

#include <optional>

#include <fmt/format.h>

namespace parley::analyzer {
namespace {

std::string family_name(std::uint8_t family) {
  switch (family) {
    case 1:
      return "IPv4";
    case 2:
      return "IPv6";
    default:
      return std::to_string(family);
  }
}

// Class and number of ERROR-CODE stand in the third and fourth octet, behind `first` of another
// meaning.
std::string add_error_parts(Field& field, const StunPart& part) {
  const unsigned hundreds = load_u8(part.value.data() + 2) & 7U;
  const unsigned number = load_u8(part.value.data() + 3);
  const auto code = static_cast<std::uint16_t>(hundreds * 100 + number);
  const std::string reason = printable(part.value.subspan(4));
  field.add("Class", std::to_string(hundreds), part.offset + 2, 1);
  field.add("Number", std::to_string(number), part.offset + 3, 1);
  field.add("Reason Phrase", reason, part.offset + 4, part.value.size() - 4);
  const std::string_view known = stun::error_name(code);
  if (reason.empty())
    return known.empty() ? std::to_string(code) : fmt::format("{} ({})", code, known);
  return known.empty() || known == reason ? fmt::format("{} {}", code, reason)
                                          : fmt::format("{} {} ({})", code, reason, known);
}

std::string algorithm_name(std::uint16_t number) {
  switch (number) {
    case 1:
      return "MD5";
    case 2:
      return "SHA-256";
    default:
      return fmt::format("algorithm {:#06x}", number);
  }
}

// The security features of a nonce that begins with the nonce cookie: 24 bits, as four characters
// of base64, the first bit of which is bit 0.
std::optional<std::uint32_t> security_features(std::string_view nonce) {
  constexpr std::string_view kCookie = "obMatJos2";
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (!nonce.starts_with(kCookie) || nonce.size() < kCookie.size() + 4)
    return std::nullopt;
  std::uint32_t bits = 0;
  for (const char c : nonce.substr(kCookie.size(), 4)) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos)
      return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
  }
  return bits;
}

}  // namespace

void describe_address(Field& field, const StunPart& part) {
  const auto address = stun::decode_address(part.attribute, part.scope.id);
  if (!address)
    return;
  const bool masked = part.attribute.is(stun::Attribute::XorMappedAddress) ||
                      part.attribute.is(stun::Attribute::XorPeerAddress) ||
                      part.attribute.is(stun::Attribute::XorRelayedAddress);
  const std::uint16_t wire_port = load_u16(part.value.data() + 2);
  const Bytes wire_address = part.value.subspan(4);
  field.value = to_string(*address);
  field.add("Reserved", std::to_string(load_u8(part.value.data())), part.offset, 1);
  field.add("Family", family_name(load_u8(part.value.data() + 1)), part.offset + 1, 1);
  field.add("Port",
            masked ? fmt::format("{} (sent as {:#06x})", address->port, wire_port)
                   : std::to_string(address->port),
            part.offset + 2, 2);
  const std::string text = to_string(address->address);
  field.add("Address", masked ? fmt::format("{} (sent as 0x{})", text, to_hex(wire_address)) : text,
            part.offset + 4, wire_address.size());
}

void describe_username(Field& field, const StunPart& part) {
  field.value = printable(part.value);
  const std::string_view text = as_text(part.value);
  const std::size_t colon = text.find(':');
  // In a connectivity check, the fragment of the agent that it goes to stands first.
  if (part.scope.method != stun::Method::Binding || colon == std::string_view::npos)
    return;
  field.add("Receiver's ufrag", printable(text.substr(0, colon)), part.offset, colon);
  field.add("Separator", ":", part.offset + colon, 1);
  field.add("Sender's ufrag", printable(text.substr(colon + 1)), part.offset + colon + 1,
            text.size() - colon - 1);
}

void describe_nonce(Field& field, const StunPart& part) {
  field.value = printable(part.value);
  const auto features = security_features(as_text(part.value));
  if (!features)
    return;
  const bool algorithms = (*features & 0x800000U) != 0;
  const bool anonymity = (*features & 0x400000U) != 0;
  const std::string_view text = algorithms && anonymity ? "password algorithms, username anonymity"
                                : algorithms            ? "password algorithms"
                                : anonymity             ? "username anonymity"
                                                        : "none that is assigned";
  constexpr std::size_t kStart = 13;  // of the server's own part
  field.add("Nonce Cookie", "obMatJos2", part.offset, 9);
  field.add("Security Features", fmt::format("{:#08x}: {}", *features, text), part.offset + 9, 4);
  if (part.value.size() > kStart)
    field.add("Server's Part", printable(part.value.subspan(kStart)), part.offset + kStart,
              part.value.size() - kStart);
}

void describe_error_code(Field& field, const StunPart& part) {
  field.add("Reserved", std::to_string(load_u16(part.value.data())), part.offset, 2);
  field.value = add_error_parts(field, part);
}

void describe_address_error_code(Field& field, const StunPart& part) {
  const std::string family = family_name(load_u8(part.value.data()));
  field.add("Family", family, part.offset, 1);
  field.value = family + ": " + add_error_parts(field, part);
}

void describe_unknown_attributes(Field& field, const StunPart& part) {
  for (std::size_t at = 0; at + 2 <= part.value.size(); at += 2) {
    const std::uint16_t type = load_u16(part.value.data() + at);
    const std::string name = stun::is_known_attribute(type)
                                 ? fmt::format("{} ({:#06x})", stun::attribute_name(type), type)
                                 : stun::attribute_name(type);
    field.value += (at == 0 ? "" : ", ") + name;
    field.add("Attribute", name, part.offset + at, 2);
  }
}

void describe_algorithms(Field& field, const StunPart& part) {
  for (std::size_t at = 0; at + 4 <= part.value.size();) {
    const std::uint16_t number = load_u16(part.value.data() + at);
    const std::size_t size = load_u16(part.value.data() + at + 2);
    field.value += (at == 0 ? "" : ", ") + algorithm_name(number);
    const std::size_t end = std::min(at + 4 + ((size + 3U) & ~std::size_t{3}), part.value.size());
    const std::size_t padding = end - at - 4 - size;
    Field& entry =
        field.add("Algorithm", algorithm_name(number), part.offset + at, 4 + size + padding);
    entry.add("Number", std::to_string(number), part.offset + at, 2);
    entry.add("Parameters Length", std::to_string(size), part.offset + at + 2, 2);
    if (size > 0)
      entry.add("Parameters", short_hex(part.value.subspan(at + 4, size)), part.offset + at + 4,
                size);
    if (padding > 0)
      entry.add("Padding", to_hex(part.value.subspan(end - padding, padding)),
                part.offset + end - padding, padding);
    at = end;
  }
}

void describe_family(Field& field, const StunPart& part) {
  field.value = family_name(load_u8(part.value.data()));
  field.add("Family", field.value, part.offset, 1);
  field.add("Reserved", to_hex(part.value.subspan(1)), part.offset + 1, 3);
}

void describe_priority(Field& field, const StunPart& part) {
  const std::uint32_t priority = load_u32(part.value.data());
  field.value = std::to_string(priority);
  field.add("Type Preference", std::to_string(priority >> 24U), part.offset, 1);
  field.add("Local Preference", std::to_string((priority >> 8U) & 0xffffU), part.offset + 1, 2);
  field.add("Component", fmt::format("{} (256 - {})", 256 - (priority & 0xffU), priority & 0xffU),
            part.offset + 3, 1);
}

}  // namespace parley::analyzer

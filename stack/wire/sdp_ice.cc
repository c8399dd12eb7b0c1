// The attributes of ICE, of DTLS and of SCTP.

#include <algorithm>

#include "stack/wire/sdp_attributes.h"

namespace parley::sdp {
namespace {

bool is_ice_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

char small(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return static_cast<std::uint8_t>(c - '0');
  const char s = small(c);
  if (s >= 'a' && s <= 'f')
    return static_cast<std::uint8_t>(s - 'a' + 10);
  return std::nullopt;
}

// The eight words that RFC 8839 section 5.1 demands of each candidate.
Result<Candidate> decode_required(const Value& value, const std::vector<std::string_view>& words) {
  Candidate result;
  if (words.size() < 8)
    return wire_error(
        WireFault::Truncated, value.offset + value.text.size(),
        "foundation, component, transport, priority, address, port, typ and a candidate type");
  result.foundation = words[0];
  const bool foundation_fits = !words[0].empty() && words[0].size() <= 32 &&
                               std::all_of(words[0].begin(), words[0].end(), is_ice_char);
  if (!foundation_fits)
    return wire_error(WireFault::BadValue, value.offset, "a foundation of 1 to 32 ice-chars");
  const auto component = number_of(words[1], 256);
  if (!component || *component == 0)
    return wire_error(WireFault::BadValue, value.offset_of(words[1]), "a component of 1 to 256");
  result.component = static_cast<std::uint16_t>(*component);
  result.transport = words[2];
  const auto priority = number_of(words[3], 0xffffffffU);
  if (!priority)
    return wire_error(WireFault::BadValue, value.offset_of(words[3]), "a priority of 32 bits");
  result.priority = static_cast<std::uint32_t>(*priority);
  result.address = words[4];
  if (words[4].empty())
    return wire_error(WireFault::BadValue, value.offset_of(words[4]), "an address");
  result.ip = IpAddress::parse(words[4]);
  const auto port = number_of(words[5], 65535);
  if (!port)
    return wire_error(WireFault::BadValue, value.offset_of(words[5]), "a port of 0 to 65535");
  result.port = static_cast<std::uint16_t>(*port);
  if (words[6] != "typ")
    return wire_error(WireFault::BadMagic, value.offset_of(words[6]), "typ");
  result.type = words[7];
  if (result.type.empty())
    return wire_error(WireFault::BadValue, value.offset_of(words[7]), "a candidate type");
  return result;
}

std::optional<std::uint8_t> base64_digit(char c) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t place = kAlphabet.find(c);
  return place == std::string_view::npos ? std::nullopt
                                         : std::optional(static_cast<std::uint8_t>(place));
}

Result<std::string_view> decode_ice_word(Value value, std::size_t least,
                                         std::string_view expected) {
  const std::string_view text = value.text;
  if (text.size() < least || text.size() > 256)
    return wire_error(WireFault::BadLength, value.offset, expected);
  const auto wrong = std::find_if_not(text.begin(), text.end(), is_ice_char);
  if (wrong != text.end())
    return wire_error(WireFault::BadValue,
                      value.offset + static_cast<std::size_t>(wrong - text.begin()), expected);
  return text;
}

}  // namespace

Result<Candidate> Candidate::decode(Value value) {
  for (const std::string_view prefix : {"a=", "candidate:"})
    if (value.text.starts_with(prefix)) {
      value.text.remove_prefix(prefix.size());
      value.offset += static_cast<std::uint32_t>(prefix.size());
    }
  const std::vector<std::string_view> words = words_of(value.text);
  Result<Candidate> result = decode_required(value, words);
  if (!result)
    return result;
  for (std::size_t i = 8; i < words.size(); i += 2) {
    const std::string_view name = words[i];
    if (i + 1 == words.size())
      return wire_error(WireFault::Truncated, value.offset_of(name) + name.size(),
                        "a value after the name of an extension");
    const std::string_view word = words[i + 1];
    if (name == "raddr") {
      result->related_address = word;
    } else if (name == "rport") {
      const auto port = number_of(word, 65535);
      if (!port)
        return wire_error(WireFault::BadValue, value.offset_of(word), "a port of 0 to 65535");
      result->related_port = static_cast<std::uint16_t>(*port);
    } else if (name == "tcptype") {
      result->tcp_type = word;
    } else {
      result->extensions.emplace_back(name, word);
    }
  }
  return result;
}

std::optional<std::string_view> Candidate::extension(std::string_view name) const {
  for (const auto& [key, word] : extensions)
    if (key == name)
      return word;
  return std::nullopt;
}

bool Candidate::is_mdns() const {
  return !ip && address.size() > 6 && address.ends_with(".local");
}

std::string to_value(const Candidate& c) {
  std::string text(c.foundation);
  const auto add = [&](std::string_view word) {
    text += ' ';
    text += word;
  };
  add(std::to_string(c.component));
  add(c.transport);
  add(std::to_string(c.priority));
  add(c.address);
  add(std::to_string(c.port));
  add("typ");
  add(c.type);
  if (!c.related_address.empty()) {
    add("raddr");
    add(c.related_address);
  }
  if (c.related_port) {
    add("rport");
    add(std::to_string(*c.related_port));
  }
  if (!c.tcp_type.empty()) {
    add("tcptype");
    add(c.tcp_type);
  }
  for (const auto& [name, word] : c.extensions) {
    add(name);
    add(word);
  }
  return text;
}

Result<Fingerprint> Fingerprint::decode(Value value) {
  const std::vector<std::string_view> words = words_of(value.text);
  if (words.size() != 2 || words[0].empty())
    return wire_error(WireFault::BadValue, value.offset, "a hash function and a fingerprint");
  Fingerprint result;
  for (const char c : words[0])
    result.algorithm += small(c);
  const std::string_view hex = words[1];
  for (std::size_t i = 0; i < hex.size(); i += 3) {
    const auto high = hex_digit(hex[i]);
    const auto low = i + 1 < hex.size() ? hex_digit(hex[i + 1]) : std::nullopt;
    const bool separated = i + 2 == hex.size() || (i + 3 < hex.size() && hex[i + 2] == ':');
    if (!high || !low || !separated)
      return wire_error(WireFault::BadValue, value.offset_of(hex) + i,
                        "two hexadecimal digits for each octet, colons between");
    result.digest.push_back(static_cast<std::uint8_t>(*high << 4U | *low));
  }
  if (result.digest.empty())
    return wire_error(WireFault::Truncated, value.offset_of(hex), "a fingerprint");
  return result;
}

std::string digest_text(const Fingerprint& fingerprint) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const std::uint8_t octet : fingerprint.digest) {
    if (!text.empty())
      text += ':';
    text += kDigits[octet >> 4U];
    text += kDigits[octet & 0xfU];
  }
  return text;
}

std::string to_value(const Fingerprint& fingerprint) {
  return fingerprint.algorithm + ' ' + digest_text(fingerprint);
}

Result<Setup> decode_setup(Value value) {
  for (const Setup setup : {Setup::Active, Setup::Passive, Setup::ActPass, Setup::HoldConn})
    if (value.text == to_string(setup))
      return setup;
  return wire_error(WireFault::BadValue, value.offset, "active, passive, actpass or holdconn");
}

std::string_view to_string(Setup setup) {
  switch (setup) {
    case Setup::Active:
      return "active";
    case Setup::Passive:
      return "passive";
    case Setup::ActPass:
      return "actpass";
    case Setup::HoldConn:
      return "holdconn";
  }
  return "?";
}

Result<std::string_view> decode_ice_ufrag(Value value) {
  return decode_ice_word(value, 4, "4 to 256 ice-chars");
}

Result<std::string_view> decode_ice_password(Value value) {
  return decode_ice_word(value, 22, "22 to 256 ice-chars");
}

Result<std::uint16_t> decode_sctp_port(Value value) {
  const auto port = number_of(value.text, 65535);
  if (!port)
    return wire_error(WireFault::BadValue, value.offset, "a port of 0 to 65535");
  return static_cast<std::uint16_t>(*port);
}

Result<std::uint64_t> decode_max_message_size(Value value) {
  const auto size = number_of(value.text);
  if (!size)
    return wire_error(WireFault::BadValue, value.offset, "a size in octets");
  return *size;
}

Result<SctpMap> SctpMap::decode(Value value) {
  const std::vector<std::string_view> words = words_of(value.text);
  const auto port = number_of(words[0], 65535);
  if (!port)
    return wire_error(WireFault::BadValue, value.offset, "a port of 0 to 65535");
  SctpMap result;
  result.port = static_cast<std::uint16_t>(*port);
  if (words.size() < 2 || words[1].empty())
    return wire_error(WireFault::Truncated, value.offset + value.text.size(), "a protocol");
  result.protocol = words[1];
  if (words.size() > 2) {
    const auto streams = number_of(words[2], 0xffffffffU);
    if (!streams)
      return wire_error(WireFault::BadValue, value.offset_of(words[2]), "a number of streams");
    result.streams = static_cast<std::uint32_t>(*streams);
  }
  return result;
}

// RFC 4648 section 4; padding may be missing.
Result<ByteBuffer> decode_sctp_init(Value value) {
  std::string_view text = value.text;
  while (text.ends_with('='))
    text.remove_suffix(1);
  ByteBuffer out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = base64_digit(text[i]);
    if (!digit)
      return wire_error(WireFault::BadValue, value.offset + i, "base64");
    bits = bits << 6U | *digit;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<std::byte>(bits >> held & 0xffU));
    }
  }
  if (out.empty())
    return wire_error(WireFault::Truncated, value.offset, "an INIT chunk in base64");
  return out;
}

}  // namespace parley::sdp

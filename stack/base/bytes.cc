#include "stack/base/bytes.h"

#include "stack/base/utf8.h"

namespace parley {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

bool harmless(char32_t code) {
  const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  const bool direction = (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
                         (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
  return !control && !direction;
}

}  // namespace

std::string to_hex(Bytes bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    text += kDigits[std::to_integer<std::size_t>(b >> 4U)];
    text += kDigits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return text;
}

std::optional<ByteBuffer> parse_hex(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X"))
    text.remove_prefix(2);
  ByteBuffer out;
  int high = -1;
  for (const char c : text) {
    const bool separator = c == ' ' || c == ':' || c == '\n' || c == '\r' || c == '\t';
    if (separator && high < 0)
      continue;
    const int digit = hex_digit(c);
    if (digit < 0)
      return std::nullopt;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::byte>(high * 16 + digit));
      high = -1;
    }
  }
  return high < 0 ? std::optional(std::move(out)) : std::nullopt;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    char32_t code = 0;
    const std::size_t length = utf8_length(text, code);
    if (length > 0 && harmless(code)) {
      out += text.substr(0, length);
      text.remove_prefix(length);
      continue;
    }
    const std::size_t escaped = length > 0 ? length : 1;
    for (std::size_t i = 0; i < escaped; ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      out += "\\x";
      out += kDigits[c >> 4U];
      out += kDigits[c & 15U];
    }
    text.remove_prefix(escaped);
  }
  return out;
}

std::string printable(Bytes text) {
  return printable(as_text(text));
}

}  // namespace parley

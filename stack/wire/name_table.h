#pragma once

// Names of registered code points, as sorted tables.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace parley {

struct CodeName {
  std::uint16_t code;
  std::string_view name;
};

constexpr bool sorted_by_code(std::span<const CodeName> table) {
  for (std::size_t i = 1; i < table.size(); ++i)
    if (table[i - 1].code >= table[i].code)
      return false;
  return true;
}

inline std::optional<std::string_view> find_name(std::span<const CodeName> table,
                                                 std::uint16_t code) {
  const auto found =
      std::lower_bound(table.begin(), table.end(), code,
                       [](const CodeName& n, std::uint16_t c) { return n.code < c; });
  if (found == table.end() || found->code != code)
    return std::nullopt;
  return found->name;
}

// "0x1234", with `digits` digits.
inline std::string hex_code(std::uint16_t code, unsigned digits = 4) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (unsigned i = digits; i > 0; --i)
    text += kDigits[(code >> (4U * (i - 1))) & 15U];
  return text;
}

inline std::string name_or_hex(std::span<const CodeName> table, std::uint16_t code,
                               unsigned digits = 4) {
  const std::optional<std::string_view> name = find_name(table, code);
  return name ? std::string(*name) : hex_code(code, digits);
}

// RFC 8701: values that mean nothing, sent so that peers learn to ignore what they do not know.
constexpr bool is_grease(std::uint16_t code) {
  return (code & 0x0f0fU) == 0x0a0aU && (code >> 8U) == (code & 0xffU);
}

inline std::string grease_name_or_hex(std::span<const CodeName> table, std::uint16_t code) {
  if (!is_grease(code))
    return name_or_hex(table, code);
  std::string text = "GREASE (";
  text += hex_code(code);
  text += ')';
  return text;
}

}  // namespace parley

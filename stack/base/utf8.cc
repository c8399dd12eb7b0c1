#include "stack/base/utf8.h"

#include <array>

namespace parley {

std::size_t utf8_length(std::string_view text, char32_t& code) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  const std::size_t length = first < 0x80U            ? 1
                             : (first >> 5U) == 0x6U  ? 2
                             : (first >> 4U) == 0xeU  ? 3
                             : (first >> 3U) == 0x1eU ? 4
                                                      : 0;
  if (length == 0 || length > text.size())
    return 0;
  code = length == 1 ? first : first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) >> 6U) != 2U)
      return 0;
    code = (code << 6U) | (at(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < kSmallest[length] || code > 0x10ffff || surrogate ? 0 : length;
}

}  // namespace parley

#pragma once

// UTF-8 (RFC 3629), a character at a time.

#include <cstddef>
#include <string_view>

namespace parley {

// Octets of the valid sequence that `text`, which is not empty, begins with, and what it encodes;
// 0 if there is none.
std::size_t utf8_length(std::string_view text, char32_t& code);

}  // namespace parley

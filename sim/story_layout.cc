#include "sim/story_layout.h"

#include <algorithm>

namespace parley::sim {
namespace {

// Continuation bytes of UTF-8 take no column of their own.
std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text)
    count += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1U : 0U;
  return count;
}

}  // namespace

std::string hanging(std::string_view first, std::string_view text, std::size_t width) {
  const std::size_t indent = columns(first);
  std::string out(first);
  std::size_t column = indent;
  std::size_t at = 0;
  while (at < text.size()) {
    // Runs of spaces belong to the word behind them, and go where the line breaks.
    const std::size_t begin = std::min(text.find_first_not_of(' ', at), text.size());
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    if (column > indent && column + (begin - at) + columns(word) > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else {
      out.append(begin - at, ' ');
      column += begin - at;
    }
    out += word;
    column += columns(word);
    at = end;
  }
  return out + "\n";
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace parley::sim

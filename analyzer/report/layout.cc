#include "analyzer/report/layout.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>

namespace parley::analyzer {
namespace {

constexpr std::size_t kGap = 2;

constexpr std::array<std::string_view, 9> kUnits = {"s",  "ms", "%",     "kB",  "MB",
                                                    "GB", "x",  "bytes", "more"};

bool is_number(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789.,") == std::string_view::npos;
}

// "600 s," and "RFC 8445" are read as one: no line ends inside.
bool belong_together(std::string_view word, std::string_view next) {
  if (word.ends_with("RFC") || word == "section")
    return true;
  const auto end = next.find_last_not_of(".,;:)");
  next = next.substr(0, end == std::string_view::npos ? 0 : end + 1);
  while (!word.empty() && word.front() == '(')
    word.remove_prefix(1);
  return is_number(word) && std::find(kUnits.begin(), kUnits.end(), next) != kUnits.end();
}

// Where the reference ends that `text` has open at `end`, when it is short enough to stay whole:
// "[peerA 5..8]". `end` otherwise.
std::size_t behind_reference(std::string_view text, std::size_t end) {
  constexpr std::size_t kLongest = 40;
  const std::string_view word = text.substr(0, end);
  const auto open = word.rfind('[');
  if (open == std::string_view::npos || word.find(']', open) != std::string_view::npos)
    return end;
  const auto close = text.find(']', end);
  if (close == std::string_view::npos || close - open > kLongest)
    return end;
  return std::min(text.find(' ', close), text.size());
}

// The next piece of text that no line break divides.
std::string_view next_word(std::string_view& text) {
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) {
    text = {};
    return {};
  }
  text.remove_prefix(begin);
  std::size_t last = 0;  // where the last word of the piece begins
  std::size_t end = 0;
  for (;;) {
    end = behind_reference(text, std::min(text.find(' ', last), text.size()));
    const auto next = text.find_first_not_of(' ', end);
    if (next == std::string_view::npos)
      break;
    const auto next_end = std::min(text.find(' ', next), text.size());
    if (!belong_together(text.substr(last, end - last), text.substr(next, next_end - next)))
      break;
    last = next;
  }
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

void trim_right(std::string& line) {
  line.erase(line.find_last_not_of(' ') + 1);
}

std::string fitted(std::string_view text, std::size_t width, bool right) {
  const std::size_t own = display_width(text);
  const std::string fill(width > own ? width - own : 0, ' ');
  return right ? fill + std::string(text) : std::string(text) + fill;
}

// Without the gap behind the last column.
std::size_t total_of(const std::vector<std::size_t>& widths, std::size_t indent) {
  const std::size_t sum =
      std::accumulate(widths.begin(), widths.end(), indent,
                      [](std::size_t all, std::size_t w) { return all + (w > 0 ? w + kGap : 0); });
  return sum > indent ? sum - kGap : sum;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string paragraph(std::string_view first, std::string_view text, std::size_t hang,
                      std::size_t width) {
  std::string out(first);
  std::size_t used = display_width(first);
  bool fresh = true;
  for (std::string_view word = next_word(text); !word.empty(); word = next_word(text)) {
    const std::size_t needed = display_width(word) + (fresh ? 0 : 1);
    if (!fresh && used + needed > width) {
      out += '\n';
      out.append(hang, ' ');
      used = hang;
      fresh = true;
    }
    if (!fresh) {
      out += ' ';
      ++used;
    }
    out += word;
    used += display_width(word);
    fresh = false;
  }
  trim_right(out);
  return out + "\n";
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> result(columns_.size(), 0);
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size() && i < result.size(); ++i)
      result[i] = std::max(result[i], display_width(row[i]));
  for (std::size_t i = 0; i < result.size(); ++i)
    if (result[i] > 0)
      result[i] = std::max(result[i], display_width(columns_[i].title));
  return result;
}

std::size_t Table::natural_width(std::size_t indent) const {
  return total_of(widths(), indent);
}

std::vector<std::size_t> Table::fitting_widths(std::size_t indent, std::size_t width) const {
  std::vector<std::size_t> wide = widths();
  while (total_of(wide, indent) > width) {
    std::size_t victim = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i)
      if (wide[i] > 0 && columns_[i].drop_order > 0 &&
          (victim == columns_.size() || columns_[i].drop_order > columns_[victim].drop_order))
        victim = i;
    if (victim == columns_.size())
      break;
    wide[victim] = 0;
  }
  return wide;
}

std::vector<std::string> Table::left_out(std::size_t indent, std::size_t width) const {
  const std::vector<std::size_t> all = widths();
  const std::vector<std::size_t> wide = fitting_widths(indent, width);
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (all[i] > 0 && wide[i] == 0)
      titles.push_back(columns_[i].title);
  return titles;
}

std::string Table::render(std::size_t indent, std::size_t width) const {
  const std::vector<std::size_t> wide = fitting_widths(indent, width);
  const auto line = [&](const auto& cell_of) {
    std::string text(indent, ' ');
    for (std::size_t i = 0; i < columns_.size(); ++i)
      if (wide[i] > 0)
        text += fitted(cell_of(i), wide[i], columns_[i].right) + std::string(kGap, ' ');
    trim_right(text);
    return text + "\n";
  };
  std::string out = line([&](std::size_t i) { return std::string_view(columns_[i].title); });
  for (const auto& row : rows_)
    out += line([&](std::size_t i) {
      return i < row.size() ? std::string_view(row[i]) : std::string_view();
    });
  return out;
}

std::string painted(std::string_view text, Paint paint, bool color) {
  if (!color || paint == Paint::Plain)
    return std::string(text);
  const auto code = [paint] {
    switch (paint) {
      case Paint::Bold:
        return "\x1b[1m";
      case Paint::Good:
        return "\x1b[1;32m";
      case Paint::Bad:
        return "\x1b[1;31m";
      case Paint::Caution:
        return "\x1b[33m";
      case Paint::Dim:
        return "\x1b[2m";
      case Paint::Plain:
        break;
    }
    return "";
  };
  return std::string(code()) + std::string(text) + "\x1b[0m";
}

}  // namespace parley::analyzer

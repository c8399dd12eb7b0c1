#include "stack/trace/json.h"

#include <array>
#include <concepts>
#include <type_traits>

namespace parley::trace {
namespace {

constexpr std::uint64_t kNanosPerSecond = 1'000'000'000;
constexpr std::size_t kNanosDigits = 9;

// From integers, so that no locale and no rounding can change it: "-0.020000000".
std::string seconds_text(Duration d) {
  const std::int64_t count = d.count();
  const auto raw = static_cast<std::uint64_t>(count);
  const std::uint64_t size = count < 0 ? std::uint64_t{0} - raw : raw;
  const std::string fraction = std::to_string(size % kNanosPerSecond);
  std::string text = count < 0 ? "-" : "";
  text += std::to_string(size / kNanosPerSecond);
  text += '.';
  text.append(kNanosDigits - fraction.size(), '0');
  text += fraction;
  return text;
}

// The shortest form of the same number: "0.02".
std::string short_seconds_text(Duration d) {
  std::string text = seconds_text(d);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string to_json(const Endpoint& endpoint) {
  return endpoint.address.family() == AddressFamily::None ? "null"
                                                          : json_string(to_string(endpoint));
}

template <class T>
std::string value_to_json(const T& value) {
  if constexpr (std::same_as<T, bool>)
    return value ? "true" : "false";
  else if constexpr (std::is_enum_v<T>)
    return json_string(to_string(value));
  else if constexpr (std::integral<T>)
    return std::to_string(value);
  else if constexpr (std::same_as<T, PairId>)
    return std::to_string(value.value());
  else if constexpr (std::same_as<T, Duration>)
    return short_seconds_text(value);
  else if constexpr (std::same_as<T, Endpoint>)
    return to_json(value);
  else
    return json_string(value);
}

// The Unicode character at the start of `text`; `size` tells how many octets it has, 0 when they
// are no valid UTF-8 (RFC 3629 section 4).
std::uint32_t read_utf8(std::string_view text, std::size_t& size) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const std::uint32_t first = at(0);
  const std::size_t length = (first >> 5U) == 0x6U    ? 2
                             : (first >> 4U) == 0xeU  ? 3
                             : (first >> 3U) == 0x1eU ? 4
                                                      : 0;
  size = 0;
  if (length == 0 || length > text.size())
    return 0;
  std::uint32_t code = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) >> 6U) != 2U)
      return 0;
    code = (code << 6U) | (at(i) & 0x3fU);
  }
  const bool surrogate = code >= 0xd800U && code <= 0xdfffU;
  if (code < kSmallest[length] || code > 0x10ffffU || surrogate)
    return 0;
  size = length;
  return code;
}

void append_escape(std::string& out, std::uint32_t code) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (unsigned shift = 16; shift > 0; shift -= 4)
    out += kDigits[(code >> (shift - 4U)) & 15U];
}

void append_ascii(std::string& out, char c) {
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else if (static_cast<unsigned char>(c) < 0x20U || c == 0x7f) {
    append_escape(out, static_cast<unsigned char>(c));
  } else {
    out += c;
  }
}

// Valid JSON, but able to hide or turn text on a screen.
bool needs_escape(std::uint32_t code) {
  return code < 0xa0U || (code >= 0x200bU && code <= 0x200fU) ||
         (code >= 0x2028U && code <= 0x202eU) || (code >= 0x2066U && code <= 0x2069U) ||
         code == 0xfeffU;
}

}  // namespace

std::string_view name_of(const Event& event) {
  return std::visit([](const auto& e) { return std::decay_t<decltype(e)>::kName; }, event);
}

Visibility visibility_of(const Event& event) {
  return std::visit([](const auto& e) { return std::decay_t<decltype(e)>::kVisibility; }, event);
}

std::string json_string(std::string_view text) {
  constexpr std::uint32_t kReplacement = 0xfffd;
  std::string out = "\"";
  while (!text.empty()) {
    std::size_t size = 1;
    if (static_cast<unsigned char>(text.front()) < 0x80U) {
      append_ascii(out, text.front());
    } else {
      const std::uint32_t code = read_utf8(text, size);
      if (size == 0)
        append_escape(out, kReplacement);
      else if (needs_escape(code))
        append_escape(out, code);
      else
        out += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
  return out;
}

std::string to_json_line(const Record& record, std::string_view node) {
  std::string line = "{\"time\": ";
  line += seconds_text(record.at.time_since_epoch());
  line += ", \"node\": ";
  line += json_string(node);
  line += ", \"name\": ";
  line += json_string(name_of(record.event));
  line += ", \"data\": {";
  bool first = true;
  std::visit(
      [&](const auto& event) {
        event.fields([&](std::string_view key, const auto& value) {
          line += first ? "" : ", ";
          line += json_string(key);
          line += ": ";
          line += value_to_json(value);
          first = false;
        });
      },
      record.event);
  line += "}}";
  return line;
}

}  // namespace parley::trace

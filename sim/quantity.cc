#include "sim/quantity.h"

#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <system_error>

namespace parley::sim {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor = 1;
};

// Longer names first where one begins another ("min" and "ms" do not, "m" would).
constexpr std::array<Unit, 6> kTimeUnits{{{"ns", 1},
                                          {"us", 1'000},
                                          {"ms", 1'000'000},
                                          {"min", 60'000'000'000},
                                          {"s", 1'000'000'000},
                                          {"h", 3'600'000'000'000}}};
constexpr std::array<Unit, 4> kRateUnits{
    {{"bps", 1}, {"kbps", 1'000}, {"Mbps", 1'000'000}, {"Gbps", 1'000'000'000}}};
constexpr std::array<Unit, 4> kSizeUnits{
    {{"B", 1}, {"KiB", 1U << 10U}, {"MiB", 1U << 20U}, {"GiB", 1U << 30U}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A decimal number at the start of `text`, as digits and the number of them behind the point.
struct Decimal {
  std::uint64_t digits = 0;
  unsigned fraction = 0;
};

std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal value;
  bool point = false;
  std::size_t used = 0;
  std::size_t count = 0;
  for (; used < text.size(); ++used) {
    const char c = text[used];
    if (c == '.' && !point && count > 0) {
      point = true;
      continue;
    }
    if (!is_digit(c))
      break;
    if (++count > 18)
      return std::nullopt;
    value.digits = value.digits * 10U + static_cast<std::uint64_t>(c - '0');
    if (point)
      ++value.fraction;
  }
  // "1." and ".5" are no numbers.
  if (count == 0 || text[used - 1] == '.')
    return std::nullopt;
  text.remove_prefix(used);
  return value;
}

// value * factor as a whole number; nullopt when it is none or too large.
std::optional<std::uint64_t> scale(const Decimal& value, std::uint64_t factor) {
  __extension__ using Wide = unsigned __int128;
  Wide divisor = 1;
  for (unsigned i = 0; i < value.fraction; ++i)
    divisor *= 10U;
  const Wide product = static_cast<Wide>(value.digits) * factor;
  if (product % divisor != 0 || product / divisor > std::numeric_limits<std::int64_t>::max())
    return std::nullopt;
  return static_cast<std::uint64_t>(product / divisor);
}

// One "NUMBER UNIT" from the front of `text`.
std::optional<std::uint64_t> take_quantity(std::string_view& text, std::span<const Unit> units) {
  const std::optional<Decimal> number = take_decimal(text);
  if (!number)
    return std::nullopt;
  std::size_t length = 0;
  while (length < text.size() && !is_digit(text[length]))
    ++length;
  const std::string_view name = text.substr(0, length);
  for (const Unit& unit : units) {
    if (unit.name != name)
      continue;
    text.remove_prefix(length);
    return scale(*number, unit.factor);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
  const std::optional<std::uint64_t> value = take_quantity(text, units);
  return text.empty() ? value : std::nullopt;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  std::uint64_t total = 0;
  do {
    const std::optional<std::uint64_t> part = take_quantity(text, kTimeUnits);
    if (!part || *part > std::numeric_limits<std::int64_t>::max() - total)
      return std::nullopt;
    total += *part;
  } while (!text.empty());
  return Duration(static_cast<Duration::rep>(total));
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
  const std::optional<std::uint64_t> rate = parse_quantity(text, kRateUnits);
  return rate && *rate > 0 ? rate : std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse_quantity(text, kSizeUnits);
}

std::optional<double> parse_share(std::string_view text) {
  const std::optional<Decimal> number = take_decimal(text);
  if (!number || text != "%")
    return std::nullopt;
  double divisor = 100;
  for (unsigned i = 0; i < number->fraction; ++i)
    divisor *= 10;
  const double share = static_cast<double>(number->digits) / divisor;
  return share <= 1 ? std::optional(share) : std::nullopt;
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end && !text.empty() ? std::optional(value) : std::nullopt;
}

}  // namespace parley::sim

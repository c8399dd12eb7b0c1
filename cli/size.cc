#include "cli/size.h"

#include <array>
#include <charconv>
#include <limits>

#include "cli/error.h"

namespace parley::cli {

std::size_t parse_size(const std::string& text, std::string_view option) {
  struct Unit {
    std::string_view name;
    std::size_t bytes;
  };
  constexpr std::array<Unit, 7> kUnits{{{"B", 1},
                                        {"KiB", std::size_t{1} << 10U},
                                        {"MiB", std::size_t{1} << 20U},
                                        {"GiB", std::size_t{1} << 30U},
                                        {"kB", 1'000},
                                        {"MB", 1'000'000},
                                        {"GB", 1'000'000'000}}};
  std::size_t count = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, count);
  const std::string_view name(stop, static_cast<std::size_t>(end - stop));
  for (const Unit& unit : kUnits)
    if (error == std::errc{} && name == unit.name && count > 0 &&
        count <= std::numeric_limits<std::size_t>::max() / unit.bytes)
      return count * unit.bytes;
  throw bad_input(std::string{option} + ": expected a size like 512MiB, not '" + text + "'");
}

}  // namespace parley::cli

#include "analyzer/dissect/rtp_octet.h"

#include <fmt/format.h>

namespace parley::analyzer {

std::optional<std::uint8_t> dissect_first_octet(Field& to, FieldReader& reader) {
  const std::size_t at = reader.offset();
  const std::uint64_t first =
      reader.number(to, "Version", 1, [](std::uint64_t v) { return std::to_string(v >> 6U); });
  if (!reader.ok())
    return std::nullopt;
  to.children.back().fault = (first >> 6U) != 2;
  to.add("Padding", (first & 0x20U) != 0 ? "yes" : "no", at, 1);
  return static_cast<std::uint8_t>(first);
}

std::string ssrc_text(std::uint64_t ssrc) {
  return fmt::format("{:#010x}", ssrc);
}

std::uint64_t dissect_ssrc(Field& to, FieldReader& reader, std::string_view name) {
  return reader.number(to, name, 4, ssrc_text);
}

}  // namespace parley::analyzer

#include <array>

#include <fmt/format.h>

#include "analyzer/dissect/summary.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxName = 255;

std::string type_name(std::uint16_t type) {
  struct Row {
    std::uint16_t type;
    std::string_view name;
  };
  constexpr std::array<Row, 11> kRows{{{1, "A"},
                                       {2, "NS"},
                                       {5, "CNAME"},
                                       {6, "SOA"},
                                       {12, "PTR"},
                                       {15, "MX"},
                                       {16, "TXT"},
                                       {28, "AAAA"},
                                       {33, "SRV"},
                                       {65, "HTTPS"},
                                       {255, "ANY"}}};
  for (const Row& row : kRows)
    if (row.type == type)
      return std::string(row.name);
  return fmt::format("type {}", type);
}

// The first name behind the header, which no compression can shorten (RFC 1035 section 4.1.4).
std::optional<std::string> first_name(ByteReader& reader) {
  std::string name;
  while (true) {
    const std::uint8_t size = reader.u8("label");
    if (!reader.ok() || size > kMaxLabel || name.size() > kMaxName)
      return std::nullopt;
    if (size == 0)
      return name.empty() ? "." : name;
    name += (name.empty() ? "" : ".") + printable(reader.bytes(size, "label"));
  }
}

std::string_view response_code(unsigned code) {
  constexpr std::array<std::string_view, 6> kNames{
      "", "format error", "server failure", "no such name", "not implemented", "refused"};
  return code < kNames.size() ? kNames[code] : std::string_view("error");
}

}  // namespace

std::optional<std::string> dns_info(Bytes payload) {
  if (payload.size() < kHeader)
    return std::nullopt;
  const std::uint16_t flags = load_u16(payload.data() + 2);
  const std::uint16_t questions = load_u16(payload.data() + 4);
  const std::uint16_t answers = load_u16(payload.data() + 6);
  if ((flags & 0x7800U) != 0 || (questions == 0 && answers == 0))
    return std::nullopt;
  ByteReader reader(payload.subspan(kHeader));
  const auto name = first_name(reader);
  const std::uint16_t type = reader.u16("type");
  if (!name || !reader.ok())
    return std::nullopt;
  const bool response = (flags & 0x8000U) != 0;
  std::string text =
      fmt::format("{} {} {}", response ? "response" : "query", type_name(type), *name);
  const std::string_view code = response_code(flags & 15U);
  if (response && !code.empty())
    text += fmt::format("  {}", code);
  else if (response)
    text += fmt::format("  {} answer{}", answers, answers == 1 ? "" : "s");
  return text;
}

}  // namespace parley::analyzer

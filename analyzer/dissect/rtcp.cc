#include <array>

#include <fmt/format.h>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/field_reader.h"
#include "analyzer/dissect/summary.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kHeader = 4;
constexpr std::uint8_t kTransportFeedback = 205;
constexpr std::uint8_t kPayloadFeedback = 206;

// RFC 3550 section 6.4, RFC 4585 section 6.1
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |V=2|P| RC, FMT |  packet type  |   length in words, minus one  |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                        SSRC of the sender                     |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
void header(Field& to, FieldReader& reader) {
  const std::size_t at = reader.offset();
  const std::uint64_t first =
      reader.number(to, "Version", 1, [](std::uint64_t v) { return std::to_string(v >> 6U); });
  if (!reader.ok())
    return;
  to.children.back().fault = (first >> 6U) != 2;
  to.add("Padding", (first & 0x20U) != 0 ? "yes" : "no", at, 1);
  const std::uint64_t type = reader.peek(1);
  const bool feedback = type == kTransportFeedback || type == kPayloadFeedback;
  to.add(feedback ? "Format" : "Count", std::to_string(first & 0x1fU), at, 1);
  reader.number(to, "Packet Type", 1, [&](std::uint64_t v) {
    return fmt::format(
        "{} ({})", rtcp_name(static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(v)), v);
  });
  reader.number(to, "Length", 2,
                [](std::uint64_t v) { return fmt::format("{} bytes", 4 * (v + 1)); });
  if (reader.remaining() > 0)
    reader.number(to, "Sender SSRC", 4, [](std::uint64_t v) { return fmt::format("{:#010x}", v); });
}

// Whether the lengths of the packets lead to the end: those of SRTCP do not, because what stands
// behind the first header is encrypted.
bool is_compound(Bytes packet) {
  std::size_t at = 0;
  while (at + kHeader <= packet.size() && (load_u8(packet.data() + at) >> 6U) == 2)
    at += 4 * (std::size_t{load_u16(packet.data() + at + 2)} + 1);
  return at == packet.size();
}

void compound(Field& root, Bytes packet, std::size_t base) {
  for (std::size_t at = 0; at < packet.size();) {
    const std::size_t size = 4 * (std::size_t{load_u16(packet.data() + at + 2)} + 1);
    const std::string name =
        rtcp_name(load_u8(packet.data() + at), load_u8(packet.data() + at + 1));
    Field field = make_field(name, fmt::format("{} bytes", size), base + at, size);
    FieldReader reader(packet.subspan(at, size), base + at);
    header(field, reader);
    if (reader.remaining() > 0)
      reader.octets(field, "Body", reader.remaining());
    root.value.append(root.value.empty() ? "" : ", ").append(name);
    root.children.push_back(std::move(field));
    at += size;
  }
}

}  // namespace

std::string rtcp_name(std::uint8_t first, std::uint8_t type) {
  struct Row {
    std::uint8_t type;
    std::string_view name;
  };
  constexpr std::array<Row, 15> kRows{{{192, "FIR"},
                                       {193, "NACK"},
                                       {195, "extended jitter report"},
                                       {200, "sender report"},
                                       {201, "receiver report"},
                                       {202, "source description"},
                                       {203, "goodbye"},
                                       {204, "application-defined"},
                                       {kTransportFeedback, "transport feedback"},
                                       {kPayloadFeedback, "payload feedback"},
                                       {207, "extended report"},
                                       {208, "AVB"},
                                       {209, "receiver summary"},
                                       {210, "port mapping"},
                                       {211, "IDMS settings"}}};
  const unsigned format = first & 0x1fU;
  if (type == kTransportFeedback && format == 1)
    return "NACK";
  if (type == kTransportFeedback && format == 15)
    return "transport-wide feedback";
  if (type == kPayloadFeedback && format == 1)
    return "picture loss indication";
  if (type == kPayloadFeedback && format == 4)
    return "full intra request";
  for (const Row& row : kRows)
    if (row.type == type)
      return std::string(row.name);
  return fmt::format("packet type {}", type);
}

Field dissect_rtcp(Bytes packet, const DissectOptions& options, std::size_t base,
                   std::size_t missing) {
  Field root = make_field(options.srtp ? "SRTCP" : "RTCP", "", base, packet.size());
  if (!options.srtp && missing == 0 && !packet.empty() && is_compound(packet)) {
    compound(root, packet, base);
    propagate_faults(root);
    return root;
  }
  FieldReader reader(packet, base, missing);
  header(root, reader);
  if (packet.size() >= 2)
    root.value = rtcp_name(load_u8(packet.data()), load_u8(packet.data() + 1));
  if (reader.remaining() > 0) {
    const std::size_t size = reader.remaining();
    root.add(options.srtp ? "Encrypted Part, Index and Tag" : "Rest",
             missing > 0    ? cut_text(size, size + missing)
             : options.srtp ? fmt::format("{} bytes", size)
                            : fmt::format("{} bytes (SRTCP, or lengths that do not fit)", size),
             reader.offset(), size);
  }
  if (packet.empty())
    root.children.push_back(make_fault("Version", "no bytes", base, 0));
  propagate_faults(root);
  return root;
}

}  // namespace parley::analyzer

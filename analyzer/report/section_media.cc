#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/layout.h"
#include "analyzer/report/sections.h"
#include "stack/base/bytes.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kShown = 6;

std::string allocation_text(const TurnAllocation& allocation, const Page& page) {
  std::string text = fmt::format("{} -> {} ({})", to_string(allocation.client),
                                 to_string(allocation.server), allocation.transport);
  text += allocation.relayed ? ": relayed " + to_string(*allocation.relayed)
                             : std::string(": no relay");
  if (!allocation.state.empty())
    text += ", " + allocation.state;
  if (allocation.lifetime_s)
    text += fmt::format(", lifetime {} s", *allocation.lifetime_s);
  if (!allocation.channels.empty())
    text += ", " + counted(allocation.channels.size(), "channel");
  if (!allocation.permissions.empty())
    text += ", " + counted(allocation.permissions.size(), "permission");
  for (const TurnRefusal& refusal : allocation.refusals)
    if (refusal.code != 438 && (refusal.code != 401 || refusal.authenticated))
      text += fmt::format(", {} refused: {}", refusal.method, refusal.code);
  return text + " " + page.cite.range(allocation.first, allocation.last);
}

std::string payload_types_text(const Stream& stream) {
  std::string text;
  for (const std::uint8_t type : stream.payload_types)
    text += (text.empty() ? "" : ",") + std::to_string(type);
  return text;
}

}  // namespace

std::string turn_section(const Call& call, const Page& page) {
  if (call.turn.empty())
    return {};
  std::string out = "\n" + painted("TURN", Paint::Bold, page.options.color) + "\n";
  const std::size_t shown = std::min(kShown, call.turn.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const TurnAllocation& allocation = call.turn[i];
    const std::string owner = allocation.of ? std::string(to_string(*allocation.of)) : "?";
    out +=
        paragraph("   " + owner + "  ", allocation_text(allocation, page), 6, page.options.width);
  }
  if (call.turn.size() > shown)
    out += fmt::format("   and {} more\n", call.turn.size() - shown);
  return out;
}

std::string streams_section(const Call& call, const Page& page) {
  if (call.streams.empty())
    return {};
  Table table({{"", false, 0},
               {"SSRC", true, 0},
               {"kind", false, 2},
               {"PT", false, 0},
               {"packets", true, 0},
               {"lost", true, 0},
               {"reordered", true, 3},
               {"seconds", true, 1},
               {"packet numbers", false, 0}});
  const std::size_t shown = std::min(kShown, call.streams.size());
  const auto maybe = [](const std::optional<std::uint64_t>& n) {
    return n ? std::to_string(*n) : std::string("?");
  };
  for (std::size_t i = 0; i < shown; ++i) {
    const Stream& stream = call.streams[i];
    const std::string kind =
        stream.kind ? *stream.kind + (is_inferred(stream.inferred, "kind") ? "?" : "") : "";
    table.add_row({std::string(to_string(stream.from)), std::to_string(stream.ssrc), kind,
                   payload_types_text(stream), std::to_string(stream.packets), maybe(stream.lost),
                   maybe(stream.reordered),
                   stream.first_at && stream.last_at
                       ? page.cite.time(*stream.first_at) + " - " + page.cite.time(*stream.last_at)
                       : std::string(),
                   page.cite.range(stream.first, stream.last)});
  }
  std::string out = "\n" + painted("RTP", Paint::Bold, page.options.color) + "\n" +
                    table.render(3, page.options.width);
  if (call.streams.size() > shown)
    out += fmt::format("   and {} more\n", call.streams.size() - shown);
  return out;
}

}  // namespace parley::analyzer

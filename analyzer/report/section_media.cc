#include <algorithm>

#include <fmt/format.h>

#include "analyzer/model/coverage.h"
#include "analyzer/report/layout.h"
#include "analyzer/report/sections.h"
#include "stack/base/bytes.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kShown = 6;

// A 401 to a request without credentials asks for them, and a 438 for a new nonce: both belong to
// every TURN session (RFC 8489 9.2.4, 9.2.5).
bool is_challenge(const TurnRefusal& refusal) {
  return refusal.code == 438 || (refusal.code == 401 && !refusal.authenticated);
}

std::string refusal_text(const TurnRefusal& refusal) {
  std::string text = fmt::format("{} refused: {}", refusal.method, refusal.code);
  if (!refusal.reason.empty())
    text += " " + printable(refusal.reason);
  return refusal.count > 1 ? text + fmt::format(" ({} times)", refusal.count) : text;
}

std::string allocation_text(const Call& call, const TurnAllocation& allocation, const Page& page) {
  std::string text = fmt::format("{} -> {} over {}", to_string(allocation.client),
                                 to_string(allocation.server), capitals(allocation.transport));
  if (allocation.relayed)
    text += ": relayed " + to_string(*allocation.relayed);
  else if (allocation.made_before)
    text += ": a relay made before the capture began";
  else if (allocation.of && relay_is_open(call, *allocation.of))
    text += ": whether it got a relay is not known";
  else
    text += allocation.allocated_by ? ": a relay, its address was not captured" : ": no relay";
  std::string refusals;
  for (const TurnRefusal& refusal : allocation.refusals)
    if (!is_challenge(refusal))
      refusals += ", " + refusal_text(refusal);
  if (!allocation.state.empty() && (allocation.state != "refused" || refusals.empty()))
    text += ", " + allocation.state + (is_inferred(allocation.inferred, "state") ? "?" : "");
  if (allocation.lifetime_s)
    text += fmt::format(", lifetime {} s", *allocation.lifetime_s);
  if (!allocation.channels.empty())
    text += ", " + counted(allocation.channels.size(), "channel");
  if (!allocation.permissions.empty())
    text += ", " + counted(allocation.permissions.size(), "permission");
  if (allocation.requests == 0 && allocation.unasked > 0)
    refusals += ", the requests are not here";
  return text + refusals + " " + page.cite.range(allocation.first, allocation.last);
}

std::string payload_types_text(const Stream& stream) {
  std::string text;
  for (const std::uint8_t type : stream.payload_types)
    text += (text.empty() ? "" : "/") + std::to_string(type);
  return text;
}

std::string lost_legend(bool unknown, bool inferred, const Page& page) {
  if (!unknown && !inferred)
    return {};
  std::string text = "lost: before the captured point nearest to the receiver";
  if (unknown)
    text += "; - where only the sender's side was captured, or it is not known which";
  if (inferred)
    text += "; ? is inferred";
  return paragraph("      ", text, 6, page.options.width);
}

}  // namespace

std::string turn_section(const Call& call, const Page& page) {
  if (call.turn.empty())
    return {};
  std::string out = "\n" + painted("TURN", Paint::Bold, page.options.color) + "\n";
  const std::size_t shown = page.shown(call.turn.size(), kShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const TurnAllocation& allocation = call.turn[i];
    const std::string owner = allocation.of ? std::string(to_string(*allocation.of)) : "?";
    out += paragraph("   " + owner + "  ", allocation_text(call, allocation, page), 6,
                     page.options.width);
  }
  return out + page.rest(3, call.turn.size() - shown);
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
               {"not captured", true, 0},
               {"twice", true, 3},
               {"reordered", true, 3},
               {"seconds", true, 1},
               {"packet numbers", false, 0}});
  const std::size_t shown = page.shown(call.streams.size(), kShown);
  const auto maybe = [](const std::optional<std::uint64_t>& n) {
    return n ? std::to_string(*n) : std::string("-");
  };
  const auto unless_none = [](const std::optional<std::uint64_t>& n) {
    return n.value_or(0) > 0 ? std::to_string(*n) : std::string();
  };
  bool unknown = false;
  bool inferred = false;
  for (std::size_t i = 0; i < shown; ++i) {
    const Stream& stream = call.streams[i];
    unknown = unknown || !stream.lost;
    inferred = inferred || is_inferred(stream.inferred, "lost");
    const std::string kind =
        stream.kind ? *stream.kind + (is_inferred(stream.inferred, "kind") ? "?" : "") : "";
    table.add_row({std::string(to_string(stream.from)), std::to_string(stream.ssrc), kind,
                   payload_types_text(stream), std::to_string(stream.packets),
                   maybe(stream.lost) + (is_inferred(stream.inferred, "lost") ? "?" : ""),
                   unless_none(stream.not_captured), unless_none(stream.duplicated),
                   maybe(stream.reordered),
                   stream.first_at && stream.last_at
                       ? page.cite.time(*stream.first_at) + " - " + page.cite.time(*stream.last_at)
                       : std::string(),
                   page.cite.range(stream.first, stream.last)});
  }
  return "\n" + painted("RTP", Paint::Bold, page.options.color) + "\n" + page.table(table, 3) +
         lost_legend(unknown, inferred, page) + page.rest(3, call.streams.size() - shown);
}

}  // namespace parley::analyzer

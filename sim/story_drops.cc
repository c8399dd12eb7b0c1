#include "sim/story_drops.h"

#include <fmt/format.h>

#include "sim/story_cause.h"
#include "sim/story_layout.h"

namespace parley::sim {
namespace {

std::string carried(const trace::PacketDropped& event) {
  return event.content.empty() ? "packet" : event.content;
}

// "STUN packets" for what "Binding request" is one of.
std::string protocol_of(const trace::PacketDropped& event) {
  if (!event.transaction.empty())
    return "STUN";
  return event.content.substr(0, event.content.find(' '));
}

}  // namespace

std::string StoryDrops::sender(const trace::Record& record,
                               const trace::PacketDropped& event) const {
  const std::optional<std::size_t> side = network_.sender(record, event);
  return side ? network_.name(*side) : to_string(event.source);
}

std::string StoryDrops::receiver(const trace::Record& record,
                                 const trace::PacketDropped& event) const {
  const std::optional<std::size_t> side = network_.receiver(record, event);
  return side ? network_.name(*side) : to_string(event.destination);
}

StoryDrops::Kind StoryDrops::kind_of(const trace::Record& record,
                                     const trace::PacketDropped& event) const {
  return {record.actor.value(), event.reason, event.place, sender(record, event),
          protocol_of(event)};
}

std::optional<DropLine> StoryDrops::tell(std::size_t index) {
  const trace::Record& record = result_.records[index];
  const auto& event = std::get<trace::PacketDropped>(record.event);
  if (event.reason == "no-route" || event.reason == "no-neighbor")
    return std::nullopt;  // said with the check
  const Kind kind = kind_of(record, event);
  if (!told_.insert(kind).second)
    return std::nullopt;
  const std::string from = sender(record, event);
  std::string what;
  if (event.reason == "nat-filtered")
    what = fmt::format("filters {}'s {} to {}: nothing was sent to {} yet", from, carried(event),
                       to_string(event.destination), to_string(event.source));
  else if (event.place.empty())
    what = fmt::format("drops {} of {}: {}", carried(event), from, reason_text(event.reason));
  else
    what = fmt::format("{} {} {} of {} to {}{}", event.place,
                       event.reason == "loss" ? "loses" : "has no room for", carried(event), from,
                       receiver(record, event), sent_again(index, event));
  return DropLine{event.place.empty() ? network_.node(record.actor) : "link",
                  what + more_like_it(index, kind)};
}

std::string StoryDrops::more_like_it(std::size_t index, const Kind& kind) const {
  std::uint64_t count = 0;
  Instant last;
  for (std::size_t i = index + 1; i < result_.records.size(); ++i) {
    const trace::Record& record = result_.records[i];
    const auto* dropped = std::get_if<trace::PacketDropped>(&record.event);
    if (dropped == nullptr || kind_of(record, *dropped) != kind)
      continue;
    ++count;
    last = record.at;
  }
  if (count == 0)
    return {};
  const std::string& protocol = std::get<4>(kind);
  return fmt::format(
      "; and {} until {:.3f}",
      counted(count, protocol.empty() ? "more packet" : "more " + protocol + " packet"),
      to_seconds(last));
}

// When its sender repeated what was lost.
std::string StoryDrops::sent_again(std::size_t index, const trace::PacketDropped& event) const {
  const trace::Record& lost = result_.records[index];
  const std::optional<std::size_t> side = network_.sender(lost, event);
  for (std::size_t i = index + 1; side && i < result_.records.size(); ++i) {
    const trace::Record& record = result_.records[i];
    if (network_.side_of(record.actor) != side)
      continue;
    const auto* check = std::get_if<trace::IceCheckSent>(&record.event);
    const auto* flight = std::get_if<trace::DtlsFlightSent>(&record.event);
    const bool check_again = check != nullptr && !event.transaction.empty() && check->attempt > 1 &&
                             check->transaction == event.transaction && record.at > lost.at;
    const bool flight_again =
        flight != nullptr && event.content.starts_with("DTLS") && flight->attempt > 1;
    if (check_again || flight_again)
      return fmt::format("; sent again at {:.3f}", to_seconds(record.at));
  }
  return {};
}

}  // namespace parley::sim

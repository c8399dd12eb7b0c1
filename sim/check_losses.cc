#include "sim/check_losses.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>

#include "sim/story_layout.h"

namespace parley::sim {
namespace {

std::set<std::string> unanswered(const RunResult& result, trace::ActorId agent, std::size_t until) {
  std::set<std::string> open;
  for (std::size_t i = 0; i < until; ++i) {
    const trace::Record& record = result.records[i];
    if (record.actor != agent)
      continue;
    if (const auto* sent = std::get_if<trace::IceCheckSent>(&record.event))
      open.insert(sent->transaction);
    else if (std::holds_alternative<trace::IceCheckAnswered>(record.event))
      open.clear();
  }
  return open;
}

struct Losses {
  std::uint64_t requests = 0, responses = 0;
};

std::string text_of(const Losses& losses) {
  std::string text;
  if (losses.requests > 0)
    text = counted(losses.requests, "request");
  if (losses.responses > 0)
    text += (text.empty() ? "" : " and ") + counted(losses.responses, "response");
  return text;
}

}  // namespace

std::string lost_since_last_answer(const RunResult& result, trace::ActorId agent,
                                   std::size_t until) {
  until = std::min(until, result.records.size());
  const std::set<std::string> open = unanswered(result, agent, until);
  std::map<std::string, Losses> places;
  for (std::size_t i = 0; i < until; ++i) {
    const trace::Record& record = result.records[i];
    const auto* dropped = std::get_if<trace::PacketDropped>(&record.event);
    if (dropped == nullptr || !open.contains(dropped->transaction))
      continue;
    Losses& losses =
        places[dropped->place.empty() ? result.nodes[record.actor.value()] + " dropped "
                                      : "the link " + dropped->place + " lost "];
    const bool request = dropped->content.find("request") != std::string::npos;
    ++(request ? losses.requests : losses.responses);
  }
  std::string text;
  for (const auto& [place, losses] : places)
    text += (text.empty() ? "" : ", ") + place + text_of(losses);
  return text;
}

}  // namespace parley::sim

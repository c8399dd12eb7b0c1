#include <algorithm>

#include <fmt/format.h>

#include "analyzer/diagnose/call_end.h"
#include "analyzer/diagnose/facts.h"
#include "analyzer/diagnose/timeline_builder.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

std::string who(const std::optional<Side>& side) {
  return side ? std::string(to_string(*side)) : std::string("A client");
}

std::string rtt_range(const RttSummary& rtt) {
  const std::string least = number(rtt.min);
  const std::string most = number(rtt.max);
  return least == most ? least : least + " to " + most;
}

bool is_silent(const TurnAllocation& allocation) {
  return allocation.responses == 0 && allocation.requests > 0 && !allocation.knows_nonce;
}

std::string question_text(const TurnAllocation& allocation, std::ptrdiff_t sockets, bool hidden) {
  const std::string us = who(allocation.of);
  const std::string server = to_string(allocation.server);
  const std::string transport = capitals(allocation.transport);
  const std::string ports = sockets > 1 ? fmt::format(", from {} ports", sockets) : std::string();
  if (allocation.made_before)
    return fmt::format("{} uses a relay of TURN server {} over {}{}, made before the capture began",
                       us, server, transport, ports);
  return fmt::format("{} asks TURN server {} over {}{}{}{}", us, server, transport,
                     allocation.asked ? " for a relay" : "", ports,
                     is_silent(allocation) && !hidden ? ": no answer" : "");
}

bool same_question(const TurnAllocation& x, const TurnAllocation& y) {
  const bool x_silent = is_silent(x);
  const bool y_silent = is_silent(y);
  return x.of == y.of && x.server == y.server && x.transport == y.transport &&
         x.made_before == y.made_before && x.asked == y.asked && x_silent == y_silent;
}

std::string question_text(const StunTalk& talk) {
  const StunServerUse& first = *talk.first;
  std::string asks = fmt::format("{} asks STUN server {}", who(first.of), to_string(first.server));
  if (talk.sockets > 1 && talk.requests > 0)
    asks += fmt::format(" from {} ports", talk.sockets);
  if (talk.rtt)
    asks += fmt::format(" (RTT {} ms)", rtt_range(*talk.rtt));
  else if (talk.responses == 0 && talk.requests > 0 && talk.could_show)
    asks += fmt::format(": no answer to {}{}", counted(talk.requests, "request"),
                        talk.answered_elsewhere != nullptr ? " arrives" : "");
  return asks;
}

}  // namespace

void TimelineBuilder::add_stun_servers() {
  for (const StunTalk& talk : stun_talks(call_)) {
    const StunServerUse& first = *talk.first;
    const std::string asks =
        talk.requests == 0 && !call_.from_run
            ? fmt::format("STUN server {} answers {}; the question is not here",
                          to_string(first.server), first.of ? who(first.of) : "a client")
            : question_text(talk);
    const std::size_t question = entries_.size();
    add(first.first_at, first.first, first.of, "stun", asks);
    if (talk.responses > 0 || talk.requests == 0)
      weigh(question, Weight::Detail);
    if (talk.answered == nullptr || talk.answered->mapped.empty())
      continue;
    const StunServerUse& use = *talk.answered;
    const Endpoint& seen = use.mapped.front();
    // Equal addresses say nothing about NATs on the peer's side of the capture point.
    add(use.first_response_at, use.first_response, use.of, "stun",
        seen == use.client ? fmt::format("the server sees {} as {}: no NAT between this capture "
                                         "point and the server",
                                         who(use.of), to_string(seen))
                           : fmt::format("{} is behind a NAT: {} is seen as {}", who(use.of),
                                         to_string(use.client), to_string(seen)));
  }
}

void TimelineBuilder::add_refusals(const TurnAllocation& allocation) {
  const std::size_t first = entries_.size();
  for (const TurnRefusal& refusal : allocation.refusals) {
    if (ordinary(refusal))
      continue;
    add(refusal.first_at, refusal.first, allocation.of, "turn",
        fmt::format("{} of {} is refused: {}{}", refusal.method, who(allocation.of), refusal.code,
                    refusal.reason.empty() ? "" : " " + refusal.reason));
  }
  weigh(first, Weight::Main);
}

// One side asks one server from several sockets: one line.
void TimelineBuilder::add_turn_questions() {
  for (auto it = call_.turn.begin(); it != call_.turn.end(); ++it) {
    const TurnAllocation& allocation = *it;
    const auto same = [&](const TurnAllocation& other) { return same_question(other, allocation); };
    if (std::any_of(call_.turn.begin(), it, same))
      continue;
    const auto sockets = std::count_if(it, call_.turn.end(), same);
    const std::size_t question = entries_.size();
    // A run counts no requests.
    const bool unseen =
        allocation.requests == 0 && !allocation.asked && !allocation.made_before && !call_.from_run;
    add(allocation.first_at, allocation.first, allocation.of, "turn",
        unseen ? fmt::format("TURN server {} answers {} over {}; the requests are not here",
                             to_string(allocation.server),
                             allocation.of ? who(allocation.of) : "a client",
                             capitals(allocation.transport))
               : question_text(allocation, sockets, !answers_could_show(call_, allocation)));
    if (allocation.responses > 0 || allocation.requests == 0)
      weigh(question, Weight::Detail);
  }
}

void TimelineBuilder::add_release(const TurnAllocation& allocation) {
  const std::size_t first = entries_.size();
  const std::string us = who(allocation.of);
  const std::optional<Leaving> leaving = first_to_leave(call_);
  const bool ends = leaving && allocation.released && leaving->packet == allocation.released;
  add(allocation.released_at, allocation.released, allocation.of, "turn",
      ends ? fmt::format("{} hangs up (inferred): it gives up its relay, Refresh with lifetime 0",
                         us)
           : fmt::format("{} gives up its relay{}: Refresh with lifetime 0", us,
                         allocation.relayed ? " " + to_string(*allocation.relayed) : ""));
  if (ends)
    weigh(first, Weight::Main);
  const std::size_t closed = entries_.size();
  if (allocation.transport != "udp")
    add(allocation.connection_ended_at, allocation.connection_ended, allocation.of, "turn",
        fmt::format("the {} connection of {} to TURN server {} ends",
                    capitals(allocation.transport), us, to_string(allocation.server)));
  if (allocation.released)
    weigh(closed, Weight::Detail);
}

void TimelineBuilder::add_turn() {
  add_turn_questions();
  for (const TurnAllocation& allocation : call_.turn) {
    if (allocation.relayed)
      add(allocation.allocated_at, allocation.allocated_by, allocation.of, "turn",
          fmt::format("{} has relay {}{}", who(allocation.of), to_string(*allocation.relayed),
                      allocation.mapped ? ", and is seen as " + to_string(*allocation.mapped)
                                        : std::string()));
    add_refusals(allocation);
    for (const TurnChannel& channel : allocation.channels)
      add(channel.bound_at, channel.bound, allocation.of, "turn",
          fmt::format("{} binds channel {:#06x} to {}", who(allocation.of), channel.number,
                      channel.peer ? to_string(*channel.peer) : "?"));
    add_release(allocation);
  }
}

}  // namespace parley::analyzer

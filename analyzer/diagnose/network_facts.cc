#include "analyzer/diagnose/network_facts.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "analyzer/diagnose/facts.h"
#include "analyzer/model/coverage.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kMostListed = 4;

template <class F>
void for_each_pair(const Call& call, Side side, F&& f) {
  for (const Transport& transport : call.transports)
    for (const Pair& pair : transport.pairs)
      if (pair.agent == side && pair.requests > 0)
        f(pair);
}

std::set<Endpoint> addresses_checked_by(const Call& call, Side side) {
  std::set<Endpoint> addresses;
  for_each_pair(call, side, [&](const Pair& pair) {
    if (pair.remote.address)
      addresses.insert(*pair.remote.address);
  });
  return addresses;
}

std::string port_list(const std::vector<Endpoint>& addresses) {
  std::vector<std::string> words;
  words.reserve(addresses.size());
  for (const Endpoint& address : addresses)
    words.push_back(words.empty() ? to_string(address) : fmt::format(":{}", address.port));
  return listed(words, kMostListed);
}

bool is_stun_server(const Call& call, const Endpoint& address) {
  return std::any_of(call.stun_servers.begin(), call.stun_servers.end(),
                     [&](const StunServerUse& use) { return use.server == address; });
}

// The mappings of one socket, which stand together.
using Mappings = std::vector<const NatMapping*>;
std::vector<Mappings> by_socket(const Nat& nat) {
  std::vector<Mappings> sockets;
  for (const NatMapping& mapping : nat.mappings) {
    if (sockets.empty() || sockets.back().front()->inside != mapping.inside)
      sockets.emplace_back();
    sockets.back().push_back(&mapping);
  }
  return sockets;
}

std::size_t distinct_outside(const Mappings& mappings) {
  std::set<Endpoint> outside;
  for (const NatMapping* mapping : mappings)
    outside.insert(mapping->outside);
  return outside.size();
}

std::string mapping_fact(const Story& story, Side side, const Mappings& mappings) {
  std::vector<std::string> parts;
  std::vector<PacketRef> packets;
  for (const NatMapping* mapping : mappings) {
    parts.push_back(
        fmt::format(":{} to {}{}", mapping->outside.port,
                    is_stun_server(story.call, mapping->destination) ? "the STUN server " : "",
                    to_string(mapping->destination)));
    packets.push_back(mapping->shown_by);
  }
  return fmt::format("{}'s NAT gives {} another port of {} for each destination: {} {}.",
                     to_string(side), to_string(mappings.front()->inside),
                     to_string(mappings.front()->outside.address), listed(parts, kMostListed),
                     story.cite.list(packets));
}

// The first sentence of an unanswered pair: from where to where, how many.
std::string end_fact(const Story& story, Side side, const Pair& pair) {
  const SeenAt& last = pair.requests_seen_at.back();
  const std::optional<PointId> far = home_of(story.call, other(side));
  const bool apart = far && far != home_of(story.call, side);
  const bool missing_there =
      apart && could_show(story.call, *far, side) &&
      std::none_of(pair.requests_seen_at.begin(), pair.requests_seen_at.end(),
                   [&](const SeenAt& seen) { return seen.point() == *far; });
  const std::string what = fmt::format("{}'s checks {} -> {}: ", to_string(side),
                                       address_word(pair.local), address_word(pair.remote));
  const std::string seen = fmt::format("{} of {}", last.count, pair.requests);
  const std::string where = fmt::format("{} {}", place_name(story, last.point()),
                                        story.cite.range(last.first, last.last));
  if (apart && *far == last.point())
    return fmt::format("{}{} reached {}, and got no answer there.", what, seen, where);
  return fmt::format("{}{} seen last at {}{}.", what, seen, where,
                     missing_there ? ", none at " + place_name(story, *far) : std::string());
}

bool told_where_it_ended(const Pair& pair) {
  return pair.requests > 0 && pair.responses == 0 && !pair.requests_seen_at.empty();
}

}  // namespace

bool several_points(const Story& story) {
  const std::vector<PointId>& points = story.call.points;
  return points.empty() ? story.captures.size() > 1 : points.size() > 1;
}

std::optional<PointId> home_of(const Call& call, Side side) {
  std::map<PointId, std::uint64_t> checks;
  for_each_pair(call, side, [&](const Pair& pair) {
    if (pair.point())
      checks[*pair.point()] += pair.requests;
  });
  const auto most =
      std::max_element(checks.begin(), checks.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == checks.end() ? std::nullopt : std::optional(most->first);
}

std::string place_name(const Story& story, PointId point) {
  const std::string name = story.cite.place(point);
  return name.empty() ? "this point" : name;
}

bool seen_outside_nat(const Call& call, Side side) {
  return std::any_of(
      call.stun_servers.begin(), call.stun_servers.end(), [&](const StunServerUse& use) {
        return use.of == side && !use.mapped.empty() && use.mapped.front() == use.client;
      });
}

bool changes_port(const Call& call, Side side) {
  const Nat& nat = call.peers[index_of(side)].nat;
  return nat.mapping && *nat.mapping != "endpoint-independent";
}

namespace {

// As a capture outside of the NAT shows it: no socket, only where its packets come from.
bool changes_port_outside(const Call& call, Side side) {
  return changes_port(call, side) && call.peers[index_of(side)].nat.mappings.empty();
}

std::string outside_fact(const Story& story, Side side) {
  std::vector<std::string> parts;
  std::vector<PacketRef> packets;
  for_each_pair(story.call, side, [&](const Pair& pair) {
    if (pair.through_turn || !pair.local.address || !pair.first)
      return;
    parts.push_back(
        fmt::format("from {} to {}", to_string(*pair.local.address), address_word(pair.remote)));
    packets.push_back(*pair.first);
  });
  return fmt::format("{}'s checks come {}: another port for each destination {}.", to_string(side),
                     listed(parts, kMostListed), story.cite.list(packets));
}

}  // namespace

bool sends_from_public(const Call& call, Side side) {
  bool any = false;
  bool all = true;
  for_each_pair(call, side, [&](const Pair& pair) {
    if (pair.through_turn || !pair.local.address)
      return;
    any = true;
    all = all && pair.local.address->address.classify() == AddressClass::Global;
  });
  return any && all;
}

std::vector<Endpoint> untold_sources(const Call& call, Side side) {
  const std::set<Endpoint> aimed_at = addresses_checked_by(call, other(side));
  // The port that a relay of the other side got to know is reached from that relay alone.
  std::set<Endpoint> aimed_at_directly;
  for_each_pair(call, other(side), [&](const Pair& pair) {
    if (pair.remote.address && !pair.through_turn)
      aimed_at_directly.insert(*pair.remote.address);
  });
  const std::set<Endpoint> targets = addresses_checked_by(call, side);
  std::vector<Endpoint> sources;
  for (const NatMapping& mapping : call.peers[index_of(side)].nat.mappings)
    if (targets.count(mapping.destination) > 0)
      sources.push_back(mapping.outside);
  // A capture outside of the NAT shows no inside: there the checks come from the address itself.
  if (seen_outside_nat(call, side) || changes_port_outside(call, side))
    for_each_pair(call, side, [&](const Pair& pair) {
      if (pair.local.address && !pair.through_turn)
        sources.push_back(*pair.local.address);
    });
  std::vector<Endpoint> untold;
  for (const Endpoint& source : sources) {
    const bool same_host = std::any_of(aimed_at.begin(), aimed_at.end(), [&](const Endpoint& aim) {
      return aim.address == source.address;
    });
    if (aimed_at_directly.count(source) > 0)
      return {};
    if (same_host && aimed_at.count(source) == 0 &&
        std::find(untold.begin(), untold.end(), source) == untold.end())
      untold.push_back(source);
  }
  return untold;
}

void add_mapping_facts(const Story& story, Side side, Finding& finding) {
  if (!changes_port(story.call, side))
    return;
  if (changes_port_outside(story.call, side))
    finding.facts.push_back(outside_fact(story, side));
  for (const Mappings& mappings : by_socket(story.call.peers[index_of(side)].nat)) {
    if (distinct_outside(mappings) < 2)
      continue;
    finding.facts.push_back(mapping_fact(story, side, mappings));
    for (const NatMapping* mapping : mappings)
      if (finding.evidence.size() < kMostListed * 2)
        finding.evidence.push_back(mapping->shown_by);
    return;  // one socket is enough
  }
}

void add_untold_port_fact(const Story& story, Side side, Finding& finding) {
  const std::vector<Endpoint> untold = untold_sources(story.call, side);
  if (untold.empty())
    return;
  std::vector<Endpoint> aims;
  for (const Endpoint& aim : addresses_checked_by(story.call, other(side)))
    if (aim.address == untold.front().address)
      aims.push_back(aim);
  const std::string_view us = to_string(side);
  const std::string_view them = to_string(other(side));
  finding.facts.push_back(fmt::format(
      "{}'s checks go to {}, and {}'s checks come from {}: another port, which no check of {} "
      "goes to.",
      them, port_list(aims), us, port_list(untold), them));
}

namespace {

// What servers told a side of its address outside of a NAT.
std::vector<std::pair<Endpoint, PacketRef>> told_addresses(const Call& call, Side side) {
  std::vector<std::pair<Endpoint, PacketRef>> told;
  for (const StunServerUse& use : call.stun_servers)
    for (const Endpoint& mapped : use.mapped)
      if (use.of == side && use.first_response && mapped.address != use.client.address)
        told.emplace_back(mapped, *use.first_response);
  for (const TurnAllocation& allocation : call.turn)
    if (allocation.of == side && allocation.transport == "udp" && allocation.mapped &&
        allocation.allocated_by && allocation.mapped->address != allocation.client.address)
      told.emplace_back(*allocation.mapped, *allocation.allocated_by);
  return told;
}

}  // namespace

std::optional<SharedAddress> shared_address(const Call& call, Side side) {
  if (heard_from(call, other(side)) > 0 && !ends_before_peer(call, other(side)))
    return std::nullopt;
  const std::vector<std::pair<Endpoint, PacketRef>> told = told_addresses(call, side);
  std::optional<SharedAddress> shared;
  bool other_public = false;
  for_each_pair(call, side, [&](const Pair& pair) {
    if (pair.through_turn || !pair.remote.address || pair.responses > 0 ||
        pair.remote.address->address.classify() != AddressClass::Global)
      return;
    const auto own = std::find_if(told.begin(), told.end(), [&](const auto& t) {
      return t.first.address == pair.remote.address->address && t.first != *pair.remote.address;
    });
    if (own == told.end())
      other_public = true;
    else if (!shared)
      shared = SharedAddress{own->first, own->second, &pair};
  });
  return other_public ? std::nullopt : shared;
}

void add_shared_address_facts(const Story& story, Finding& finding) {
  for (const Side side : {Side::A, Side::B}) {
    const std::optional<SharedAddress> shared = shared_address(story.call, side);
    if (!shared)
      continue;
    finding.facts.push_back(
        fmt::format("{} is {} outside of its NAT {}, and checks {} {}: the same address.",
                    to_string(side), to_string(shared->own), story.cite.ref(shared->told_by),
                    address_word(shared->pair->remote), story.cite.ref(shared->pair->first)));
    finding.evidence.push_back(shared->told_by);
    if (shared->pair->first)
      finding.evidence.push_back(*shared->pair->first);
  }
}

std::optional<PointId> both_end_at(const Call& call) {
  std::optional<PointId> end;
  for (const Side side : {Side::A, Side::B}) {
    bool one = ends_before_peer(call, side);
    for_each_pair(call, side, [&](const Pair& pair) {
      if (!told_where_it_ended(pair) || pair.through_turn || !pair.remote.address ||
          pair.remote.address->address.classify() != AddressClass::Global)
        return;
      const PointId last = pair.requests_seen_at.back().point();
      one = one && end.value_or(last) == last && last != home_of(call, side);
      end = last;
    });
    if (!one)
      return std::nullopt;
  }
  return end;
}

const Pair* only_reflexive(const Transport& transport, Side side) {
  // Which check came first was before the capture.
  if (first_checks_missing(transport))
    return nullptr;
  const Pair* own = nullptr;
  for (const Pair& pair : transport.pairs) {
    if (pair.agent != side || pair.requests == 0)
      continue;
    if (own != nullptr && own->remote.address != pair.remote.address)
      return nullptr;
    if (own == nullptr || (pair.first_at && own->first_at && *pair.first_at < *own->first_at))
      own = &pair;
  }
  if (own == nullptr || !own->heard_first || !own->remote.address || own->remote.type ||
      !own->local.type || own->remote.address->address.classify() != AddressClass::Global)
    return nullptr;
  return own;
}

void add_end_facts(const Story& story, Side side, Finding& finding) {
  if (!several_points(story))
    return;
  std::size_t told = 0;
  for_each_pair(story.call, side, [&](const Pair& pair) {
    if (!told_where_it_ended(pair) || ++told > kMostListed)
      return;
    finding.facts.push_back(end_fact(story, side, pair));
    finding.evidence.push_back(pair.requests_seen_at.back().last);
  });
}

bool ends_before_peer(const Call& call, Side side) {
  const std::optional<PointId> near = home_of(call, side);
  const std::optional<PointId> far = home_of(call, other(side));
  if (!near || !far || *near == *far || !could_show(call, *far, side))
    return false;
  bool any = false;
  bool all = true;
  for_each_pair(call, side, [&](const Pair& pair) {
    any = true;
    all = all && told_where_it_ended(pair) && pair.requests_seen_at.back().point() != *far;
  });
  return any && all;
}

namespace {

// Longest pause between two checks of consent (RFC 7675 section 5.1), and time for the answer.
constexpr Duration kOneCheck = std::chrono::seconds(7);

// The other side's checks went on after the silence had begun: `there` until it, and `back`, with
// their answers, from it. Then packets are lost, but no direction is broken.
struct Heard {
  bool there = false, back = false;
};
Heard heard_after(const Transport& transport, Side side, Instant silent) {
  Heard heard;
  for (const Pair& pair : transport.pairs) {
    if (pair.agent == side)
      continue;
    const Instant since = silent + kOneCheck;
    const bool answered = pair.last_response_at && *pair.last_response_at > since;
    heard.back = heard.back || answered;
    heard.there = heard.there || answered ||
                  std::any_of(pair.answered_elsewhere.begin(), pair.answered_elsewhere.end(),
                              [&](const SeenAt& seen) { return seen.last_at > since; });
  }
  return heard;
}

}  // namespace

const SeenPacket* last_through(const Transport& transport, const BrokenWay& way,
                               const Pair& selected) {
  constexpr Duration kLong = std::chrono::seconds(2);
  const std::optional<SeenPacket>& last = transport.last_arrival[index_of(way.from)];
  if (!last || last->point != way.missing)
    return nullptr;
  const LostSince& lost = selected.since_answer;
  const auto& entered =
      selected.agent == way.from ? lost.requests_seen_at : lost.answered_elsewhere;
  const bool goes_on = std::any_of(entered.begin(), entered.end(), [&](const SeenAt& seen) {
    return seen.point() == way.seen && seen.last_at > last->at + kLong;
  });
  return goes_on ? &*last : nullptr;
}

std::optional<BrokenWay> broken_way(const Call& call, const Transport& transport, Side side,
                                    const Pair& selected) {
  const std::optional<PointId> near = home_of(call, side);
  const std::optional<PointId> far = home_of(call, other(side));
  if (!near || !far || *near == *far || !selected.last_response_at)
    return std::nullopt;
  const LostSince& lost = selected.since_answer;
  // A path that lost packets all the time did not break.
  if (selected.unanswered > lost.unanswered + lost.unanswered / 4)
    return std::nullopt;
  const auto most = [&](const SeenAt& seen) { return seen.count * 2 > lost.unanswered; };
  const Heard heard = heard_after(transport, side, *selected.last_response_at);
  for (const SeenAt& answers : lost.answered_elsewhere)
    if (!heard.there && answers.point() != *near && most(answers) &&
        could_show(call, *near, other(side)))
      return BrokenWay{other(side), answers.point(), *near};
  if (!heard.back && !lost.requests_seen_at.empty() && lost.answered_elsewhere.empty()) {
    const SeenAt& seen = lost.requests_seen_at.back();
    if (seen.point() != *far && most(seen) && could_show(call, *far, side))
      return BrokenWay{side, seen.point(), *far};
  }
  return std::nullopt;
}

}  // namespace parley::analyzer

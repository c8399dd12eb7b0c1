#include "analyzer/clock_offsets.h"

#include <algorithm>

namespace parley::analyzer {

namespace {

// A packet that passes one point twice, as at a router.
constexpr Duration kCopy = std::chrono::milliseconds(20);

}  // namespace

void ClockOffsets::Ways::Range::add(Duration value) {
  least = count == 0 ? value : std::min(least, value);
  most = count == 0 ? value : std::max(most, value);
  ++count;
}

std::optional<std::uint32_t> ClockOffsets::session_named(const std::string& name) {
  if (const auto known = sessions_.find(name); known != sessions_.end())
    return known->second;
  if (sessions_.size() >= kMaxSessions)
    return std::nullopt;
  const auto fresh = static_cast<std::uint32_t>(sessions_.size());
  sessions_.emplace(name, fresh);
  return fresh;
}

// A check names both ends by their ufrags, which no NAT changes (RFC 8445 section 7.2.2); any other
// request goes from a client to a server.
ClockOffsets::Exchange* ClockOffsets::exchange_of(const Packet& packet,
                                                  const stun::MessageView& message) {
  if (const auto known = exchanges_.find(message.transaction_id()); known != exchanges_.end())
    return &known->second;
  if (message.message_class() != stun::Class::Request || exchanges_.size() >= kMaxTransactions)
    return nullptr;
  Exchange fresh;
  std::optional<std::uint32_t> session;
  const auto name = message.username();
  const std::size_t colon =
      name && message.method() == stun::Method::Binding ? name->find(':') : std::string_view::npos;
  if (colon != std::string_view::npos) {
    std::string receiver(name->substr(0, colon));
    std::string sender(name->substr(colon + 1));
    fresh.asker = sender < receiver ? 0 : 1;
    session =
        session_named("check " + std::min(sender, receiver) + ":" + std::max(sender, receiver));
  } else if (message.method() != stun::Method::GoogPing) {
    session = session_named("server " + to_string(packet.destination));
  }
  if (!session)
    return nullptr;
  fresh.session = *session;
  return &exchanges_.emplace(message.transaction_id(), std::move(fresh)).first->second;
}

void ClockOffsets::on_message(const Packet& packet, const stun::MessageView& message) {
  if (!packet.has_time || message.message_class() == stun::Class::Indication)
    return;
  Exchange* exchange = exchange_of(packet, message);
  if (exchange == nullptr)
    return;
  const bool response = message.message_class() != stun::Class::Request;
  const auto known =
      std::find_if(exchange->seen.begin(), exchange->seen.end(), [&](const Seen& seen) {
        return seen.capture == packet.ref.capture && seen.response == response;
      });
  if (known == exchange->seen.end()) {
    if (exchange->seen.size() < kMaxSeen)
      exchange->seen.push_back({packet.ref.capture, response, 1, packet.at, packet.at});
    return;
  }
  if (packet.at - known->last > kCopy)
    ++known->times;
  known->last = packet.at;
}

// One of the directions goes from the first capture to the second: it takes the offset and longer,
// and the other direction the offset less that. Where clocks drift neither holds for all packets.
std::optional<ClockOffsets::Bounds> ClockOffsets::bounds_of(const Ways& ways) {
  const auto& [forth, back] = ways.range;
  if (forth.count == 0 || back.count == 0)
    return std::nullopt;
  if (back.most <= forth.least)
    return Bounds{back.most, forth.least};
  if (forth.most <= back.least)
    return Bounds{forth.most, back.least};
  return Bounds{std::min(forth.least, back.least), std::max(forth.most, back.most)};
}

std::map<ClockOffsets::Captures, ClockOffsets::Bounds> ClockOffsets::bounds() const {
  std::map<std::pair<Captures, std::uint32_t>, Ways> all;
  for (const auto& [id, exchange] : exchanges_) {
    for (const Seen& x : exchange.seen) {
      for (const Seen& y : exchange.seen) {
        // Sent again, it does not show which of them is which in the other file.
        if (x.capture >= y.capture || x.response != y.response || x.times != 1 || y.times != 1)
          continue;
        const std::size_t direction = (exchange.asker == 0) == x.response ? 1 : 0;
        all[{{x.capture, y.capture}, exchange.session}].range[direction].add(y.first - x.first);
      }
    }
  }
  std::map<Captures, Bounds> result;
  for (const auto& [key, ways] : all) {
    const std::optional<Bounds> found = bounds_of(ways);
    if (!found)
      continue;
    const auto [it, added] = result.try_emplace(key.first, *found);
    if (added)
      continue;
    const Duration low = std::max(it->second.low, found->low);
    const Duration high = std::min(it->second.high, found->high);
    it->second = {std::min(low, high), std::max(low, high)};
  }
  return result;
}

// From the captures whose offset is known to one whose is not, over the pair that is known best.
bool ClockOffsets::extend(const std::map<Captures, Bounds>& edges, Offsets& offsets) {
  struct Step {
    Duration width{};
    std::uint32_t to = 0;
    Offset offset;
  };
  std::optional<Step> best;
  for (const auto& [pair, edge] : edges) {
    const auto& [x, y] = pair;
    if (offsets[x].has_value() == offsets[y].has_value())
      continue;
    const bool none = edge.low <= kSame && edge.high >= -kSame;
    const Duration ahead = none ? Duration{} : edge.low + edge.width() / 2;
    if (best && best->width <= edge.width())
      continue;
    best = offsets[x] ? Step{edge.width(), y, {offsets[x]->reference, offsets[x]->ahead + ahead}}
                      : Step{edge.width(), x, {offsets[y]->reference, offsets[y]->ahead - ahead}};
  }
  if (best)
    offsets[best->to] = best->offset;
  return best.has_value();
}

ClockOffsets::Offsets ClockOffsets::estimate(std::uint32_t captures) const {
  const std::map<Captures, Bounds> edges = bounds();
  Offsets offsets(captures);
  for (std::uint32_t reference = 0; reference < captures; ++reference) {
    const bool shares = std::any_of(edges.begin(), edges.end(), [&](const auto& edge) {
      return edge.first.first == reference || edge.first.second == reference;
    });
    if (offsets[reference] || !shares)
      continue;
    offsets[reference] = Offset{reference, {}};
    while (extend(edges, offsets)) {
    }
  }
  return offsets;
}

}  // namespace parley::analyzer

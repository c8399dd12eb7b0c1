#include "analyzer/capture_halves.h"

#include <algorithm>

namespace parley::analyzer {

std::uint32_t CaptureHalves::number_of(const CapturePlace& place) {
  const auto [it, added] = numbers_.try_emplace(place, static_cast<std::uint32_t>(places_.size()));
  if (added) {
    places_.push_back(place);
    whole_.push_back(false);
  }
  return it->second;
}

bool CaptureHalves::is_whole(const CapturePlace& place) const {
  const auto it = numbers_.find(place);
  return it != numbers_.end() && whole_[it->second];
}

void CaptureHalves::on_packet(const CapturePlace& place, const Packet& packet) {
  if (packet.protocol != TransportProtocol::Udp && packet.protocol != TransportProtocol::Tcp)
    return;
  const std::uint32_t number = number_of(place);
  const bool upwards = packet.source < packet.destination;
  const Ends ends =
      upwards ? Ends{packet.source, packet.destination} : Ends{packet.destination, packet.source};
  std::vector<OneWay>& views = flows_[ends];
  auto view =
      std::find_if(views.begin(), views.end(), [&](const OneWay& v) { return v.place == number; });
  if (view == views.end())
    view = views.insert(views.end(), OneWay{number, {}});
  view->seen[upwards ? 0 : 1] = true;
  if (view->seen[0] && view->seen[1])
    whole_[number] = true;
  if (packet.protocol == TransportProtocol::Udp)
    on_stun(number, ends, packet.payload);
}

void CaptureHalves::on_stun(std::uint32_t place, const Ends& ends, Bytes payload) {
  if (!stun::MessageView::looks_like(payload))
    return;
  const auto message = stun::MessageView::decode(payload);
  if (!message || message->message_class() == stun::Class::Indication)
    return;
  Message& seen =
      messages_.try_emplace(message->transaction_id(), Message{ends, {}, {}}).first->second;
  if (seen.ends != ends)
    return;
  (message->message_class() == stun::Class::Request ? seen.asked : seen.answered).insert(place);
}

bool CaptureHalves::share_a_packet(std::uint32_t x, std::uint32_t y) const {
  return std::any_of(flows_.begin(), flows_.end(), [&](const auto& flow) {
    std::array<std::size_t, 2> places{};
    for (const OneWay& view : flow.second)
      if (view.place == x || view.place == y)
        for (std::size_t way = 0; way < 2; ++way)
          places[way] += view.seen[way] ? 1 : 0;
    return places[0] > 1 || places[1] > 1;
  });
}

std::vector<std::pair<CapturePlace, CapturePlace>> CaptureHalves::pairs() const {
  std::set<std::pair<std::uint32_t, std::uint32_t>> linked;
  for (const auto& [id, message] : messages_)
    for (const std::uint32_t asked : message.asked)
      for (const std::uint32_t answered : message.answered)
        if (!whole_[asked] && !whole_[answered])
          linked.insert(std::minmax(asked, answered));
  std::vector<std::pair<CapturePlace, CapturePlace>> list;
  std::set<std::uint32_t> taken;
  for (const auto& [x, y] : linked) {
    if (x == y || taken.count(x) + taken.count(y) > 0 || share_a_packet(x, y))
      continue;
    taken.insert({x, y});
    list.emplace_back(places_[x], places_[y]);
  }
  return list;
}

}  // namespace parley::analyzer

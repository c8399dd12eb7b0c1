// Where the media of each side was seen: at its sender, on its way, at its receiver; and which DTLS
// records came there.

#include <algorithm>
#include <map>
#include <set>

#include "analyzer/transport_builder.h"

namespace parley::analyzer {

namespace {

class MediaPoints {
 public:
  MediaPoints(const Pipeline& pipeline, const CallLayout& layout, const RoutePoints& points,
              Transport& t)
      : pipeline_(pipeline), flows_(pipeline.flows()), layout_(layout), points_(points), t_(t) {}

  void fill(Side side);
  void fill_last_arrival(Side side);

 private:
  const FlowDirection& way(const FlowUse& use, Side side) const {
    return flows_[use.flow].directions[direction_of(use, side)];
  }
  void add(const FlowUse& use, Side side, std::optional<MediaSeen>& sum) const;
  bool add_arrival(std::uint32_t route, const FlowUse& last, Side side);

  const Pipeline& pipeline_;
  const FlowTable& flows_;
  const CallLayout& layout_;
  const RoutePoints& points_;
  Transport& t_;
};

void MediaPoints::add(const FlowUse& use, Side side, std::optional<MediaSeen>& sum) const {
  const FlowDirection& seen = way(use, side);
  if (!sum) {
    sum.emplace();
    sum->point = flows_[use.flow].key.point;
  }
  sum->rtp += seen.rtp;
  sum->rtcp += seen.rtcp;
  if (seen.rtp == 0)
    return;
  if (!sum->first_at || seen.first_rtp.at < *sum->first_at) {
    sum->first = seen.first_rtp.ref;
    sum->first_at = seen.first_rtp.at;
  }
  if (!sum->last_at || seen.last_rtp.at > *sum->last_at) {
    sum->last = seen.last_rtp.ref;
    sum->last_at = seen.last_rtp.at;
  }
}

// What came to the receiver's own socket arrived; what came no farther than the outside of its NAT
// may have ended there. `last` saw the media last. False: not known.
bool MediaPoints::add_arrival(std::uint32_t route, const FlowUse& last, Side side) {
  const FlowUse* to = points_.beside(route, other(side));
  if (to == nullptr)
    return false;
  const bool came = way(*to, side).rtp + way(*to, side).rtcp > 0;
  const FlowDirection& media = way(last, side);
  if (came ? !points_.own_socket(route, other(side))
           : !captured_throughout(pipeline_, *to, side, media.first_rtp.at, media.last_rtp.at))
    return false;
  add(*to, side, t_.media_arrived[index_of(side)]);
  return true;
}

// The last point of a route that saw media is the one that saw its first packet latest.
void MediaPoints::fill(Side side) {
  const std::size_t s = index_of(side);
  std::map<std::uint32_t, const FlowUse*> last;
  for (const FlowUse& use : layout_.flows) {
    if (use.transport != t_.id || way(use, side).rtp == 0)
      continue;
    const FlowUse*& seen = last[use.route];
    if (seen == nullptr || way(use, side).first_rtp.at > way(*seen, side).first_rtp.at)
      seen = &use;
  }
  bool arrival_known = true;
  for (const auto& [route, seen] : last) {
    add(*seen, side, t_.media_seen_last[s]);
    if (const FlowUse* from = points_.beside(route, side))
      add(*from, side, t_.media_sent[s]);
    arrival_known = add_arrival(route, *seen, side) && arrival_known;
  }
  // That some arrived is known from one route, that none did from all of them.
  std::optional<MediaSeen>& arrived = t_.media_arrived[s];
  if (arrived && arrived->rtp + arrived->rtcp == 0 && !arrival_known)
    arrived.reset();
}

void MediaPoints::fill_last_arrival(Side side) {
  std::set<PointId> nearest;
  for (std::uint32_t route = 0; route < layout_.routes; ++route)
    if (const FlowUse* to = points_.beside(route, other(side)))
      nearest.insert(flows_[to->flow].key.point);
  std::optional<SeenPacket>& last = t_.last_arrival[index_of(side)];
  for (const FlowUse& use : layout_.flows) {
    const FlowDirection& seen = way(use, side);
    const PointId point = flows_[use.flow].key.point;
    if (use.transport != t_.id || nearest.count(point) == 0 || seen.packets() == 0)
      continue;
    if (!last || seen.last_any.at > last->at)
      last = SeenPacket{seen.last_any.ref, seen.last_any.at, point};
  }
}

}  // namespace

namespace {

// Over several routes the numbers of one session would have gaps on each of them.
const FlowUse* only_route_of_records(const Pipeline& pipeline, const CallLayout& layout,
                                     const RoutePoints& points, const Transport& t, Side side) {
  std::set<std::uint32_t> routes;
  for (const FlowUse& use : layout.flows) {
    const FlowRecord& flow = pipeline.flows()[use.flow];
    if (use.transport == t.id && flow.association != kNone &&
        pipeline.dtls()[flow.association].halves[direction_of(use, side)].numbers.seen() > 0)
      routes.insert(use.route);
  }
  return routes.size() == 1 ? points.beside(*routes.begin(), other(side)) : nullptr;
}

void fill_arrived_records(const Pipeline& pipeline, const CallLayout& layout,
                          const RoutePoints& points, Side side, Transport& t) {
  const FlowUse* use = only_route_of_records(pipeline, layout, points, t, side);
  if (use == nullptr || pipeline.flows()[use->flow].association == kNone)
    return;
  const DtlsAssociation& association = pipeline.dtls()[pipeline.flows()[use->flow].association];
  const RecordNumbers& numbers = association.halves[direction_of(*use, side)].numbers;
  if (numbers.seen() == 0 || association.halves[0].hides_records ||
      association.halves[1].hides_records)
    return;
  DtlsArrived arrived;
  arrived.lost = numbers.missing();
  arrived.came = numbers.seen();
  arrived.first_number = numbers.first();
  arrived.last_number = numbers.last();
  arrived.first = numbers.first_seen().ref;
  arrived.last = numbers.last_seen().ref;
  arrived.receiver_missed = association.halves[direction_of(*use, other(side))].numbers.missing();
  t.dtls.arrived[index_of(side)] = arrived;
}

}  // namespace

void fill_media_points(const Pipeline& pipeline, const CallLayout& layout,
                       const RoutePoints& points, Transport& t) {
  MediaPoints media(pipeline, layout, points, t);
  for (const Side side : {Side::A, Side::B}) {
    media.fill(side);
    media.fill_last_arrival(side);
    fill_arrived_records(pipeline, layout, points, side, t);
  }
}

}  // namespace parley::analyzer

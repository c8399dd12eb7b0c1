// The RTP streams of a transport: of each route the flow that saw most, summed over the routes,
// because a stream goes on elsewhere after a restart.

#include <algorithm>
#include <map>
#include <set>

#include "analyzer/stream_loss.h"
#include "analyzer/transport_builder.h"

namespace parley::analyzer {

namespace {

// One SSRC on one route.
struct OnRoute {
  const RtpStream* most = nullptr;
  std::uint64_t lost = 0, rtcp = 0;
  bool hole = false;

  void add(const RtpStream& seen) {
    if (most == nullptr || seen.packets > most->packets)
      most = &seen;
    lost = std::max(lost, seen.lost());
    hole = hole || seen.uncaptured > 0;
    rtcp = std::max(rtcp, seen.rtcp_packets);
  }
};
using Source = std::map<std::uint32_t, OnRoute>;

void add_route(const OnRoute& route, Stream& s, std::set<std::uint8_t>& types) {
  s.rtcp_packets += route.rtcp;
  const RtpStream& seen = *route.most;
  if (seen.packets == 0)
    return;
  s.packets += seen.packets;
  s.bytes += seen.bytes;
  *s.lost += route.lost;
  // Numbers that fell into a hole of the capture count as neither lost nor arrived.
  if (route.hole && s.inferred.empty())
    s.inferred.emplace_back("lost");
  *s.reordered += seen.reordered;
  *s.duplicated += seen.duplicated;
  for (const std::uint8_t pt : seen.payload_type_list())
    types.insert(pt);
  if (!s.first_at || seen.first.at < *s.first_at) {
    s.first_at = seen.first.at;
    s.first = seen.first.ref;
  }
  if (!s.last_at || seen.last.at > *s.last_at) {
    s.last_at = seen.last.at;
    s.last = seen.last.ref;
  }
}

const RtpStream* stream_at(const Pipeline& pipeline, const FlowUse& use, std::uint32_t ssrc,
                           Side side) {
  for (const std::uint32_t i : pipeline.flows()[use.flow].streams) {
    const RtpStream& s = pipeline.rtp()[i];
    if (s.ssrc == ssrc && s.direction == direction_of(use, side) && s.packets > 0)
      return &s;
  }
  return nullptr;
}

void mark(const std::optional<std::uint64_t>& value, std::string_view member, Stream& s) {
  if (value && std::find(s.inferred.begin(), s.inferred.end(), member) == s.inferred.end())
    s.inferred.emplace_back(member);
}

// The two ends of one route, as far as they were captured.
struct RouteEnds {
  const FlowUse* from = nullptr;
  const FlowUse* to = nullptr;
  const RtpStream* sent = nullptr;
  const RtpStream* arrived = nullptr;
  // The point nearest to the receiver stands on its side.
  bool beside = false;
  // Nothing arrived, and nothing was missed.
  bool nothing_came = false;
};

RouteEnds ends_of(const Pipeline& pipeline, const RoutePoints& points, std::uint32_t number,
                  const OnRoute& route, const Stream& s) {
  RouteEnds ends;
  ends.from = points.beside(number, s.from);
  ends.to = points.nearest(number, other(s.from));
  if (ends.from != nullptr)
    ends.sent = stream_at(pipeline, *ends.from, s.ssrc, s.from);
  if (ends.to == nullptr)
    return ends;
  ends.beside = ends.to == points.beside(number, other(s.from));
  ends.arrived = stream_at(pipeline, *ends.to, s.ssrc, s.from);
  ends.nothing_came =
      ends.arrived == nullptr &&
      captured_throughout(pipeline, *ends.to, s.from, route.most->first.at, route.most->last.at);
  return ends;
}

const Extent& extent_of(const Pipeline& pipeline, const FlowUse& use) {
  return *pipeline.extents().of(pipeline.flows()[use.flow].key.point);
}

// Between two points, or before the one that stands on the receiver's side. What is missing beside
// the sender was lost by no network, and where it is not known which side was captured, numbers
// that are missing tell nothing of the way.
std::optional<StreamLoss> loss_on(const OnRoute& route, const RouteEnds& ends,
                                  const Pipeline& pipeline) {
  const auto only = [](std::uint64_t lost) {
    StreamLoss loss;
    loss.lost = lost;
    return loss;
  };
  if (ends.sent != nullptr && ends.to != nullptr && ends.arrived == nullptr)
    return ends.nothing_came ? std::optional(only(ends.sent->unique)) : std::nullopt;
  if (ends.sent != nullptr && ends.arrived != nullptr && ends.arrived != ends.sent)
    return lost_between(*ends.sent, extent_of(pipeline, *ends.from), *ends.arrived,
                        extent_of(pipeline, *ends.to));
  if (ends.arrived != nullptr)
    return only(ends.arrived->lost());
  return ends.sent == nullptr && ends.to != nullptr ? std::optional(only(route.lost))
                                                    : std::nullopt;
}

void add_sent(const RtpStream* sent, Stream& s) {
  if (sent == nullptr) {
    s.sent.reset();
    s.not_captured.reset();
  } else if (s.sent) {
    *s.sent += sent->unique;
    *s.not_captured += sent->lost() + sent->uncaptured;
  }
}

void add_arrived(const RouteEnds& ends, Stream& s) {
  if (!ends.beside || (ends.arrived == nullptr && !ends.nothing_came))
    s.arrived.reset();
  else if (s.arrived && ends.arrived != nullptr)
    *s.arrived += ends.arrived->unique;
}

// What each end has of one stream: known only if it is for every route that carried it.
void fill_ends(const Pipeline& pipeline, const RoutePoints& points, const Source& source,
               Stream& s) {
  s.sent = s.arrived = s.not_captured = 0;
  std::optional<StreamLoss> all = StreamLoss{};
  bool inferred = false;
  for (const auto& [number, route] : source) {
    if (route.most->packets == 0)
      continue;
    const RouteEnds ends = ends_of(pipeline, points, number, route, s);
    add_sent(ends.sent, s);
    add_arrived(ends, s);
    const std::optional<StreamLoss> here = loss_on(route, ends, pipeline);
    if (all && here)
      *all += *here;
    else
      all.reset();
    inferred = inferred || points.is_inferred(number);
  }
  s.lost = all ? std::optional(all->lost) : std::nullopt;
  if (!all)
    s.inferred.clear();  // it names `lost` alone
  if (inferred || (all && all->inferred))
    mark(s.lost, "lost", s);
  if (inferred)
    mark(s.not_captured, "not_captured", s);
  if (inferred || (all && all->sent_in_part))
    mark(s.sent, "sent", s);
  if (inferred || (all && all->arrived_in_part))
    mark(s.arrived, "arrived", s);
}

Stream describe(const Source& source) {
  Stream s;
  s.lost = s.reordered = s.duplicated = 0;
  std::set<std::uint8_t> types;
  for (const auto& [number, route] : source)
    add_route(route, s, types);
  s.payload_types.assign(types.begin(), types.end());
  if (s.packets > 0 && *s.last_at > *s.first_at)
    s.bitrate_bps = static_cast<double>(s.bytes) * 8 / to_seconds(*s.last_at - *s.first_at);
  return s;
}

}  // namespace

std::vector<Stream> build_streams(Pipeline& pipeline, const CallLayout& layout,
                                  const RoutePoints& points, std::uint32_t index) {
  std::map<std::pair<std::uint32_t, Side>, Source> sources;
  for (const FlowUse& use : layout.flows) {
    if (use.transport != index)
      continue;
    for (const std::uint32_t i : pipeline.flows()[use.flow].streams) {
      const RtpStream& seen = pipeline.rtp()[i];
      const Side side = seen.direction == use.from_a ? Side::A : Side::B;
      sources[{seen.ssrc, side}][use.route].add(seen);
    }
  }
  std::vector<Stream> list;
  for (const auto& [key, source] : sources) {
    Stream s = describe(source);
    if (s.packets == 0)
      continue;
    s.ssrc = key.first;
    s.from = key.second;
    s.transport = index;
    fill_ends(pipeline, points, source, s);
    list.push_back(std::move(s));
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const Stream& x, const Stream& y) { return *x.first_at < *y.first_at; });
  return list;
}

}  // namespace parley::analyzer

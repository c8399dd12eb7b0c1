// The RTP streams of a transport: of each route the flow that saw most, summed over the routes,
// because a stream goes on elsewhere after a restart.

#include <algorithm>
#include <map>
#include <set>

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

// Losses between the two points. What the receiver's own numbers leave open is how many packets
// came before its first and after its last one: those are lost only if it was captured all the
// while. Fewer than kInFlight of them may still be under way.
std::optional<std::uint64_t> lost_between(const RtpStream& sent, const RtpStream* arrived,
                                          const FlowRecord& receiver, Direction direction) {
  constexpr std::int16_t kInFlight = 64;
  const auto distance = [](std::int64_t from, std::int64_t to) {
    return static_cast<std::int16_t>(static_cast<std::uint16_t>(to) -
                                     static_cast<std::uint16_t>(from));
  };
  if (arrived != nullptr) {
    const std::int16_t tail = distance(arrived->highest_sequence, sent.highest_sequence);
    const std::int16_t head = distance(sent.first_sequence, arrived->first_sequence);
    if (tail >= 0 && tail < kInFlight && head >= 0 && head < kInFlight)
      return arrived->lost();
  }
  if (!captured_throughout(receiver, direction, sent.first.at, sent.last.at))
    return arrived != nullptr ? std::optional(arrived->lost()) : std::nullopt;
  const std::uint64_t got = arrived != nullptr ? arrived->unique + arrived->uncaptured : 0;
  return sent.unique > got ? sent.unique - got : 0;
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

// Between two points, or before the one that stands on the receiver's side. What is missing beside
// the sender was lost by no network, and where it is not known which side was captured, numbers
// that are missing tell nothing of the way.
std::optional<std::uint64_t> lost_on(const OnRoute& route, const RtpStream* sent,
                                     const RtpStream* arrived, const FlowUse* to, Direction way,
                                     const Pipeline& pipeline) {
  if (sent != nullptr && to != nullptr && (arrived == nullptr || arrived != sent))
    return lost_between(*sent, arrived, pipeline.flows()[to->flow], way);
  if (arrived != nullptr)
    return arrived->lost();
  return sent == nullptr && to != nullptr ? std::optional(route.lost) : std::nullopt;
}

void mark_inferred(Stream& s) {
  const auto mark = [&](const std::optional<std::uint64_t>& value, std::string_view member) {
    if (value && std::find(s.inferred.begin(), s.inferred.end(), member) == s.inferred.end())
      s.inferred.emplace_back(member);
  };
  mark(s.lost, "lost");
  mark(s.not_captured, "not_captured");
  mark(s.sent, "sent");
  mark(s.arrived, "arrived");
}

// The two ends of one route, as far as they were captured.
struct RouteEnds {
  const FlowUse* to = nullptr;
  const RtpStream* sent = nullptr;
  const RtpStream* arrived = nullptr;
  Direction way = 0;
};

RouteEnds ends_of(const Pipeline& pipeline, const RoutePoints& points, std::uint32_t route,
                  const Stream& s) {
  const FlowUse* from = points.beside(route, s.from);
  RouteEnds ends;
  ends.to = points.nearest(route, other(s.from));
  if (from != nullptr)
    ends.sent = stream_at(pipeline, *from, s.ssrc, s.from);
  if (ends.to == nullptr)
    return ends;
  ends.arrived = stream_at(pipeline, *ends.to, s.ssrc, s.from);
  ends.way = direction_of(*ends.to, s.from);
  return ends;
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

// `beside`: the point stands on the receiver's side.
void add_arrived(const Pipeline& pipeline, const RouteEnds& ends, const OnRoute& route, bool beside,
                 Stream& s) {
  const bool nothing_came = ends.to != nullptr && ends.arrived == nullptr &&
                            captured_throughout(pipeline.flows()[ends.to->flow], ends.way,
                                                route.most->first.at, route.most->last.at);
  if (!beside || (ends.arrived == nullptr && !nothing_came))
    s.arrived.reset();
  else if (s.arrived && ends.arrived != nullptr)
    *s.arrived += ends.arrived->unique;
}

// What each end has of one stream: known only if it is for every route that carried it.
void fill_ends(const Pipeline& pipeline, const RoutePoints& points, const Source& source,
               Stream& s) {
  s.sent = s.arrived = s.not_captured = 0;
  std::optional<std::uint64_t> lost = 0;
  bool inferred = false;
  for (const auto& [number, route] : source) {
    if (route.most->packets == 0)
      continue;
    const RouteEnds ends = ends_of(pipeline, points, number, s);
    const bool beside = ends.to != nullptr && ends.to == points.beside(number, other(s.from));
    add_sent(ends.sent, s);
    add_arrived(pipeline, ends, route, beside, s);
    const auto here = lost_on(route, ends.sent, ends.arrived, ends.to, ends.way, pipeline);
    lost = lost && here ? std::optional(*lost + *here) : std::nullopt;
    inferred = inferred || points.is_inferred(number);
  }
  s.lost = lost;
  if (!lost)
    s.inferred.clear();  // it names `lost` alone
  if (inferred)
    mark_inferred(s);
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

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

  void add(const RtpStream& seen) {
    if (most == nullptr || seen.packets > most->packets)
      most = &seen;
    lost = std::max(lost, seen.lost());
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
                                  std::uint32_t index) {
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
    list.push_back(std::move(s));
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const Stream& x, const Stream& y) { return *x.first_at < *y.first_at; });
  return list;
}

}  // namespace parley::analyzer

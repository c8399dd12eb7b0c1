#include "analyzer/loose_flows.h"

namespace parley::analyzer {

void add_loose_rtp(const FlowRecord& flow, const RtpTracker& rtp, std::vector<LooseFlow>& list) {
  for (const std::uint32_t i : flow.streams) {
    const RtpStream& stream = rtp[i];
    if (!stream.continuous || list.size() >= kMaxLoose)
      continue;
    LooseFlow loose;
    loose.a = flow.source(stream.direction);
    loose.b = flow.destination(stream.direction);
    loose.protocol = "rtp";
    loose.ssrc = stream.ssrc;
    loose.packets = stream.packets;
    loose.first = stream.first.ref;
    list.push_back(std::move(loose));
  }
}

void add_loose_dtls(const FlowRecord& flow, std::vector<LooseFlow>& list) {
  if (list.size() >= kMaxLoose)
    return;
  LooseFlow loose;
  loose.a = flow.key.a;
  loose.b = flow.key.b;
  const auto& [there, back] = flow.directions;
  const Sighting& first = there.dtls > 0 ? there.first_data : back.first_data;
  loose.first = first.ref;
  loose.protocol = "dtls";
  loose.packets = there.dtls + back.dtls;
  list.push_back(std::move(loose));
}

}  // namespace parley::analyzer

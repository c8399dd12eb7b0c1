#include "analyzer/protocol_tally.h"

#include <algorithm>

namespace parley::analyzer {

ProtocolTally::Looks& ProtocolTally::Looks::operator+=(const Looks& more) {
  early_channel += more.early_channel;
  dtls += more.dtls;
  rtp += more.rtp;
  rtcp += more.rtcp;
  other += more.other;
  return *this;
}

ProtocolTally::Looks ProtocolTally::Looks::operator-(const Looks& less) const {
  return {early_channel - less.early_channel, dtls - less.dtls, rtp - less.rtp, rtcp - less.rtcp,
          other - less.other};
}

ProtocolCounts& ProtocolTally::of(std::uint32_t capture) {
  if (capture >= counts_.size())
    counts_.resize(capture + 1);
  return counts_[capture];
}

ProtocolTally::Looks ProtocolTally::looks_of(const FlowRecord& flow) {
  Looks looks;
  for (const FlowDirection& d : flow.directions)
    looks += {d.early_channel, d.dtls + d.dtls_copies, d.rtp + d.rtp_copies, d.rtcp + d.rtcp_copies,
              d.other};
  return looks;
}

ProtocolTally::Looks ProtocolTally::rest_of(FlowId id, const FlowRecord& flow) const {
  const auto shared = shared_.find(id);
  return shared == shared_.end() ? looks_of(flow) : looks_of(flow) - shared->second.known;
}

void ProtocolTally::turn_to(FlowId id, FlowRecord& flow, std::uint32_t next, bool as_rtp) {
  const std::uint32_t capture = flow.capture;
  flow.capture = next;
  // The packets of a TCP connection are its segments, which are no flow's.
  if (flow.over_tcp || flow.key.protocol == TransportProtocol::Tcp)
    return;
  Looks looks = rest_of(id, flow);
  Shared& shared = shared_[id];
  const auto share = std::find_if(shared.shares.begin(), shared.shares.end(),
                                  [&](const Share& s) { return s.capture == capture; });
  if (share != shared.shares.end()) {
    share->looks += looks;
  } else if (shares_ < max_shares_) {
    shared.shares.push_back({capture, looks});
    ++shares_;
  } else {
    looks.early_channel = 0;  // the flow may take it back
    book(capture, flow, looks, as_rtp);
  }
  shared.known += looks;
}

void ProtocolTally::settle(FlowId id, const FlowRecord& flow, bool as_rtp) {
  if (flow.over_tcp || flow.key.protocol == TransportProtocol::Tcp)
    return;
  book(flow.capture, flow, rest_of(id, flow), as_rtp);
  const auto shared = shared_.find(id);
  if (shared == shared_.end())
    return;
  for (const Share& share : shared->second.shares)
    book(share.capture, flow, share.looks, as_rtp);
  shares_ -= shared->second.shares.size();
  shared_.erase(shared);
}

void ProtocolTally::book(std::uint32_t capture, const FlowRecord& flow, const Looks& looks,
                         bool as_rtp) {
  ProtocolCounts& c = of(capture);
  (flow.turn != kNone ? c.turn : c.other) += looks.early_channel;
  if (flow.proof != FlowProof::None) {
    c.srtp += looks.rtp;
    c.srtcp += looks.rtcp;
    c.dtls += looks.dtls;
    c.other += looks.other;
  } else if (as_rtp) {
    c.rtp += looks.rtp;
    c.rtcp += looks.rtcp;
    c.other += looks.dtls + looks.other;
  } else {
    (flow.dns                    ? c.dns
     : flow.key.carrier != kNone ? c.turn
                                 : c.other) += looks.dtls + looks.rtp + looks.rtcp + looks.other;
  }
}

}  // namespace parley::analyzer

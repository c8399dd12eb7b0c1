#include "analyzer/pipeline.h"

#include "stack/wire/demux.h"
#include "stack/wire/turn.h"

namespace parley::analyzer {

namespace {

void touch(FlowRecord& flow, Direction direction, const Packet& packet) {
  flow.last_at = packet.at;
  flow.directions[direction].last_any = {packet.ref, packet.at};
}

void touch_data(FlowDirection& d, const Packet& packet) {
  d.last_data = {packet.ref, packet.at};
  if (d.data() == 0)
    d.first_data = d.last_data;
}

}  // namespace

Pipeline::Pipeline(std::size_t max_flows) : flows_(max_flows), ice_(flows_) {
  flows_.on_evict([this](FlowId id) {
    settle(id);
    rtp_.forget(flows_[id]);
  });
}

ProtocolCounts& Pipeline::counts(std::uint32_t capture) {
  if (capture >= counts_.size())
    counts_.resize(capture + 1);
  return counts_[capture];
}

void Pipeline::on_packet(const Packet& packet) {
  end_ = packet.at;
  switch (packet.protocol) {
    case TransportProtocol::Udp:
      on_udp(packet);
      break;
    case TransportProtocol::Tcp:
      on_tcp(packet);
      break;
    case TransportProtocol::Icmp:
      on_icmp(packet);
      break;
    case TransportProtocol::None:
    case TransportProtocol::Sctp:
    case TransportProtocol::Other:
      ++counts(packet.ref.capture).other;
      break;
  }
}

void Pipeline::on_udp(const Packet& packet) {
  FlowKey key;
  key.a = packet.source;
  key.b = packet.destination;
  key.point = packet.point;
  const FlowTable::Found found = flows_.find_or_add(key, packet);
  if (found.id == kNone) {
    ++counts(packet.ref.capture).other;
    return;
  }
  on_payload({found.id, found.direction, true}, packet);
}

void Pipeline::on_payload(const Place& place, const Packet& packet) {
  FlowRecord& flow = flows_[place.flow];
  FlowDirection& way = flow.directions[place.direction];
  touch(flow, place.direction, packet);
  const bool believable = !flow.dns || flow.proof != FlowProof::None;
  switch (classify_first_byte(packet.payload)) {
    case PayloadClass::Rtp:
      if (!believable)
        break;
      touch_data(way, packet);
      way.last_rtp = way.last_data;
      if (way.rtp++ == 0)
        way.first_rtp = way.last_data;
      rtp_.on_rtp(flow, place.flow, place.direction, packet);
      return;
    case PayloadClass::Rtcp:
      if (!believable)
        break;
      touch_data(way, packet);
      ++way.rtcp;
      rtp_.on_rtcp(flow, place.flow, place.direction, packet);
      return;
    case PayloadClass::Dtls:
      if (!believable)
        break;
      touch_data(way, packet);
      ++way.dtls;
      dtls_.on_datagram(flow, place.flow, place.direction, packet);
      return;
    case PayloadClass::Stun:
      on_stun(place, packet);
      return;
    case PayloadClass::ChannelData:
      if (flow.turn == kNone)
        break;
      on_channel_data(place, packet);
      return;
    case PayloadClass::Unknown:
    case PayloadClass::Zrtp:
    case PayloadClass::Quic:
      break;
  }
  count_other(place, packet);
}

void Pipeline::count_other(const Place& place, const Packet& packet) {
  // A snap length may have cut a STUN message, which still is one.
  if (packet.cut_short && stun::MessageView::looks_like(packet.payload)) {
    if (place.counted)
      ++counts(packet.ref.capture).stun;
    return;
  }
  ++flows_[place.flow].directions[place.direction].other;
}

void Pipeline::on_stun(const Place& place, const Packet& packet) {
  const auto message = stun::MessageView::decode(packet.payload);
  if (!message) {
    count_other(place, packet);
    return;
  }
  FlowRecord& flow = flows_[place.flow];
  const bool turn = TurnTracker::is_turn(message->method());
  if (!turn || flow.key.carrier != kNone) {
    ++flow.directions[place.direction].stun;
    if (place.counted)
      ++counts(packet.ref.capture).stun;
    if (message->method() == stun::Method::Binding || message->method() == stun::Method::GoogPing)
      ice_.on_message(place.flow, place.direction, *message, packet);
    return;
  }
  const auto relayed = turn_.on_message(flow, place.flow, place.direction, *message, packet);
  if (relayed)
    on_relayed(place, *relayed, packet);
  else if (place.counted)
    ++counts(packet.ref.capture).turn;
}

void Pipeline::on_channel_data(const Place& place, const Packet& packet) {
  const auto view = turn::ChannelDataView::decode(packet.payload);
  if (!view) {
    count_other(place, packet);
    return;
  }
  const auto relayed =
      turn_.on_channel_data(flows_[place.flow], place.direction, view->channel, view->data, packet);
  if (relayed)
    on_relayed(place, *relayed, packet);
  else if (place.counted)
    ++counts(packet.ref.capture).turn;
}

// Inside TURN the client speaks from its relayed address; from its own where the allocation was
// made before the capture began.
void Pipeline::on_relayed(const Place& carrier, const Relayed& relayed, const Packet& packet) {
  const FlowRecord& outer = flows_[carrier.flow];
  const AllocationSeen& allocation = turn_[outer.turn];
  const Endpoint client = allocation.relayed.value_or(outer.source(allocation.to_server));
  Packet inner = packet;
  inner.source = relayed.to_peer ? client : relayed.peer;
  inner.destination = relayed.to_peer ? relayed.peer : client;
  inner.protocol = TransportProtocol::Udp;
  inner.payload = relayed.data;
  inner.wire_payload_size = static_cast<std::uint32_t>(relayed.data.size());
  inner.payload_offset = 0;
  FlowKey key;
  key.a = inner.source;
  key.b = inner.destination;
  key.point = packet.point;
  key.carrier = carrier.flow;
  const bool over_tcp = outer.key.protocol == TransportProtocol::Tcp;
  const FlowTable::Found found = flows_.find_or_add(key, inner);
  if (found.id == kNone) {
    if (carrier.counted)
      ++counts(packet.ref.capture).turn;
    return;
  }
  flows_[found.id].over_tcp = over_tcp;
  on_payload({found.id, found.direction, carrier.counted}, inner);
}

void Pipeline::on_tcp(const Packet& packet) {
  ++counts(packet.ref.capture).tcp;
  if (packet.payload.empty())
    return;
  FlowKey key;
  key.a = packet.source;
  key.b = packet.destination;
  key.point = packet.point;
  key.protocol = TransportProtocol::Tcp;
  FlowTable::Found found = flows_.find(key);
  if (found.id == kNone) {
    if (!stun::MessageView::looks_like(packet.payload) || streams_.size() >= kMaxStreams)
      return;
    found = flows_.find_or_add(key, packet);
    if (found.id == kNone)
      return;
  }
  std::unique_ptr<TurnStream>& stream = streams_[found.id];
  if (stream == nullptr)
    stream = std::make_unique<TurnStream>();
  stream->on_segment(found.direction, packet,
                     [&](Direction direction, const TurnStream::Frame& frame) {
                       Packet part = packet;
                       part.ref = frame.seen.ref;
                       part.at = frame.seen.at;
                       part.payload = frame.bytes;
                       part.wire_payload_size = static_cast<std::uint32_t>(frame.bytes.size());
                       touch(flows_[found.id], direction, part);
                       const Place place{found.id, direction, false};
                       if (frame.kind == turn::FrameKind::Stun)
                         on_stun(place, part);
                       else if (flows_[found.id].turn != kNone)
                         on_channel_data(place, part);
                     });
}

void Pipeline::on_icmp(const Packet& packet) {
  ++counts(packet.ref.capture).icmp;
  if (!packet.icmp_error || icmp_.size() >= kMaxIcmp)
    return;
  const IcmpError& error = *packet.icmp_error;
  FlowKey key;
  key.a = error.quoted_source;
  key.b = error.quoted_destination;
  key.point = packet.point;
  key.protocol = error.quoted_protocol;
  const FlowTable::Found found = flows_.find(key);
  if (found.id == kNone)
    return;
  ++flows_[found.id].icmp_errors;
  icmp_.push_back({found.id,
                   found.direction,
                   {packet.ref, packet.at},
                   error.type,
                   error.code,
                   packet.source.address.is_v6()});
}

void Pipeline::add_loose(const FlowRecord& flow, const RtpStream* source) {
  if (loose_.size() >= kMaxLoose)
    return;
  LooseFlow loose;
  loose.a = flow.key.a;
  loose.b = flow.key.b;
  loose.first = flow.first.ref;
  if (source != nullptr) {
    loose.protocol = "rtp";
    loose.ssrc = source->ssrc;
    loose.packets = flow.directions[0].rtp + flow.directions[1].rtp;
  } else {
    loose.protocol = "dtls";
    loose.packets = flow.directions[0].dtls + flow.directions[1].dtls;
  }
  loose_.push_back(std::move(loose));
}

// Says what the packets of a flow were, now that nothing more will be learnt about it.
void Pipeline::settle(FlowId id) {
  const FlowRecord& flow = flows_[id];
  if (!flow.in_use || flow.key.protocol == TransportProtocol::Tcp)
    return;
  const RtpStream* source = flow.proof == FlowProof::Ice ? nullptr : rtp_.one_source(flow);
  if (flow.proof == FlowProof::Handshake || source != nullptr)
    add_loose(flow, flow.proof == FlowProof::Handshake ? nullptr : source);
  if (flow.over_tcp)
    return;
  ProtocolCounts& c = counts(flow.first.ref.capture);
  for (const FlowDirection& d : flow.directions) {
    if (flow.proof != FlowProof::None) {
      c.srtp += d.rtp;
      c.srtcp += d.rtcp;
      c.dtls += d.dtls;
      c.other += d.other;
    } else if (source != nullptr) {
      c.rtp += d.rtp;
      c.rtcp += d.rtcp;
      c.other += d.dtls + d.other;
    } else {
      const std::uint64_t all = d.data() + d.other;
      (flow.dns ? c.dns : flow.key.carrier != kNone ? c.turn : c.other) += all;
    }
  }
}

void Pipeline::finish() {
  ice_.finish();
  for (FlowId id = 0; id < flows_.size(); ++id)
    settle(id);
}

}  // namespace parley::analyzer

#include "analyzer/pipeline.h"

#include <algorithm>
#include <utility>

#include "analyzer/loose_flows.h"
#include "stack/base/bytes.h"
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

// A NAT rewrites addresses, ports and checksums of the quoted packet, and leaves its
// identification, its length and what it carries (RFC 5508 section 4).
std::uint64_t hash_of_quoted(Bytes quoted) {
  constexpr std::size_t kUdpHeader = 8;
  constexpr std::size_t kCarried = 24;
  constexpr std::uint64_t kPrime = 0x100000001b3ULL;
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  if (quoted.size() < 20)
    return hash;
  const bool v6 = load_u8(quoted.data()) >> 4U == 6;
  const std::size_t header = v6 ? 40U : (load_u8(quoted.data()) & 0xfU) * std::size_t{4};
  if (quoted.size() < header + kUdpHeader)
    return hash;
  hash = (hash ^ (v6 ? 0U : load_u16(quoted.data() + 4))) * kPrime;
  hash = (hash ^ load_u16(quoted.data() + header + 4)) * kPrime;
  const Bytes carried = quoted.subspan(header + kUdpHeader);
  for (std::size_t i = 0; i < std::min(carried.size(), kCarried); ++i)
    hash = (hash ^ load_u8(carried.data() + i)) * kPrime;
  return hash;
}

}  // namespace

Pipeline::Pipeline(std::size_t max_flows)
    : flows_(max_flows),
      ice_(flows_),
      connections_(flows_, [this](FlowId id, Direction direction, const TurnStream::Frame& frame) {
        on_frame(id, direction, frame);
      }) {
  flows_.on_evict([this](FlowId id) {
    settle(id);
    forget_early(id);
    connections_.forget(id);
    rtp_.forget(flows_[id]);
  });
}

void Pipeline::book_for(FlowId id, FlowRecord& flow, std::uint32_t capture) {
  if (flow.capture != capture)
    tally_.turn_to(id, flow, capture, is_loose_rtp(flow));
}

bool Pipeline::is_loose_rtp(const FlowRecord& flow) const {
  return flow.proof == FlowProof::None && rtp_.believable(flow);
}

void Pipeline::on_packet(const Packet& packet) {
  end_ = std::max(end_, packet.at);
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
  book_for(place.flow, flow, packet.ref.capture);
  touch(flow, place.direction, packet);
  way.seen += place.counted ? 1 : 0;
  const bool believable = !flow.dns || flow.proof != FlowProof::None;
  const PayloadClass what = classify_first_byte(packet.payload, packet.wire_payload_size);
  switch (what) {
    case PayloadClass::Rtp:
      if (!believable)
        break;
      if (!rtp_.on_rtp(flow, place.flow, place.direction, packet)) {
        ++way.rtp_copies;
        return;
      }
      touch_data(way, packet);
      way.last_rtp = way.last_data;
      if (way.rtp++ == 0)
        way.first_rtp = way.last_data;
      return;
    case PayloadClass::Rtcp:
    case PayloadClass::Dtls:
      if (!believable)
        break;
      on_control(place, packet, what);
      return;
    case PayloadClass::Stun:
      on_stun(place, packet);
      return;
    case PayloadClass::ChannelData:
      if (flow.key.carrier != kNone)
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

// RTCP or DTLS.
void Pipeline::on_control(const Place& place, const Packet& packet, PayloadClass what) {
  FlowRecord& flow = flows_[place.flow];
  FlowDirection& way = flow.directions[place.direction];
  const bool copy = place.counted && copies_.is_copy(place.flow, place.direction, packet);
  if (copy) {
    ++(what == PayloadClass::Dtls ? way.dtls_copies : way.rtcp_copies);
    return;
  }
  touch_data(way, packet);
  if (what == PayloadClass::Dtls) {
    ++way.dtls;
    // In a capture that begins late the first check may come after records that matter.
    const bool with_media = flow.association == kNone && is_loose_rtp(flow);
    dtls_.on_datagram(flow, place.flow, place.direction, packet, with_media);
  } else {
    ++way.rtcp;
    rtp_.on_rtcp(flow, place.flow, place.direction, packet);
  }
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
  const auto message = packet.cut_short
                           ? stun::MessageView::decode_cut(packet.payload, packet.wire_payload_size)
                           : stun::MessageView::decode(packet.payload);
  if (!message) {
    count_other(place, packet);
    return;
  }
  FlowRecord& flow = flows_[place.flow];
  const bool turn = TurnTracker::is_turn(message->method());
  if (place.counted && copies_.is_copy(place.flow, place.direction, packet)) {
    ++(turn ? counts(packet.ref.capture).turn : counts(packet.ref.capture).stun);
    return;
  }
  if (clocks_ != nullptr)
    clocks_->on_message(packet, *message);
  if (!turn || flow.key.carrier != kNone) {
    ++flow.directions[place.direction].stun;
    if (place.counted)
      ++counts(packet.ref.capture).stun;
    if (message->method() == stun::Method::Binding || message->method() == stun::Method::GoogPing)
      ice_.on_message(place.flow, place.direction, *message, packet);
    return;
  }
  const auto relayed = turn_.on_message(flow, place.flow, place.direction, *message, packet);
  replay_early(place.flow);
  if (const auto revealed = turn_.take_revealed())
    rename_hidden(*revealed);
  if (relayed)
    on_relayed(place, *relayed, packet);
  else if (place.counted)
    ++counts(packet.ref.capture).turn;
}

void Pipeline::on_channel_data(const Place& place, const Packet& packet) {
  const auto view =
      packet.cut_short ? turn::ChannelDataView::decode_cut(packet.payload, packet.wire_payload_size)
                       : turn::ChannelDataView::decode(packet.payload);
  if (!view) {
    count_other(place, packet);
    return;
  }
  FlowRecord& flow = flows_[place.flow];
  if (flow.turn == kNone && !proves_turn(place, *view)) {
    keep_early(place, packet);
    return;
  }
  const auto relayed = turn_.on_channel_data(flow, place.direction, *view, packet);
  if (relayed)
    on_relayed(place, *relayed, packet);
  else if (place.counted)
    ++counts(packet.ref.capture).turn;
}

// A connectivity check inside ChannelData shows that the flow is TURN; which end is the server only
// its port may show (RFC 8656 section 3.1, RFC 7350 section 4.1 and what firewalls let through).
bool Pipeline::proves_turn(const Place& place, const turn::ChannelDataView& message) {
  if (!stun::MessageView::looks_like(message.data))
    return false;
  const auto serves = [](const Endpoint& end) {
    return end.port == 3478 || end.port == 5349 || end.port == 443 || end.port == 80;
  };
  FlowRecord& flow = flows_[place.flow];
  if (serves(flow.key.a) == serves(flow.key.b))
    return false;
  turn_.adopt(flow, place.flow, serves(flow.key.b) ? Direction{0} : Direction{1});
  replay_early(place.flow);
  return flow.turn != kNone;
}

void Pipeline::keep_early(const Place& place, const Packet& packet) {
  ++flows_[place.flow].directions[place.direction].early_channel;
  std::vector<Early>& kept = early_[place.flow];
  if (kept.size() >= kMaxEarlyPackets || early_bytes_ + packet.payload.size() > kMaxEarlyBytes)
    return;
  early_bytes_ += packet.payload.size();
  kept.push_back({place, packet, to_buffer(packet.payload)});
  kept.back().packet.comment = {};  // borrowed from the reader
}

void Pipeline::replay_early(FlowId id) {
  const auto it = early_.find(id);
  if (it == early_.end() || flows_[id].turn == kNone)
    return;
  const std::vector<Early> kept = std::exchange(it->second, {});
  early_.erase(it);
  for (const Early& early : kept) {
    early_bytes_ -= early.bytes.size();
    Packet packet = early.packet;
    packet.payload = early.bytes;
    book_for(id, flows_[id], packet.ref.capture);
    --flows_[id].directions[early.place.direction].early_channel;
    on_channel_data(early.place, packet);
  }
}

void Pipeline::forget_early(FlowId id) {
  const auto it = early_.find(id);
  if (it == early_.end())
    return;
  for (const Early& early : it->second)
    early_bytes_ -= early.bytes.size();
  early_.erase(it);
}

// The flow inside TURN that a channel stood for gets its peer's address.
void Pipeline::rename_hidden(const TurnTracker::Revealed& revealed) {
  const FlowRecord& outer = flows_[revealed.flow];
  const AllocationSeen& allocation = turn_[outer.turn];
  FlowKey key;
  key.a = allocation.relayed.value_or(outer.source(allocation.to_server));
  key.b = hidden_peer(revealed.channel);
  key.point = outer.key.point;
  key.carrier = revealed.flow;
  const FlowTable::Found found = flows_.find(key);
  if (found.id == kNone)
    return;
  if (found.direction == 0)
    flows_.rename(found.id, key.a, revealed.peer);
  else
    flows_.rename(found.id, revealed.peer, key.a);
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
  inner.wire_payload_size = static_cast<std::uint32_t>(relayed.wire_size);
  inner.cut_short = relayed.data.size() < relayed.wire_size;
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
  FlowRecord& flow = flows_[found.id];
  flow.over_tcp = over_tcp;
  if (found.added)
    note_inner(flows_[carrier.flow], found.id);
  const std::uint32_t holes = outer.directions[carrier.direction].holes;
  if (std::uint32_t& known = flow.directions[found.direction].holes; known != holes) {
    known = holes;
    rtp_.after_hole(flow, found.direction);
  }
  on_payload({found.id, found.direction, carrier.counted}, inner);
}

void Pipeline::note_inner(FlowRecord& outer, FlowId inner) {
  if (outer.inner.size() < kMaxInner)
    outer.inner.push_back(inner);
}

// One client and one server: where a check proved a flow inside TURN, continuity is enough for the
// others, whose checks may have come before the capture began.
void Pipeline::prove_siblings(const FlowRecord& outer) {
  const auto holds = [&](FlowId id) {
    return flows_[id].in_use && flows_[id].key.carrier != kNone &&
           &flows_[flows_[id].key.carrier] == &outer;
  };
  const bool proved = std::any_of(outer.inner.begin(), outer.inner.end(), [&](FlowId id) {
    return holds(id) && flows_[id].proof == FlowProof::Ice;
  });
  for (const FlowId id : outer.inner)
    if (proved && holds(id) &&
        (flows_[id].proof == FlowProof::Handshake || rtp_.believable(flows_[id])))
      flows_[id].proof = FlowProof::Ice;
}

void Pipeline::on_tcp(const Packet& packet) {
  ++counts(packet.ref.capture).tcp;
  const FlowId flow = connections_.on_segment(packet);
  if (flow != kNone && packet.cut_short)
    ++flows_[flow].cut_segments;
  // Not even the header of a STUN message was left of it.
  else if (packet.cut_short && packet.payload.size() < stun::kHeaderSize)
    ++counts(packet.ref.capture).tcp_unread;
  if (packet.payload.empty() || flow == kNone || flows_[flow].turn == kNone)
    return;
  --counts(packet.ref.capture).tcp;
  ++counts(packet.ref.capture).turn_tcp;
}

void Pipeline::on_frame(FlowId id, Direction direction, const TurnStream::Frame& frame) {
  FlowRecord& flow = flows_[id];
  Packet part;
  part.ref = frame.seen.ref;
  part.at = frame.seen.at;
  part.point = flow.key.point;
  part.source = flow.source(direction);
  part.destination = flow.destination(direction);
  part.protocol = TransportProtocol::Tcp;
  part.payload = frame.bytes;
  part.wire_payload_size = static_cast<std::uint32_t>(frame.wire_size);
  part.cut_short = frame.bytes.size() < frame.wire_size;
  touch(flow, direction, part);
  const Place place{id, direction, false};
  if (frame.kind == turn::FrameKind::Stun)
    on_stun(place, part);
  else
    on_channel_data(place, part);
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
  if (found.id == kNone || copies_.is_copy(found.id, found.direction, packet))
    return;
  ++flows_[found.id].icmp_errors;
  icmp_.push_back({found.id,
                   found.direction,
                   {packet.ref, packet.at},
                   error.type,
                   error.code,
                   packet.source.address.is_v6(),
                   hash_of_quoted(packet.payload)});
}

// Says what the packets of a flow were, now that nothing more will be learnt about it.
void Pipeline::settle(FlowId id) {
  const FlowRecord& flow = flows_[id];
  if (!flow.in_use || flow.key.protocol == TransportProtocol::Tcp)
    return;
  const bool rtp = is_loose_rtp(flow);
  if (flow.proof == FlowProof::Handshake)
    add_loose_dtls(flow, loose_);
  if (rtp || flow.proof == FlowProof::Handshake)
    add_loose_rtp(flow, rtp_, loose_);
  tally_.settle(id, flow, rtp);
}

void Pipeline::finish() {
  connections_.finish();
  ice_.finish();
  for (FlowId id = 0; id < flows_.size(); ++id)
    prove_siblings(flows_[id]);
  for (FlowId id = 0; id < flows_.size(); ++id)
    settle(id);
  extents_ = PointExtents(flows_);
}

}  // namespace parley::analyzer

#include "analyzer/payload_evidence.h"

#include <algorithm>
#include <array>
#include <optional>

#include "analyzer/dissect/stream_frames.h"
#include "stack/base/sequence.h"
#include "stack/wire/dtls.h"
#include "stack/wire/rtp.h"
#include "stack/wire/stun.h"
#include "stack/wire/turn.h"

namespace parley::analyzer {
namespace {

bool is_stun(const Packet& packet) {
  return stun::MessageView::looks_like(packet.payload) &&
         (packet.cut_short || stun::MessageView::decode(packet.payload).has_value());
}

bool is_turn_method(stun::Method method) {
  return method == stun::Method::Allocate || method == stun::Method::Refresh ||
         method == stun::Method::ChannelBind || method == stun::Method::CreatePermission ||
         method == stun::Method::Send || method == stun::Method::Data;
}

// A handshake record in clear whose first message has a type that begins handshakes or is part of
// one, with lengths that fit.
bool is_handshake(Bytes payload, std::size_t missing) {
  const Result<dtls::RecordView> record = dtls::decode_record(payload, 0, 0, missing);
  if (!record || !record->in_clear() || record->type != dtls::ContentType::Handshake)
    return false;
  const dtls::HandshakeFragments found =
      dtls::decode_handshake_fragments(record->fragment, record->header_size, record->missing);
  return !found.fragments.empty() && !found.error;
}

std::size_t missing_of(const Packet& packet) {
  return packet.wire_payload_size - packet.payload.size();
}

// The method of what looks like a STUN message, of which the end may be missing.
stun::Method method_of(Bytes message) {
  std::array<std::byte, stun::kHeaderSize> header{};
  std::copy_n(message.begin(), 2, header.begin());
  const auto view = stun::MessageView::decode(header);
  return view ? view->method() : stun::Method::Binding;
}

// The packet that a frame of TURN carries for a peer; empty: none.
Bytes carried_by(Bytes frame) {
  if (const auto data = turn::ChannelDataView::decode(frame))
    return data->data;
  const auto message = stun::MessageView::decode(frame);
  return message ? message->data().value_or(Bytes{}) : Bytes{};
}

// The channel that a frame of a TCP stream names: ChannelData or ChannelBind.
std::optional<std::uint16_t> channel_of(Bytes frame) {
  if (const auto data = turn::ChannelDataView::decode(frame))
    return data->channel;
  const auto message = stun::MessageView::decode(frame);
  if (!message || message->method() != stun::Method::ChannelBind)
    return std::nullopt;
  return message->channel_number();
}

std::size_t combine(std::size_t a, std::size_t b) {
  return a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6U) + (a >> 2U));
}

}  // namespace

std::size_t PayloadEvidence::FlowHash::operator()(const FlowKey& key) const noexcept {
  return combine(std::hash<Endpoint>{}(key.low), std::hash<Endpoint>{}(key.high));
}

std::size_t PayloadEvidence::SourceHash::operator()(const SourceKey& key) const noexcept {
  const std::size_t ends = combine(std::hash<Endpoint>{}(key.from), std::hash<Endpoint>{}(key.to));
  return combine(ends, (std::size_t{key.ssrc} << 8U) | key.payload_type);
}

PayloadEvidence::FlowKey PayloadEvidence::key_of(const Packet& packet) {
  const auto [low, high] = std::minmax(packet.source, packet.destination);
  return {low, high, packet.protocol == TransportProtocol::Tcp};
}

PayloadEvidence::Flow* PayloadEvidence::flow_of(const Packet& packet) {
  const FlowKey key = key_of(packet);
  if (flows_.size() >= kMaxFlows && !flows_.contains(key))
    return nullptr;
  return &flows_[key];
}

void PayloadEvidence::learn(const Packet& packet) {
  if (packet.protocol == TransportProtocol::Tcp)
    return learn_segment(packet);
  if (packet.protocol != TransportProtocol::Udp)
    return;
  switch (classify_first_byte(packet.payload, packet.wire_payload_size)) {
    case PayloadClass::Stun:
      learn_stun(packet);
      break;
    case PayloadClass::Dtls:
      learn_dtls(packet);
      break;
    case PayloadClass::Rtp:
      learn_rtp(packet);
      break;
    case PayloadClass::ChannelData:
      learn_carried(packet, packet.payload);
      break;
    case PayloadClass::Unknown:
    case PayloadClass::Zrtp:
    case PayloadClass::Quic:
    case PayloadClass::Rtcp:
      break;
  }
}

void PayloadEvidence::learn_stun(const Packet& packet) {
  if (!stun::MessageView::looks_like(packet.payload) || !is_stun(packet))
    return;
  if (Flow* flow = flow_of(packet)) {
    flow->stun = true;
    flow->turn = flow->turn || is_turn_method(method_of(packet.payload));
  }
  learn_carried(packet, packet.payload);
}

void PayloadEvidence::learn_carried(const Packet& packet, Bytes frame) {
  if (!stun::MessageView::looks_like(carried_by(frame)))
    return;
  if (Flow* flow = flow_of(packet))
    flow->carries_stun = true;
}

void PayloadEvidence::learn_segment(const Packet& packet) {
  const StreamFrames split = split_stream(packet.payload);
  if (split.frames.empty())
    return;
  // ChannelData has no cookie: it counts behind a STUN message or when frames fill the segment.
  const bool stun = stun::MessageView::looks_like(split.frames.front());
  if (!stun && !split.rest.empty())
    return;
  Flow* flow = flow_of(packet);
  if (flow == nullptr)
    return;
  flow->turn = flow->turn || stun;
  for (const Bytes frame : split.frames) {
    flow->carries_stun = flow->carries_stun || stun::MessageView::looks_like(carried_by(frame));
    const auto channel = channel_of(frame);
    if (channel && flow->channels.size() < kMaxChannels &&
        std::ranges::find(flow->channels, *channel) == flow->channels.end())
      flow->channels.push_back(*channel);
  }
}

void PayloadEvidence::learn_dtls(const Packet& packet) {
  if (!is_handshake(packet.payload, missing_of(packet)))
    return;
  if (Flow* flow = flow_of(packet))
    flow->dtls = true;
}

void PayloadEvidence::learn_rtp(const Packet& packet) {
  const Result<rtp::PacketView> view = rtp::PacketView::decode(packet.payload);
  if (!view)
    return;
  const SourceKey key{packet.source, packet.destination, view->ssrc, view->payload_type};
  if (sources_.size() >= kMaxSources && !sources_.contains(key))
    return;
  Source& source = sources_[key];
  if (source.advanced == 0 || serial_after(view->sequence, source.sequence)) {
    ++source.advanced;
    source.sequence = view->sequence;
  }
  if (source.advanced != kMinRtpPackets)
    return;
  if (Flow* flow = flow_of(packet))
    flow->rtp = true;
}

PayloadClass PayloadEvidence::classify_segment(const Packet& packet) const {
  const turn::StreamFrame first = turn::next_stream_frame(packet.payload);
  const bool cut = cut_frame({{}, packet.payload}, missing_of(packet)) > 0;
  const bool stun = stun::MessageView::looks_like(packet.payload);
  if (first.kind == turn::FrameKind::Stun || (cut && stun))
    return PayloadClass::Stun;
  if (first.kind != turn::FrameKind::ChannelData && (!cut || stun || packet.payload.size() < 4))
    return PayloadClass::Unknown;
  const auto found = flows_.find(key_of(packet));
  if (found == flows_.end() || !found->second.turn)
    return PayloadClass::Unknown;
  const std::uint16_t channel = load_u16(packet.payload.data());
  const bool known =
      std::ranges::find(found->second.channels, channel) != found->second.channels.end();
  return known ? PayloadClass::ChannelData : PayloadClass::Unknown;
}

bool PayloadEvidence::is_protected(const Packet& packet) const {
  const auto found = flows_.find(key_of(packet));
  if (found == flows_.end())
    return false;
  const Flow& flow = found->second;
  return flow.turn ? flow.carries_stun : flow.stun || flow.dtls;
}

PayloadClass PayloadEvidence::classify(const Packet& packet) const {
  if (packet.protocol == TransportProtocol::Tcp)
    return classify_segment(packet);
  if (packet.protocol != TransportProtocol::Udp)
    return PayloadClass::Unknown;
  if (is_stun(packet))
    return PayloadClass::Stun;
  const auto found = flows_.find(key_of(packet));
  if (found == flows_.end())
    return PayloadClass::Unknown;
  const Flow& flow = found->second;
  if (flow.stun && stun::MessageView::looks_like(packet.payload))
    return PayloadClass::Stun;  // damaged: its own bytes do not prove it, its 5-tuple does
  const PayloadClass looks = classify_first_byte(packet.payload, packet.wire_payload_size);
  switch (looks) {
    case PayloadClass::Dtls:
      return flow.stun || flow.dtls ? looks : PayloadClass::Unknown;
    case PayloadClass::ChannelData:
      return flow.turn ? looks : PayloadClass::Unknown;
    case PayloadClass::Rtp:
    case PayloadClass::Rtcp:
      return flow.stun || flow.dtls || flow.rtp ? looks : PayloadClass::Unknown;
    case PayloadClass::Stun:
    case PayloadClass::Unknown:
    case PayloadClass::Zrtp:
    case PayloadClass::Quic:
      break;
  }
  return PayloadClass::Unknown;
}

}  // namespace parley::analyzer

#include "analyzer/dissect/summary.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/dissect/stream_frames.h"
#include "stack/wire/dtls.h"
#include "stack/wire/rtp.h"
#include "stack/wire/stun.h"
#include "stack/wire/turn.h"

namespace parley::analyzer {
namespace {

using stun::Attribute;

void append_endpoint(std::string& info, const stun::MessageView& message, Attribute type,
                     std::string_view label) {
  if (const auto endpoint = message.endpoint(type))
    info += fmt::format("  {} {}", label, to_string(*endpoint));
}

std::string stun_info(const stun::MessageView& message) {
  std::string info = fmt::format("{} {}", stun::method_name(message.method()),
                                 class_name(message.message_class()));
  if (const auto error = message.error_code())
    info += fmt::format("  {} {}", error->code, printable(error->reason));
  if (const auto user = message.username())
    info += "  user " + printable(*user);
  if (message.has(Attribute::IceControlling))
    info += "  controlling";
  if (message.has(Attribute::IceControlled))
    info += "  controlled";
  if (message.has(Attribute::UseCandidate))
    info += "  USE-CANDIDATE";
  append_endpoint(info, message, Attribute::XorMappedAddress, "mapped");
  append_endpoint(info, message, Attribute::XorRelayedAddress, "relayed");
  append_endpoint(info, message, Attribute::XorPeerAddress, "peer");
  if (const auto channel = message.channel_number())
    info += fmt::format("  channel 0x{:04x}", *channel);
  if (const auto lifetime = message.u32(Attribute::Lifetime))
    info += fmt::format("  lifetime {} s", *lifetime);
  if (const auto data = message.data())
    info += fmt::format("  {} bytes of data", data->size());
  if (message.verify_fingerprint() == stun::Verification::Bad)
    info += "  FINGERPRINT is wrong";
  return info;
}

Summary summarize_stun(Bytes payload) {
  const Result<stun::MessageView> message = stun::MessageView::decode(payload);
  if (!message)
    return {"STUN", to_string(message.error())};
  const bool turn = message->method() != stun::Method::Binding;
  return {turn ? "TURN" : "STUN", stun_info(*message)};
}

Summary summarize_channel_data(Bytes payload) {
  const Result<turn::ChannelDataView> frame = turn::ChannelDataView::decode(payload);
  if (!frame)
    return {"TURN", "ChannelData  " + to_string(frame.error())};
  const Summary inner = summarize(classify_first_byte(frame->data), frame->data);
  return {"TURN",
          fmt::format("ChannelData 0x{:04x}  {} {}", frame->channel, inner.protocol, inner.info)};
}

std::string record_info(const dtls::RecordView& record) {
  if (record.unified)
    return fmt::format("encrypted record, epoch bits {}, {} bytes", record.epoch,
                       record.fragment.size());
  if (!record.in_clear())
    return fmt::format("{}, epoch {}, encrypted, {} bytes", content_type_name(record.type),
                       record.epoch, record.fragment.size());
  if (record.type == dtls::ContentType::Alert)
    if (const auto alert = dtls::Alert::decode(record.fragment))
      return fmt::format("Alert {} {}", dtls::alert_level_name(alert->level),
                         dtls::alert_description_name(alert->description));
  if (record.type != dtls::ContentType::Handshake)
    return content_type_name(record.type);
  std::string info;
  for (const dtls::HandshakeFragment& f :
       dtls::decode_handshake_fragments(record.fragment, 0).fragments) {
    info += (info.empty() ? "" : ", ") + handshake_type_name(f.type);
    if (!f.complete())
      info += fmt::format(" [{}..{} of {}]", f.fragment_offset,
                          f.fragment_offset + f.fragment_length, f.length);
  }
  return info.empty() ? "Handshake" : info;
}

Summary summarize_dtls(Bytes payload) {
  const dtls::RecordList list = dtls::decode_records(payload);
  std::string info;
  for (const dtls::RecordView& record : list.records)
    info += (info.empty() ? "" : " | ") + record_info(record);
  if (list.error)
    info += (info.empty() ? "" : " | ") + to_string(*list.error);
  return {"DTLS", info};
}

Summary summarize_rtp(Bytes payload) {
  const Result<rtp::PacketView> packet = rtp::PacketView::decode(payload);
  if (!packet)
    return {"RTP", to_string(packet.error())};
  return {"RTP",
          fmt::format("payload type {}  sequence {}  time {}  SSRC {}{}  {} bytes",
                      packet->payload_type, packet->sequence, packet->timestamp, packet->ssrc,
                      packet->marker ? "  marker" : "", packet->payload.size())};
}

Summary summarize_rtcp(Bytes payload) {
  // The type of the first packet and its sender stand in clear in SRTCP too (RFC 3711 section 3.4).
  constexpr std::size_t kClear = 8;
  if (payload.size() < kClear)
    return {"RTCP", "too short"};
  return {"RTCP", fmt::format("packet type {}  sender SSRC {}  {} bytes", load_u8(&payload[1]),
                              load_u32(&payload[4]), payload.size())};
}

}  // namespace

Summary summarize(PayloadClass as, Bytes payload) {
  switch (as) {
    case PayloadClass::Stun:
      return summarize_stun(payload);
    case PayloadClass::ChannelData:
      return summarize_channel_data(payload);
    case PayloadClass::Dtls:
      return summarize_dtls(payload);
    case PayloadClass::Rtp:
      return summarize_rtp(payload);
    case PayloadClass::Rtcp:
      return summarize_rtcp(payload);
    case PayloadClass::Unknown:
    case PayloadClass::Zrtp:
    case PayloadClass::Quic:
      break;
  }
  return {"UDP", fmt::format("{} bytes", payload.size())};
}

Summary summarize_segment(Bytes segment) {
  // A super-frame of segmentation offload holds many.
  constexpr std::size_t kShown = 4;
  const StreamFrames split = split_stream(segment);
  Summary all{"TCP", ""};
  for (std::size_t i = 0; i < std::min(kShown, split.frames.size()); ++i) {
    const Bytes frame = split.frames[i];
    const Summary one = stun::MessageView::looks_like(frame) ? summarize_stun(frame)
                                                             : summarize_channel_data(frame);
    if (i == 0 || one.protocol == "TURN")
      all.protocol = one.protocol;
    all.info += (i == 0 ? "" : " | ") + one.info;
  }
  if (split.frames.size() > kShown)
    all.info += fmt::format(" | {} more", split.frames.size() - kShown);
  if (!split.rest.empty())
    all.info += fmt::format(" | {} bytes of another segment's message", split.rest.size());
  return all;
}

}  // namespace parley::analyzer

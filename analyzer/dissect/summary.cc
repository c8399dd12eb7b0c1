#include "analyzer/dissect/summary.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/dissect/field.h"
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

// What a packet that TURN carries is, by its first byte.
Summary summarize_inner(Bytes packet, const SummaryScope& scope) {
  const Summary inner =
      summarize(classify_first_byte(packet, packet.size() + scope.missing), packet, scope);
  return inner.protocol == "UDP" ? Summary{"", inner.info} : inner;
}

std::string joined(const Summary& summary) {
  return summary.protocol.empty() ? summary.info : summary.protocol + " " + summary.info;
}

std::string stun_info(const stun::MessageView& message, const SummaryScope& scope) {
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
    info += "  data: " + joined(summarize_inner(*data, {0, scope.srtp}));
  return info;
}

// The message up to the last attribute that is whole, with a length that says so.
ByteBuffer whole_part(Bytes message) {
  std::size_t end = stun::kHeaderSize;
  while (end + 4 <= message.size()) {
    const std::size_t size =
        4 + ((std::size_t{load_u16(message.data() + end + 2)} + 3U) & ~std::size_t{3});
    if (size > message.size() - end)
      break;
    end += size;
  }
  ByteBuffer part = to_buffer(message.first(end));
  part[2] = static_cast<std::byte>((end - stun::kHeaderSize) >> 8U);
  part[3] = static_cast<std::byte>((end - stun::kHeaderSize) & 0xffU);
  return part;
}

Summary named(const stun::MessageView& message, std::string info) {
  const bool turn = message.method() != stun::Method::Binding;
  return {turn ? "TURN" : "STUN", std::move(info)};
}

Summary summarize_cut_stun(Bytes payload, const SummaryScope& scope) {
  if (payload.size() < stun::kHeaderSize)
    return {"STUN", cut_text(payload.size(), payload.size() + scope.missing)};
  const ByteBuffer part = whole_part(payload);
  const auto message = stun::MessageView::decode(part);
  return message ? named(*message, stun_info(*message, scope))
                 : Summary{"STUN", to_string(message.error())};
}

Summary summarize_stun(Bytes payload, const SummaryScope& scope) {
  if (scope.missing > 0)
    return summarize_cut_stun(payload, scope);
  const Result<stun::MessageView> message = stun::MessageView::decode(payload);
  if (!message)
    return {"STUN", to_string(message.error())};
  std::string info = stun_info(*message, scope);
  if (message->verify_fingerprint() == stun::Verification::Bad)
    info += "  FINGERPRINT is wrong";
  return named(*message, std::move(info));
}

Summary summarize_channel_data(Bytes payload, const SummaryScope& scope) {
  constexpr std::size_t kHeader = 4;
  if (payload.size() < kHeader)
    return {"TURN", "ChannelData"};
  const std::size_t length = load_u16(payload.data() + 2);
  const std::size_t there = payload.size() - kHeader;
  if (length > there + scope.missing)
    if (const auto frame = turn::ChannelDataView::decode(payload); !frame)
      return {"TURN", "ChannelData  " + to_string(frame.error())};
  const Bytes data = payload.subspan(kHeader, std::min(length, there));
  const Summary inner = summarize_inner(data, {length - data.size(), scope.srtp});
  return {"TURN", fmt::format("ChannelData 0x{:04x}  {}", load_u16(payload.data()), joined(inner))};
}

std::string record_info(const dtls::RecordView& record) {
  const std::size_t size = record.fragment.size() + record.missing;
  if (record.unified)
    return fmt::format("encrypted record, epoch bits {}, {} bytes", record.epoch, size);
  if (!record.in_clear())
    return fmt::format("{}, epoch {}, encrypted, {} bytes", content_type_name(record.type),
                       record.epoch, size);
  if (record.type == dtls::ContentType::Alert)
    if (const auto alert = dtls::Alert::decode(record.fragment))
      return fmt::format("Alert {} {}", dtls::alert_level_name(alert->level),
                         dtls::alert_description_name(alert->description));
  if (record.type != dtls::ContentType::Handshake)
    return content_type_name(record.type);
  std::string info;
  for (const dtls::HandshakeFragment& f :
       dtls::decode_handshake_fragments(record.fragment, 0, record.missing).fragments) {
    info += (info.empty() ? "" : ", ") + handshake_type_name(f.type);
    if (!f.complete())
      info += fmt::format(" [{}..{} of {}]", f.fragment_offset,
                          f.fragment_offset + f.fragment_length, f.length);
  }
  return info.empty() ? "Handshake" : info;
}

Summary summarize_dtls(Bytes payload, const SummaryScope& scope) {
  const dtls::RecordList list = dtls::decode_records(payload, 0, 0, scope.missing);
  std::string info;
  for (const dtls::RecordView& record : list.records)
    info += (info.empty() ? "" : " | ") + record_info(record);
  if (list.error) {
    const bool cut = scope.missing > 0 && list.error->fault == WireFault::Truncated;
    info += (info.empty() ? "" : " | ") + (cut ? std::string("...") : to_string(*list.error));
  }
  return {"DTLS", info};
}

Summary summarize_rtp(Bytes payload, const SummaryScope& scope) {
  constexpr std::size_t kFixed = 12;
  const std::string protocol = scope.srtp ? "SRTP" : "RTP";
  const Result<rtp::PacketView> packet = rtp::PacketView::decode(payload);
  if (!packet && (scope.missing == 0 || payload.size() < kFixed))
    return {protocol, scope.missing > 0 ? cut_text(payload.size(), payload.size() + scope.missing)
                                        : to_string(packet.error())};
  const unsigned second = load_u8(payload.data() + 1);
  std::string info =
      fmt::format("payload type {}  sequence {}  time {}  SSRC {:#010x}{}", second & 0x7fU,
                  load_u16(payload.data() + 2), load_u32(payload.data() + 4),
                  load_u32(payload.data() + 8), (second & 0x80U) != 0 ? "  marker" : "");
  if (packet)
    info += fmt::format("  {} bytes", packet->payload.size() + scope.missing);
  return {protocol, info};
}

Summary summarize_rtcp(Bytes payload, const SummaryScope& scope) {
  // The type of the first packet and its sender stand in clear in SRTCP too (RFC 3711 section 3.4).
  constexpr std::size_t kClear = 8;
  const std::string protocol = scope.srtp ? "SRTCP" : "RTCP";
  if (payload.size() < kClear)
    return {protocol, scope.missing > 0 ? cut_text(payload.size(), payload.size() + scope.missing)
                                        : "too short"};
  return {protocol, fmt::format("{}  sender SSRC {:#010x}  {} bytes",
                                rtcp_name(load_u8(payload.data()), load_u8(payload.data() + 1)),
                                load_u32(payload.data() + 4), payload.size() + scope.missing)};
}

Summary summarize_frame(Bytes frame, const SummaryScope& scope) {
  return stun::MessageView::looks_like(frame) ? summarize_stun(frame, scope)
                                              : summarize_channel_data(frame, scope);
}

}  // namespace

Summary summarize(PayloadClass as, Bytes payload, const SummaryScope& scope) {
  switch (as) {
    case PayloadClass::Stun:
      return summarize_stun(payload, scope);
    case PayloadClass::ChannelData:
      return summarize_channel_data(payload, scope);
    case PayloadClass::Dtls:
      return summarize_dtls(payload, scope);
    case PayloadClass::Rtp:
      return summarize_rtp(payload, scope);
    case PayloadClass::Rtcp:
      return summarize_rtcp(payload, scope);
    case PayloadClass::Unknown:
    case PayloadClass::Zrtp:
    case PayloadClass::Quic:
      break;
  }
  return {"UDP", fmt::format("{} bytes", payload.size() + scope.missing)};
}

Summary summarize_segment(Bytes segment, const SummaryScope& scope) {
  // A super-frame of segmentation offload holds many.
  constexpr std::size_t kShown = 4;
  const StreamFrames split = split_stream(segment);
  const std::size_t cut = cut_frame(split, scope.missing);
  Summary all{"TCP", ""};
  const auto add = [&](const Summary& one) {
    if (all.info.empty() || one.protocol == "TURN")
      all.protocol = one.protocol;
    all.info += (all.info.empty() ? "" : " | ") + one.info;
  };
  for (std::size_t i = 0; i < std::min(kShown, split.frames.size()); ++i)
    add(summarize_frame(split.frames[i], {0, scope.srtp}));
  if (split.frames.size() > kShown)
    all.info += fmt::format(" | {} more", split.frames.size() - kShown);
  if (cut > 0)
    add(summarize_frame(split.rest, {cut, scope.srtp}));
  else if (!split.rest.empty())
    all.info += fmt::format(" | {} bytes of another segment's message", split.rest.size());
  return all;
}

}  // namespace parley::analyzer

#include "stack/wire/demux.h"

#include "stack/wire/dtls.h"

namespace parley {
namespace {

constexpr std::size_t kStunHeader = 20;
constexpr std::uint32_t kStunCookie = 0x2112a442;
constexpr std::size_t kChannelHeader = 4;
constexpr std::size_t kRtpHeader = 12;
constexpr std::size_t kRtcpHeader = 4;

bool stun_fits(Bytes payload, std::size_t wire_size) {
  if (payload.size() < kStunHeader)
    return false;
  const std::size_t length = load_u16(payload.data() + 2);
  // Without the cookie (RFC 3489) only an exact length speaks for STUN.
  if (load_u32(payload.data() + 4) != kStunCookie)
    return length % 4 == 0 && kStunHeader + length == wire_size;
  return length % 4 == 0 && kStunHeader + length <= wire_size;
}

// RFC 8656 section 12.5: over UDP the padding to four bytes may be there or not.
bool channel_data_fits(Bytes payload, std::size_t wire_size) {
  if (payload.size() < kChannelHeader)
    return false;
  const std::size_t end = kChannelHeader + load_u16(payload.data() + 2);
  return end <= wire_size && wire_size - end < 4;
}

PayloadClass classify_rtp(Bytes payload, std::size_t wire_size) {
  if (payload.size() < kRtcpHeader)
    return PayloadClass::Unknown;
  const std::uint8_t second = load_u8(payload.data() + 1);
  if (second >= 192 && second <= 223)
    return PayloadClass::Rtcp;
  const std::size_t csrcs = load_u8(payload.data()) & 0x0fU;
  return kRtpHeader + 4 * csrcs <= wire_size ? PayloadClass::Rtp : PayloadClass::Unknown;
}

}  // namespace

PayloadClass classify_first_byte(Bytes payload) {
  return classify_first_byte(payload, payload.size());
}

PayloadClass classify_first_byte(Bytes payload, std::size_t wire_size) {
  if (payload.empty())
    return PayloadClass::Unknown;
  const std::uint8_t first = load_u8(payload.data());
  if (first <= 3)
    return stun_fits(payload, wire_size) ? PayloadClass::Stun : PayloadClass::Unknown;
  if (first < 16)
    return PayloadClass::Unknown;
  if (first < 20)
    return PayloadClass::Zrtp;
  if (first < 64)
    return dtls::looks_like_record(payload, wire_size) ? PayloadClass::Dtls : PayloadClass::Unknown;
  if (first < 80)
    return channel_data_fits(payload, wire_size) ? PayloadClass::ChannelData
                                                 : PayloadClass::Unknown;
  if (first < 128 || first >= 192)
    return PayloadClass::Quic;
  return classify_rtp(payload, wire_size);
}

std::string_view to_string(PayloadClass c) {
  switch (c) {
    case PayloadClass::Unknown:
      return "unknown";
    case PayloadClass::Stun:
      return "stun";
    case PayloadClass::Zrtp:
      return "zrtp";
    case PayloadClass::Dtls:
      return "dtls";
    case PayloadClass::ChannelData:
      return "channel-data";
    case PayloadClass::Quic:
      return "quic";
    case PayloadClass::Rtp:
      return "rtp";
    case PayloadClass::Rtcp:
      return "rtcp";
  }
  return "unknown";
}

}  // namespace parley

#include "stack/wire/rtp_payload_h264.h"

#include <algorithm>

namespace parley::rtp {
namespace {

constexpr std::uint8_t kTypeMask = 0x1f;
constexpr std::uint8_t kForbiddenAndReference = 0xe0;
constexpr std::uint8_t kLastSingle = 23;
constexpr std::uint8_t kStapA = 24;
constexpr std::uint8_t kFuA = 28;

// RFC 6184 section 5.7.1: a size in two octets and a NAL unit, again and again.
void read_stap_a(ByteReader& reader, H264Payload& payload) {
  while (reader.ok() && reader.remaining() > 0) {
    const std::size_t at = reader.offset();
    const std::size_t size = reader.u16("STAP-A NAL unit size");
    if (reader.ok() && size == 0) {
      reader.fail(WireFault::BadLength, at, "STAP-A NAL unit size");
      return;
    }
    H264NalUnit unit;
    const Bytes whole = reader.bytes(size, "STAP-A NAL unit");
    if (!reader.ok())
      return;
    unit.header = load_u8(whole.data());
    unit.offset = static_cast<std::uint32_t>(reader.offset() - size + 1);
    unit.body = whole.subspan(1);
    payload.units.push_back(unit);
  }
}

// RFC 6184 section 5.8: |S|E|R| type |, and the part.
void read_fu_a(ByteReader& reader, std::uint8_t indicator, H264Payload& payload) {
  const std::size_t at = reader.offset();
  const std::uint8_t fu = reader.u8("FU header");
  H264NalUnit unit;
  unit.header = static_cast<std::uint8_t>((indicator & kForbiddenAndReference) | (fu & kTypeMask));
  unit.start = (fu & 0x80U) != 0;
  unit.end = (fu & 0x40U) != 0;
  if (unit.start && unit.end)
    reader.fail(WireFault::BadValue, at, "FU header");
  unit.offset = static_cast<std::uint32_t>(reader.offset());
  unit.body = reader.rest();
  if (reader.ok() && unit.body.empty())
    reader.fail(WireFault::Truncated, unit.offset, "FU payload");
  payload.units.push_back(unit);
}

}  // namespace

bool H264Payload::starts_key_frame() const {
  return std::any_of(units.begin(), units.end(), [](const H264NalUnit& unit) {
    return unit.start && (unit.type() == kH264Idr || unit.type() == kH264SequenceParameters);
  });
}

Result<H264Payload> H264Payload::decode(Bytes bytes, std::size_t base) {
  ByteReader reader(bytes, base);
  H264Payload payload;
  const std::uint8_t first = reader.u8("NAL unit header");
  const std::uint8_t type = first & kTypeMask;
  if (!reader.ok())
    return reader.unexpected();
  if (type == kStapA) {
    payload.packetization = H264Packetization::StapA;
    read_stap_a(reader, payload);
    if (reader.ok() && payload.units.empty())
      reader.fail(WireFault::Truncated, reader.offset(), "STAP-A NAL unit size");
  } else if (type == kFuA) {
    payload.packetization = H264Packetization::FuA;
    read_fu_a(reader, first, payload);
  } else if (type == 0 || type > kLastSingle) {
    reader.fail(WireFault::Unsupported, base, "NAL unit type");
  } else {
    H264NalUnit unit;
    unit.header = first;
    unit.offset = static_cast<std::uint32_t>(reader.offset());
    unit.body = reader.rest();
    payload.units.push_back(unit);
  }
  if (!reader.ok())
    return reader.unexpected();
  return payload;
}

}  // namespace parley::rtp

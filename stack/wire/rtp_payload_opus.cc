#include "stack/wire/rtp_payload_opus.h"

#include <array>

namespace parley::rtp {
namespace {

constexpr std::uint32_t kMaxFrame = 1275;    // R2
constexpr std::uint32_t kMaxSamples = 5760;  // R5: 120 ms
constexpr std::uint8_t kLastSilk = 11;
constexpr std::uint8_t kLastHybrid = 15;

// RFC 6716 section 3.1, table 2: the length of a frame at 48 kHz.
std::uint32_t samples_of(std::uint8_t config) {
  constexpr std::array<std::uint32_t, 4> kSilk{480, 960, 1920, 2880};
  constexpr std::array<std::uint32_t, 2> kHybrid{480, 960};
  constexpr std::array<std::uint32_t, 4> kCelt{120, 240, 480, 960};
  if (config <= kLastSilk)
    return kSilk[config % 4U];
  if (config <= kLastHybrid)
    return kHybrid[config % 2U];
  return kCelt[config % 4U];
}

// RFC 6716 section 3.2.1: one octet below 252, else two.
std::uint32_t read_length(ByteReader& reader) {
  constexpr std::uint32_t kTwoOctets = 252;
  const std::uint32_t first = reader.u8("Opus frame length");
  return first < kTwoOctets ? first : first + 4U * reader.u8("Opus frame length");
}

void require_frame(ByteReader& reader, std::uint64_t size) {
  if (reader.ok() && size > kMaxFrame)
    reader.fail(WireFault::BadLength, reader.offset(), "Opus frame");
}

std::uint32_t read_padding(ByteReader& reader) {
  constexpr std::uint32_t kMore = 255;
  std::uint32_t padding = 0;
  while (reader.ok()) {
    const std::uint32_t octet = reader.u8("Opus padding length");
    padding += octet == kMore ? kMore - 1 : octet;
    if (octet != kMore)
      break;
  }
  return padding;
}

// Code 3: |v|p| M |, padding lengths, with v the lengths of all frames but the last.
void read_code_3(ByteReader& reader, OpusPayload& payload) {
  constexpr std::uint32_t kMaxFrames = 48;
  const std::size_t at = reader.offset();
  const std::uint8_t octet = reader.u8("Opus frame count");
  payload.frames = octet & 0x3fU;
  if (reader.ok() && (payload.frames == 0 || payload.frames > kMaxFrames)) {
    reader.fail(WireFault::BadValue, at, "Opus frame count");
    return;
  }
  const std::uint32_t padding = (octet & 0x40U) != 0 ? read_padding(reader) : 0;
  std::uint32_t sized = 0;
  const bool variable = (octet & 0x80U) != 0;
  for (unsigned i = 1; variable && i < payload.frames && reader.ok(); ++i) {
    const std::uint32_t size = read_length(reader);
    require_frame(reader, size);
    sized += size;
  }
  const std::size_t left = reader.remaining();
  if (reader.ok() && left < std::size_t{padding} + sized) {
    reader.fail(WireFault::Truncated, reader.offset(), "Opus frames");
    return;
  }
  payload.coded_octets = static_cast<std::uint32_t>(left - padding);
  if (variable)
    require_frame(reader, payload.coded_octets - sized);
  else if (reader.ok() && payload.coded_octets % payload.frames != 0)
    reader.fail(WireFault::BadLength, reader.offset(), "Opus frames");
  else if (reader.ok())
    require_frame(reader, payload.coded_octets / payload.frames);
}

}  // namespace

Result<OpusPayload> OpusPayload::decode(Bytes bytes, std::size_t base) {
  ByteReader reader(bytes, base);
  OpusPayload payload;
  const std::uint8_t toc = reader.u8("Opus table of contents");
  if (!reader.ok())
    return reader.unexpected();
  payload.config = static_cast<std::uint8_t>(toc >> 3U);
  payload.mode = payload.config <= kLastSilk     ? OpusMode::Silk
                 : payload.config <= kLastHybrid ? OpusMode::Hybrid
                                                 : OpusMode::Celt;
  payload.stereo = (toc & 0x04U) != 0;
  payload.code = toc & 0x03U;
  payload.frames = payload.code == 0 ? 1 : 2;
  payload.coded_octets = static_cast<std::uint32_t>(reader.remaining());
  if (payload.code == 0) {
    require_frame(reader, payload.coded_octets);
  } else if (payload.code == 1) {
    if (payload.coded_octets % 2 != 0)
      reader.fail(WireFault::BadLength, reader.offset(), "Opus frames");
    require_frame(reader, payload.coded_octets / 2);
  } else if (payload.code == 2) {
    const std::uint32_t first = read_length(reader);
    if (reader.ok() && first > reader.remaining())
      reader.fail(WireFault::Truncated, reader.offset(), "Opus frame");
    payload.coded_octets = static_cast<std::uint32_t>(reader.remaining());
    require_frame(reader, first);
    require_frame(reader, payload.coded_octets - first);
  } else {
    read_code_3(reader, payload);
  }
  payload.samples = payload.frames * samples_of(payload.config);
  if (reader.ok() && payload.samples > kMaxSamples)
    reader.fail(WireFault::BadValue, base, "Opus packet duration");
  if (!reader.ok())
    return reader.unexpected();
  return payload;
}

}  // namespace parley::rtp

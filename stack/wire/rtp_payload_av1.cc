#include "stack/wire/rtp_payload_av1.h"

namespace parley::rtp {
namespace {

// AV1 specification section 4.10.5; no element is longer than a datagram, so three octets are
// plenty.
std::size_t read_leb128(ByteReader& reader) {
  constexpr unsigned kMaxOctets = 3;
  constexpr unsigned kBits = 7;
  const std::size_t at = reader.offset();
  std::size_t value = 0;
  for (unsigned i = 0; i < kMaxOctets; ++i) {
    const std::uint8_t octet = reader.u8("OBU element length");
    value |= std::size_t{octet & 0x7fU} << (kBits * i);
    if ((octet & 0x80U) == 0)
      return value;
  }
  reader.fail(WireFault::BadValue, at, "OBU element length");
  return 0;
}

// AV1 specification section 5.3.2:
//   |F| type  |X|S|-|   X: | temporal | spatial | - |
//    0 1 2 3 4 5 6 7        3 bits      2 bits
void read_obu_header(Av1Element& element, ByteReader& reader) {
  ByteReader header(element.bytes, element.offset);
  const std::uint8_t first = header.u8("OBU header");
  element.type = static_cast<std::uint8_t>((first >> 3U) & 0x0fU);
  element.has_size = (first & 0x02U) != 0;
  if ((first & 0x04U) != 0) {
    const std::uint8_t extension = header.u8("OBU extension header");
    element.temporal_id = static_cast<std::uint8_t>(extension >> 5U);
    element.spatial_id = static_cast<std::uint8_t>((extension >> 3U) & 0x03U);
  }
  // The header of a fragment may be cut; that of a whole OBU may not.
  if (!header.ok() && element.end)
    reader.fail(header.error().fault, header.error().offset, header.error().field);
  else if (header.ok() && (first & 0x80U) != 0)
    reader.fail(WireFault::BadValue, element.offset, "OBU forbidden bit");
}

}  // namespace

//      0 1 2 3 4 5 6 7
//     +-+-+-+-+-+-+-+-+
//     |Z|Y| W |N|-|-|-|
//     +-+-+-+-+-+-+-+-+
// Z: the first element goes on from the packet before; Y: the last one goes on in the next.
Result<Av1Payload> Av1Payload::decode(Bytes bytes, std::size_t base) {
  ByteReader reader(bytes, base);
  Av1Payload payload;
  const std::uint8_t first = reader.u8("AV1 aggregation header");
  const bool continues = (first & 0x80U) != 0;
  const bool continued = (first & 0x40U) != 0;
  payload.count = (first >> 4U) & 0x03U;
  payload.new_sequence = (first & 0x08U) != 0;
  if (reader.ok() && payload.new_sequence && continues)
    reader.fail(WireFault::BadValue, base, "AV1 aggregation header");
  while (reader.ok() && reader.remaining() > 0) {
    const bool last_by_count = payload.count != 0 && payload.elements.size() + 1 == payload.count;
    const std::size_t size = last_by_count ? reader.remaining() : read_leb128(reader);
    Av1Element element;
    element.offset = static_cast<std::uint32_t>(reader.offset());
    element.bytes = reader.bytes(size, "OBU element");
    element.start = !continues || !payload.elements.empty();
    payload.elements.push_back(element);
  }
  if (reader.ok() && (payload.elements.empty() ||
                      (payload.count != 0 && payload.elements.size() != payload.count)))
    reader.fail(WireFault::Truncated, reader.offset(), "OBU element");
  if (reader.ok())
    payload.elements.back().end = !continued;
  for (Av1Element& element : payload.elements)
    if (reader.ok() && element.start && !element.bytes.empty())
      read_obu_header(element, reader);
  if (!reader.ok())
    return reader.unexpected();
  return payload;
}

}  // namespace parley::rtp

#include "stack/wire/rtcp_feedback.h"

#include <bitset>

namespace parley::rtcp {
namespace {

constexpr std::uint32_t kRembName = 0x52454d42;  // "REMB"

// The bits of mantissa * 2^exponent; empty when they are more than 64.
std::optional<std::uint64_t> shifted(std::uint64_t mantissa, unsigned exponent) {
  const std::uint64_t value = mantissa << exponent;
  if (value >> exponent != mantissa)
    return std::nullopt;
  return value;
}

bool may_be_empty(const PacketView& packet) {
  return is_feedback(packet, TransportFormat::Tmmbn);
}

}  // namespace

Result<Feedback> Feedback::decode(const PacketView& packet) {
  ByteReader reader(packet.body, packet.body_offset());
  Feedback feedback;
  feedback.sender_ssrc = reader.u32("SSRC of the packet's sender");
  feedback.media_ssrc = reader.u32("SSRC of the media source");
  feedback.offset = static_cast<std::uint32_t>(reader.offset());
  feedback.fci = reader.rest();
  if (!reader.ok())
    return reader.unexpected();
  return feedback;
}

template <class T>
Result<EntryList<T>> EntryList<T>::decode(const PacketView& packet) {
  const Result<Feedback> feedback = Feedback::decode(packet);
  if (!feedback)
    return tl::unexpected(feedback.error());
  const std::size_t size = feedback->fci.size();
  if (size == 0 && !may_be_empty(packet))
    return wire_error(WireFault::Truncated, feedback->offset, "feedback control information");
  if (size % T::kSize != 0)
    return wire_error(WireFault::BadLength, feedback->offset + size - size % T::kSize,
                      "feedback control information");
  EntryList<T> list;
  list.sender_ssrc = feedback->sender_ssrc;
  list.media_ssrc = feedback->media_ssrc;
  list.entries = Entries<T>(feedback->fci);
  return list;
}
template struct EntryList<NackEntry>;
template struct EntryList<SliceEntry>;
template struct EntryList<FullIntraEntry>;
template struct EntryList<BitrateEntry>;

std::size_t NackEntry::packets() const {
  return 1 + std::bitset<16>(following).count();
}

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |            First        |        Number           | PictureID |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
SliceEntry SliceEntry::load(const std::byte* p) {
  const std::uint32_t word = load_u32(p);
  return {static_cast<std::uint16_t>(word >> 19U),
          static_cast<std::uint16_t>((word >> 6U) & 0x1fffU),
          static_cast<std::uint8_t>(word & 0x3fU)};
}

//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                              SSRC                             |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   | MxTBR Exp |  MxTBR Mantissa                 |Measured Overhead|
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
BitrateEntry BitrateEntry::load(const std::byte* p) {
  const std::uint32_t word = load_u32(p + 4);
  return {load_u32(p), static_cast<std::uint8_t>(word >> 26U), (word >> 9U) & 0x1ffffU,
          static_cast<std::uint16_t>(word & 0x1ffU)};
}

std::optional<std::uint64_t> BitrateEntry::bitrate() const {
  return shifted(mantissa, exponent);
}

Result<PictureLoss> PictureLoss::decode(const PacketView& packet) {
  const Result<Feedback> feedback = Feedback::decode(packet);
  if (!feedback)
    return tl::unexpected(feedback.error());
  if (!feedback->fci.empty())
    return wire_error(WireFault::BadLength, feedback->offset, "end of the packet");
  return PictureLoss{feedback->sender_ssrc, feedback->media_ssrc};
}

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |      PB       |0| Payload Type|    Native RPSI bit string     |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
Result<ReferenceSelection> ReferenceSelection::decode(const PacketView& packet) {
  constexpr std::size_t kWordBits = 32;
  const Result<Feedback> feedback = Feedback::decode(packet);
  if (!feedback)
    return tl::unexpected(feedback.error());
  ByteReader reader(feedback->fci, feedback->offset);
  ReferenceSelection selection;
  selection.sender_ssrc = feedback->sender_ssrc;
  selection.media_ssrc = feedback->media_ssrc;
  selection.padding_bits = reader.u8("padding bits");
  selection.payload_type = reader.u8("payload type") & 0x7fU;
  selection.bit_string = reader.rest();
  // They fill the last word: fewer than 32, and no more than there are.
  const std::size_t padding = selection.padding_bits;
  if (padding >= kWordBits || padding > 8 * selection.bit_string.size())
    reader.fail(WireFault::BadLength, feedback->offset, "padding bits");
  if (!reader.ok())
    return reader.unexpected();
  return selection;
}

bool is_receiver_bitrate(const PacketView& packet) {
  const Result<Feedback> feedback = Feedback::decode(packet);
  return is_feedback(packet, PayloadFormat::Application) && feedback && feedback->fci.size() >= 4 &&
         load_u32(feedback->fci.data()) == kRembName;
}

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |  Unique identifier 'R' 'E' 'M' 'B'                            |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |  Num SSRC     | BR Exp    |  BR Mantissa                      |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
Result<ReceiverBitrate> ReceiverBitrate::decode(const PacketView& packet) {
  const Result<Feedback> feedback = Feedback::decode(packet);
  if (!feedback)
    return tl::unexpected(feedback.error());
  ByteReader reader(feedback->fci, feedback->offset);
  ReceiverBitrate bitrate;
  bitrate.sender_ssrc = feedback->sender_ssrc;
  bitrate.media_ssrc = feedback->media_ssrc;
  if (reader.u32("REMB") != kRembName)
    reader.fail(WireFault::BadMagic, feedback->offset, "REMB");
  const std::size_t count = reader.u8("number of SSRCs");
  const std::uint32_t rate = reader.u24("bitrate");
  const auto value = shifted(rate & 0x3ffffU, rate >> 18U);
  if (!value)
    reader.fail(WireFault::BadValue, feedback->offset + 5, "bitrate of at most 64 bits");
  bitrate.bitrate = value.value_or(0);
  bitrate.sources = Entries<Source>(reader.bytes(count * Source::kSize, "SSRC"));
  if (reader.ok() && reader.remaining() > 0)
    reader.fail(WireFault::BadLength, reader.offset(), "end of the packet");
  if (!reader.ok())
    return reader.unexpected();
  return bitrate;
}

}  // namespace parley::rtcp

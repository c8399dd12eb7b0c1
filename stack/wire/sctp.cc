#include "stack/wire/sctp.h"

#include <array>

#include "stack/wire/crc32.h"

namespace parley::sctp {
namespace {

// A list of n octets holds at most n / 4 units, so the walk ends.
ChunkView chunk_of(const Tlv& unit) {
  return {static_cast<ChunkType>(unit.head >> 8U), static_cast<std::uint8_t>(unit.head & 0xffU),
          unit.padding, unit.offset, unit.value};
}

bool stands_alone(ChunkType type) {
  return type == ChunkType::Init || type == ChunkType::InitAck ||
         type == ChunkType::ShutdownComplete;
}

}  // namespace

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |   type (8), flags (8); type   |  length: header and value     |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |   value, then zero octets up to a multiple of four            |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
bool TlvWalker::next(Tlv& unit) {
  const std::size_t left = list_.size() - at_;
  if (left == 0 || error_)
    return false;
  const auto fail = [&](WireFault fault, std::size_t offset, std::string_view field) {
    error_ = WireError{fault, static_cast<std::uint32_t>(base_ + offset), field};
    return false;
  };
  if (left < kTlvHeaderSize)
    return fail(WireFault::Truncated, list_.size(), "type and length");
  const std::size_t size = load_u16(list_.data() + at_ + 2);
  if (size < kTlvHeaderSize)
    return fail(WireFault::BadLength, at_ + 2, "length of 4 or more");
  if (size > left)
    return fail(WireFault::BadLength, at_ + 2, "length within what holds it");
  const std::size_t padding = padded(size) - size;
  if (size + padding > left && last_ == LastPadding::Required)
    return fail(WireFault::Truncated, list_.size(), "padding to a multiple of 4");
  unit.head = load_u16(list_.data() + at_);
  unit.offset = static_cast<std::uint32_t>(base_ + at_);
  unit.value = list_.subspan(at_ + kTlvHeaderSize, size - kTlvHeaderSize);
  unit.padding = static_cast<std::uint8_t>(std::min(padding, left - size));
  at_ += size + unit.padding;
  return true;
}

//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |     Source Port Number        |    Destination Port Number    |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                       Verification Tag                        |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                           Checksum                            |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
Result<PacketView> PacketView::decode(Bytes packet, std::size_t base) {
  if (packet.size() < kHeaderSize)
    return wire_error(WireFault::Truncated, base + packet.size(), "common header of 12 bytes");
  if (packet.size() == kHeaderSize)
    return wire_error(WireFault::Truncated, base + packet.size(), "a chunk");
  TlvWalker walker(packet.subspan(kHeaderSize), base + kHeaderSize,
                   TlvWalker::LastPadding::Required);
  Tlv unit;
  while (walker.next(unit)) {
  }
  if (walker.error())
    return tl::unexpected<WireError>(*walker.error());
  return PacketView(packet, base);
}

Checksum PacketView::check() const {
  const std::uint32_t stored = checksum();
  if (stored == packet_checksum(packet_))
    return Checksum::Good;
  return stored == 0 ? Checksum::Zero : Checksum::Bad;
}

std::vector<ChunkView> PacketView::chunks() const {
  std::vector<ChunkView> list;
  TlvWalker walker(packet_.subspan(kHeaderSize), base_ + kHeaderSize,
                   TlvWalker::LastPadding::Required);
  for (Tlv unit; walker.next(unit);)
    list.push_back(chunk_of(unit));
  return list;
}

std::optional<WireError> PacketView::bundling_fault() const {
  const std::vector<ChunkView> list = chunks();
  if (list.size() < 2)
    return std::nullopt;
  for (const ChunkView& chunk : list)
    if (stands_alone(chunk.type))
      return WireError{WireFault::BadValue, chunk.offset,
                       "a chunk that stands alone in its packet"};
  return std::nullopt;
}

std::uint32_t packet_checksum(Bytes packet) {
  constexpr std::array<std::byte, 4> kZero{};
  constexpr std::size_t kField = 8;
  std::uint32_t crc = crc32c(packet.first(kField));
  crc = crc32c(kZero, crc);
  crc = crc32c(packet.subspan(kHeaderSize), crc);
  // Appendix A: the low octet of the remainder goes first.
  return (crc << 24U) | ((crc & 0xff00U) << 8U) | ((crc >> 8U) & 0xff00U) | (crc >> 24U);
}

}  // namespace parley::sctp

#include "stack/wire/ip_checksum.h"

#include "stack/wire/ip.h"

namespace parley::ip {
namespace {

std::uint64_t word_sum(Bytes bytes) {
  std::uint64_t sum = 0;
  std::size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2)
    sum += load_u16(bytes.data() + i);
  if (i < bytes.size())
    sum += std::uint64_t{load_u8(bytes.data() + i)} << 8U;
  return sum;
}

std::uint16_t folded(std::uint64_t sum) {
  while (sum >> 16U != 0)
    sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(sum);
}

std::uint16_t inverted(std::uint16_t value) {
  return static_cast<std::uint16_t>(value ^ 0xffffU);
}

std::optional<bool> transport_checksum_fits(const PacketView& view) {
  const auto sum = [&] {
    return pseudo_header_sum(view.source, view.destination, view.protocol, view.payload.size());
  };
  if (view.is(Protocol::Udp) && view.payload.size() >= kUdpHeaderSize) {
    if (load_u16(view.payload.data() + kUdpChecksumAt) == 0)
      return std::nullopt;
    return internet_checksum(view.payload, sum()) == 0;
  }
  if (view.is(Protocol::Tcp) && view.payload.size() >= kTcpHeaderSize)
    return internet_checksum(view.payload, sum()) == 0;
  if (view.version == 6 && view.is(Protocol::IcmpV6))
    return internet_checksum(view.payload, sum()) == 0;
  if (view.version == 4 && view.is(Protocol::Icmp))
    return internet_checksum(view.payload) == 0;
  return std::nullopt;
}

}  // namespace

std::uint16_t internet_checksum(Bytes bytes, std::uint32_t sum) {
  return inverted(folded(word_sum(bytes) + sum));
}

std::uint32_t pseudo_header_sum(const IpAddress& source, const IpAddress& destination,
                                std::uint8_t protocol, std::size_t length) {
  const std::uint64_t sum =
      word_sum(source.bytes()) + word_sum(destination.bytes()) + protocol + length;
  return folded(sum);
}

std::uint16_t updated_checksum(std::uint16_t checksum, Bytes old_bytes, Bytes new_bytes) {
  std::uint64_t sum = inverted(checksum);
  for (std::size_t i = 0; i + 1 < old_bytes.size(); i += 2) {
    sum += inverted(load_u16(old_bytes.data() + i));
    sum += load_u16(new_bytes.data() + i);
  }
  return inverted(folded(sum));
}

std::optional<bool> verify_checksums(Bytes packet) {
  const auto view = PacketView::decode(packet);
  if (!view || view->length_unknown)
    return std::nullopt;
  if (view->version == 4 && internet_checksum(packet.first(view->header_size)) != 0)
    return false;
  if (view->fragment || view->payload.size() < view->wire_payload_size)
    return std::nullopt;
  return transport_checksum_fits(*view);
}

}  // namespace parley::ip

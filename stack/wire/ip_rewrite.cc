#include <algorithm>
#include <array>
#include <optional>

#include "stack/wire/ip.h"
#include "stack/wire/ip_checksum.h"

namespace parley::ip {
namespace {

enum class Side : std::uint8_t { Source, Destination };

// A copy of a few bytes that are about to change: an address or less.
class Saved {
 public:
  explicit Saved(Bytes bytes) : size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
  }
  Bytes bytes() const { return Bytes(bytes_).first(size_); }
  std::byte& operator[](std::size_t i) { return bytes_[i]; }

 private:
  std::array<std::byte, 16> bytes_{};
  std::size_t size_;
};

// Changes bytes of one packet. `outer_` is the checksum of the ICMP message around them, which
// covers every byte that changes, the inner checksums included.
class Rewriter {
 public:
  Rewriter(std::span<std::byte> packet, std::optional<std::size_t> outer)
      : packet_(packet), outer_(outer) {}

  void put(std::size_t at, Bytes value) {
    if (outer_)
      set_u16(*outer_, updated_checksum(load_u16(&packet_[*outer_]),
                                        Bytes(packet_).subspan(at, value.size()), value));
    std::copy(value.begin(), value.end(), packet_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  // The checksum at `at` covers bytes that become `fresh`.
  void adjust(std::size_t at, Bytes old_bytes, Bytes fresh, bool zero_means_none) {
    const std::uint16_t before = load_u16(&packet_[at]);
    if (zero_means_none && before == 0)
      return;
    std::uint16_t after = updated_checksum(before, old_bytes, fresh);
    if (zero_means_none && after == 0)
      after = 0xffff;
    put_u16(at, after);
  }
  void put_u16(std::size_t at, std::uint16_t value) {
    const std::array<std::byte, 2> bytes{static_cast<std::byte>(value >> 8U),
                                         static_cast<std::byte>(value & 0xffU)};
    put(at, bytes);
  }
  Bytes bytes(std::size_t at, std::size_t size) const { return Bytes(packet_).subspan(at, size); }

 private:
  void set_u16(std::size_t at, std::uint16_t value) {
    packet_[at] = static_cast<std::byte>(value >> 8U);
    packet_[at + 1] = static_cast<std::byte>(value & 0xffU);
  }

  std::span<std::byte> packet_;
  std::optional<std::size_t> outer_;
};

// What of the transport header changes with an address or port.
struct TransportLayout {
  bool ports = false;
  std::optional<std::size_t> checksum;  // from the start of the transport header
  bool zero_means_none = false;
};

std::optional<TransportLayout> transport_layout(const PacketView& packet) {
  if (packet.is(Protocol::Udp))
    return TransportLayout{true, kUdpChecksumAt, true};
  if (packet.is(Protocol::Tcp))
    return TransportLayout{true, kTcpChecksumAt, false};
  if (packet.version == 4 && packet.is(Protocol::Icmp))
    return TransportLayout{};  // no pseudo header: the address is not covered
  if (packet.version == 6 && packet.is(Protocol::IcmpV6))
    return TransportLayout{false, kIcmpChecksumAt, false};
  return std::nullopt;
}

// `view` is the packet that begins at `start` of the buffer. A quote may end before the transport
// checksum (RFC 792 demands only 8 bytes): then there is none to adjust.
bool rewrite(Rewriter rewriter, const PacketView& view, std::size_t start, Side side,
             const Endpoint& fresh) {
  const auto layout = transport_layout(view);
  if (!layout || view.fragment_offset != 0 || fresh.address.family() != view.source.family() ||
      (layout->ports && view.payload.size() < 4))
    return false;
  const bool v4 = view.version == 4;
  const std::size_t transport = start + view.header_size;
  const bool second = side == Side::Destination;
  const std::size_t address_size = v4 ? 4 : 16;
  const std::size_t address_at = start + (v4 ? 12U : 8U) + (second ? address_size : 0);

  const Saved old_address(rewriter.bytes(address_at, address_size));
  const Bytes new_address = fresh.address.bytes();
  if (v4)
    rewriter.adjust(start + kIpv4ChecksumAt, old_address.bytes(), new_address, false);
  const bool has_checksum = layout->checksum && *layout->checksum + 2 <= view.payload.size();
  if (has_checksum)
    rewriter.adjust(transport + *layout->checksum, old_address.bytes(), new_address,
                    layout->zero_means_none);
  rewriter.put(address_at, new_address);
  if (!layout->ports)
    return true;

  const std::size_t port_at = transport + (second ? 2U : 0U);
  const Saved old_port(rewriter.bytes(port_at, 2));
  const std::array<std::byte, 2> new_port{static_cast<std::byte>(fresh.port >> 8U),
                                          static_cast<std::byte>(fresh.port & 0xffU)};
  if (has_checksum)
    rewriter.adjust(transport + *layout->checksum, old_port.bytes(), new_port,
                    layout->zero_means_none);
  rewriter.put(port_at, new_port);
  return true;
}

bool rewrite_outer(std::span<std::byte> packet, Side side, const Endpoint& fresh) {
  const auto view = PacketView::decode(packet);
  return view && rewrite(Rewriter(packet, std::nullopt), *view, 0, side, fresh);
}

bool rewrite_quoted(std::span<std::byte> packet, Side side, const Endpoint& fresh) {
  const auto outer = PacketView::decode(packet);
  if (!outer || outer->fragment)
    return false;
  const bool v6 = outer->version == 6;
  if (!outer->is(v6 ? Protocol::IcmpV6 : Protocol::Icmp))
    return false;
  const auto icmp = IcmpView::decode(outer->payload, v6);
  if (!icmp || !icmp->error)
    return false;
  const auto quoted = PacketView::decode(icmp->body);
  const std::size_t quote_at = outer->header_size + kIcmpHeaderSize;
  return quoted && rewrite(Rewriter(packet, outer->header_size + kIcmpChecksumAt), *quoted,
                           quote_at, side, fresh);
}

}  // namespace

bool decrement_ttl(std::span<std::byte> packet) {
  const auto view = PacketView::decode(packet);
  if (!view || view->ttl <= 1)
    return false;
  Rewriter rewriter(packet, std::nullopt);
  const std::size_t at = view->version == 4 ? 8 : 6;  // TTL and protocol; next header and hop limit
  const Saved before(rewriter.bytes(at, 2));
  Saved after = before;
  after[view->version == 4 ? 0 : 1] = static_cast<std::byte>(view->ttl - 1);
  if (view->version == 4)
    rewriter.adjust(kIpv4ChecksumAt, before.bytes(), after.bytes(), false);
  rewriter.put(at, after.bytes());
  return true;
}

bool rewrite_source(std::span<std::byte> packet, const Endpoint& source) {
  return rewrite_outer(packet, Side::Source, source);
}
bool rewrite_destination(std::span<std::byte> packet, const Endpoint& destination) {
  return rewrite_outer(packet, Side::Destination, destination);
}
bool rewrite_quoted_source(std::span<std::byte> packet, const Endpoint& source) {
  return rewrite_quoted(packet, Side::Source, source);
}
bool rewrite_quoted_destination(std::span<std::byte> packet, const Endpoint& destination) {
  return rewrite_quoted(packet, Side::Destination, destination);
}

}  // namespace parley::ip

// Frames: link, IP and transport headers, and the reassembly of fragments. The input is a list of
// frames: link type (2 bytes), captured size (2), bytes of the original that were cut off (1).

#include <algorithm>
#include <cstdint>

#include "analyzer/frame.h"
#include "analyzer/link.h"
#include "fuzz/check.h"
#include "stack/wire/ip.h"

namespace {

using parley::ByteReader;
using parley::Bytes;
using parley::analyzer::FrameDecoder;
using parley::analyzer::FrameVerdict;
using parley::analyzer::Packet;
using parley::analyzer::RawPacket;
using parley::fuzz::require;

// Rewrites keep what they do not change, and never read or write outside.
void rewrite(Bytes packet) {
  parley::ByteBuffer bytes = parley::to_buffer(packet);
  const auto before = parley::ip::verify_checksums(bytes);
  const auto target = parley::Endpoint::parse("192.0.2.77:7777").value();
  const auto target_v6 = parley::Endpoint::parse("[2001:db8::77]:7777").value();
  const bool changed = parley::ip::rewrite_source(bytes, target) ||
                       parley::ip::rewrite_destination(bytes, target_v6) ||
                       parley::ip::rewrite_quoted_source(bytes, target) ||
                       parley::ip::rewrite_quoted_destination(bytes, target_v6);
  if (changed && before == true)
    require(parley::ip::verify_checksums(bytes) == true);
  (void)parley::ip::decrement_ttl(bytes);
  require(bytes.size() == packet.size());
  parley::ByteBuffer icmp;
  parley::ip::IcmpErrorHeader header;
  header.source = target.address;
  if (parley::ip::append_icmp_error(icmp, header, packet))
    require(icmp.size() <= 576 && parley::ip::verify_checksums(icmp) == true);
  (void)parley::ip::UdpPacket::decode(packet);
}

void require_sound(const RawPacket& raw, const Packet& packet) {
  const bool inside = packet.payload_offset + packet.payload.size() <= raw.bytes.size();
  require(inside || packet.payload_offset == 0);
  require(packet.payload.size() <= packet.wire_payload_size);
  require(packet.cut_short == (packet.payload.size() < packet.wire_payload_size));
  require(packet.source.address.family() == packet.destination.address.family());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(parley::fuzz::input(data, size));
  FrameDecoder decoder;
  RawPacket raw;
  Packet packet;
  while (input.remaining() >= 5) {
    raw.link_type = input.u16("link type");
    const std::size_t captured = input.u16("captured size");
    const std::size_t cut = input.u8("cut");
    raw.bytes = input.bytes(std::min(captured, input.remaining()), "frame");
    raw.original_size = static_cast<std::uint32_t>(raw.bytes.size() + cut);
    raw.at = parley::Instant(std::chrono::seconds(++raw.number));
    const FrameVerdict verdict = decoder.decode(raw, {0, raw.number}, 0, packet);
    if (verdict == FrameVerdict::Decoded)
      require_sound(raw, packet);
    else if (verdict == FrameVerdict::Undecoded)
      require(!decoder.reason().empty());
    rewrite(raw.bytes);
  }
  return 0;
}

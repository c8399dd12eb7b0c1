#include "stack/wire/turn.h"

#include <fmt/format.h>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/stun_attributes.h"
#include "stack/wire/demux.h"

namespace parley::analyzer {
namespace {

Field octets(std::string_view name, Bytes bytes, std::size_t base) {
  return make_field(name, short_hex(bytes), base, bytes.size());
}

std::string channel_text(std::uint16_t channel) {
  return fmt::format("{:#06x}{}", channel,
                     channel > turn::kLastChannel ? " (of the range that RFC 8656 reserves)" : "");
}

// A header that is not whole or names no channel, or data that end too early.
Field broken_channel_data(Bytes message, const WireError& error, std::size_t base,
                          std::size_t missing) {
  constexpr std::size_t kHeader = 4;
  const bool cut = missing > 0 && error.fault == WireFault::Truncated;
  Field root = make_field(
      "ChannelData", cut ? cut_text(message.size(), message.size() + missing) : to_string(error),
      base, message.size());
  root.fault = !cut;
  if (message.size() == 1)
    root.children.push_back(octets("Octets", message, base));
  if (message.size() >= 2)
    root.add("Channel Number", fmt::format("{:#06x}", load_u16(message.data())), base, 2);
  if (message.size() == 3)
    root.children.push_back(octets("Octets", message.last(1), base + 2));
  if (message.size() >= kHeader)
    root.add("Length", std::to_string(load_u16(message.data() + 2)), base + 2, 2);
  if (message.size() > kHeader)
    root.children.push_back(octets("Application Data", message.subspan(kHeader), base + kHeader));
  return root;
}

// The frame where the capture has its header and not all of its data.
bool is_cut(Bytes message, std::size_t missing) {
  constexpr std::size_t kHeader = 4;
  if (missing == 0 || message.size() < kHeader)
    return false;
  const std::size_t end = kHeader + load_u16(message.data() + 2);
  return end > message.size() && end <= message.size() + missing;
}

Field dissect_channel_data(Bytes message, const DissectOptions& options, std::size_t base,
                           std::size_t missing) {
  constexpr std::size_t kHeader = 4;
  const bool cut = is_cut(message, missing);
  const auto view = turn::ChannelDataView::decode(message, base);
  if (!view && !cut)
    return broken_channel_data(message, view.error(), base, missing);
  const std::uint16_t channel = load_u16(message.data());
  const std::size_t length = load_u16(message.data() + 2);
  const Bytes data = cut ? message.subspan(kHeader) : view->data;
  Field root = make_field("ChannelData", fmt::format("channel {:#06x}, {} bytes", channel, length),
                          base, message.size());
  root.add("Channel Number", channel_text(channel), base, 2);
  root.add("Length", std::to_string(length), base + 2, 2);
  DissectOptions inner = options;
  inner.within += fmt::format("channel {:#06x} ", channel);
  if (!data.empty())
    root.children.push_back(dissect_inner(data, inner, base + kHeader, length - data.size()));
  if (!cut && view->padding > 0)
    root.children.push_back(
        octets("Padding", message.last(view->padding), base + message.size() - view->padding));
  propagate_faults(root);
  return root;
}

}  // namespace

Field dissect_inner(Bytes packet, const DissectOptions& options, std::size_t base,
                    std::size_t missing) {
  switch (classify_first_byte(packet, packet.size() + missing)) {
    case PayloadClass::Stun:
      return dissect_stun(packet, options, base, missing);
    case PayloadClass::Dtls:
      return dissect_dtls(packet, options, base, missing);
    case PayloadClass::Rtp:
      return dissect_rtp(packet, options, base, missing);
    case PayloadClass::Rtcp:
      return dissect_rtcp(packet, options, base, missing);
    case PayloadClass::Zrtp:
      return octets("ZRTP", packet, base);
    case PayloadClass::Quic:
    case PayloadClass::ChannelData:
    case PayloadClass::Unknown:
      return octets("Application Data", packet, base);
  }
  return octets("Application Data", packet, base);
}

Field dissect_turn(Bytes message, const DissectOptions& options, std::size_t base,
                   std::size_t missing) {
  const bool channel_data = !message.empty() && (load_u8(message.data()) & 0xc0U) == 0x40U;
  return channel_data ? dissect_channel_data(message, options, base, missing)
                      : dissect_stun_opened(message, options, base, missing);
}

}  // namespace parley::analyzer

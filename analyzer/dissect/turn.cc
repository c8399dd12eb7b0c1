#include "stack/wire/turn.h"

#include <fmt/format.h>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/stun_attributes.h"
#include "stack/wire/demux.h"

namespace parley::analyzer {
namespace {

Field octets(std::string name, Bytes bytes, std::size_t base) {
  return {std::move(name),
          short_hex(bytes),
          static_cast<std::uint32_t>(base),
          static_cast<std::uint32_t>(bytes.size()),
          {},
          false};
}

std::string channel_text(std::uint16_t channel) {
  return fmt::format("{:#06x}{}", channel,
                     channel > turn::kLastChannel ? " (of the range that RFC 8656 reserves)" : "");
}

Field dissect_channel_data(Bytes message, const DissectOptions& options, std::size_t base) {
  Field root{"ChannelData",
             "",
             static_cast<std::uint32_t>(base),
             static_cast<std::uint32_t>(message.size()),
             {},
             false};
  const auto view = turn::ChannelDataView::decode(message, base);
  if (!view) {
    root.value = to_string(view.error());
    root.fault = true;
    if (message.size() >= 2)
      root.add("Channel Number", fmt::format("{:#06x}", load_u16(message.data())), base, 2);
    if (message.size() >= 4)
      root.add("Length", std::to_string(load_u16(message.data() + 2)), base + 2, 2);
    return root;
  }
  root.value = fmt::format("channel {:#06x}, {} bytes", view->channel, view->length);
  root.add("Channel Number", channel_text(view->channel), base, 2);
  root.add("Length", std::to_string(view->length), base + 2, 2);
  if (!view->data.empty())
    root.children.push_back(dissect_inner(view->data, options, base + 4));
  if (view->padding > 0)
    root.children.push_back(
        octets("Padding", message.last(view->padding), base + message.size() - view->padding));
  return root;
}

}  // namespace

Field dissect_inner(Bytes packet, const DissectOptions& options, std::size_t base) {
  switch (classify_first_byte(packet)) {
    case PayloadClass::Stun:
      return dissect_stun(packet, options, base);
    case PayloadClass::Dtls:
      return dissect_dtls(packet, base);
    case PayloadClass::Rtp:
      return dissect_rtp(packet, base);
    case PayloadClass::Rtcp:
      return octets("RTCP", packet, base);
    case PayloadClass::Zrtp:
      return octets("ZRTP", packet, base);
    case PayloadClass::Quic:
    case PayloadClass::ChannelData:
    case PayloadClass::Unknown:
      return octets("Application Data", packet, base);
  }
  return octets("Application Data", packet, base);
}

Field dissect_turn(Bytes message, const DissectOptions& options, std::size_t base) {
  const bool channel_data = !message.empty() && (load_u8(message.data()) & 0xc0U) == 0x40U;
  return channel_data ? dissect_channel_data(message, options, base)
                      : dissect_stun_opened(message, options, base);
}

}  // namespace parley::analyzer

// Values of TURN, NAT behaviour discovery and of Google's stack; those of RFC 8489 and ICE stand in
// stun_values.cc.

#include <fmt/format.h>

#include "analyzer/dissect/stun_values.h"
#include "stack/wire/turn.h"

namespace parley::analyzer {
namespace {

std::string protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case 6:
      return "TCP";
    case 17:
      return "UDP";
    default:
      return "protocol";
  }
}

// What libwebrtc (rtc_base/network_constants.h) means by a cost; a VPN adds one.
std::string_view cost_name(std::uint16_t cost) {
  switch (cost) {
    case 0:
      return "wired";
    case 10:
      return "Wi-Fi";
    case 50:
      return "unknown kind of network";
    case 250:
      return "5G";
    case 500:
      return "4G";
    case 900:
      return "cellular";
    case 910:
      return "3G";
    case 980:
      return "2G";
    case 999:
      return "the most there is";
    default:
      return {};
  }
}

}  // namespace

void describe_channel_number(Field& field, const StunPart& part) {
  const std::uint16_t channel = load_u16(part.value.data());
  field.value = fmt::format("{:#06x}", channel);
  if (channel > turn::kLastChannel && channel <= turn::kLastChannelRfc5766)
    field.value += " (of the range that RFC 8656 reserves)";
  else if (channel < turn::kFirstChannel || channel > turn::kLastChannel)
    field.value += " (no channel number: 0x4000 to 0x4fff)";
  field.add("Channel Number", fmt::format("{:#06x}", channel), part.offset, 2);
  field.add("Reserved", to_hex(part.value.subspan(2)), part.offset + 2, 2);
}

void describe_data(Field& field, const StunPart& part) {
  field.value = fmt::format("{} bytes", part.value.size());
  if (!part.scope.open_data) {
    if (!part.value.empty())
      field.add("Value", short_hex(part.value), part.offset, part.value.size());
    return;
  }
  DissectOptions inner = part.options;
  inner.within += "peer " + part.scope.peer + " ";
  if (!part.value.empty())
    field.children.push_back(dissect_inner(part.value, inner, part.offset));
}

void describe_even_port(Field& field, const StunPart& part) {
  const bool reserve = (load_u8(part.value.data()) & 0x80U) != 0;
  field.value = reserve ? "even port, and the next one reserved" : "even port";
  field.add("R", reserve ? "1" : "0", part.offset, 1);
  field.add("RFFU", fmt::format("{:#04x}", load_u8(part.value.data()) & 0x7fU), part.offset, 1);
}

void describe_transport(Field& field, const StunPart& part) {
  const std::uint8_t protocol = load_u8(part.value.data());
  field.value = fmt::format("{} ({})", protocol_name(protocol), protocol);
  field.add("Protocol", field.value, part.offset, 1);
  field.add("Reserved", to_hex(part.value.subspan(1)), part.offset + 1, 3);
}

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |  Reserved                     |  ICMP Type  |  ICMP Code      |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                          Error Data                           |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
void describe_icmp(Field& field, const StunPart& part) {
  const std::uint16_t both = load_u16(part.value.data() + 2);
  const unsigned type = both >> 9U;
  const unsigned code = both & 0x1ffU;
  field.value = fmt::format("type {} code {}", type, code);
  field.add("Reserved", std::to_string(load_u16(part.value.data())), part.offset, 2);
  field.add("ICMP Type", std::to_string(type), part.offset + 2, 2);
  field.add("ICMP Code", std::to_string(code), part.offset + 2, 2);
  const std::uint32_t data = load_u32(part.value.data() + 4);
  // ICMPv6 Packet Too Big, or ICMP Fragmentation Needed: the MTU of the next hop.
  const bool mtu = type == 2 || (type == 3 && code == 4);
  field.add("Error Data", mtu ? fmt::format("{} (MTU)", data) : std::to_string(data),
            part.offset + 4, 4);
}

void describe_mobility_ticket(Field& field, const StunPart& part) {
  field.value = part.value.empty() ? "empty: a ticket is asked for" : short_hex(part.value);
}

void describe_change_request(Field& field, const StunPart& part) {
  const std::uint32_t flags = load_u32(part.value.data());
  const bool address = (flags & 4U) != 0;
  const bool port = (flags & 2U) != 0;
  field.value = address && port ? "answer from another address and port"
                : address       ? "answer from another address"
                : port          ? "answer from another port"
                                : "no change";
  field.add("Reserved", to_hex(part.value.first(3)), part.offset, 3);
  field.add("Change IP", address ? "1" : "0", part.offset + 3, 1);
  field.add("Change Port", port ? "1" : "0", part.offset + 3, 1);
}

void describe_response_port(Field& field, const StunPart& part) {
  field.value = std::to_string(load_u16(part.value.data()));
}

void describe_transmit_counter(Field& field, const StunPart& part) {
  const unsigned requests = load_u8(part.value.data() + 2);
  const unsigned responses = load_u8(part.value.data() + 3);
  field.value = fmt::format("request {}, response {}", requests, responses);
  field.add("Reserved", std::to_string(load_u16(part.value.data())), part.offset, 2);
  field.add("Req", std::to_string(requests), part.offset + 2, 1);
  field.add("Resp", std::to_string(responses), part.offset + 3, 1);
}

void describe_ecn_check(Field& field, const StunPart& part) {
  const unsigned last = load_u8(part.value.data() + 3);
  const unsigned echo = (last >> 1U) & 3U;
  const bool valid = (last & 1U) != 0;
  field.value = valid ? fmt::format("received with ECN {:02b}", echo) : "nothing to report";
  field.add("Reserved", to_hex(part.value.first(3)), part.offset, 3);
  field.add("ECF", fmt::format("{:02b}", echo), part.offset + 3, 1);
  field.add("V", valid ? "1" : "0", part.offset + 3, 1);
}

void describe_network_info(Field& field, const StunPart& part) {
  const std::uint16_t network = load_u16(part.value.data());
  const std::uint16_t cost = load_u16(part.value.data() + 2);
  const std::string_view meaning = cost_name(cost);
  const std::string text =
      meaning.empty() ? std::to_string(cost) : fmt::format("{} ({})", cost, meaning);
  field.value = fmt::format("network {}, cost {}", network, text);
  field.add("Network ID", std::to_string(network), part.offset, 2);
  field.add("Network Cost", text, part.offset + 2, 2);
}

void describe_misc_info(Field& field, const StunPart& part) {
  for (std::size_t at = 0; at + 2 <= part.value.size(); at += 2) {
    const std::string number = std::to_string(load_u16(part.value.data() + at));
    const bool ping = at == 0;
    field.value += ping ? "GOOG-PING version " + number : ", " + number;
    field.add(ping ? "GOOG-PING Version" : "Value", number, part.offset + at, 2);
  }
}

void describe_dtls_in_stun(Field& field, const StunPart& part) {
  field.value = fmt::format("{} bytes", part.value.size());
  if (!part.value.empty())
    field.children.push_back(dissect_dtls(part.value, {}, part.offset));
}

void describe_dtls_acknowledgement(Field& field, const StunPart& part) {
  if (part.value.empty())
    field.value = "no datagram received";
  for (std::size_t at = 0; at + 4 <= part.value.size(); at += 4) {
    const std::string sum = fmt::format("{:#010x}", load_u32(part.value.data() + at));
    field.value += (at == 0 ? "CRC-32 " : ", ") + sum;
    field.add("CRC-32 of a datagram", sum, part.offset + at, 4);
  }
}

}  // namespace parley::analyzer

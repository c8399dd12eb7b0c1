#include "stack/wire/dcep.h"

#include <array>

#include "stack/wire/name_table.h"

namespace parley::dcep {
namespace {

constexpr std::array<CodeName, 7> kPpids{{{50, "WebRTC DCEP"},
                                          {51, "WebRTC String"},
                                          {52, "WebRTC Binary Partial (deprecated)"},
                                          {53, "WebRTC Binary"},
                                          {54, "WebRTC String Partial (deprecated)"},
                                          {56, "WebRTC String Empty"},
                                          {57, "WebRTC Binary Empty"}}};
constexpr std::array<CodeName, 6> kChannelTypes{{{0x00, "reliable"},
                                                 {0x01, "partial reliable rexmit"},
                                                 {0x02, "partial reliable timed"},
                                                 {0x80, "reliable unordered"},
                                                 {0x81, "partial reliable rexmit unordered"},
                                                 {0x82, "partial reliable timed unordered"}}};
static_assert(sorted_by_code(kPpids) && sorted_by_code(kChannelTypes));

bool is(std::uint32_t ppid, Ppid expected) {
  return ppid == static_cast<std::uint32_t>(expected);
}

}  // namespace

std::string_view ppid_name(std::uint32_t ppid) {
  if (ppid > 0xffff)
    return {};
  return find_name(kPpids, static_cast<std::uint16_t>(ppid)).value_or(std::string_view{});
}

bool is_empty_message(std::uint32_t ppid) {
  return is(ppid, Ppid::StringEmpty) || is(ppid, Ppid::BinaryEmpty);
}

bool is_partial(std::uint32_t ppid) {
  return is(ppid, Ppid::StringPartial) || is(ppid, Ppid::BinaryPartial);
}

bool is_text(std::uint32_t ppid) {
  return is(ppid, Ppid::String) || is(ppid, Ppid::StringPartial) || is(ppid, Ppid::StringEmpty);
}

std::string channel_type_name(std::uint8_t type) {
  const auto name = find_name(kChannelTypes, type);
  return name ? std::string(*name) : "channel type " + hex_code(type, 2);
}

bool is_known_channel_type(std::uint8_t type) {
  return find_name(kChannelTypes, type).has_value();
}

Result<MessageType> message_type(Bytes message, std::size_t base) {
  if (message.empty())
    return wire_error(WireFault::Truncated, base, "message type");
  const std::uint8_t type = load_u8(message.data());
  if (type == static_cast<std::uint8_t>(MessageType::Open))
    return MessageType::Open;
  if (type != static_cast<std::uint8_t>(MessageType::Ack))
    return wire_error(WireFault::Unsupported, base, "DATA_CHANNEL_OPEN or DATA_CHANNEL_ACK");
  if (message.size() > 1)
    return wire_error(WireFault::BadLength, base + 1, "the end of DATA_CHANNEL_ACK");
  return MessageType::Ack;
}

//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |  Message Type |  Channel Type |            Priority           |
//   |                    Reliability Parameter                      |
//   |         Label Length          |       Protocol Length         |
//   |                  Label, then Protocol                         |
Result<Open> Open::decode(Bytes message, std::size_t base) {
  ByteReader reader(message, base);
  const std::uint8_t type = reader.u8("message type");
  if (reader.ok() && type != static_cast<std::uint8_t>(MessageType::Open))
    reader.fail(WireFault::BadMagic, base, "DATA_CHANNEL_OPEN");
  Open open;
  open.channel_type = reader.u8("channel type");
  open.priority = reader.u16("priority");
  open.parameter = reader.u32("reliability parameter");
  const std::size_t label = reader.u16("label length");
  const std::size_t protocol = reader.u16("protocol length");
  open.label = as_text(reader.bytes(label, "label"));
  open.protocol = as_text(reader.bytes(protocol, "protocol"));
  if (reader.remaining() > 0)
    reader.fail(WireFault::BadLength, reader.offset(), "the end of DATA_CHANNEL_OPEN");
  if (!reader.ok())
    return reader.unexpected();
  return open;
}

void Open::append_to(ByteBuffer& out) const {
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(MessageType::Open));
  writer.u8(channel_type);
  writer.u16(priority);
  writer.u32(parameter);
  writer.u16(static_cast<std::uint16_t>(label.size()));
  writer.u16(static_cast<std::uint16_t>(protocol.size()));
  writer.text(label);
  writer.text(protocol);
}

void append_ack(ByteBuffer& out) {
  ByteWriter(out).u8(static_cast<std::uint8_t>(MessageType::Ack));
}

}  // namespace parley::dcep

#pragma once

// The WebRTC Data Channel Establishment Protocol (RFC 8832): the messages that open a channel, and
// the payload protocol identifiers by which data channels tell their messages apart (RFC 8831
// section 8).

#include <cstdint>
#include <string>
#include <string_view>

#include "stack/base/bytes.h"
#include "stack/base/result.h"

namespace parley::dcep {

// Any value may arrive.
enum class Ppid : std::uint32_t {
  Control = 50,  // DCEP
  String = 51,
  BinaryPartial = 52,  // deprecated, as StringPartial: a piece of a longer message
  Binary = 53,
  StringPartial = 54,
  StringEmpty = 56,  // one octet, zero, stands for the empty message (RFC 8831 section 6.6)
  BinaryEmpty = 57
};
// "WebRTC String"; empty for a number that WebRTC does not use.
std::string_view ppid_name(std::uint32_t ppid);
bool is_empty_message(std::uint32_t ppid);
bool is_partial(std::uint32_t ppid);
bool is_text(std::uint32_t ppid);

enum class MessageType : std::uint8_t { Ack = 0x02, Open = 0x03 };

// The low bits of the channel type; the highest says that order does not matter.
enum class Reliability : std::uint8_t { Reliable = 0, Rexmit = 1, Timed = 2 };
inline constexpr std::uint8_t kUnorderedChannel = 0x80;

// "reliable", "partial reliable rexmit unordered"; "channel type 0x7f" for others.
std::string channel_type_name(std::uint8_t type);
bool is_known_channel_type(std::uint8_t type);

// DATA_CHANNEL_OPEN (RFC 8832 section 5.1).
struct Open {
  std::uint8_t channel_type = 0;
  std::uint16_t priority = 0;  // 128 below normal, 256 normal, 512 high, 1024 extra high
  // The number of retransmissions (rexmit) or milliseconds (timed) after which a message is given
  // up; nothing for a reliable channel.
  std::uint32_t parameter = 0;
  std::string_view label, protocol;  // UTF-8, as the peer says; not checked

  bool unordered() const { return (channel_type & kUnorderedChannel) != 0; }
  Reliability reliability() const { return static_cast<Reliability>(channel_type & 0x7fU); }
  // A user message with PPID 50. Its lengths have to lead to its end.
  static Result<Open> decode(Bytes message, std::size_t base = 0);
  void append_to(ByteBuffer& out) const;
};

// The type of a message with PPID 50. An ACK (section 5.2) is one octet.
Result<MessageType> message_type(Bytes message, std::size_t base = 0);
void append_ack(ByteBuffer& out);

}  // namespace parley::dcep

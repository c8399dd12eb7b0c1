#include "stack/wire/stun.h"

#include <algorithm>
#include <bitset>

#include "stack/crypto/hmac.h"
#include "stack/wire/crc32.h"

// RFC 8489 section 5, the header; M and C are the bits of method and class:
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |0 0|M11..7 |C1|M6..4|C0|M3..0  |         Message Length        |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                         Magic Cookie                          |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                     Transaction ID (96 bits)                  |
//   |                                                               |
//   |                                                               |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// Section 14, an attribute; the value is padded to a multiple of four, the length does not count
// the padding and the padding may hold anything:
//
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |         Type                  |            Length             |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                         Value (variable)                ....
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

namespace parley::stun {
namespace {

constexpr std::size_t kAttributeHeaderSize = 4;

constexpr std::size_t padded(std::size_t size) {
  return (size + 3U) & ~std::size_t{3};
}

// Which attributes still count after those already seen (RFC 8489 sections 14.5, 14.6, 14.7).
class PositionRules {
 public:
  // Whether the next attribute of the message is ignored.
  bool ignores(const AttributeView& attribute) {
    const bool ignored = limit_ == Limit::Fingerprint ||
                         (limit_ == Limit::Sha256 && !attribute.is(Attribute::Fingerprint)) ||
                         (limit_ == Limit::Sha1 && !attribute.is(Attribute::Fingerprint) &&
                          !attribute.is(Attribute::MessageIntegritySha256));
    if (ignored)
      return true;
    if (attribute.is(Attribute::MessageIntegrity))
      limit_ = Limit::Sha1;
    else if (attribute.is(Attribute::MessageIntegritySha256))
      limit_ = Limit::Sha256;
    else if (attribute.is(Attribute::Fingerprint))
      limit_ = Limit::Fingerprint;
    return false;
  }

 private:
  enum class Limit : std::uint8_t { None, Sha1, Sha256, Fingerprint };
  Limit limit_ = Limit::None;
};

// Iterates over the attribute list of a message that decode() has validated.
class Walker {
 public:
  explicit Walker(Bytes message) : message_(message) {}

  bool next(AttributeView& out) {
    if (position_ + kAttributeHeaderSize > message_.size())
      return false;
    const std::byte* p = message_.data() + position_;
    const std::size_t size = load_u16(p + 2);
    out.type = load_u16(p);
    out.offset = static_cast<std::uint32_t>(position_);
    out.value = message_.subspan(position_ + kAttributeHeaderSize, size);
    out.ignored = rules_.ignores(out);
    position_ += kAttributeHeaderSize + padded(size);
    return true;
  }

 private:
  Bytes message_;
  std::size_t position_ = kHeaderSize;
  PositionRules rules_;
};

// The first two bytes, then the length field as it would be if the message ended `end` bytes from
// its start, for the checks that cover a message up to themselves.
struct HeaderStart {
  HeaderStart(Bytes message, std::size_t end)
      : octets{message[0], message[1], static_cast<std::byte>((end - kHeaderSize) >> 8U),
               static_cast<std::byte>((end - kHeaderSize) & 0xffU)} {}
  std::array<std::byte, 4> octets;
};

Bytes between_header_and(Bytes message, std::size_t end) {
  return message.subspan(4, end - 4);
}

// A value that is there but malformed is absent for the typed getters.
std::optional<AttributeView> find_valid(const MessageView& message, Attribute type) {
  const auto attribute = message.find(type);
  return attribute && !check_value(*attribute) ? attribute : std::nullopt;
}

ErrorCode error_code_in(Bytes value) {
  const std::byte* p = value.data();
  const auto code = static_cast<std::uint16_t>((load_u8(p + 2) & 7U) * 100U + load_u8(p + 3));
  return {code, as_text(value.subspan(4))};
}

}  // namespace

bool MessageView::looks_like(Bytes bytes) {
  if (bytes.size() < kHeaderSize)
    return false;
  return (load_u8(bytes.data()) & 0xc0U) == 0 && (load_u8(bytes.data() + 3) & 3U) == 0 &&
         load_u32(bytes.data() + 4) == kMagicCookie;
}

std::size_t MessageView::message_size(Bytes bytes) {
  return bytes.size() < 4 ? 0 : kHeaderSize + load_u16(bytes.data() + 2);
}

Result<MessageView> MessageView::decode(Bytes message, std::size_t base) {
  if (!message.empty() && (load_u8(message.data()) & 0xc0U) != 0)
    return wire_error(WireFault::BadMagic, base, "two zero bits before the message type");
  if (message.size() < kHeaderSize)
    return wire_error(WireFault::Truncated, base + message.size(), "STUN header of 20 bytes");
  const std::size_t length = load_u16(message.data() + 2);
  if (length % 4 != 0)
    return wire_error(WireFault::BadLength, base + 2, "message length, a multiple of 4");
  if (length > message.size() - kHeaderSize)
    return wire_error(WireFault::Truncated, base + message.size(), "attributes");
  if (length < message.size() - kHeaderSize)
    return wire_error(WireFault::BadLength, base + 2, "message length, to the end of the datagram");
  for (std::size_t at = kHeaderSize; at < message.size();) {
    const std::size_t size = load_u16(message.data() + at + 2);
    const std::size_t left = message.size() - at - kAttributeHeaderSize;
    if (size > left)
      return wire_error(WireFault::BadLength, base + at + 2, "attribute length within the message");
    at += kAttributeHeaderSize + padded(size);
  }
  return MessageView(message, base);
}

Result<MessageView> MessageView::decode_cut(Bytes prefix, std::size_t wire_size, std::size_t base) {
  if (prefix.size() >= wire_size)
    return decode(prefix.first(wire_size), base);
  if (prefix.size() < kHeaderSize)
    return wire_error(WireFault::Truncated, base + prefix.size(), "STUN header of 20 bytes");
  if ((load_u8(prefix.data()) & 0xc0U) != 0)
    return wire_error(WireFault::BadMagic, base, "two zero bits before the message type");
  const std::size_t length = load_u16(prefix.data() + 2);
  if (length % 4 != 0 || kHeaderSize + length != wire_size)
    return wire_error(WireFault::BadLength, base + 2, "message length, to the end of the datagram");
  MessageView view(prefix, base);
  view.cut_ = true;
  std::size_t at = kHeaderSize;
  while (at + kAttributeHeaderSize <= prefix.size()) {
    const std::uint16_t size = load_u16(prefix.data() + at + 2);
    const std::size_t begin = at + kAttributeHeaderSize;
    if (begin + size > wire_size)
      return wire_error(WireFault::BadLength, base + at + 2, "attribute length within the message");
    if (begin + size > prefix.size()) {
      view.cut_attribute_ = {load_u16(prefix.data() + at), size, prefix.subspan(begin)};
      break;
    }
    at = begin + padded(size);
  }
  view.message_ = prefix.first(std::min(at, prefix.size()));
  return view;
}

Class MessageView::message_class() const {
  const std::uint16_t type = load_u16(message_.data());
  return static_cast<Class>(((type >> 7U) & 2U) | ((type >> 4U) & 1U));
}

Method MessageView::method() const {
  const std::uint16_t type = load_u16(message_.data());
  return static_cast<Method>(((type >> 2U) & 0xf80U) | ((type >> 1U) & 0x70U) | (type & 0xfU));
}

TransactionId MessageView::transaction_id() const {
  TransactionId id{};
  std::memcpy(id.data(), message_.data() + 8, id.size());
  return id;
}

bool MessageView::has_cookie() const {
  return load_u32(message_.data() + 4) == kMagicCookie;
}

std::vector<AttributeView> MessageView::attributes() const {
  std::vector<AttributeView> list;
  Walker walker(message_);
  for (AttributeView attribute; walker.next(attribute);)
    list.push_back(attribute);
  return list;
}

std::optional<AttributeView> MessageView::find(Attribute type) const {
  Walker walker(message_);
  for (AttributeView attribute; walker.next(attribute);)
    if (!attribute.ignored && attribute.is(type))
      return attribute;
  return std::nullopt;
}

std::vector<std::uint16_t> MessageView::unknown_required() const {
  std::vector<std::uint16_t> types;
  std::bitset<0x8000> listed;
  Walker walker(message_);
  for (AttributeView attribute; walker.next(attribute);) {
    const bool counts = !attribute.ignored && comprehension_required(attribute.type) &&
                        !is_known_attribute(attribute.type);
    if (!counts || listed.test(attribute.type))
      continue;
    listed.set(attribute.type);
    types.push_back(attribute.type);
  }
  return types;
}

std::optional<WireError> MessageView::malformed() const {
  Walker walker(message_);
  for (AttributeView attribute; walker.next(attribute);) {
    if (attribute.ignored)
      continue;
    if (auto error = check_value(attribute)) {
      error->offset += static_cast<std::uint32_t>(base_);
      return error;
    }
  }
  return std::nullopt;
}

std::optional<Endpoint> MessageView::mapped_address() const {
  return endpoint(Attribute::MappedAddress);
}

std::optional<Endpoint> MessageView::xor_mapped_address() const {
  return endpoint(Attribute::XorMappedAddress);
}

std::optional<Endpoint> MessageView::xor_peer_address() const {
  return endpoint(Attribute::XorPeerAddress);
}

std::optional<Endpoint> MessageView::xor_relayed_address() const {
  return endpoint(Attribute::XorRelayedAddress);
}

std::optional<Endpoint> MessageView::endpoint(Attribute type) const {
  const auto attribute = find(type);
  if (!attribute)
    return std::nullopt;
  const Result<Endpoint> address = decode_address(*attribute, transaction_id());
  return address ? std::optional(*address) : std::nullopt;
}

std::optional<std::string_view> MessageView::username() const {
  return text(Attribute::Username);
}

std::optional<std::string_view> MessageView::text(Attribute type) const {
  const auto attribute = find_valid(*this, type);
  return attribute ? std::optional(as_text(attribute->value)) : std::nullopt;
}

std::optional<std::uint32_t> MessageView::u32(Attribute type) const {
  const auto attribute = find_valid(*this, type);
  return attribute && attribute->value.size() == 4
             ? std::optional(load_u32(attribute->value.data()))
             : std::nullopt;
}

std::optional<std::uint64_t> MessageView::u64(Attribute type) const {
  const auto attribute = find_valid(*this, type);
  return attribute && attribute->value.size() == 8
             ? std::optional(load_u64(attribute->value.data()))
             : std::nullopt;
}

std::optional<std::uint16_t> MessageView::channel_number() const {
  const auto value = u32(Attribute::ChannelNumber);
  return value ? std::optional(static_cast<std::uint16_t>(*value >> 16U)) : std::nullopt;
}

std::optional<ErrorCode> MessageView::error_code() const {
  if (const auto attribute = find_valid(*this, Attribute::ErrorCode))
    return error_code_in(attribute->value);
  // The code stands before the reason, which may be what the cut goes through.
  if (cut_attribute_ && cut_attribute_->value.size() >= 4 && !find(Attribute::ErrorCode) &&
      cut_attribute_->type == static_cast<std::uint16_t>(Attribute::ErrorCode))
    return error_code_in(cut_attribute_->value.first(4));
  return std::nullopt;
}

std::optional<Bytes> MessageView::data() const {
  const auto attribute = find(Attribute::Data);
  return attribute ? std::optional(attribute->value) : std::nullopt;
}

Verification MessageView::verify_integrity(Bytes key) const {
  const auto attribute = find(Attribute::MessageIntegrity);
  if (!attribute)
    return Verification::Absent;
  if (check_value(*attribute))
    return Verification::Bad;
  const HeaderStart start(message_, attribute->offset + kAttributeHeaderSize + 20);
  const crypto::Sha1Digest digest =
      crypto::hmac_sha1(key, {start.octets, between_header_and(message_, attribute->offset)});
  return crypto::equal_constant_time(digest, attribute->value) ? Verification::Good
                                                               : Verification::Bad;
}

Verification MessageView::verify_integrity_sha256(Bytes key) const {
  const auto attribute = find(Attribute::MessageIntegritySha256);
  if (!attribute)
    return Verification::Absent;
  if (check_value(*attribute))
    return Verification::Bad;
  const std::size_t size = attribute->value.size();
  const HeaderStart start(message_, attribute->offset + kAttributeHeaderSize + size);
  const crypto::Sha256Digest digest =
      crypto::hmac_sha256(key, {start.octets, between_header_and(message_, attribute->offset)});
  return crypto::equal_constant_time(Bytes(digest).first(size), attribute->value)
             ? Verification::Good
             : Verification::Bad;
}

std::optional<std::uint32_t> MessageView::computed_fingerprint() const {
  const auto attribute = find(Attribute::Fingerprint);
  if (!attribute)
    return std::nullopt;
  const HeaderStart start(message_, attribute->offset + kAttributeHeaderSize + 4);
  const std::uint32_t crc =
      crc32(between_header_and(message_, attribute->offset), crc32(start.octets));
  return crc ^ kFingerprintXor;
}

Verification MessageView::verify_fingerprint() const {
  const auto expected = computed_fingerprint();
  if (!expected)
    return Verification::Absent;
  return u32(Attribute::Fingerprint) == expected ? Verification::Good : Verification::Bad;
}

}  // namespace parley::stun

#include <array>

#include "stack/crypto/hmac.h"
#include "stack/wire/crc32.h"
#include "stack/wire/stun.h"

namespace parley::stun {
namespace {

constexpr std::size_t kAttributeHeaderSize = 4;
// The largest length that is a multiple of four and fits the field.
constexpr std::size_t kLongest = 0xfffc;

std::uint16_t message_type(Class c, Method m) {
  const auto method = static_cast<unsigned>(m);
  const auto bits = static_cast<unsigned>(c);
  return static_cast<std::uint16_t>(((method & 0xf80U) << 2U) | ((method & 0x70U) << 1U) |
                                    (method & 0xfU) | ((bits & 2U) << 7U) | ((bits & 1U) << 4U));
}

bool is_xor(Attribute type) {
  return type == Attribute::XorMappedAddress || type == Attribute::XorPeerAddress ||
         type == Attribute::XorRelayedAddress;
}

}  // namespace

MessageBuilder::MessageBuilder(ByteBuffer& out, Class c, Method m, const TransactionId& id)
    : out_(out), start_(out.size()), id_(id) {
  ByteWriter writer(out_);
  writer.u16(message_type(c, m));
  writer.u16(0);
  writer.u32(kMagicCookie);
  writer.bytes(id);
}

void MessageBuilder::set_length(std::size_t bytes_after_header) {
  ByteWriter(out_).patch_u16(start_ + 2, static_cast<std::uint16_t>(bytes_after_header));
}

MessageBuilder& MessageBuilder::attribute(std::uint16_t type, Bytes value) {
  const std::size_t padded = (value.size() + 3U) & ~std::size_t{3};
  const std::size_t before = out_.size() - start_ - kHeaderSize;
  if (too_long_ || padded > kLongest - kAttributeHeaderSize ||
      before > kLongest - kAttributeHeaderSize - padded) {
    too_long_ = true;
    return *this;
  }
  ByteWriter writer(out_);
  writer.u16(type);
  writer.u16(static_cast<std::uint16_t>(value.size()));
  writer.bytes(value);
  writer.zeros(padded - value.size());
  set_length(out_.size() - start_ - kHeaderSize);
  return *this;
}

MessageBuilder& MessageBuilder::text(Attribute type, std::string_view value) {
  return attribute(type, as_bytes(value));
}

MessageBuilder& MessageBuilder::u32(Attribute type, std::uint32_t value) {
  std::array<std::byte, 4> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i)
    octets[i] = static_cast<std::byte>((value >> (24U - 8U * i)) & 0xffU);
  return attribute(type, octets);
}

MessageBuilder& MessageBuilder::u64(Attribute type, std::uint64_t value) {
  std::array<std::byte, 8> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i)
    octets[i] = static_cast<std::byte>((value >> (56U - 8U * i)) & 0xffU);
  return attribute(type, octets);
}

MessageBuilder& MessageBuilder::flag(Attribute type) {
  return attribute(type, Bytes{});
}

MessageBuilder& MessageBuilder::address(Attribute type, const Endpoint& value) {
  std::array<std::byte, 20> octets{};
  const Bytes address = value.address.bytes();
  octets[1] = std::byte{value.address.is_v6() ? std::uint8_t{2} : std::uint8_t{1}};
  octets[2] = static_cast<std::byte>(value.port >> 8U);
  octets[3] = static_cast<std::byte>(value.port & 0xffU);
  std::memcpy(octets.data() + 4, address.data(), address.size());
  if (is_xor(type)) {
    std::array<std::byte, 16> mask{std::byte{0x21}, std::byte{0x12}, std::byte{0xa4},
                                   std::byte{0x42}};
    std::memcpy(mask.data() + 4, id_.data(), id_.size());
    octets[2] ^= mask[0];
    octets[3] ^= mask[1];
    for (std::size_t i = 0; i < address.size(); ++i)
      octets[4 + i] ^= mask[i];
  }
  return attribute(type, Bytes(octets).first(value.address.is_v6() ? 20 : 8));
}

MessageBuilder& MessageBuilder::error_code(std::uint16_t code, std::string_view reason) {
  ByteBuffer value;
  ByteWriter writer(value);
  writer.u16(0);
  writer.u8(static_cast<std::uint8_t>(code / 100));
  writer.u8(static_cast<std::uint8_t>(code % 100));
  writer.text(reason);
  return attribute(Attribute::ErrorCode, value);
}

MessageBuilder& MessageBuilder::unknown_attributes(const std::vector<std::uint16_t>& types) {
  ByteBuffer value;
  ByteWriter writer(value);
  for (const std::uint16_t type : types)
    writer.u16(type);
  return attribute(Attribute::UnknownAttributes, value);
}

// The three below first append the attribute with a zero value, so that the length in the header
// already ends behind it as sections 14.5 to 14.7 want, then fill in the value.
MessageBuilder& MessageBuilder::message_integrity(Bytes key) {
  attribute(Attribute::MessageIntegrity, crypto::Sha1Digest{});
  if (!too_long_) {
    const std::size_t size = std::tuple_size_v<crypto::Sha1Digest>;
    const Bytes covered =
        Bytes(out_).subspan(start_, out_.size() - start_ - kAttributeHeaderSize - size);
    const crypto::Sha1Digest digest = crypto::hmac_sha1(key, {covered});
    std::memcpy(out_.data() + out_.size() - size, digest.data(), size);
  }
  return *this;
}

MessageBuilder& MessageBuilder::message_integrity_sha256(Bytes key) {
  attribute(Attribute::MessageIntegritySha256, crypto::Sha256Digest{});
  if (!too_long_) {
    const std::size_t size = std::tuple_size_v<crypto::Sha256Digest>;
    const Bytes covered =
        Bytes(out_).subspan(start_, out_.size() - start_ - kAttributeHeaderSize - size);
    const crypto::Sha256Digest digest = crypto::hmac_sha256(key, {covered});
    std::memcpy(out_.data() + out_.size() - size, digest.data(), size);
  }
  return *this;
}

MessageBuilder& MessageBuilder::fingerprint() {
  u32(Attribute::Fingerprint, 0);
  if (!too_long_) {
    const std::size_t covered = out_.size() - start_ - kAttributeHeaderSize - 4;
    const std::uint32_t value = crc32(Bytes(out_).subspan(start_, covered)) ^ kFingerprintXor;
    ByteWriter writer(out_);
    writer.patch_u16(out_.size() - 4, static_cast<std::uint16_t>(value >> 16U));
    writer.patch_u16(out_.size() - 2, static_cast<std::uint16_t>(value & 0xffffU));
  }
  return *this;
}

Bytes MessageBuilder::finish() {
  return too_long_ ? Bytes{} : Bytes(out_).subspan(start_);
}

}  // namespace parley::stun

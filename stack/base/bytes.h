#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stack/base/result.h"

namespace parley {

using Bytes = std::span<const std::byte>;
using ByteBuffer = std::vector<std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline ByteBuffer to_buffer(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

// Big-endian loads from a place that the caller has already checked.
inline std::uint8_t load_u8(const std::byte* p) {
  return std::to_integer<std::uint8_t>(*p);
}
inline std::uint16_t load_u16(const std::byte* p) {
  return static_cast<std::uint16_t>((load_u8(p) << 8U) | load_u8(p + 1));
}
inline std::uint32_t load_u32(const std::byte* p) {
  return (static_cast<std::uint32_t>(load_u16(p)) << 16U) | load_u16(p + 2);
}
inline std::uint64_t load_u64(const std::byte* p) {
  return (static_cast<std::uint64_t>(load_u32(p)) << 32U) | load_u32(p + 4);
}

// Reads network byte order straight down a figure of an RFC. Sticky: after the first short read
// every further read answers zero or an empty span, and the first fault is kept, so a decoder
// tests ok() once. `base` is the offset of `bytes` in the outermost buffer (the datagram).
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes, std::size_t base = 0) : bytes_(bytes), base_(base) {}

  std::uint8_t u8(std::string_view field) {
    const std::byte* p = take(1, field);
    return p == nullptr ? std::uint8_t{0} : load_u8(p);
  }
  std::uint16_t u16(std::string_view field) {
    const std::byte* p = take(2, field);
    return p == nullptr ? std::uint16_t{0} : load_u16(p);
  }
  std::uint32_t u24(std::string_view field) {
    const std::byte* p = take(3, field);
    return p == nullptr ? 0U : (std::uint32_t{load_u8(p)} << 16U) | load_u16(p + 1);
  }
  std::uint32_t u32(std::string_view field) {
    const std::byte* p = take(4, field);
    return p == nullptr ? 0U : load_u32(p);
  }
  std::uint64_t u48(std::string_view field) {
    const std::byte* p = take(6, field);
    return p == nullptr ? 0U : (std::uint64_t{load_u16(p)} << 32U) | load_u32(p + 2);
  }
  std::uint64_t u64(std::string_view field) {
    const std::byte* p = take(8, field);
    return p == nullptr ? 0U : load_u64(p);
  }
  Bytes bytes(std::size_t count, std::string_view field) {
    const std::byte* p = take(count, field);
    return p == nullptr ? Bytes{} : Bytes{p, count};
  }
  void skip(std::size_t count, std::string_view field) { (void)take(count, field); }
  // Everything that is left; never fails.
  Bytes rest() {
    const Bytes r = ok() ? bytes_.subspan(position_) : Bytes{};
    position_ = bytes_.size();
    return r;
  }

  bool ok() const { return !error_.has_value(); }
  std::size_t remaining() const { return ok() ? bytes_.size() - position_ : 0; }
  // Offset of the next byte in the outermost buffer.
  std::size_t offset() const { return base_ + position_; }
  // Marks a fault found by the caller (a wrong value); the first fault wins.
  void fail(WireFault fault, std::size_t offset, std::string_view field) {
    if (!error_)
      error_ = WireError{fault, static_cast<std::uint32_t>(offset), field};
  }
  const WireError& error() const { return *error_; }
  tl::unexpected<WireError> unexpected() const { return tl::unexpected<WireError>(*error_); }

 private:
  const std::byte* take(std::size_t count, std::string_view field) {
    if (error_)
      return nullptr;
    if (count > bytes_.size() - position_) {
      fail(WireFault::Truncated, offset(), field);
      return nullptr;
    }
    const std::byte* p = bytes_.data() + position_;
    position_ += count;
    return p;
  }

  Bytes bytes_;
  std::size_t base_;
  std::size_t position_ = 0;
  std::optional<WireError> error_;
};

// Appends network byte order to a buffer that its caller owns.
class ByteWriter {
 public:
  explicit ByteWriter(ByteBuffer& out) : out_(&out) {}

  void u8(std::uint8_t v) { out_->push_back(static_cast<std::byte>(v)); }
  void u16(std::uint16_t v) {
    u8(static_cast<std::uint8_t>(v >> 8U));
    u8(static_cast<std::uint8_t>(v));
  }
  void u24(std::uint32_t v) {
    u8(static_cast<std::uint8_t>(v >> 16U));
    u16(static_cast<std::uint16_t>(v));
  }
  void u32(std::uint32_t v) {
    u16(static_cast<std::uint16_t>(v >> 16U));
    u16(static_cast<std::uint16_t>(v));
  }
  void u48(std::uint64_t v) {
    u16(static_cast<std::uint16_t>(v >> 32U));
    u32(static_cast<std::uint32_t>(v));
  }
  void u64(std::uint64_t v) {
    u32(static_cast<std::uint32_t>(v >> 32U));
    u32(static_cast<std::uint32_t>(v));
  }
  void bytes(Bytes b) { out_->insert(out_->end(), b.begin(), b.end()); }
  void text(std::string_view t) { bytes(as_bytes(t)); }
  void zeros(std::size_t count) { out_->resize(out_->size() + count); }
  std::size_t size() const { return out_->size(); }
  // Overwrites two bytes written before, for lengths that are known only at the end.
  void patch_u16(std::size_t at, std::uint16_t v) {
    (*out_)[at] = static_cast<std::byte>(v >> 8U);
    (*out_)[at + 1] = static_cast<std::byte>(v & 0xffU);
  }
  void patch_u24(std::size_t at, std::uint32_t v) {
    (*out_)[at] = static_cast<std::byte>((v >> 16U) & 0xffU);
    patch_u16(at + 1, static_cast<std::uint16_t>(v));
  }

 private:
  ByteBuffer* out_;
};

// "2112a442"; lower case, no separators.
std::string to_hex(Bytes bytes);
// Accepts upper and lower case, white space and colons between octets, a leading "0x".
// nullopt when a character is no hexadecimal digit or a digit is missing.
std::optional<ByteBuffer> parse_hex(std::string_view text);

// Text from the wire made safe for a terminal, JSON or HTML: control characters, invalid UTF-8 and
// the Unicode controls that change direction become "\xNN".
std::string printable(Bytes text);
std::string printable(std::string_view text);

}  // namespace parley

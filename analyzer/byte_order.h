#pragma once

// Loads in the byte order that a capture file was written in.

#include <cstddef>
#include <cstdint>

#include "stack/base/bytes.h"

namespace parley::analyzer {

enum class ByteOrder : std::uint8_t { Little, Big };

inline std::uint16_t load_u16(ByteOrder order, const std::byte* p) {
  const std::uint16_t big = parley::load_u16(p);
  return order == ByteOrder::Big ? big : static_cast<std::uint16_t>((big << 8U) | (big >> 8U));
}
inline std::uint32_t load_u32(ByteOrder order, const std::byte* p) {
  const std::uint32_t big = parley::load_u32(p);
  return order == ByteOrder::Big ? big : __builtin_bswap32(big);
}
inline std::uint64_t load_u64(ByteOrder order, const std::byte* p) {
  const std::uint64_t big = parley::load_u64(p);
  return order == ByteOrder::Big ? big : __builtin_bswap64(big);
}

}  // namespace parley::analyzer

#include "stack/wire/crc32.h"

#include <array>

namespace parley {
namespace {

// Bit-reversed, as both take the low bit first.
constexpr std::uint32_t kPolynomial = 0xedb88320;
constexpr std::uint32_t kCastagnoliPolynomial = 0x82f63b78;

using Table = std::array<std::uint32_t, 256>;
using Tables = std::array<Table, 4>;

// tables[k][b]: what byte b does to the remainder when k more bytes follow it, so that four bytes
// are taken at once.
constexpr Tables make_tables(std::uint32_t polynomial) {
  Tables tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t remainder = b;
    for (int bit = 0; bit < 8; ++bit)
      remainder = (remainder >> 1U) ^ ((remainder & 1U) != 0 ? polynomial : 0U);
    tables[0][b] = remainder;
  }
  for (std::size_t k = 1; k < tables.size(); ++k)
    for (std::size_t b = 0; b < 256; ++b)
      tables[k][b] = (tables[k - 1][b] >> 8U) ^ tables[0][tables[k - 1][b] & 0xffU];
  return tables;
}

constexpr Tables kTables = make_tables(kPolynomial);
constexpr Tables kCastagnoliTables = make_tables(kCastagnoliPolynomial);

std::uint32_t remainder_of(const Tables& tables, Bytes bytes, std::uint32_t previous) {
  std::uint32_t crc = ~previous;
  const std::byte* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 4; left -= 4, p += 4) {
    const std::uint32_t word = std::uint32_t{load_u8(p)} | (std::uint32_t{load_u8(p + 1)} << 8U) |
                               (std::uint32_t{load_u8(p + 2)} << 16U) |
                               (std::uint32_t{load_u8(p + 3)} << 24U);
    crc ^= word;
    crc = tables[3][crc & 0xffU] ^ tables[2][(crc >> 8U) & 0xffU] ^
          tables[1][(crc >> 16U) & 0xffU] ^ tables[0][crc >> 24U];
  }
  for (; left > 0; --left, ++p)
    crc = (crc >> 8U) ^ tables[0][(crc ^ load_u8(p)) & 0xffU];
  return ~crc;
}

}  // namespace

std::uint32_t crc32(Bytes bytes, std::uint32_t previous) {
  return remainder_of(kTables, bytes, previous);
}

std::uint32_t crc32c(Bytes bytes, std::uint32_t previous) {
  return remainder_of(kCastagnoliTables, bytes, previous);
}

}  // namespace parley

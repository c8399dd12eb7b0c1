#include "stack/base/random.h"

#include <algorithm>
#include <bit>

namespace parley {
namespace {

using State = std::array<std::uint32_t, 16>;

std::uint64_t split_mix(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

// FNV-1a: stable text to number; the standard leaves std::hash open.
std::uint64_t hash_text(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    h ^= static_cast<unsigned char>(c);
    h *= 0x100000001b3ULL;
  }
  return h;
}

std::array<std::uint32_t, 8> expand(std::uint64_t state) {
  std::array<std::uint32_t, 8> key{};
  for (auto& word : key)
    word = static_cast<std::uint32_t>(split_mix(state) >> 32U);
  return key;
}

void quarter_round(State& s, std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
  s[a] += s[b];
  s[d] = std::rotl(s[d] ^ s[a], 16);
  s[c] += s[d];
  s[b] = std::rotl(s[b] ^ s[c], 12);
  s[a] += s[b];
  s[d] = std::rotl(s[d] ^ s[a], 8);
  s[c] += s[d];
  s[b] = std::rotl(s[b] ^ s[c], 7);
}

}  // namespace

std::uint64_t Random::next_u64() {
  std::array<std::byte, 8> raw{};
  fill(raw);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < raw.size(); ++i)
    value |= std::to_integer<std::uint64_t>(raw[i]) << (8U * i);
  return value;
}

std::uint64_t Random::below(std::uint64_t bound) {
  // Rejects the incomplete last interval, so every value is equally likely.
  const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % bound;
  std::uint64_t value = next_u64();
  while (value >= limit)
    value = next_u64();
  return value % bound;
}

double Random::unit() {
  return static_cast<double>(next_u64() >> 11U) * 0x1.0p-53;
}

SeededRandom::SeededRandom(std::uint64_t seed, std::string_view name)
    : key_(expand(seed ^ hash_text(name))) {}

SeededRandom SeededRandom::split(std::string_view purpose) const {
  const std::uint64_t own = (std::uint64_t{key_[0]} << 32U) | key_[1];
  std::array<std::uint32_t, 8> key = expand(own ^ hash_text(purpose));
  for (std::size_t i = 2; i < key.size(); ++i)
    key[i] ^= key_[i];
  return SeededRandom(key);
}

void SeededRandom::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    if (left_ == 0)
      next_block();
    const std::size_t count = std::min(out.size(), left_);
    const auto from = block_.begin() + static_cast<std::ptrdiff_t>(block_.size() - left_);
    std::copy_n(from, count, out.begin());
    left_ -= count;
    out = out.subspan(count);
  }
}

void SeededRandom::next_block() {
  State start{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  std::copy(key_.begin(), key_.end(), start.begin() + 4);
  start[12] = static_cast<std::uint32_t>(counter_);
  start[13] = static_cast<std::uint32_t>(counter_ >> 32U);
  ++counter_;
  State s = start;
  for (int round = 0; round < 10; ++round) {
    quarter_round(s, 0, 4, 8, 12);
    quarter_round(s, 1, 5, 9, 13);
    quarter_round(s, 2, 6, 10, 14);
    quarter_round(s, 3, 7, 11, 15);
    quarter_round(s, 0, 5, 10, 15);
    quarter_round(s, 1, 6, 11, 12);
    quarter_round(s, 2, 7, 8, 13);
    quarter_round(s, 3, 4, 9, 14);
  }
  for (std::size_t i = 0; i < s.size(); ++i) {
    const std::uint32_t word = s[i] + start[i];
    for (std::size_t b = 0; b < 4; ++b)
      block_[4 * i + b] = static_cast<std::byte>(word >> (8U * b));
  }
  left_ = block_.size();
}

}  // namespace parley

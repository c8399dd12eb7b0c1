#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace parley {

// Where randomness comes from. Engines are given one; none makes its own.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;

  std::uint64_t next_u64();
  std::uint32_t next_u32() { return static_cast<std::uint32_t>(next_u64() >> 32U); }
  // Uniform in [0, bound); bound > 0. Own algorithm, because std::uniform_int_distribution is
  // free to differ between libraries.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1), 53 bits.
  double unit();
  bool chance(double probability) { return unit() < probability; }
};

// ChaCha20 (RFC 8439 section 2.3) key stream as a generator: the same seed and name give the same
// bytes on every machine. Generators are split by *name*, so that adding a node or a draw to a
// scenario does not shift the numbers of another.
class SeededRandom final : public Random {
 public:
  SeededRandom(std::uint64_t seed, std::string_view name);
  // An independent generator for one purpose of this one's owner: "ice", "dtls", "loss".
  SeededRandom split(std::string_view purpose) const;
  void fill(std::span<std::byte> out) override;

 private:
  explicit SeededRandom(const std::array<std::uint32_t, 8>& key) : key_(key) {}
  void next_block();

  std::array<std::uint32_t, 8> key_{};
  std::uint64_t counter_ = 0;
  std::array<std::byte, 64> block_{};
  std::size_t left_ = 0;
};

}  // namespace parley

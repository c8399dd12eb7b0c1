#pragma once

// Disjoint sets of small numbers, and the same with a parity: each member stands on the same or on
// the other side as its set's root. Roots are the smallest member, so that the answer does not
// depend on the order of the unions.

#include <cstdint>
#include <utility>
#include <vector>

namespace parley::analyzer {

class UnionFind {
 public:
  explicit UnionFind(std::size_t size = 0) { grow(size); }

  void grow(std::size_t size) {
    const std::size_t before = parent_.size();
    if (size <= before)
      return;
    parent_.resize(size);
    parity_.resize(size, 0);
    for (std::size_t i = before; i < size; ++i)
      parent_[i] = static_cast<std::uint32_t>(i);
  }
  std::size_t size() const { return parent_.size(); }

  std::uint32_t root(std::uint32_t x) { return find(x).first; }
  // Root, and 1 when `x` stands on the other side than the root.
  std::pair<std::uint32_t, std::uint8_t> find(std::uint32_t x) {
    std::uint8_t parity = 0;
    std::uint32_t top = x;
    while (parent_[top] != top) {
      parity ^= parity_[top];
      top = parent_[top];
    }
    // Halving would have to keep parities; one pass that points everything at the root is as good.
    std::uint8_t left = parity;
    while (parent_[x] != top && x != top) {
      const std::uint32_t next = parent_[x];
      const std::uint8_t step = parity_[x];
      parent_[x] = top;
      parity_[x] = left;
      left ^= step;
      x = next;
    }
    return {top, parity};
  }
  // `opposite`: 1 when the two stand on different sides. A contradiction to what is known is
  // refused (false).
  bool join(std::uint32_t x, std::uint32_t y, std::uint8_t opposite = 0) {
    const auto [rx, px] = find(x);
    const auto [ry, py] = find(y);
    const auto relation = static_cast<std::uint8_t>(px ^ py ^ opposite);
    if (rx == ry)
      return relation == 0;
    const std::uint32_t low = rx < ry ? rx : ry;
    const std::uint32_t high = rx < ry ? ry : rx;
    parent_[high] = low;
    parity_[high] = relation;
    return true;
  }

 private:
  std::vector<std::uint32_t> parent_;
  std::vector<std::uint8_t> parity_;
};

}  // namespace parley::analyzer

#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace parley {

// A number that cannot be mistaken for another kind of number: a stream id does not pass for a
// sequence number. `Tag` is any (incomplete) type that names the kind.
template <class Tag, class Rep>
class Strong {
 public:
  using rep = Rep;

  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }

  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;

 private:
  Rep value_{};
};

}  // namespace parley

template <class Tag, class Rep>
struct std::hash<parley::Strong<Tag, Rep>> {
  std::size_t operator()(const parley::Strong<Tag, Rep>& id) const noexcept {
    return std::hash<Rep>{}(id.value());
  }
};

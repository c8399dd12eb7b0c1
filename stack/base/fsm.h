#pragma once

#include <array>
#include <cstddef>
#include <optional>

namespace parley {

template <class State, class Input>
struct Transition {
  State from;
  Input on;
  State to;
};

// The states and edges a standard names, as data: looked up by the engine that takes them, checked
// by the analyzer that infers them, printed as a graph by the documentation. Actions are not here.
template <class State, class Input, std::size_t N>
class TransitionTable {
 public:
  using StateType = State;
  using InputType = Input;

  constexpr explicit TransitionTable(const std::array<Transition<State, Input>, N>& rows)
      : rows_(rows) {}

  constexpr std::optional<State> next(State from, Input on) const {
    for (const auto& row : rows_)
      if (row.from == from && row.on == on)
        return row.to;
    return std::nullopt;
  }
  constexpr bool reachable(State from, State to) const {
    for (const auto& row : rows_)
      if (row.from == from && row.to == to)
        return true;
    return false;
  }
  constexpr bool deterministic() const {
    for (std::size_t i = 0; i < N; ++i)
      for (std::size_t j = i + 1; j < N; ++j)
        if (rows_[i].from == rows_[j].from && rows_[i].on == rows_[j].on)
          return false;
    return true;
  }
  constexpr const auto& rows() const { return rows_; }

 private:
  std::array<Transition<State, Input>, N> rows_;
};

}  // namespace parley

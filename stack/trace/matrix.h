#pragma once

// A TransitionTable as text: one line for each state, one column for each input, "-" where the
// table has no edge (the input changes nothing there).

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace parley::trace {

template <class Table, class States, class Inputs>
std::string to_matrix(const Table& table, const States& states, const Inputs& inputs) {
  std::size_t width = 0;
  for (const auto state : states)
    width = std::max(width, std::string_view(to_string(state)).size());
  for (const auto input : inputs)
    width = std::max(width, std::string_view(to_string(input)).size());
  std::string text;
  const auto cell = [&](std::string_view word, bool last) {
    text += word;
    if (!last)
      text.append(width + 2 - word.size(), ' ');
  };
  cell("", inputs.empty());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    cell(to_string(inputs[i]), i + 1 == inputs.size());
  text += '\n';
  for (const auto state : states) {
    cell(to_string(state), inputs.empty());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto next = table.next(state, inputs[i]);
      cell(next ? std::string_view(to_string(*next)) : "-", i + 1 == inputs.size());
    }
    text += '\n';
  }
  return text;
}

}  // namespace parley::trace

#pragma once

// The text report of `parley analyze`: the captures, then for each call the verdict, the findings,
// the pairs, what happened and what to try. Reads the Analysis and nothing else.

#include <string>

#include "analyzer/model/model.h"

namespace parley::analyzer {

struct TextOptions {
  bool color = false;
  std::size_t width = 100;  // columns
  bool all = false;         // every row and event, however many
};

std::string render_text(const Analysis& analysis, const TextOptions& options);
// Only the verdicts of calls that failed or were lost; nothing when all is well.
std::string render_troubles(const Analysis& analysis, const TextOptions& options);

}  // namespace parley::analyzer

#include "analyzer/report/text.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include <fmt/format.h>

#include "analyzer/report/layout.h"
#include "analyzer/report/sections.h"

namespace parley::analyzer {
namespace {

Paint paint_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Connected:
    case Outcome::Closed:
      return Paint::Good;
    case Outcome::Lost:
    case Outcome::Failed:
      return Paint::Bad;
    case Outcome::InProgress:
      return Paint::Caution;
  }
  return Paint::Plain;
}

std::string shouted(std::string_view word) {
  std::string out(word);
  for (char& c : out)
    c = c == '-' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string verdict_line(const Call& call, const TextOptions& options) {
  const std::string outcome = call.outcome_hidden ? "" : shouted(to_string(call.outcome)) + ".";
  std::string text = call.verdict.text;
  if (call.verdict.code != "ok" && call.verdict.confidence != Confidence::Certain)
    text += fmt::format(" ({})", to_string(call.verdict.confidence));
  const std::string first =
      fmt::format("Call {}   {}{}", call.id, outcome, outcome.empty() ? "" : " ");
  std::string line = paragraph(first, text, 9, options.width);
  if (options.color && !outcome.empty()) {
    const auto at = line.find(outcome);
    line.replace(at, outcome.size(), painted(outcome, paint_of(call.outcome), true));
  }
  return line;
}

}  // namespace

std::string Page::rest(std::size_t indent, std::size_t count) const {
  return count == 0 ? std::string()
                    : fmt::format("{:{}}and {} more (--all shows them)\n", "", indent, count);
}

std::size_t Page::table_width() const {
  return options.all ? std::numeric_limits<std::size_t>::max() : options.width;
}

std::string Page::table(const Table& table, std::size_t indent) const {
  const std::vector<std::string> missing = table.left_out(indent, table_width());
  std::string text = table.render(indent, table_width());
  if (!missing.empty())
    text += fmt::format("{:{}}no room for: {} (--all shows them)\n", "", indent + 3,
                        listed(missing, missing.size()));
  return text;
}

std::string render_text(const Analysis& analysis, const TextOptions& options) {
  const Citation cite(analysis.captures, analysis.origin);
  const Page page{cite, options};
  std::string out = captures_section(analysis, options);
  if (analysis.calls.empty())
    out += no_call_section(analysis, options);
  for (const Call& call : analysis.calls) {
    out += "\n" + verdict_line(call, options);
    if (!call.server_only)
      out += peers_line(call, analysis, page);
    for (const auto section : {findings_section, nat_section, pairs_section, turn_section,
                               streams_section, timeline_section, try_section})
      out += section(call, page);
  }
  return out + loose_section(analysis, page);
}

std::string render_troubles(const Analysis& analysis, const TextOptions& options) {
  std::string out;
  for (const Call& call : analysis.calls)
    if (call.outcome == Outcome::Failed || call.outcome == Outcome::Lost)
      out += verdict_line(call, options);
  return out;
}

}  // namespace parley::analyzer

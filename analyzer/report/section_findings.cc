#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/layout.h"
#include "analyzer/report/sections.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kInFull = 2;  // findings that get all their lines
constexpr std::size_t kShown = 7;   // further ones are counted
constexpr std::size_t kFactIndent = 7;
constexpr std::size_t kFactText = 17;

Paint paint_of(Level level) {
  switch (level) {
    case Level::Error:
      return Paint::Bad;
    case Level::Warning:
      return Paint::Caution;
    case Level::Note:
      return Paint::Plain;
  }
  return Paint::Plain;
}

// The summary, and where the standard says so: "... for 5.0 s (RFC 8445 section 7.3.1.4)."
std::string with_rfc(const Finding& finding) {
  std::string text = finding.summary;
  if (finding.rfc.empty())
    return text;
  const bool stop = text.ends_with('.');
  if (stop)
    text.pop_back();
  return text + " (" + finding.rfc + ")" + (stop ? "." : "");
}

// "  error   ice-no-relay   summary"; later lines hang where the facts stand.
std::string head_line(const Finding& finding, std::size_t code_width, const std::string& more,
                      const Page& page) {
  const std::string level = fmt::format("{:<8}", to_string(finding.level));
  const std::string code = fmt::format("{:<{}}  ", finding.code, code_width);
  std::string line =
      paragraph("  " + level + code, with_rfc(finding) + " " + more, kFactText, page.options.width);
  if (page.options.color)
    line.replace(2, level.size(), painted(level, paint_of(finding.level), true));
  return line;
}

std::string labelled(std::string_view label, const std::vector<std::string>& lines,
                     const Page& page) {
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty())
      continue;
    const std::string first = std::string(kFactIndent, ' ') +
                              fmt::format("{:<{}}", i == 0 ? label : "", kFactText - kFactIndent);
    const std::size_t list_hang = lines[i].starts_with("- ") ? 2 : 0;
    out += paragraph(first, lines[i], kFactText + list_hang, page.options.width);
  }
  return out;
}

// call-unexplained is there because no cause is known; what a capture lacks is none.
bool names_cause(const Finding& finding) {
  return finding.code != "call-unexplained" && !finding.code.starts_with("capture-");
}

std::string details(const Finding& finding, const Page& page) {
  std::string out = labelled("certain", finding.facts, page);
  if (finding.confidence != Confidence::Certain && finding.level != Level::Note &&
      finding.open.empty() && names_cause(finding))
    out += labelled(to_string(finding.confidence), {"That this is the cause."}, page);
  return out + labelled("open", finding.open, page);
}

// The first two facts in one paragraph.
std::string brief(const Finding& finding) {
  constexpr std::size_t kFacts = 2;
  std::string text;
  for (std::size_t i = 0; i < std::min(kFacts, finding.facts.size()); ++i)
    text += (i > 0 ? " " : "") + finding.facts[i];
  if (finding.facts.size() > kFacts)
    text += fmt::format(" And {} more.", finding.facts.size() - kFacts);
  return text;
}

}  // namespace

std::string findings_section(const Call& call, const Page& page) {
  if (call.findings.empty())
    return {};
  const bool failed = call.findings.front().level == Level::Error;
  std::string out =
      "\n" + painted(failed ? "WHY" : "FINDINGS", Paint::Bold, page.options.color) + "\n";
  const std::size_t shown = page.shown(call.findings.size(), kShown);
  std::size_t code_width = 0;
  for (std::size_t i = 0; i < shown; ++i)
    code_width = std::max(code_width, call.findings[i].code.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Finding& finding = call.findings[i];
    const bool in_full = page.options.all || finding.level == Level::Error ||
                         (i < kInFull && finding.level == Level::Warning);
    out += head_line(finding, code_width, in_full ? "" : brief(finding), page);
    if (in_full)
      out += details(finding, page);
  }
  return out + page.rest(2, call.findings.size() - shown);
}

std::string try_section(const Call& call, const Page& page) {
  std::vector<std::string> advice;
  for (const Finding& finding : call.findings) {
    const bool said = std::find(advice.begin(), advice.end(), finding.try_this) != advice.end();
    if (!finding.try_this.empty() && !said && finding.level != Level::Note)
      advice.push_back(finding.try_this);
  }
  // One capture to take is advice enough.
  const bool capture_said = std::any_of(advice.begin(), advice.end(), [](const std::string& line) {
    return line.find("Capture") != std::string::npos || line.find("capture") != std::string::npos;
  });
  if (call.verdict.would_decide && !capture_said)
    advice.push_back("To be certain: " + *call.verdict.would_decide + ".");
  std::string out;
  constexpr std::size_t kMost = 4;
  for (std::size_t i = 0; i < page.shown(advice.size(), kMost); ++i)
    out += paragraph(fmt::format("{:<5}{}  ", i == 0 ? "TRY" : "", i + 1), advice[i], 8,
                     page.options.width);
  return out.empty() ? out : "\n" + out;
}

}  // namespace parley::analyzer

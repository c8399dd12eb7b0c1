#include "analyzer/report/text.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "analyzer/report/layout.h"
#include "analyzer/report/sections.h"
#include "stack/base/bytes.h"

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

std::string peer_text(const Call& call, Side side) {
  const Peer& peer = call.peers[index_of(side)];
  std::string text = std::string(to_string(side)) + " = ";
  if (peer.name)
    text += printable(*peer.name) + " ";
  for (std::size_t i = 0; i < std::min<std::size_t>(peer.ufrags.size(), 3); ++i)
    text += (i > 0 ? ", then " : "") + printable(peer.ufrags[i].ufrag);
  if (peer.ufrags.empty() && !peer.name)
    text += "?";
  if (peer.ufrags.size() > 3)
    text += fmt::format(" and {} more", peer.ufrags.size() - 3);
  return text;
}

std::string head(const Call& call, const Page& page) {
  const std::string outcome = shouted(to_string(call.outcome));
  std::string text = call.verdict.text;
  if (call.verdict.code != "ok" && call.verdict.confidence != Confidence::Certain)
    text += fmt::format(" ({})", to_string(call.verdict.confidence));
  const std::string first = fmt::format("Call {}   {}. ", call.id, outcome);
  std::string line = paragraph(first, text, 9, page.options.width);
  if (page.options.color) {
    const auto at = line.find(outcome);
    line.replace(at, outcome.size(), painted(outcome, paint_of(call.outcome), true));
  }
  return "\n" + line +
         paragraph("         " + peer_text(call, Side::A) + "   ", peer_text(call, Side::B), 9,
                   page.options.width);
}

}  // namespace

std::string render_text(const Analysis& analysis, const TextOptions& options) {
  const Citation cite(analysis.captures, analysis.origin);
  const Page page{cite, options};
  std::string out = captures_section(analysis, options);
  if (analysis.calls.empty())
    out += no_call_section(analysis, options);
  for (const Call& call : analysis.calls) {
    out += head(call, page);
    for (const auto section : {findings_section, pairs_section, turn_section, streams_section,
                               timeline_section, try_section})
      out += section(call, page);
  }
  return out + loose_section(analysis, page);
}

}  // namespace parley::analyzer

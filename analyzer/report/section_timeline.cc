#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/layout.h"
#include "analyzer/report/sections.h"

namespace parley::analyzer {
namespace {

// A long story keeps its beginning and its end.
constexpr std::size_t kFromTheStart = 14;
constexpr std::size_t kFromTheEnd = 5;

}  // namespace

std::string timeline_section(const Call& call, const Page& page) {
  if (call.timeline.empty())
    return {};
  std::string out = "\n" + painted("WHAT HAPPENED", Paint::Bold, page.options.color) + "\n";
  const std::size_t count = call.timeline.size();
  const bool cut = !page.options.all && count > kFromTheStart + kFromTheEnd + 1;
  const auto hidden = [&](std::size_t i) {
    return cut && i >= kFromTheStart && i + kFromTheEnd < count;
  };
  std::size_t ref_width = 0;
  for (std::size_t i = 0; i < count; ++i)
    if (!hidden(i))
      ref_width = std::max(ref_width, page.cite.ref(call.timeline[i].packet).size());
  for (std::size_t i = 0; i < count; ++i) {
    if (hidden(i)) {
      if (i == kFromTheStart)
        out += page.rest(11, count - kFromTheStart - kFromTheEnd);
      continue;
    }
    const TimelineEntry& entry = call.timeline[i];
    const std::string first = fmt::format("{:>9}  {:<{}}  ", page.cite.time(entry.at),
                                          page.cite.ref(entry.packet), ref_width);
    out += paragraph(first, entry.what, first.size(), page.options.width);
  }
  return out;
}

}  // namespace parley::analyzer

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "analyzer/report/layout.h"
#include "analyzer/report/sections.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kShown = 20;
constexpr std::size_t kMostMain = 36;  // a call of many transports has more of them than that
constexpr std::size_t kAlwaysLast = 2;

// Which entries fit: what matters most, and of that the earliest; the end of the story always.
std::vector<bool> chosen(const std::vector<TimelineEntry>& timeline, bool all) {
  const std::size_t count = timeline.size();
  const bool fits = all || count <= kShown + 1;
  std::vector<bool> shown(count, fits);
  if (fits)
    return shown;
  std::size_t used = kAlwaysLast;
  for (std::size_t i = count - kAlwaysLast; i < count; ++i)
    shown[i] = true;
  for (const Weight weight : {Weight::Main, Weight::Normal, Weight::Detail}) {
    const std::size_t room = weight == Weight::Main ? kMostMain : kShown;
    for (std::size_t i = 0; i < count && used < room; ++i)
      if (!shown[i] && timeline[i].weight == weight) {
        shown[i] = true;
        ++used;
      }
  }
  return shown;
}

}  // namespace

std::string timeline_section(const Call& call, const Page& page) {
  if (call.timeline.empty())
    return {};
  std::string out = "\n" + painted("WHAT HAPPENED", Paint::Bold, page.options.color) + "\n";
  const std::vector<bool> shown = chosen(call.timeline, page.options.all);
  const std::size_t count = call.timeline.size();
  std::size_t ref_width = 0;
  for (std::size_t i = 0; i < count; ++i)
    if (shown[i])
      ref_width = std::max(ref_width, page.cite.ref(call.timeline[i].packet).size());
  for (std::size_t i = 0; i < count; ++i) {
    if (!shown[i])
      continue;
    const TimelineEntry& entry = call.timeline[i];
    const std::string first = fmt::format("{:>9}  {:<{}}  ", page.cite.time(entry.at),
                                          page.cite.ref(entry.packet), ref_width);
    out += paragraph(first, entry.what, first.size(), page.options.width);
  }
  const auto hidden = static_cast<std::size_t>(std::count(shown.begin(), shown.end(), false));
  if (hidden > 0)
    out += fmt::format("{:>9}  and {} (--all shows them)\n", "", counted(hidden, "lesser event"));
  return out;
}

}  // namespace parley::analyzer

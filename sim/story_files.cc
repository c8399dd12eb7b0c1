#include "sim/story_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/story_layout.h"
#include "stack/base/bytes.h"

namespace parley::sim {
namespace {

std::string shown(const std::filesystem::path& path) {
  return printable(path.string());
}

std::string directory_text(const RunResult& result, const RunOptions& options) {
  std::string text = fmt::format("  {}/  {}", shown(options.directory),
                                 counted(result.captures.size(), "capture point"));
  std::string names;
  for (std::size_t i = 0; i < std::min<std::size_t>(result.captures.size(), 2); ++i)
    names += (names.empty() ? "" : ", ") + result.captures[i].point + ".pcapng";
  if (!names.empty())
    text += " (" + names + (result.captures.size() > 2 ? ", ..." : "") + ")";
  return text + "  keys.log  events.jsonl  run.json\n";
}

}  // namespace

std::string files_text(const RunResult& result, const RunOptions& options,
                       const std::string& called) {
  std::string text;
  std::string captures;
  if (!options.directory.empty()) {
    text += directory_text(result, options);
    if (!result.captures.empty())
      captures = shown(options.directory) + "/*.pcapng";
  }
  const auto single = [&](const std::filesystem::path& path, const std::string& what) {
    if (!path.empty() && path != kStandardOutput)
      text += fmt::format("  {}  {}\n", shown(path), what);
  };
  single(options.pcap, counted(result.captures.size(), "capture point") + " in one file");
  single(options.keys, "the key log");
  single(options.events, "what happened, as JSON lines");
  if (captures.empty() && !options.pcap.empty() && options.pcap != kStandardOutput)
    captures = shown(options.pcap);
  if (!captures.empty())
    return text + "  next    parley analyze " + captures + "\n";
  return text.empty() ? fmt::format("  next    parley run {} --out DIR\n", printable(called))
                      : text;
}

}  // namespace parley::sim

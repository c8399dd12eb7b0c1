#include "cli/run_folder.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include "cli/error.h"
#include "sim/run.h"
#include "stack/base/bytes.h"

namespace parley::cli {
namespace {

// A run.json is a few kilobytes for each call.
constexpr std::size_t kMostBytes = std::size_t{64} << 20U;

// Of what run.json lists, only what a run can have written, and only beside it.
bool of_a_run(std::string_view name) {
  return name.find('/') == std::string_view::npos &&
         (name.ends_with(".pcapng") || name == "keys.log" || name == "events.jsonl");
}

std::set<std::string> listed_files(const std::filesystem::path& run_json) {
  std::ifstream file(run_json, std::ios::binary);
  std::error_code error;
  if (!file || std::filesystem::file_size(run_json, error) > kMostBytes || error)
    return {};
  const std::string text(std::istreambuf_iterator<char>(file), {});
  constexpr std::string_view kStart = R"({"schema": "parley.run/1")";
  constexpr std::string_view kList = R"("files": [)";
  // The list stands at the end; names in it need no escapes.
  const std::size_t list = text.rfind(kList);
  if (!text.starts_with(kStart) || list == std::string::npos)
    return {};
  std::set<std::string> names;
  std::size_t at = list + kList.size();
  while (at < text.size() && text[at] == '"') {
    const std::size_t end = text.find('"', at + 1);
    if (end == std::string::npos)
      break;
    std::string name = text.substr(at + 1, end - at - 1);
    if (of_a_run(name))
      names.insert(std::move(name));
    at = text.find_first_not_of(", ", end + 1);
  }
  return names;
}

}  // namespace

void prepare_run_folder(const std::filesystem::path& folder, const sim::Scenario& scenario) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    return;
  const std::set<std::string> old = listed_files(folder / "run.json");
  std::set<std::string> own = old;
  for (const std::string& point : sim::capture_points(scenario))
    own.insert(point + ".pcapng");
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const bool capture = name.ends_with(".pcapng") || name.ends_with(".pcap");
    if (capture && !own.contains(name))
      throw bad_input(printable(folder.string()) + " holds " + printable(name) +
                      ", which no run listed in its run.json wrote; choose another --out DIR");
  }
  for (const std::string& name : old)
    std::filesystem::remove(folder / name, error);
}

}  // namespace parley::cli

#include "cli/capture_files.h"

#include <algorithm>
#include <filesystem>

#include "cli/error.h"

namespace parley::cli {
namespace {

namespace fs = std::filesystem;

bool is_capture_name(const fs::path& path) {
  const std::string name = path.filename().string();
  for (const std::string_view ending : {".pcapng", ".pcap", ".cap"})
    for (const std::string_view packing : {"", ".gz", ".zst"})
      if (name.ends_with(std::string(ending) + std::string(packing)))
        return true;
  return false;
}

[[noreturn]] void refuse_directory(const std::string& path) {
  constexpr std::size_t kShown = 6;
  std::vector<std::string> names;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, none))
    if (is_capture_name(entry.path()))
      names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  std::string text = path + ": is a directory";
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i)
    text += (i == 0 ? "; captures in it: " : ", ") + names[i];
  if (names.size() > kShown)
    text += " and " + std::to_string(names.size() - kShown) + " more";
  throw system_refused(text);
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code none;
  return a == b || (fs::is_regular_file(a, none) && fs::equivalent(a, b, none));
}

}  // namespace

std::vector<std::string> capture_files(const Options& options) {
  std::vector<std::string> files;
  for (const std::string& file : options.arguments()) {
    std::error_code none;
    if (file != "-" && fs::is_directory(file, none))
      refuse_directory(file);
    const auto twin = std::find_if(files.begin(), files.end(), [&](const std::string& known) {
      return same_file(known, file);
    });
    if (twin == files.end())
      files.push_back(file);
    else
      options.log(LogLevel::Warning, file + " is given twice (as " + *twin + "): read once");
  }
  return files;
}

}  // namespace parley::cli

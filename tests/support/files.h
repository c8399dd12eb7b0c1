#pragma once

// Files of the source tree, for tests that read vectors and corpora.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "stack/base/bytes.h"

namespace parley::test {

inline std::filesystem::path source_path(const std::string& relative) {
  return std::filesystem::path(PARLEY_SOURCE_DIR) / relative;
}

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline ByteBuffer read_bytes(const std::filesystem::path& file) {
  const std::string text = read_text(file);
  return to_buffer(as_bytes(text));
}

// In the order of their names.
inline std::vector<std::filesystem::path> files_in(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (entry.is_regular_file())
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace parley::test

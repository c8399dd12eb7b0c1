#pragma once

// Compares a text with a file of the source tree. With PARLEY_UPDATE_GOLDEN=1 in the environment
// the file is written instead.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace parley::test {

inline void expect_golden(const std::string& relative, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(PARLEY_SOURCE_DIR) / relative;
  const char* update = std::getenv("PARLEY_UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(file),
                             std::istreambuf_iterator<char>()};
  EXPECT_EQ(text, expected) << relative
                            << " differs; PARLEY_UPDATE_GOLDEN=1 in the environment of this test "
                               "writes it anew";
}

}  // namespace parley::test

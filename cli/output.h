#pragma once

// Standard output and files, with every failure noticed: a full disk or a closed pipe must not
// look like success.

#include <string>
#include <string_view>

#include "stack/base/bytes.h"

namespace parley::cli {

// Throws CommandError (exit code 3) when the system refuses.
void write_stdout(std::string_view text);
void write_file(const std::string& path, std::string_view text);  // "-" is standard output
void write_file(const std::string& path, Bytes bytes);
// All of standard input; throws CommandError (exit code 2) when it holds more than `limit` bytes.
std::string read_stdin(std::size_t limit);
inline constexpr std::size_t kMaxHexText = std::size_t{16} << 20U;
// Columns for text on `descriptor` (1 or 2): a terminal's own width within sensible bounds; 100 for
// files and pipes, whatever the environment says, so that what they hold is reproducible.
std::size_t text_width(int descriptor);
void make_directory(const std::string& path);  // with its parents; exists already: fine

// A line that is rewritten in place on a terminal's standard error, at most a few times a second,
// and only after a second of waiting; nothing when standard error is no terminal.
class Progress {
 public:
  explicit Progress(std::string title, bool wanted);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void update(std::uint64_t done, std::uint64_t total);

 private:
  std::string title_;
  bool wanted_;
  bool shown_ = false;
  std::int64_t started_ms_ = 0, last_ms_ = 0;
};

}  // namespace parley::cli

#include "cli/output.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/error.h"

namespace parley::cli {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

std::int64_t monotonic_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

CommandError cannot_write(const std::string& path) {
  return system_refused("cannot write " + path + ": " + std::strerror(errno));
}

void write_bytes(const std::string& path, const void* data, std::size_t size) {
  const File file(std::fopen(path.c_str(), "wb"));
  if (!file || (size > 0 && std::fwrite(data, 1, size, file.get()) != size) ||
      std::fflush(file.get()) != 0)
    throw cannot_write(path);
}

// What the terminal reports; COLUMNS where it reports nothing (a serial line, a pty without a
// size).
std::size_t terminal_columns(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  std::size_t columns = 0;
  if (const char* text = std::getenv("COLUMNS"))
    std::from_chars(text, text + std::strlen(text), columns);
  return columns;
}

}  // namespace

void write_stdout(std::string_view text) {
  const bool wrote = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!wrote || std::fflush(stdout) != 0)
    throw cannot_write("standard output");
}

void write_file(const std::string& path, std::string_view text) {
  if (path == "-")
    write_stdout(text);
  else
    write_bytes(path, text.data(), text.size());
}

void write_file(const std::string& path, Bytes bytes) {
  write_file(path, as_text(bytes));
}

std::string read_stdin(std::size_t limit) {
  std::string text;
  std::array<char, 65536> chunk{};
  while (const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), stdin)) {
    text.append(chunk.data(), count);
    if (text.size() > limit)
      throw bad_input("standard input: more than " + std::to_string(limit) + " bytes");
  }
  if (std::ferror(stdin) != 0)
    throw system_refused(std::string("cannot read standard input: ") + std::strerror(errno));
  return text;
}

std::size_t text_width(int descriptor) {
  constexpr std::size_t kUsual = 100, kLeast = 80, kMost = 120;
  const std::size_t columns = isatty(descriptor) == 1 ? terminal_columns(descriptor) : 0;
  return columns == 0 ? kUsual : std::clamp(columns, kLeast, kMost);
}

void make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    throw system_refused("cannot make the folder " + path + ": " + error.message());
}

Progress::Progress(std::string title, bool wanted)
    : title_(std::move(title)),
      wanted_(wanted && isatty(STDERR_FILENO) == 1),
      started_ms_(monotonic_ms()) {}

Progress::~Progress() {
  if (shown_)
    std::fputs("\r\033[K", stderr);
}

void Progress::update(std::uint64_t done, std::uint64_t total) {
  constexpr std::int64_t kPatience = 1000;
  constexpr std::int64_t kInterval = 200;
  if (!wanted_)
    return;
  const std::int64_t now = monotonic_ms();
  if (now - started_ms_ < kPatience || now - last_ms_ < kInterval)
    return;
  last_ms_ = now;
  shown_ = true;
  if (total > 0)
    std::fprintf(stderr, "\r%s %3llu %%", title_.c_str(),
                 static_cast<unsigned long long>(done * 100 / total));
  else
    std::fprintf(stderr, "\r%s %llu MB", title_.c_str(),
                 static_cast<unsigned long long>(done / 1'000'000));
  std::fflush(stderr);
}

}  // namespace parley::cli

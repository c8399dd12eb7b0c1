#include "analyzer/byte_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "analyzer/capture_file.h"

namespace parley::analyzer {
namespace {

// Small enough to stay in the second-level cache between read() and the decoder, large enough to
// make system calls rare: larger blocks are slower.
constexpr std::size_t kBufferSize = std::size_t{256} << 10U;

std::string system_message(int error) {
  return std::generic_category().message(error);
}

class FileSource final : public ByteSource {
 public:
  FileSource(std::string path, int descriptor, bool owned)
      : path_(std::move(path)), descriptor_(descriptor), owned_(owned) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override {
    if (owned_)
      ::close(descriptor_);
  }

  std::size_t read(std::span<std::byte> out) override {
    for (;;) {
      const ssize_t got = ::read(descriptor_, out.data(), out.size());
      if (got >= 0) {
        offset_ += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }
      if (errno != EINTR)
        throw CaptureError(CaptureError::Kind::System, path_, offset_, system_message(errno));
    }
  }

 private:
  std::string path_;
  int descriptor_;
  bool owned_;
  std::uint64_t offset_ = 0;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(Bytes bytes) : bytes_(bytes) {}
  std::size_t read(std::span<std::byte> out) override {
    const std::size_t size = std::min(out.size(), bytes_.size());
    std::copy_n(bytes_.begin(), size, out.begin());
    bytes_ = bytes_.subspan(size);
    return size;
  }

 private:
  Bytes bytes_;
};

}  // namespace

std::unique_ptr<ByteSource> open_file(const std::string& path) {
  if (path == "-")
    return std::make_unique<FileSource>("standard input", STDIN_FILENO, false);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    throw CaptureError(CaptureError::Kind::System, path, 0, system_message(errno));
  // Only a hint: what it answers changes nothing.
  (void)::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::make_unique<FileSource>(path, descriptor, true);
}

std::unique_ptr<ByteSource> open_memory(Bytes bytes) {
  return std::make_unique<MemorySource>(bytes);
}

InputBuffer::InputBuffer(std::unique_ptr<ByteSource> source, Bytes head)
    : source_(std::move(source)),
      capacity_(kBufferSize),
      storage_(std::make_unique_for_overwrite<std::byte[]>(kBufferSize)),
      begin_(storage_.get()),
      end_(storage_.get() + head.size()),
      end_offset_(head.size()) {
  std::copy(head.begin(), head.end(), storage_.get());
}

// After what is left was moved to the front the buffer is filled to the brim, and it has room for
// twice of what is asked for: the moves cost a constant for each byte, even when a caller goes
// forward one byte at a time and asks for much.
bool InputBuffer::fill(std::size_t size) {
  if (source_ended_)
    return false;
  std::size_t have = available();
  if (capacity_ < 2 * size) {
    auto larger = std::make_unique_for_overwrite<std::byte[]>(2 * size);
    std::copy(begin_, end_, larger.get());
    storage_ = std::move(larger);
    capacity_ = 2 * size;
  } else {
    std::memmove(storage_.get(), begin_, have);
  }
  while (have < size) {
    const std::size_t got = source_->read({storage_.get() + have, capacity_ - have});
    if (got == 0) {
      source_ended_ = true;
      break;
    }
    have += got;
    end_offset_ += got;
  }
  begin_ = storage_.get();
  end_ = begin_ + have;
  return have >= size;
}

}  // namespace parley::analyzer

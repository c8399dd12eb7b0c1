#pragma once

// Where the bytes of a capture come from: a file, standard input, memory, or one of these unpacked
// on the fly. It does not know what the bytes mean.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "stack/base/bytes.h"

namespace parley::analyzer {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Reads between 1 and out.size() bytes; 0 only at the end. Throws CaptureError (System).
  virtual std::size_t read(std::span<std::byte> out) = 0;
  // What made the stream end before its proper end.
  virtual std::optional<std::string> fault() const { return std::nullopt; }
  virtual std::string_view packed_by() const { return {}; }
};

// "-" is standard input. Throws CaptureError (System).
std::unique_ptr<ByteSource> open_file(const std::string& path);
// `bytes` outlive the source.
std::unique_ptr<ByteSource> open_memory(Bytes bytes);

bool is_gzip(Bytes head);
bool is_zstd(Bytes head);
// Unpack `packed`, whose first bytes were already read into `head`.
std::unique_ptr<ByteSource> unpack_gzip(std::unique_ptr<ByteSource> packed, Bytes head);
std::unique_ptr<ByteSource> unpack_zstd(std::unique_ptr<ByteSource> packed, Bytes head);

// A window over a source that slides forward. What data() points to stays until the next require()
// that returns after reading.
class InputBuffer {
 public:
  explicit InputBuffer(std::unique_ptr<ByteSource> source, Bytes head = {});

  // Makes `size` bytes available at data(); false when the source ends before that.
  bool require(std::size_t size) {
    return size <= static_cast<std::size_t>(end_ - begin_) || fill(size);
  }
  const std::byte* data() const { return begin_; }
  std::size_t available() const { return static_cast<std::size_t>(end_ - begin_); }
  Bytes bytes(std::size_t at, std::size_t size) const { return {begin_ + at, size}; }
  void consume(std::size_t size) { begin_ += size; }
  // Of data() in the stream.
  std::uint64_t offset() const { return end_offset_ - available(); }
  const ByteSource& source() const { return *source_; }

 private:
  bool fill(std::size_t size);

  std::unique_ptr<ByteSource> source_;
  std::size_t capacity_;
  std::unique_ptr<std::byte[]> storage_;
  const std::byte* begin_;
  const std::byte* end_;
  std::uint64_t end_offset_ = 0;
  bool source_ended_ = false;
};

}  // namespace parley::analyzer

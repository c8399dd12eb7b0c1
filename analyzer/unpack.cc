#include <algorithm>
#include <array>
#include <memory>

#include <zlib.h>
#include <zstd.h>

#include "analyzer/byte_source.h"

namespace parley::analyzer {
namespace {

constexpr std::size_t kPackedBlock = std::size_t{128} << 10U;

// The packed side: bytes read from the source that the unpacker has not used yet.
class PackedInput {
 public:
  PackedInput(std::unique_ptr<ByteSource> source, Bytes head)
      : source_(std::move(source)), block_(kPackedBlock), size_(head.size()) {
    std::copy(head.begin(), head.end(), block_.begin());
  }
  // False at the end of the source.
  bool refill() {
    if (used_ < size_)
      return true;
    used_ = 0;
    size_ = source_->read(block_);
    return size_ != 0;
  }
  // Not const because zlib's interface lacks it; no unpacker writes here.
  std::span<std::byte> unused() { return std::span(block_).subspan(used_, size_ - used_); }
  void use(std::size_t count) { used_ += count; }

 private:
  std::unique_ptr<ByteSource> source_;
  ByteBuffer block_;
  std::size_t used_ = 0, size_;
};

// RFC 1952; members that follow each other are one stream (section 2.2).
class GzipSource final : public ByteSource {
 public:
  GzipSource(std::unique_ptr<ByteSource> packed, Bytes head) : input_(std::move(packed), head) {
    constexpr int kGzipOnly = 15 + 16;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK)
      throw std::bad_alloc();
  }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;
  ~GzipSource() override { inflateEnd(&stream_); }

  std::size_t read(std::span<std::byte> out) override {
    std::size_t made = 0;
    while (made == 0 && !ended_)
      made = step(out);
    return made;
  }
  std::optional<std::string> fault() const override { return fault_; }
  std::string_view packed_by() const override { return "gzip"; }

 private:
  std::size_t step(std::span<std::byte> out) {
    if (!input_.refill()) {
      ended_ = true;
      if (!between_members_)
        fault_ = "the gzip stream ends before its end";
      return 0;
    }
    const std::span<std::byte> in = input_.unused();
    if (between_members_ && !begin_member(in))
      return 0;
    stream_.next_in = reinterpret_cast<Bytef*>(in.data());
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size(), 1U << 30U));
    const std::size_t room = stream_.avail_out;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    input_.use(in.size() - stream_.avail_in);
    if (result == Z_STREAM_END) {
      between_members_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      ended_ = true;
      fault_ = std::string("the gzip stream is damaged: ") +
               (stream_.msg != nullptr ? stream_.msg : "unknown reason");
    }
    return room - stream_.avail_out;
  }
  // Zeros behind the last member are padding (tapes); anything else ends the stream.
  bool begin_member(Bytes in) {
    if (in[0] == std::byte{0x1f}) {
      inflateReset(&stream_);
      between_members_ = false;
      return true;
    }
    ended_ = true;
    if (in[0] != std::byte{0})
      fault_ = "other bytes follow the gzip stream";
    return false;
  }

  PackedInput input_;
  z_stream stream_{};
  bool between_members_ = false, ended_ = false;
  std::optional<std::string> fault_;
};

// RFC 8878; frames that follow each other are one stream. The window is limited to the library's
// default (128 MiB), so that a hostile frame cannot ask for more memory.
class ZstdSource final : public ByteSource {
 public:
  ZstdSource(std::unique_ptr<ByteSource> packed, Bytes head)
      : input_(std::move(packed), head), stream_(ZSTD_createDStream(), ZSTD_freeDStream) {
    if (stream_ == nullptr)
      throw std::bad_alloc();
  }

  std::size_t read(std::span<std::byte> out) override {
    std::size_t made = 0;
    while (made == 0 && !ended_)
      made = step(out);
    return made;
  }
  std::optional<std::string> fault() const override { return fault_; }
  std::string_view packed_by() const override { return "zstd"; }

 private:
  std::size_t step(std::span<std::byte> out) {
    // The library may hold output back although it took all input: only without new output does
    // the end of the input mean the end.
    const bool more = input_.refill();
    const Bytes in = more ? Bytes(input_.unused()) : Bytes{};
    ZSTD_inBuffer packed{in.data(), in.size(), 0};
    ZSTD_outBuffer plain{out.data(), out.size(), 0};
    const std::size_t result = ZSTD_decompressStream(stream_.get(), &plain, &packed);
    input_.use(packed.pos);
    if (ZSTD_isError(result) != 0) {
      ended_ = true;
      fault_ = std::string("the zstd stream is damaged: ") + ZSTD_getErrorName(result);
    } else if (!more && plain.pos == 0) {
      ended_ = true;
      if (inside_frame_)
        fault_ = "the zstd stream ends before its end";
    } else if (more) {
      inside_frame_ = result != 0;
    } else {
      inside_frame_ = inside_frame_ && result != 0;
    }
    return plain.pos;
  }

  PackedInput input_;
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
  bool inside_frame_ = true, ended_ = false;
  std::optional<std::string> fault_;
};

}  // namespace

bool is_gzip(Bytes head) {
  return head.size() >= 2 && load_u16(head.data()) == 0x1f8b;
}

// A frame, or one of the skippable frames that parallel packers write first (RFC 8878
// section 3.1.2).
bool is_zstd(Bytes head) {
  if (head.size() < 4)
    return false;
  const std::uint32_t magic = load_u32(head.data());
  return magic == 0x28b52ffd || (magic & 0xf0ffffffU) == 0x502a4d18;
}

std::unique_ptr<ByteSource> unpack_gzip(std::unique_ptr<ByteSource> packed, Bytes head) {
  return std::make_unique<GzipSource>(std::move(packed), head);
}
std::unique_ptr<ByteSource> unpack_zstd(std::unique_ptr<ByteSource> packed, Bytes head) {
  return std::make_unique<ZstdSource>(std::move(packed), head);
}

}  // namespace parley::analyzer

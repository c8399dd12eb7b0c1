#include "analyzer/pcap_file.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace parley::analyzer {
namespace {

constexpr std::size_t kFileHeaderSize = 24;
constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;
constexpr std::uint32_t kKuznetzov = 0xa1b2cd34;  // records have 8 bytes more
// What capture programs write at most, whatever the file's snap length says.
constexpr std::uint32_t kUsualSnapLength = 262144;
// How far to look for the next record behind damage.
constexpr std::size_t kSearchLimit = std::size_t{4} << 20U;
constexpr std::uint32_t kDay = 86400;

std::optional<ByteOrder> byte_order(Bytes head) {
  if (head.size() < 4)
    return std::nullopt;
  for (const ByteOrder order : {ByteOrder::Little, ByteOrder::Big}) {
    const std::uint32_t magic = load_u32(order, head.data());
    if (magic == kMicroseconds || magic == kNanoseconds || magic == kKuznetzov)
      return order;
  }
  return std::nullopt;
}

}  // namespace

bool PcapFile::recognises(Bytes head) {
  return byte_order(head).has_value();
}

// draft-ietf-opsawg-pcap section 4
//   +---------------------------------------------------------------+
//   |                          Magic Number                         |
//   +---------------------------------------------------------------+
//   |          Major Version        |         Minor Version         |
//   +---------------------------------------------------------------+
//   |                           Reserved1                           |
//   +---------------------------------------------------------------+
//   |                           Reserved2                           |
//   +---------------------------------------------------------------+
//   |                            SnapLen                            |
//   +---------------------------------------------------------------+
//   | FCS |f|0 0 0 0 0 0 0 0 0 0 0 0|         LinkType              |
//   +---------------------------------------------------------------+
PcapFile::PcapFile(const std::string& path, std::unique_ptr<InputBuffer> buffer)
    : CaptureFile(path, std::move(buffer)) {
  if (!input().require(kFileHeaderSize))
    throw CaptureError(CaptureError::Kind::NotCapture, path, input().available(),
                       "the file ends inside the 24-byte pcap header");
  const std::byte* p = input().data();
  order_ = byte_order(input().bytes(0, 4)).value_or(ByteOrder::Little);
  const std::uint32_t magic = load_u32(order_, p);
  nanoseconds_ = magic == kNanoseconds;
  if (magic == kKuznetzov)
    header_size_ = 24;
  const std::uint32_t snap_length = load_u32(order_, p + 16);
  max_captured_ =
      snap_length <= kMaxRecord ? std::max(snap_length, kUsualSnapLength) : kUsualSnapLength;
  // The upper bits say whether frames end in a check sequence; IP lengths cut that off.
  link_type_ = static_cast<std::uint16_t>(load_u32(order_, p + 20));
  add_interface({{}, {}, link_type_, snap_length});
  input().consume(kFileHeaderSize);
}

// draft-ietf-opsawg-pcap section 5
//   +---------------------------------------------------------------+
//   |                      Timestamp (Seconds)                      |
//   +---------------------------------------------------------------+
//   |            Timestamp (Microseconds or nanoseconds)            |
//   +---------------------------------------------------------------+
//   |                    Captured Packet Length                     |
//   +---------------------------------------------------------------+
//   |                    Original Packet Length                     |
//   +---------------------------------------------------------------+
PcapFile::Record PcapFile::record_at(std::size_t position) const {
  const std::byte* p = input().data() + position;
  return {load_u32(order_, p), load_u32(order_, p + 4), load_u32(order_, p + 8),
          load_u32(order_, p + 12)};
}

bool PcapFile::acceptable(const Record& record) const {
  // A block of zeros, left behind by a file system, is no packet of 1970.
  const bool zeros = record.captured == 0 && record.original == 0 && record.seconds == 0;
  return record.captured <= max_captured_ && !zeros;
}

bool PcapFile::convincing(const Record& record) const {
  const std::uint32_t distance =
      std::max(record.seconds, last_seconds_) - std::min(record.seconds, last_seconds_);
  return record.captured > 0 && record.captured <= max_captured_ &&
         record.original >= record.captured && record.original <= kMaxRecord &&
         record.fraction < (nanoseconds_ ? 1'000'000'000U : 1'000'000U) &&
         (last_seconds_ == 0 || distance <= kDay);
}

// A convincing record at `position`, with another one or the end of the file right behind it.
bool PcapFile::record_follows(std::size_t position) {
  if (!input().require(position + header_size_))
    return false;
  const Record record = record_at(position);
  if (!convincing(record))
    return false;
  const std::size_t next = position + header_size_ + record.captured;
  if (input().require(next + header_size_))
    return convincing(record_at(next));
  return input().available() == next;
}

bool PcapFile::resynchronise(std::string_view why) {
  const std::uint64_t from = input().offset();
  for (std::size_t skipped = 1; skipped <= kSearchLimit; ++skipped) {
    input().consume(1);
    if (!input().require(header_size_))
      break;
    if (record_follows(0)) {
      note_damage(from, fmt::format("{}; went on {} bytes further", why, skipped));
      return true;
    }
  }
  note_damage(from, fmt::format("{}; no packet was found behind it", why));
  return false;
}

void PcapFile::end_of_file() {
  const std::size_t left = input().available();
  note_source_fault();
  if (left != 0)
    note_damage(input().offset(),
                fmt::format("the file ends inside a record, {} bytes after its start", left));
  input().consume(left);
}

bool PcapFile::next(RawPacket& out) {
  for (;;) {
    if (!input().require(header_size_)) {
      end_of_file();
      return false;
    }
    const Record record = record_at(0);
    if (!acceptable(record)) {
      const std::string why =
          record.captured == 0 ? std::string("zeros instead of a record header")
                               : fmt::format("no record header: captured length {} is more than {}",
                                             record.captured, max_captured_);
      if (!resynchronise(why))
        return false;
      continue;
    }
    const std::size_t size = header_size_ + record.captured;
    if (!input().require(size)) {
      end_of_file();
      return false;
    }
    const std::int64_t scale = nanoseconds_ ? 1 : 1000;
    last_seconds_ = record.seconds;
    out.number = number_packet();
    out.at = Instant(std::chrono::seconds(record.seconds) + Duration(record.fraction * scale));
    out.has_time = true;
    out.interface = 0;
    out.link_type = link_type_;
    out.original_size = std::max(record.original, record.captured);
    out.bytes = input().bytes(header_size_, record.captured);
    out.comment = {};
    input().consume(size);
    return true;
  }
}

}  // namespace parley::analyzer

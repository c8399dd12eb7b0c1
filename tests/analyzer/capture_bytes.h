#pragma once

// Capture files made in memory, for tests of the readers.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/capture_file.h"
#include "stack/base/bytes.h"

namespace parley::test {

// Writes numbers in a byte order; the formats of captures know both.
class OrderedWriter {
 public:
  explicit OrderedWriter(bool big) : big_(big) {}

  OrderedWriter& u16(std::uint16_t v) { return number(v, 2); }
  OrderedWriter& u32(std::uint32_t v) { return number(v, 4); }
  OrderedWriter& u64(std::uint64_t v) { return number(v, 8); }
  OrderedWriter& bytes(Bytes b) {
    out_.insert(out_.end(), b.begin(), b.end());
    return *this;
  }
  OrderedWriter& pad() {
    out_.resize((out_.size() + 3) / 4 * 4);
    return *this;
  }
  OrderedWriter& option(std::uint16_t code, Bytes value) {
    return u16(code).u16(static_cast<std::uint16_t>(value.size())).bytes(value).pad();
  }
  const ByteBuffer& done() const { return out_; }

 private:
  OrderedWriter& number(std::uint64_t v, unsigned size) {
    for (unsigned i = 0; i < size; ++i)
      out_.push_back(static_cast<std::byte>(v >> (8 * (big_ ? size - 1 - i : i))));
    return *this;
  }

  bool big_;
  ByteBuffer out_;
};

struct PcapOptions {
  bool big = false;
  std::uint32_t magic = 0xa1b2c3d4;
  std::uint32_t snap_length = 262144;
  std::uint32_t link_type = 101;
};
inline ByteBuffer pcap_header(const PcapOptions& options = {}) {
  return OrderedWriter(options.big)
      .u32(options.magic)
      .u16(2)
      .u16(4)
      .u32(0)
      .u32(0)
      .u32(options.snap_length)
      .u32(options.link_type)
      .done();
}
inline ByteBuffer pcap_record(Bytes packet, std::uint32_t seconds, std::uint32_t fraction = 0,
                              bool big = false) {
  const auto size = static_cast<std::uint32_t>(packet.size());
  return OrderedWriter(big).u32(seconds).u32(fraction).u32(size).u32(size).bytes(packet).done();
}
inline ByteBuffer block(std::uint32_t type, const OrderedWriter& body, bool big = false) {
  const ByteBuffer padded = OrderedWriter(body).pad().done();
  const auto size = static_cast<std::uint32_t>(padded.size() + 12);
  return OrderedWriter(big).u32(type).u32(size).bytes(padded).u32(size).done();
}
inline ByteBuffer section_block(bool big = false) {
  return block(0x0a0d0d0a, OrderedWriter(big).u32(0x1a2b3c4d).u16(1).u16(0).u64(~std::uint64_t{0}),
               big);
}
inline ByteBuffer interface_block(std::uint16_t link_type = 101, bool big = false) {
  return block(1, OrderedWriter(big).u16(link_type).u16(0).u32(0), big);
}
inline ByteBuffer packet_block(Bytes packet, std::uint64_t ticks, std::uint32_t interface = 0,
                               bool big = false) {
  const auto size = static_cast<std::uint32_t>(packet.size());
  return block(6,
               OrderedWriter(big)
                   .u32(interface)
                   .u32(static_cast<std::uint32_t>(ticks >> 32U))
                   .u32(static_cast<std::uint32_t>(ticks))
                   .u32(size)
                   .u32(size)
                   .bytes(packet),
               big);
}
inline ByteBuffer joined(std::initializer_list<ByteBuffer> parts) {
  ByteBuffer all;
  for (const ByteBuffer& part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Everything that a reader says of a file.
struct ReadResult {
  std::vector<analyzer::RawPacket> packets;  // their bytes and comments are in `bytes`, `comments`
  std::vector<std::string> bytes;            // hexadecimal
  std::vector<std::string> comments;
  std::unique_ptr<analyzer::CaptureFile> file;
};
inline ReadResult read_all(std::unique_ptr<analyzer::CaptureFile> file) {
  ReadResult result;
  analyzer::RawPacket packet;
  while (file->next(packet)) {
    result.bytes.push_back(to_hex(packet.bytes));
    result.comments.emplace_back(packet.comment);
    packet.bytes = {};
    packet.comment = {};
    result.packets.push_back(packet);
  }
  result.file = std::move(file);
  return result;
}
inline ReadResult read_bytes_of(Bytes bytes) {
  return read_all(analyzer::CaptureFile::from_memory(bytes, "test"));
}

}  // namespace parley::test

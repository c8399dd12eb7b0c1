#include "stack/wire/pcapng.h"

#include <algorithm>
#include <array>

namespace parley::pcapng {
namespace {

constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr std::uint32_t kInterfaceDescription = 1;
constexpr std::uint32_t kInterfaceStatistics = 5;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint32_t kDecryptionSecrets = 10;
constexpr std::uint32_t kTlsKeyLogSecrets = 0x544c534b;

constexpr std::uint16_t kOptEnd = 0;
constexpr std::uint16_t kOptComment = 1;
constexpr std::uint16_t kShbHardware = 2;
constexpr std::uint16_t kShbOs = 3;
constexpr std::uint16_t kShbUserApplication = 4;
constexpr std::uint16_t kIfName = 2;
constexpr std::uint16_t kIfDescription = 3;
constexpr std::uint16_t kIfTimestampResolution = 9;
constexpr std::uint16_t kIsbReceived = 4;
constexpr std::uint16_t kIsbDropped = 5;

constexpr std::size_t padding(std::size_t size) {
  return (4 - size % 4) % 4;
}

// One block, little endian: draft-ietf-opsawg-pcapng section 3.1
//   +---------------------------------------------------------------+
//   |                          Block Type                           |
//   +---------------------------------------------------------------+
//   |                      Block Total Length                       |
//   +---------------------------------------------------------------+
//   /                     Block Body, padded to 32 bits             /
//   +---------------------------------------------------------------+
//   |                      Block Total Length                       |
//   +---------------------------------------------------------------+
class BlockWriter {
 public:
  BlockWriter(ByteBuffer& out, std::uint32_t type) : out_(&out), start_(out.size()) {
    u32(type);
    u32(0);
  }

  void u16(std::uint16_t v) {
    const std::array<std::byte, 2> b{static_cast<std::byte>(v & 0xffU),
                                     static_cast<std::byte>(v >> 8U)};
    out_->insert(out_->end(), b.begin(), b.end());
  }
  void u32(std::uint32_t v) {
    u16(static_cast<std::uint16_t>(v));
    u16(static_cast<std::uint16_t>(v >> 16U));
  }
  void u64(std::uint64_t v) {
    u32(static_cast<std::uint32_t>(v));
    u32(static_cast<std::uint32_t>(v >> 32U));
  }
  // High half first, as every timestamp of the format.
  void timestamp(Instant at) {
    const auto ns =
        static_cast<std::uint64_t>(std::max<std::int64_t>(at.time_since_epoch().count(), 0));
    u32(static_cast<std::uint32_t>(ns >> 32U));
    u32(static_cast<std::uint32_t>(ns));
  }
  void padded(Bytes bytes) {
    out_->insert(out_->end(), bytes.begin(), bytes.end());
    out_->resize(out_->size() + padding(bytes.size()));
  }
  void option(std::uint16_t code, Bytes value) {
    value = value.first(std::min<std::size_t>(value.size(), 0xffff));
    u16(code);
    u16(static_cast<std::uint16_t>(value.size()));
    padded(value);
    has_options_ = true;
  }
  void text_option(std::uint16_t code, std::string_view text) {
    if (!text.empty())
      option(code, as_bytes(text));
  }
  void number_option(std::uint16_t code, std::uint64_t v) {
    u16(code);
    u16(8);
    u64(v);
    has_options_ = true;
  }
  void finish() {
    if (has_options_) {
      u16(kOptEnd);
      u16(0);
    }
    const auto total = static_cast<std::uint32_t>(out_->size() - start_ + 4);
    u32(total);
    for (std::size_t i = 0; i < 4; ++i)
      (*out_)[start_ + 4 + i] = static_cast<std::byte>((total >> (8 * i)) & 0xffU);
  }

 private:
  ByteBuffer* out_;
  std::size_t start_;
  bool has_options_ = false;
};

}  // namespace

Writer::Writer(ByteBuffer& out, const Section& section) : out_(&out) {
  BlockWriter block(out, kSectionHeader);
  block.u32(kByteOrderMagic);
  block.u16(1);  // major version
  block.u16(0);
  block.u64(~std::uint64_t{0});  // section length: not given
  block.text_option(kOptComment, section.comment);
  block.text_option(kShbHardware, section.hardware);
  block.text_option(kShbOs, section.operating_system);
  block.text_option(kShbUserApplication, section.application);
  block.finish();
}

std::uint32_t Writer::interface(const Interface& description) {
  BlockWriter block(*out_, kInterfaceDescription);
  block.u16(description.link_type);
  block.u16(0);
  block.u32(description.snap_length);
  block.text_option(kIfName, description.name);
  block.text_option(kIfDescription, description.description);
  constexpr std::array<std::byte, 1> kNanoseconds{std::byte{9}};
  block.option(kIfTimestampResolution, kNanoseconds);
  block.finish();
  return interfaces_++;
}

void Writer::packet(const PacketRecord& record) {
  BlockWriter block(*out_, kEnhancedPacket);
  block.u32(record.interface);
  block.timestamp(record.at);
  const auto captured = static_cast<std::uint32_t>(record.bytes.size());
  block.u32(captured);
  block.u32(std::max(record.original_size, captured));
  block.padded(record.bytes);
  block.text_option(kOptComment, record.comment);
  block.finish();
}

void Writer::tls_key_log(std::string_view lines) {
  BlockWriter block(*out_, kDecryptionSecrets);
  block.u32(kTlsKeyLogSecrets);
  block.u32(static_cast<std::uint32_t>(lines.size()));
  block.padded(as_bytes(lines));
  block.finish();
}

void Writer::statistics(std::uint32_t interface, Instant at, std::uint64_t received,
                        std::uint64_t dropped) {
  BlockWriter block(*out_, kInterfaceStatistics);
  block.u32(interface);
  block.timestamp(at);
  block.number_option(kIsbReceived, received);
  block.number_option(kIsbDropped, dropped);
  block.finish();
}

}  // namespace parley::pcapng

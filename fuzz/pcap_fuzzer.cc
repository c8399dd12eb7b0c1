// Capture files: pcap and pcapng, packed or not, whole or damaged.

#include <cstdint>

#include "analyzer/capture_file.h"
#include "fuzz/check.h"

namespace {

using parley::Bytes;
using parley::analyzer::CaptureError;
using parley::analyzer::CaptureFile;
using parley::analyzer::RawPacket;
using parley::fuzz::require;

void require_sound(const CaptureFile& file, const RawPacket& packet, std::uint64_t last_number) {
  require(packet.number > last_number);
  require(packet.interface < file.interfaces().size());
  require(packet.link_type == file.interfaces()[packet.interface].link_type);
  require(packet.bytes.size() <= CaptureFile::kMaxRecord);
  require(packet.original_size >= packet.bytes.size());
  std::uint8_t sum = 0;  // every byte that is borrowed can be read
  for (const std::byte b : packet.bytes)
    sum = static_cast<std::uint8_t>(sum + std::to_integer<std::uint8_t>(b));
  for (const char c : packet.comment)
    sum = static_cast<std::uint8_t>(sum + static_cast<std::uint8_t>(c));
  const volatile std::uint8_t sink = sum;
  (void)sink;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = parley::fuzz::input(data, size);
  try {
    const auto file = CaptureFile::from_memory(input, "input");
    RawPacket packet;
    std::uint64_t last_number = 0;
    std::uint64_t given = 0;
    // A packed megabyte may hold a gigabyte; the first packets are enough.
    while (given < 100'000 && file->next(packet)) {
      require_sound(*file, packet, last_number);
      last_number = packet.number;
      ++given;
    }
    require(file->packets() >= given);
    require(file->damage().size() <= CaptureFile::kMaxDamageListed);
    require(file->damage_count() >= file->damage().size());
    require(!file->packed_by().empty() || file->bytes_read() <= size);
  } catch (const CaptureError& error) {
    require(error.kind() == CaptureError::Kind::NotCapture);
  }
  return 0;
}

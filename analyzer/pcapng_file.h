#pragma once

// The pcapng format (draft-ietf-opsawg-pcapng): both byte orders, several sections and interfaces,
// enhanced, simple and the obsolete packet blocks, comments and decryption secrets. Other blocks
// are passed over. After damage it looks for the next block whose two lengths agree.

#include <memory>
#include <string>
#include <vector>

#include "analyzer/byte_order.h"
#include "analyzer/byte_source.h"
#include "analyzer/capture_file.h"
#include "analyzer/timestamp.h"

namespace parley::analyzer {

class PcapngFile final : public CaptureFile {
 public:
  static bool recognises(Bytes head);
  // Throws CaptureError when the first section header is not one.
  PcapngFile(const std::string& path, std::unique_ptr<InputBuffer> input);

  bool next(RawPacket& out) override;
  CaptureFormat format() const override { return CaptureFormat::Pcapng; }

 private:
  // An interface of the current section.
  struct Interface {
    std::uint32_t index = 0;  // into interfaces()
    std::uint16_t link_type = 0;
    std::uint32_t snap_length = 0;
    TimestampUnit unit;
  };
  struct PacketHeader {
    std::uint32_t interface = 0;
    std::uint64_t ticks = 0;
    std::uint32_t captured = 0, original = 0;
  };

  // The size of the whole block that begins at data(), all of it available, after damage was passed
  // over; 0 at the end of the file.
  std::size_t find_block();
  std::size_t block_here();
  bool resynchronise(const std::string& why);
  bool plausible_block(std::size_t position);
  std::string why_no_block();

  // These take the block's body, without the lengths around it. True: `out` is a packet.
  bool handle(std::uint32_t type, Bytes body, RawPacket& out);
  void section_header(Bytes body);
  void interface_description(Bytes body);
  void decryption_secrets(Bytes body);
  bool enhanced_packet(Bytes body, RawPacket& out);
  bool obsolete_packet(Bytes body, RawPacket& out);
  bool simple_packet(Bytes body, RawPacket& out);
  bool packet(const PacketHeader& header, Bytes rest, RawPacket& out);
  std::string_view comment_in(Bytes options);

  ByteOrder order_ = ByteOrder::Little;
  std::vector<Interface> section_interfaces_;
  std::uint32_t sections_ = 0;
  Instant last_time_;
  std::uint64_t block_offset_ = 0;  // of the block being handled
};

}  // namespace parley::analyzer

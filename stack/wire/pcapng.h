#pragma once

// Writes capture files in the pcapng format (draft-ietf-opsawg-pcapng): little endian, one section,
// nanoseconds. Appends to a buffer of its caller, who streams it to wherever it goes and clears it.
// Nothing is written that was not given: no clock, no host name, so equal calls give equal bytes.

#include <cstdint>
#include <string_view>

#include "stack/base/bytes.h"
#include "stack/base/time.h"

namespace parley::pcapng {

// LINKTYPE_ values of the tcpdump registry.
inline constexpr std::uint16_t kLinkEthernet = 1;
inline constexpr std::uint16_t kLinkRaw = 101;  // IPv4 or IPv6 packet, by its first four bits

// Empty texts are not written. Texts longer than 65535 bytes are cut.
struct Section {
  std::string_view comment;
  std::string_view hardware;
  std::string_view operating_system;
  std::string_view application;
};

struct Interface {
  std::string_view name;
  std::string_view description;
  std::uint16_t link_type = kLinkRaw;
  std::uint32_t snap_length = 0;  // 0: no limit
};

struct PacketRecord {
  std::uint32_t interface = 0;  // as interface() answered
  Instant at;                   // since the Unix epoch, not before it
  Bytes bytes;
  std::uint32_t original_size = 0;  // 0: bytes.size()
  std::string_view comment;
};

class Writer {
 public:
  // Appends the Section Header Block at once. `out` outlives the writer; its owner may take the
  // bytes and clear it between calls.
  explicit Writer(ByteBuffer& out, const Section& section = {});

  // Appends an Interface Description Block; answers the number of the interface, from 0.
  std::uint32_t interface(const Interface& description);
  // Appends an Enhanced Packet Block.
  void packet(const PacketRecord& record);
  // Appends a Decryption Secrets Block with lines in the NSS key log format. Readers use secrets
  // only for packets behind them: write them before the packets they open.
  void tls_key_log(std::string_view lines);
  // Appends an Interface Statistics Block with the packets received and dropped so far.
  void statistics(std::uint32_t interface, Instant at, std::uint64_t received,
                  std::uint64_t dropped);

 private:
  ByteBuffer* out_;
  std::uint32_t interfaces_ = 0;
};

}  // namespace parley::pcapng

#pragma once

// The pcap format (draft-ietf-opsawg-pcap), with micro- and nanoseconds and the record headers of
// Kuznetzov's patched libpcap. After damage it looks for the next two record headers in a row.

#include <memory>
#include <string>

#include "analyzer/byte_order.h"
#include "analyzer/byte_source.h"
#include "analyzer/capture_file.h"

namespace parley::analyzer {

class PcapFile final : public CaptureFile {
 public:
  static bool recognises(Bytes head);
  // Throws CaptureError when the file ends inside its header.
  PcapFile(const std::string& path, std::unique_ptr<InputBuffer> input);

  bool next(RawPacket& out) override;
  CaptureFormat format() const override { return CaptureFormat::Pcap; }

 private:
  struct Record {
    std::uint32_t seconds = 0, fraction = 0, captured = 0, original = 0;
  };
  Record record_at(std::size_t position) const;
  bool acceptable(const Record& record) const;
  // Far stricter: used to find records among bytes that are none.
  bool convincing(const Record& record) const;
  bool record_follows(std::size_t position);
  bool resynchronise(std::string_view why);
  void end_of_file();

  ByteOrder order_ = ByteOrder::Little;
  bool nanoseconds_ = false;
  std::size_t header_size_ = 16;
  std::uint32_t max_captured_ = 0;
  std::uint32_t last_seconds_ = 0;
  std::uint16_t link_type_ = 0;
};

}  // namespace parley::analyzer

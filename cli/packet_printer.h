#pragma once

// What `parley packets` shows of one packet after the other, as text or as JSON lines.

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/dissect/field.h"
#include "analyzer/dissect/memory.h"
#include "analyzer/dissect/summary.h"
#include "analyzer/frame.h"
#include "analyzer/payload_evidence.h"
#include "cli/packet_ranges.h"

namespace parley::cli {

struct PacketChoices {
  bool json = false, verbose = false, quiet = false, color = false;
  PacketRanges only;
  std::vector<std::string> passwords;
  std::string username, realm;
};

class PacketPrinter {
 public:
  // Times count from `origin`.
  PacketPrinter(PacketChoices choices, const analyzer::PayloadEvidence& evidence, Instant origin)
      : choices_(std::move(choices)), evidence_(evidence), origin_(origin) {}

  void print(const analyzer::RawPacket& raw);
  void flush();
  std::uint64_t packets() const { return packets_; }  // the number of the last one

 private:
  struct Line {
    std::string source, destination;
    analyzer::Summary summary;
    std::vector<analyzer::Field> fields;
  };

  Line describe(const analyzer::RawPacket& raw);
  void describe_packet(const analyzer::RawPacket& raw, const analyzer::Packet& packet, Line& line);
  void describe_fragment(const analyzer::RawPacket& raw, Line& line) const;
  void add_payload(const analyzer::RawPacket& raw, const analyzer::Packet& packet,
                   std::vector<analyzer::Field>& to);
  analyzer::Summary summary_of(const analyzer::Packet& packet, PayloadClass as) const;
  std::string text_line(const analyzer::RawPacket& raw, const Line& line) const;
  std::string json_line(const analyzer::RawPacket& raw, const Line& line) const;
  double seconds(const analyzer::RawPacket& raw) const { return to_seconds(raw.at - origin_); }

  PacketChoices choices_;
  const analyzer::PayloadEvidence& evidence_;
  Instant origin_;
  analyzer::FrameDecoder frames_;
  analyzer::DissectMemory memory_;
  std::uint64_t packets_ = 0;
  std::string out_;
};

}  // namespace parley::cli

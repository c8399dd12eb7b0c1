// TCP reassembly. The input is a list of segments: sequence number (4 bytes), flags (1), size (1),
// bytes cut off (1), time step in milliseconds (1). A segment with the highest flag bit set stands
// for an acknowledgment of the other direction.

#include <algorithm>
#include <cstdint>

#include "analyzer/tcp_stream.h"
#include "fuzz/check.h"

namespace {

using parley::ByteReader;
using parley::Instant;
using parley::analyzer::Packet;
using parley::analyzer::TcpPiece;
using parley::analyzer::TcpStream;
using parley::fuzz::require;

class Harness {
 public:
  void segment(ByteReader& input) {
    Packet packet;
    packet.tcp_sequence = input.u32("sequence");
    packet.tcp_flags = input.u8("flags");
    const std::size_t size = input.u8("size");
    const std::size_t cut = input.u8("cut");
    now_ += std::chrono::milliseconds(input.u8("time"));
    packet.at = now_;
    packet.ref = {0, ++number_};
    if ((packet.tcp_flags & 0x80U) != 0) {
      stream_.acknowledged(packet.tcp_sequence, now_);
      take();
      return;
    }
    packet.payload = input.bytes(std::min(size, input.remaining()), "payload");
    packet.wire_payload_size = static_cast<std::uint32_t>(packet.payload.size() + cut);
    pushed_ += packet.payload.size();
    stream_.push(packet);
    take();
  }
  void finish() {
    stream_.finish();
    take();
  }

 private:
  void take() {
    TcpPiece piece;
    while (stream_.pop(piece)) {
      require(!piece.bytes.empty());
      require(piece.ref.packet >= 1 && piece.ref.packet <= number_);
      require(piece.at <= now_);
      // What one piece says was skipped is just the distance to the one before.
      require(piece.new_connection || piece.offset == end_ + piece.skipped);
      end_ = piece.offset + piece.bytes.size();
      taken_ += piece.bytes.size();
    }
    require(taken_ <= pushed_);
  }

  TcpStream stream_;
  Instant now_;
  std::uint64_t number_ = 0, end_ = 0, pushed_ = 0, taken_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(parley::fuzz::input(data, size));
  Harness harness;
  while (input.remaining() >= 8)
    harness.segment(input);
  harness.finish();
  return 0;
}

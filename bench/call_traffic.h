#pragma once

// What one made-up WebRTC call puts on the wire: connectivity checks whose integrity verifies, a
// DTLS 1.2 handshake with the shape of a real one, then SRTP and SRTCP. What is encrypted in a real
// call is random here. Knows nothing of files.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "stack/base/address.h"
#include "stack/base/bytes.h"
#include "stack/base/random.h"
#include "stack/base/time.h"

namespace parley::bench {

// Random bytes that cost nothing: slices of one block.
class Noise {
 public:
  explicit Noise(std::uint64_t seed);
  std::uint64_t below(std::uint64_t bound);
  Bytes bytes(std::size_t size);  // at most 4096

 private:
  std::uint64_t state_;
  ByteBuffer block_;
};

class CallTraffic {
 public:
  // Which side sends.
  using Send = std::function<void(unsigned side, Bytes datagram)>;

  CallTraffic(std::uint32_t number, Noise& noise, Send send);

  const Endpoint& endpoint(unsigned side) const { return sides_[side].endpoint; }
  bool connected() const { return connected_; }
  // Checks both ways, nomination, handshake.
  void connect();
  // One packet of a running call at `now`, of a kind and side drawn at random; a check brings its
  // answer along.
  void step(Instant now);

 private:
  struct Side {
    Endpoint endpoint;
    std::string ufrag, password;
    std::uint64_t tie_breaker = 0;
    std::uint32_t audio_ssrc = 0, video_ssrc = 0;
    std::uint16_t audio_sequence = 0, video_sequence = 0, transport_sequence = 0;
    std::uint32_t rtcp_index = 0;
    std::uint64_t record_sequence = 0;  // of epoch 0
    std::uint16_t message_sequence = 0;
  };

  void check(unsigned side, bool nominate);
  void handshake();
  void append_client_hello(ByteBuffer& out);
  void append_server_hello(ByteBuffer& out);
  void append_certificate(ByteBuffer& out, unsigned side);
  void append_handshake(ByteBuffer& out, unsigned side, std::uint8_t type, Bytes body);
  void append_record(ByteBuffer& out, unsigned side, std::uint8_t type, std::uint16_t epoch,
                     Bytes body);
  void append_finished(ByteBuffer& out, unsigned side);
  void send(unsigned side, ByteBuffer& datagram);
  void rtp(unsigned side, bool video, Instant now);
  void rtcp(unsigned side);

  Noise* noise_;
  Send send_;
  std::array<Side, 2> sides_;
  ByteBuffer scratch_;
  bool connected_ = false;
};

}  // namespace parley::bench

#pragma once

// The sending side of one direction under one master key: counts the packets of each SSRC, so that
// no index is used for two of them (RFC 3711 section 3.3, 9.1).

#include <cstdint>
#include <map>

#include "stack/srtp/packet_index.h"
#include "stack/srtp/transform.h"

namespace parley::srtp {

class Sender {
 public:
  static constexpr std::size_t kMaxStreams = 4096;  // of RTP, and as many of RTCP

  static Result<Sender, Error> make(Profile profile, const MasterKey& master, Options options);

  std::size_t rtp_overhead() const { return transform_.rtp_overhead(); }
  std::size_t rtcp_overhead() const { return transform_.rtcp_overhead(); }

  // Writes the protected packet and answers its size; `sealed` must have room for packet.size() and
  // the overhead and lie apart from `packet`. Replayed or TooOld: this index was used before or may
  // have been, and would show the XOR of two texts.
  Result<std::size_t, Error> seal_rtp(Bytes packet, MutableBytes sealed);
  // `encrypt` is the E bit. The first packet of an SSRC has index 0.
  Result<std::size_t, Error> seal_rtcp(Bytes packet, bool encrypt, MutableBytes sealed);

 private:
  explicit Sender(Transform transform) : transform_(std::move(transform)) {}

  Transform transform_;
  std::map<std::uint32_t, ReplayWindow> streams_;
  std::map<std::uint32_t, std::uint32_t> next_rtcp_;
};

}  // namespace parley::srtp

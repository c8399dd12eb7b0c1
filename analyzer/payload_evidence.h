#pragma once

// Decides for `parley packets` which protocol a payload is, by evidence that the capture holds and
// never by the first byte alone: a 5-tuple counts when a STUN message crossed it, when a DTLS
// handshake did, or when one SSRC and payload type advanced over kMinRtpPackets packets. Two
// passes: learn() from every packet, then ask classify(). What a DNS query looks like does not
// matter then. Over TCP only TURN is known, one segment at a time: STUN by its cookie, ChannelData
// by channels that the connection bound or used in segments that frames fill exactly. Bounded: at
// most kMaxFlows 5-tuples, each with kMaxChannels channels, and kMaxSources RTP sources are
// remembered.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "analyzer/packet.h"
#include "stack/wire/demux.h"

namespace parley::analyzer {

class PayloadEvidence {
 public:
  static constexpr std::size_t kMaxFlows = std::size_t{1} << 20U;
  static constexpr std::size_t kMaxSources = std::size_t{1} << 18U;
  static constexpr unsigned kMinRtpPackets = 5;
  static constexpr std::size_t kMaxChannels = 64;

  void learn(const Packet& packet);
  // Unknown for what no evidence supports, and for anything but UDP and TCP. Of a TCP segment: what
  // its first frame is, when that stands whole in it (dissect/stream_frames.h).
  PayloadClass classify(const Packet& packet) const;
  // Whether RTP on the packet's 5-tuple is SRTP: STUN or a handshake crossed it, or the connection
  // to a TURN server carries a check.
  bool is_protected(const Packet& packet) const;

 private:
  // Both directions of a 5-tuple are one flow: the smaller endpoint stands first.
  struct FlowKey {
    Endpoint low, high;
    bool tcp = false;
    friend bool operator==(const FlowKey&, const FlowKey&) = default;
  };
  struct FlowHash {
    std::size_t operator()(const FlowKey& key) const noexcept;
  };
  struct Flow {
    bool stun = false, turn = false, dtls = false, rtp = false;
    bool carries_stun = false;            // inside TURN
    std::vector<std::uint16_t> channels;  // over TCP
  };
  struct SourceKey {
    Endpoint from, to;
    std::uint32_t ssrc = 0;
    std::uint8_t payload_type = 0;
    friend bool operator==(const SourceKey&, const SourceKey&) = default;
  };
  struct SourceHash {
    std::size_t operator()(const SourceKey& key) const noexcept;
  };
  struct Source {
    std::uint16_t sequence = 0;
    unsigned advanced = 0;
  };

  static FlowKey key_of(const Packet& packet);
  void learn_stun(const Packet& packet);
  void learn_segment(const Packet& packet);
  void learn_carried(const Packet& packet, Bytes frame);
  void learn_dtls(const Packet& packet);
  void learn_rtp(const Packet& packet);
  PayloadClass classify_segment(const Packet& packet) const;
  Flow* flow_of(const Packet& packet);

  std::unordered_map<FlowKey, Flow, FlowHash> flows_;
  std::unordered_map<SourceKey, Source, SourceHash> sources_;
};

}  // namespace parley::analyzer

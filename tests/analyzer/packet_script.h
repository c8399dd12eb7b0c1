#pragma once

// Packets written as a story: who sends what to whom at which millisecond, at which capture point.
// Feeds a Pipeline; the numbers of the packets count from 1 at each point.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/call_builder.h"
#include "analyzer/pipeline.h"
#include "stack/wire/stun.h"
#include "stack/wire/turn.h"

namespace parley::analyzer {

class PacketScript {
 public:
  Pipeline pipeline;

  static Endpoint at(const std::string& text) { return *Endpoint::parse(text); }
  static stun::TransactionId id(std::uint32_t n) {
    stun::TransactionId t{};
    t[0] = static_cast<std::byte>(n >> 24U);
    t[1] = static_cast<std::byte>(n >> 16U);
    t[2] = static_cast<std::byte>(n >> 8U);
    t[3] = static_cast<std::byte>(n);
    t[11] = std::byte{0x5a};
    return t;
  }

  PacketScript& point(std::uint32_t n) {
    point_ = n;
    return *this;
  }
  // The point goes on in this file.
  PacketScript& file(std::uint32_t n) {
    file_ = n;
    return *this;
  }
  // TTL of what follows.
  PacketScript& hops(std::uint8_t n) {
    hops_ = n;
    return *this;
  }
  PacketScript& time(int milliseconds) {
    now_ = Instant{} + std::chrono::milliseconds(milliseconds);
    return *this;
  }
  // A datagram, its last `cut` bytes not captured; answers the number of the packet.
  PacketRef udp(const std::string& from, const std::string& to, ByteBuffer payload,
                std::size_t cut = 0) {
    kept_.push_back(std::move(payload));
    Packet p;
    const std::uint32_t file = file_.value_or(point_);
    p.ref = {file, ++numbers_[file]};
    p.at = now_;
    p.point = point_;
    p.hop_limit = hops_;
    p.source = at(from);
    p.destination = at(to);
    p.protocol = TransportProtocol::Udp;
    p.payload = kept_.back();
    p.wire_payload_size = static_cast<std::uint32_t>(p.payload.size());
    p.payload = p.payload.first(p.payload.size() - cut);
    p.cut_short = cut > 0;
    pipeline.on_packet(p);
    return p.ref;
  }

  struct Check {
    std::uint32_t id = 1;
    std::string username = "rrrr:ssss";
    bool controlling = true;
    bool use_candidate = false;
    std::uint32_t priority = 0x6e7f00ff;
  };
  static ByteBuffer request(const Check& c) {
    ByteBuffer out;
    stun::MessageBuilder b(out, stun::Class::Request, stun::Method::Binding, id(c.id));
    if (!c.username.empty()) {
      b.text(stun::Attribute::Username, c.username);
      b.u64(c.controlling ? stun::Attribute::IceControlling : stun::Attribute::IceControlled, 7);
      b.u32(stun::Attribute::Priority, c.priority);
      if (c.use_candidate)
        b.flag(stun::Attribute::UseCandidate);
      b.message_integrity(as_bytes("password"));
    }
    b.fingerprint().finish();
    return out;
  }
  static ByteBuffer success(std::uint32_t n, const std::string& mapped) {
    ByteBuffer out;
    stun::MessageBuilder b(out, stun::Class::Success, stun::Method::Binding, id(n));
    b.address(stun::Attribute::XorMappedAddress, at(mapped)).fingerprint().finish();
    return out;
  }
  static ByteBuffer error(std::uint32_t n, std::uint16_t code) {
    ByteBuffer out;
    stun::MessageBuilder b(out, stun::Class::Error, stun::Method::Binding, id(n));
    b.error_code(code, "no").fingerprint().finish();
    return out;
  }
  static ByteBuffer rtp(std::uint32_t ssrc, std::uint16_t sequence, std::uint8_t pt = 111) {
    ByteBuffer out;
    ByteWriter w(out);
    w.u8(0x80);
    w.u8(pt);
    w.u16(sequence);
    w.u32(std::uint32_t{sequence} * 960);
    w.u32(ssrc);
    w.zeros(40);
    return out;
  }
  // Request and answer between two hosts without a NAT.
  void answered_check(const std::string& from, const std::string& to, const Check& c) {
    udp(from, to, request(c));
    now_ += std::chrono::milliseconds(10);
    udp(to, from, success(c.id, from));
  }

  std::vector<Call> calls() {
    pipeline.finish();
    return build_calls(pipeline);
  }

 private:
  std::deque<ByteBuffer> kept_;
  std::map<std::uint32_t, std::uint64_t> numbers_;
  std::uint32_t point_ = 0;
  std::optional<std::uint32_t> file_;  // else numbered as the point
  std::uint8_t hops_ = 64;
  Instant now_;
};

}  // namespace parley::analyzer

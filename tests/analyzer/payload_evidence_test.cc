#include "analyzer/payload_evidence.h"

#include <deque>
#include <string>

#include <gtest/gtest.h>

#include "stack/wire/stun.h"
#include "stack/wire/turn.h"

namespace parley::analyzer {
namespace {

constexpr const char* kClient = "10.1.0.2:50000";
constexpr const char* kServer = "203.0.113.10:3478";

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

ByteBuffer stun_message(stun::Method method, std::uint16_t channel = 0) {
  ByteBuffer out;
  stun::MessageBuilder builder(out, stun::Class::Request, method, {});
  if (channel != 0)
    builder.u32(stun::Attribute::ChannelNumber, std::uint32_t{channel} << 16U);
  builder.finish();
  return out;
}

ByteBuffer channel_data(std::uint16_t channel, std::string_view data) {
  ByteBuffer out;
  turn::append_channel_data(out, channel, as_bytes(data), true);
  return out;
}

ByteBuffer joined(ByteBuffer first, const ByteBuffer& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// Payload type 96, one SSRC.
ByteBuffer rtp_packet(std::uint16_t sequence) {
  ByteBuffer out = hex("80600000000003e8c0ffee01aabbccdd");
  out[2] = static_cast<std::byte>(sequence >> 8U);
  out[3] = static_cast<std::byte>(sequence);
  return out;
}

// A DNS question that looks like RTP of payload type 1: identifier 0x8001.
ByteBuffer dns_query() {
  return hex("80010100000100000000000007657861706c65036f72670000010001");
}

ByteBuffer server_hello_done() {
  return hex("16fefd0000000000000000000c0e0000000000000000000000");
}

ByteBuffer application_data() {
  return hex("17fefd00010000000000010004deadbeef");
}

class PayloadEvidenceTest : public testing::Test {
 protected:
  Packet packet(TransportProtocol protocol, ByteBuffer payload, bool from_client = true) {
    kept_.push_back(std::move(payload));
    Packet p;
    p.protocol = protocol;
    p.source = Endpoint::parse(from_client ? kClient : kServer).value();
    p.destination = Endpoint::parse(from_client ? kServer : kClient).value();
    p.payload = kept_.back();
    p.wire_payload_size = static_cast<std::uint32_t>(p.payload.size());
    return p;
  }
  void learn_udp(ByteBuffer payload) {
    evidence_.learn(packet(TransportProtocol::Udp, std::move(payload)));
  }
  void learn_tcp(ByteBuffer payload) {
    evidence_.learn(packet(TransportProtocol::Tcp, std::move(payload)));
  }
  PayloadClass udp(ByteBuffer payload, bool from_client = true) {
    return evidence_.classify(packet(TransportProtocol::Udp, std::move(payload), from_client));
  }
  PayloadClass tcp(ByteBuffer payload, bool from_client = true) {
    return evidence_.classify(packet(TransportProtocol::Tcp, std::move(payload), from_client));
  }

 private:
  PayloadEvidence evidence_;
  std::deque<ByteBuffer> kept_;
};

TEST_F(PayloadEvidenceTest, FirstBytesAloneProveNothing) {
  EXPECT_EQ(udp(rtp_packet(1)), PayloadClass::Unknown);
  EXPECT_EQ(udp(application_data()), PayloadClass::Unknown);
  EXPECT_EQ(udp(channel_data(0x4000, "data")), PayloadClass::Unknown);
  EXPECT_EQ(udp(dns_query()), PayloadClass::Unknown);
}

TEST_F(PayloadEvidenceTest, AStunMessageIsItsOwnEvidenceAndThatOfItsFlowInBothDirections) {
  learn_udp(stun_message(stun::Method::Binding));
  EXPECT_EQ(udp(stun_message(stun::Method::Binding)), PayloadClass::Stun);
  EXPECT_EQ(udp(rtp_packet(1), false), PayloadClass::Rtp);
  EXPECT_EQ(udp(application_data(), false), PayloadClass::Dtls);
}

TEST_F(PayloadEvidenceTest, ADamagedStunMessageIsOneOnAFlowOfStunOnly) {
  ByteBuffer damaged = stun_message(stun::Method::ChannelBind, 0x4000);
  damaged.pop_back();
  EXPECT_EQ(udp(damaged), PayloadClass::Unknown);
  learn_udp(stun_message(stun::Method::Binding));
  EXPECT_EQ(udp(damaged), PayloadClass::Stun);
}

TEST_F(PayloadEvidenceTest, ChannelDataNeedsTurnOnItsFlow) {
  learn_udp(stun_message(stun::Method::Binding));
  EXPECT_EQ(udp(channel_data(0x4000, "data")), PayloadClass::Unknown);
  learn_udp(stun_message(stun::Method::ChannelBind, 0x4000));
  EXPECT_EQ(udp(channel_data(0x4000, "data")), PayloadClass::ChannelData);
}

TEST_F(PayloadEvidenceTest, ADtlsHandshakeMakesItsFlow) {
  learn_udp(application_data());
  EXPECT_EQ(udp(application_data()), PayloadClass::Unknown);
  learn_udp(server_hello_done());
  EXPECT_EQ(udp(application_data()), PayloadClass::Dtls);
}

TEST_F(PayloadEvidenceTest, ASourceThatAdvancesOverFivePacketsIsRtp) {
  for (std::uint16_t sequence = 65533; sequence != 1; ++sequence)
    learn_udp(rtp_packet(sequence));
  EXPECT_EQ(udp(rtp_packet(2)), PayloadClass::Unknown);
  learn_udp(rtp_packet(1));
  EXPECT_EQ(udp(rtp_packet(2)), PayloadClass::Rtp);
}

TEST_F(PayloadEvidenceTest, RepeatedDnsQueriesAreNoRtp) {
  for (int i = 0; i < 20; ++i)
    learn_udp(dns_query());
  EXPECT_EQ(udp(dns_query()), PayloadClass::Unknown);
}

TEST_F(PayloadEvidenceTest, OverTcpAWholeStunMessageIsSeenByItsCookie) {
  const ByteBuffer message = stun_message(stun::Method::Allocate);
  EXPECT_EQ(tcp(message), PayloadClass::Stun);
  EXPECT_EQ(tcp(ByteBuffer(message.begin(), message.end() - 1)), PayloadClass::Unknown);
  EXPECT_EQ(tcp(rtp_packet(1)), PayloadClass::Unknown);
}

TEST_F(PayloadEvidenceTest, OverTcpChannelDataNeedsAChannelThatTheConnectionBound) {
  EXPECT_EQ(tcp(channel_data(0x4001, "data")), PayloadClass::Unknown);
  learn_tcp(stun_message(stun::Method::ChannelBind, 0x4001));
  EXPECT_EQ(tcp(channel_data(0x4001, "data"), false), PayloadClass::ChannelData);
  EXPECT_EQ(tcp(channel_data(0x4002, "data")), PayloadClass::Unknown);
  EXPECT_EQ(udp(channel_data(0x4001, "data")), PayloadClass::Unknown);
}

TEST_F(PayloadEvidenceTest, OverTcpChannelsAreLearntFromSegmentsThatFramesFill) {
  learn_tcp(stun_message(stun::Method::Refresh));
  learn_tcp(joined(channel_data(0x4001, "part of a file"), hex("40")));
  EXPECT_EQ(tcp(channel_data(0x4001, "data")), PayloadClass::Unknown);
  learn_tcp(joined(channel_data(0x4001, "first"), channel_data(0x4002, "second")));
  EXPECT_EQ(tcp(channel_data(0x4001, "data")), PayloadClass::ChannelData);
  EXPECT_EQ(tcp(channel_data(0x4002, "data")), PayloadClass::ChannelData);
}

TEST_F(PayloadEvidenceTest, OverTcpFramesWithoutAnyTurnAreNotBelieved) {
  learn_tcp(channel_data(0x4001, "text"));
  EXPECT_EQ(tcp(channel_data(0x4001, "text")), PayloadClass::Unknown);
}

}  // namespace
}  // namespace parley::analyzer

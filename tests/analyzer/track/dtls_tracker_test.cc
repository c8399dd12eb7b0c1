#include "analyzer/track/dtls_tracker.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/stack/wire/dtls_vectors.h"

namespace parley::analyzer {
namespace {

constexpr std::string_view kCall12 = "c14-werift-data-keylog12";
constexpr std::uint16_t kClientPort = 45499;
constexpr std::string_view kCall13 = "c01-lan-av-data";

// Replays datagrams of real handshakes; direction 0 is that of `client_port`.
class DtlsTrackerTest : public testing::Test {
 protected:
  void packet(std::string_view call, std::uint64_t number, std::uint16_t client_port) {
    const dtls::CapturedDatagram d = dtls::captured(call, number);
    give(d.bytes, d.source_port == client_port ? Direction{0} : Direction{1}, number);
  }
  void give(const ByteBuffer& bytes, Direction direction, std::uint64_t number,
            bool with_media = false) {
    Packet p;
    p.ref = {0, number};
    p.at = Instant{} + std::chrono::milliseconds(number);
    p.payload = bytes;
    tracker.on_datagram(flow, 0, direction, p, with_media);
  }
  const DtlsAssociation& association() const { return tracker[flow.association]; }
  std::vector<std::string> steps() const {
    std::vector<std::string> names;
    for (const HandshakeStep& s : association().steps)
      names.push_back(s.what);
    return names;
  }

  DtlsTracker tracker;
  FlowRecord flow;
};

TEST_F(DtlsTrackerTest, WhatASnapLengthLeftOfAHandshakeIsNamedAndNotRead) {
  for (const std::size_t left : {std::size_t{13}, std::size_t{25}, std::size_t{54}}) {
    tracker = {};
    flow = {};
    for (std::uint64_t n = 11; n <= 19; ++n) {
      const dtls::CapturedDatagram d = dtls::captured(kCall12, n);
      const Bytes begin = Bytes(d.bytes).first(std::min(left, d.bytes.size()));
      Packet p;
      p.ref = {0, n};
      p.payload = begin;
      p.wire_payload_size = static_cast<std::uint32_t>(d.bytes.size());
      p.cut_short = begin.size() < d.bytes.size();
      tracker.on_datagram(flow, 0, d.source_port == kClientPort ? Direction{0} : Direction{1}, p);
    }
    ASSERT_NE(flow.association, kNone) << left;
    const DtlsAssociation& a = association();
    EXPECT_FALSE(a.offered || a.chosen) << left;
    EXPECT_GT(a.halves[0].cut, 0U) << left;
    EXPECT_GT(a.halves[1].cut, 0U) << left;
    EXPECT_EQ(steps().empty(), left < 25) << left;
    // Some messages are short enough to be there.
    for (const HandshakeStep& step : a.steps)
      EXPECT_FALSE(step.whole && (step.what == "ClientHello" || step.what == "Certificate"))
          << step.what;
  }
}

TEST_F(DtlsTrackerTest, AHandshakeOf12IsReadFromItsHelloToItsKeys) {
  for (std::uint64_t n = 11; n <= 23; ++n)
    packet(kCall12, n, kClientPort);
  ASSERT_NE(flow.association, kNone);
  const DtlsAssociation& a = association();
  EXPECT_EQ(a.client, Direction{0});
  EXPECT_TRUE(a.hello_verify);
  EXPECT_FALSE(a.hello_retry);
  ASSERT_TRUE(a.offered && a.chosen);
  EXPECT_EQ(a.chosen->version, 0xfefd);
  EXPECT_EQ(a.chosen->seen.ref.packet, 16U);
  ASSERT_GE(a.offered->datagrams.size(), 2U);
  EXPECT_EQ(a.offered->datagrams[0].ref.packet, 11U);
  EXPECT_EQ(a.offered->datagrams[1].ref.packet, 12U);
  EXPECT_EQ(a.key_exchange_group, 0x001d) << "x25519";
  EXPECT_TRUE(a.halves[0].fingerprint && a.halves[1].fingerprint);
  EXPECT_TRUE(a.halves[0].first_finished && a.halves[1].first_finished);
  ASSERT_TRUE(a.halves[1].last_flight);
  EXPECT_EQ(a.halves[1].last_flight->ref.packet, 23U);
  EXPECT_EQ(flow.proof, FlowProof::Handshake);
  EXPECT_EQ(steps(), (std::vector<std::string>{
                         "ClientHello", "HelloVerifyRequest", "ClientHello", "ServerHello",
                         "Certificate", "ServerKeyExchange", "CertificateRequest",
                         "ServerHelloDone", "Certificate", "ClientKeyExchange", "CertificateVerify",
                         "Finished (encrypted)", "Finished (encrypted)"}));
}

TEST_F(DtlsTrackerTest, AnEncryptedFinishedSentAgainIsOneStepWithItsTimes) {
  for (std::uint64_t n = 11; n <= 17; ++n)
    packet(kCall12, n, kClientPort);
  for (std::uint8_t again = 1; again <= 4; ++again) {
    ByteBuffer finished = *parse_hex("16fefd00010000000000000010");
    finished.resize(finished.size() + 16);
    finished[10] = std::byte{again};  // the low octet of the record number
    give(finished, 0, 100U + again);
  }
  const HandshakeStep& last = association().steps.back();
  EXPECT_EQ(last.what, "Finished (encrypted)");
  EXPECT_EQ(last.times, 4U);
  EXPECT_EQ(last.first.ref.packet, 101U);
  EXPECT_EQ(last.last.ref.packet, 104U);
}

TEST_F(DtlsTrackerTest, AMessageIsWholeWithItsLastFragment) {
  packet(kCall12, 11, kClientPort);
  ASSERT_EQ(association().steps.size(), 1U);
  EXPECT_FALSE(association().steps[0].whole);
  packet(kCall12, 12, kClientPort);
  EXPECT_TRUE(association().steps[0].whole);
}

TEST_F(DtlsTrackerTest, TheHellosOf13AreReadOverSeveralDatagrams) {
  for (const std::uint64_t n : {16U, 17U, 29U, 30U, 31U})
    packet(kCall13, n, 51901);
  const DtlsAssociation& a = association();
  ASSERT_TRUE(a.offered && a.chosen);
  EXPECT_EQ(a.client, Direction{0});
  EXPECT_EQ(a.chosen->version, 0xfefc);
  EXPECT_EQ(a.chosen->group, 0x11ec) << "X25519MLKEM768";
  EXPECT_EQ(a.offered->datagrams.size(), 2U);
  EXPECT_GT(a.halves[1].protected_records, 0U);
  EXPECT_FALSE(a.halves[1].fingerprint) << "certificates are encrypted in 1.3";
}

// The same datagram with other record numbers (RFC 6347 section 4.1), as it is sent again.
ByteBuffer renumbered(ByteBuffer datagram, std::uint8_t number) {
  datagram[9] = std::byte{number};
  return datagram;
}

TEST_F(DtlsTrackerTest, AFlightOfTwoDatagramsSentAgainIsOneRetransmission) {
  for (const std::uint64_t n : {11U, 12U, 13U, 14U, 15U})
    packet(kCall12, n, kClientPort);
  for (const std::uint8_t round : {std::uint8_t{1}, std::uint8_t{2}})
    for (const std::uint8_t part : {std::uint8_t{0}, std::uint8_t{1}})
      give(renumbered(dtls::captured(kCall12, 14U + part).bytes,
                      static_cast<std::uint8_t>(100 + 10 * round + part)),
           0, 15U + round);
  EXPECT_EQ(association().halves[0].retransmissions, 2U);
  EXPECT_EQ(association().halves[1].retransmissions, 0U);
}

TEST_F(DtlsTrackerTest, ACopyThatTheNetworkMadeIsNoRetransmission) {
  for (const std::uint64_t n : {11U, 12U, 13U, 14U, 15U, 14U, 15U, 16U})
    packet(kCall12, n, kClientPort);
  EXPECT_EQ(association().halves[0].retransmissions, 0U);
  EXPECT_EQ(steps().size(), 4U);
  EXPECT_EQ(association().steps[2].times, 2U);
}

TEST_F(DtlsTrackerTest, FragmentsInAnyOrderMakeTheSameHello) {
  packet(kCall12, 12, kClientPort);
  EXPECT_FALSE(association().offered);
  packet(kCall12, 11, kClientPort);
  EXPECT_TRUE(association().offered);
}

TEST_F(DtlsTrackerTest, ARecordWithoutAHandshakeProvesNothingOnAnUnknownFlow) {
  packet(kCall12, 22, kClientPort);  // ChangeCipherSpec alone
  EXPECT_EQ(flow.association, kNone);
  EXPECT_EQ(tracker.size(), 0U);
  packet(kCall12, 11, kClientPort);
  EXPECT_NE(flow.association, kNone);
  EXPECT_EQ(flow.proof, FlowProof::None) << "one side's hello is not a handshake";
}

TEST_F(DtlsTrackerTest, AnAlertAfterTheKeysShowsThatItCameAndNotWhatItSays) {
  for (std::uint64_t n = 11; n <= 23; ++n)
    packet(kCall12, n, kClientPort);
  packet(kCall12, 278, kClientPort);
  EXPECT_TRUE(association().alerts.empty());
  ASSERT_TRUE(association().halves[0].protected_alert);
  EXPECT_EQ(association().halves[0].protected_alert->ref.packet, 278U);
}

// RFC 9147 section 4: epoch 3, a sequence number of 16 bits, a length, so many octets.
ByteBuffer sealed(std::uint8_t size) {
  ByteBuffer out = *parse_hex("2f0001");
  out.push_back(std::byte{0});
  out.push_back(static_cast<std::byte>(size));
  out.resize(out.size() + size, std::byte{0xa5});
  return out;
}

TEST_F(DtlsTrackerTest, ALastRecordOf13ThatIsAsLongAsAnAlertIsTakenForOne) {
  packet(kCall12, 11, kClientPort);
  give(sealed(45), 0, 50);
  EXPECT_FALSE(association().halves[0].protected_alert);
  give(sealed(19), 0, 51);
  give(sealed(19), 0, 52);
  ASSERT_TRUE(association().halves[0].protected_alert);
  EXPECT_EQ(association().halves[0].protected_alert->ref.packet, 51U);
  EXPECT_FALSE(association().halves[1].protected_alert);
  give(sealed(61), 0, 53);
  EXPECT_FALSE(association().halves[0].protected_alert) << "nothing follows a close_notify";
}

TEST_F(DtlsTrackerTest, WhereMediaSpeaksForTheFlowNoHandshakeIsNeeded) {
  give(sealed(19), 0, 50);
  EXPECT_EQ(flow.association, kNone);
  give(sealed(19), 0, 51, true);
  ASSERT_NE(flow.association, kNone);
  const DtlsHalf& half = association().halves[0];
  ASSERT_TRUE(half.protected_alert);
  EXPECT_EQ(half.protected_alert->ref.packet, 51U);
  EXPECT_TRUE(half.alert_by_length);
  EXPECT_EQ(half.unified_records, 1U);
  EXPECT_EQ(half.classic_records, 0U);
}

TEST_F(DtlsTrackerTest, AnAlertOf12ShowsItsType) {
  for (std::uint64_t n = 11; n <= 23; ++n)
    packet(kCall12, n, kClientPort);
  packet(kCall12, 278, kClientPort);
  EXPECT_TRUE(association().halves[0].protected_alert);
  EXPECT_FALSE(association().halves[0].alert_by_length);
  EXPECT_GT(association().halves[0].classic_records, 0U);
  EXPECT_EQ(association().halves[0].numbers.first(), 0U);
  EXPECT_EQ(association().halves[0].unified_records, 0U);
}

Sighting sighting(std::uint64_t number) {
  return {{0, number}, Instant{} + std::chrono::milliseconds(number)};
}

TEST(RecordNumbers, CountEachNumberOnceInAnyOrder) {
  RecordNumbers numbers;
  EXPECT_EQ(numbers.missing(), 0U);
  for (const std::uint64_t n : {5U, 7U, 6U, 6U, 4U, 5U, 9U, 9U})
    numbers.add(n, sighting(n));
  EXPECT_EQ(numbers.first(), 4U);
  EXPECT_EQ(numbers.last(), 9U);
  EXPECT_EQ(numbers.seen(), 5U);
  EXPECT_EQ(numbers.missing(), 1U);
  EXPECT_EQ(numbers.first_seen().ref.packet, 5U);
}

TEST(RecordNumbers, OutsideOfTheWindowNeverMakeMoreMissing) {
  RecordNumbers numbers;
  for (std::uint64_t n = 0; n < 200; ++n)
    numbers.add(n, sighting(n));
  numbers.add(3, sighting(300));
  EXPECT_EQ(numbers.missing(), 0U) << "a copy that comes late";
  EXPECT_EQ(numbers.seen(), 200U);
  numbers.add(400, sighting(400));
  EXPECT_EQ(numbers.missing(), 200U);
  numbers.add(250, sighting(401));
  EXPECT_EQ(numbers.missing(), 199U) << "it came, if late";
}

TEST_F(DtlsTrackerTest, AnAlertInClearSaysWhy) {
  packet(kCall12, 11, kClientPort);
  // RFC 6347: alert, version 1.2, epoch 0, number 9, fatal (2), handshake_failure (40).
  give(*parse_hex("15fefd000000000000000900020228"), 1, 40);
  ASSERT_EQ(association().alerts.size(), 1U);
  EXPECT_EQ(association().alerts[0].from, Direction{1});
  EXPECT_EQ(association().alerts[0].level, "fatal");
  EXPECT_EQ(association().alerts[0].description, "handshake_failure");
  EXPECT_EQ(association().alerts[0].seen.ref.packet, 40U);
}

TEST_F(DtlsTrackerTest, RepeatedAlertsAreCapped) {
  packet(kCall12, 11, kClientPort);
  for (std::uint64_t n = 0; n < 100; ++n)
    give(*parse_hex("15fefd000000000000000900020228"), 1, 40 + n);
  EXPECT_EQ(association().alerts.size(), DtlsTracker::kMaxAlerts);
}

}  // namespace
}  // namespace parley::analyzer

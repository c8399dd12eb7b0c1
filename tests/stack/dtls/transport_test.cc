#include "stack/dtls/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/wire/dtls.h"
#include "tests/stack/dtls/transport_pair.h"

namespace parley::dtls {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using trace::DtlsState;

TEST(Transport, ConnectsInTwoRoundTripsAndNamesWhatItSettled) {
  TransportPair pair({});
  pair.start();
  pair.run();
  ASSERT_TRUE(pair.both_connected());
  for (Transport* side : {&pair.client(), &pair.server()}) {
    EXPECT_EQ(side->negotiated().version, "DTLS 1.2");
    EXPECT_EQ(side->negotiated().cipher_suite, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    EXPECT_EQ(side->negotiated().group, "x25519");
    EXPECT_EQ(side->negotiated().srtp_profile, "SRTP_AEAD_AES_128_GCM");
    EXPECT_EQ(side->failure(), "");
    EXPECT_EQ(side->next_deadline(), kNever);
    EXPECT_EQ(side->counters().flights_sent, 2U);
    EXPECT_EQ(side->counters().retransmissions, 0U);
  }
  EXPECT_EQ(pair.client().negotiated().peer_fingerprint,
            to_string(pair.server_certificate().fingerprint()));
  EXPECT_EQ(pair.server().negotiated().peer_fingerprint,
            to_string(pair.client_certificate().fingerprint()));
  const auto connected = pair.events<trace::DtlsConnected>(TransportPair::kClient);
  ASSERT_THAT(connected, SizeIs(1));
  EXPECT_EQ(connected[0].first, Instant{} + 4 * milliseconds(20));
  EXPECT_TRUE(connected[0].second.client);
  EXPECT_EQ(connected[0].second.cipher_suite, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

TEST(Transport, NamesEachFlightByTheMessagesInIt) {
  TransportPair pair({});
  pair.start();
  pair.run();
  const auto messages = [&](trace::ActorId actor) {
    std::vector<std::string> names;
    for (const auto& [at, flight] : pair.events<trace::DtlsFlightSent>(actor))
      names.push_back(flight.messages);
    return names;
  };
  EXPECT_THAT(messages(TransportPair::kClient),
              ElementsAre("ClientHello",
                          "Certificate, ClientKeyExchange, CertificateVerify, ChangeCipherSpec, "
                          "Finished"));
  EXPECT_THAT(messages(TransportPair::kServer),
              ElementsAre("ServerHello, Certificate, ServerKeyExchange, CertificateRequest, "
                          "ServerHelloDone",
                          "ChangeCipherSpec, Finished"));
}

TEST(Transport, WalksTheStatesInOrder) {
  TransportPair pair({});
  EXPECT_EQ(pair.client().state(), DtlsState::None);
  pair.start();
  EXPECT_EQ(pair.client().state(), DtlsState::Handshaking);
  pair.run();
  const auto states = pair.events<trace::DtlsStateChanged>(TransportPair::kServer);
  ASSERT_THAT(states, SizeIs(2));
  EXPECT_EQ(states[0].second.from, DtlsState::None);
  EXPECT_EQ(states[0].second.to, DtlsState::Handshaking);
  EXPECT_EQ(states[1].second.to, DtlsState::Connected);
}

TEST(Transport, NeverSendsMoreThanItsMtu) {
  for (const std::size_t mtu : {std::size_t{300}, std::size_t{1200}}) {
    PairOptions options;
    options.client.mtu = options.server.mtu = mtu;
    TransportPair pair(std::move(options));
    pair.start();
    pair.run();
    ASSERT_TRUE(pair.both_connected()) << mtu;
    for (const Sent& sent : pair.sent())
      EXPECT_LE(sent.payload.size(), mtu);
  }
}

TEST(Transport, AsksForACookieWhenToldTo) {
  PairOptions options;
  options.server.hello_verify = true;
  TransportPair pair(std::move(options));
  pair.start();
  pair.run();
  ASSERT_TRUE(pair.both_connected());
  const auto flights = pair.events<trace::DtlsFlightSent>(TransportPair::kServer);
  ASSERT_FALSE(flights.empty());
  EXPECT_EQ(flights[0].second.messages, "HelloVerifyRequest");
  const auto hellos = pair.events<trace::DtlsFlightSent>(TransportPair::kClient);
  ASSERT_GE(hellos.size(), 2U);
  EXPECT_EQ(hellos[1].second.messages, "ClientHello");
  EXPECT_EQ(hellos[1].second.attempt, 1U);  // a new flight, not a retransmission
}

TEST(Transport, EndsTheHandshakeWhenTheFingerprintIsNotTheSignaledOne) {
  PairOptions options;
  options.client.expected_fingerprints = {crypto::Fingerprint::of(as_bytes("someone else"))};
  TransportPair pair(std::move(options));
  pair.start();
  pair.run();
  EXPECT_EQ(pair.client().state(), DtlsState::Failed);
  EXPECT_EQ(pair.client().failure(),
            "the peer's certificate does not match the fingerprint that was signaled");
  EXPECT_EQ(pair.server().state(), DtlsState::Failed);
  EXPECT_EQ(pair.server().failure(), "the peer sent the alert bad_certificate");
  EXPECT_TRUE(pair.client().srtp_keys().client_key.empty());
  EXPECT_TRUE(pair.client().export_keying_material("EXTRACTOR-dtls_srtp", 60).empty());
  EXPECT_TRUE(pair.events<trace::DtlsConnected>(TransportPair::kClient).empty());
}

TEST(Transport, ServerRefusesAClientWhoseFingerprintIsNotTheSignaledOne) {
  PairOptions options;
  options.server.expected_fingerprints = {crypto::Fingerprint::of(as_bytes("someone else"))};
  TransportPair pair(std::move(options));
  pair.start();
  pair.run();
  EXPECT_EQ(pair.server().state(), DtlsState::Failed);
  EXPECT_EQ(pair.client().state(), DtlsState::Failed);
}

TEST(Transport, TakesAnyOfSeveralSignaledFingerprints) {
  PairOptions plain;
  const TransportPair model(plain);
  PairOptions options;
  options.client.expected_fingerprints = {crypto::Fingerprint::of(as_bytes("someone else")),
                                          model.server_certificate().fingerprint()};
  TransportPair pair(std::move(options));
  pair.start();
  pair.run();
  EXPECT_TRUE(pair.both_connected());
}

TEST(Transport, FailsWithoutACommonSrtpProfile) {
  PairOptions options;
  options.client.srtp_profiles = {0x0007};
  options.server.srtp_profiles = {0x0001};
  TransportPair pair(std::move(options));
  pair.start();
  pair.run();
  EXPECT_EQ(pair.client().state(), DtlsState::Failed);
  EXPECT_EQ(pair.client().failure(), "no common SRTP profile");
  EXPECT_EQ(pair.server().state(), DtlsState::Failed);
  EXPECT_THAT(pair.server().failure(), HasSubstr("no common SRTP profile"));
}

TEST(Transport, FailsWithoutACommonCipherSuite) {
  PairOptions options;
  options.client.cipher_suites = {0xc02b};
  options.server.cipher_suites = {0xc02c};
  TransportPair pair(std::move(options));
  pair.start();
  pair.run();
  EXPECT_EQ(pair.server().failure(), "no common cipher suite or group");
  EXPECT_EQ(pair.client().failure(), "the peer sent the alert handshake_failure");
}

TEST(Transport, FailsAtTheStartWhenNothingConfiguredIsKnown) {
  PairOptions options;
  options.client.cipher_suites = {0x1301};
  options.client.groups = {0x11ec};
  TransportPair pair(std::move(options));
  pair.start();
  EXPECT_EQ(pair.client().state(), DtlsState::Failed);
  EXPECT_THAT(pair.client().failure(), HasSubstr("known to libssl"));
}

TEST(Transport, TakesTheFirstCommonSrtpProfileOfTheServersList) {
  PairOptions options;
  options.client.srtp_profiles = {0x0001, 0x0008, 0x0007};
  options.server.srtp_profiles = {0x0008, 0x0001};
  TransportPair pair(std::move(options));
  pair.start();
  pair.run();
  ASSERT_TRUE(pair.both_connected());
  EXPECT_EQ(pair.client().negotiated().srtp_profile, pair.server().negotiated().srtp_profile);
  EXPECT_EQ(pair.client().srtp_keys().profile, pair.server().srtp_keys().profile);
}

TEST(Transport, BothSidesHoldTheSameSrtpKeys) {
  for (const std::uint16_t profile : std::vector<std::uint16_t>{0x0001, 0x0002, 0x0007, 0x0008}) {
    PairOptions options;
    options.client.srtp_profiles = options.server.srtp_profiles = {profile};
    TransportPair pair(std::move(options));
    pair.start();
    pair.run();
    const SrtpKeys client = pair.client().srtp_keys();
    const SrtpKeys server = pair.server().srtp_keys();
    EXPECT_EQ(client.profile, profile);
    EXPECT_EQ(client.client_key.size(), profile == 0x0008 ? 32U : 16U);
    EXPECT_EQ(client.client_salt.size(), profile < 0x0007 ? 14U : 12U);
    EXPECT_EQ(client.client_key, server.client_key);
    EXPECT_EQ(client.server_key, server.server_key);
    EXPECT_EQ(client.client_salt, server.client_salt);
    EXPECT_EQ(client.server_salt, server.server_salt);
    EXPECT_NE(client.client_key, client.server_key);
  }
}

TEST(Transport, CarriesApplicationDataBothWays) {
  TransportPair pair({});
  pair.start();
  pair.run();
  ASSERT_TRUE(pair.both_connected());
  pair.act(
      [](Instant now, Transport& client, Outbox& out) {
        EXPECT_TRUE(client.send_application_data(now, as_bytes("one"), out));
        EXPECT_TRUE(client.send_application_data(now, as_bytes("two"), out));
        EXPECT_FALSE(client.send_application_data(now, ByteBuffer(1300), out));
        EXPECT_FALSE(client.send_application_data(now, {}, out));
      },
      true);
  pair.act(
      [](Instant now, Transport& server, Outbox& out) {
        EXPECT_TRUE(server.send_application_data(now, as_bytes("three"), out));
      },
      false);
  pair.run();
  const auto at_server = pair.server().take_application_data();
  ASSERT_THAT(at_server, SizeIs(2));
  EXPECT_EQ(as_text(at_server[0]), "one");
  EXPECT_EQ(as_text(at_server[1]), "two");
  const auto at_client = pair.client().take_application_data();
  ASSERT_THAT(at_client, SizeIs(1));
  EXPECT_EQ(as_text(at_client[0]), "three");
  EXPECT_TRUE(pair.client().take_application_data().empty());
}

TEST(Transport, DropsApplicationDataThatNobodyTakes) {
  TransportPair pair({});
  pair.start();
  pair.run();
  const ByteBuffer block(1000);
  for (int i = 0; i < 300; ++i)
    pair.act([&](Instant now, Transport& client,
                 Outbox& out) { EXPECT_TRUE(client.send_application_data(now, block, out)); },
             true);
  pair.run();
  EXPECT_GT(pair.server().counters().application_data_dropped, 0U);
  EXPECT_LE(pair.server().take_application_data().size() * block.size(),
            Transport::kMaxQueuedApplicationData);
}

TEST(Transport, ClosesBothSidesWithCloseNotify) {
  TransportPair pair({});
  pair.start();
  pair.run();
  pair.act([](Instant now, Transport& client, Outbox& out) { client.close(now, out); }, true);
  EXPECT_EQ(pair.client().state(), DtlsState::Closed);
  pair.run();
  EXPECT_EQ(pair.server().state(), DtlsState::Closed);
  pair.act(
      [](Instant now, Transport& client, Outbox& out) {
        EXPECT_FALSE(client.send_application_data(now, as_bytes("late"), out));
        client.start(now, out);
      },
      true);
  EXPECT_EQ(pair.client().state(), DtlsState::Closed);
}

TEST(Transport, ClosesSilentlyBeforeTheHandshakeIsOver) {
  TransportPair pair({});
  pair.start();
  pair.act([](Instant now, Transport& client, Outbox& out) { client.close(now, out); }, true);
  EXPECT_EQ(pair.client().state(), DtlsState::Closed);
  EXPECT_EQ(pair.client().next_deadline(), kNever);
}

// RFC 6347 section 4.1.2.7: a record that does not verify is discarded and the connection lives.
TEST(Transport, IgnoresAlertsAndNoiseThatAreNotProtected) {
  TransportPair pair({});
  pair.start();
  pair.run();
  // DTLS 1.2 alert record, epoch 0: warning close_notify, then fatal handshake_failure.
  for (const std::string_view alert :
       {"15fefd0000000000000063000201 00", "15fefd0000000000000064000202 28"})
    pair.inject_to_client(*parse_hex(alert));
  SeededRandom noise(1, "noise");
  for (int i = 0; i < 200; ++i) {
    ByteBuffer datagram(1 + noise.below(200));
    noise.fill(datagram);
    datagram[0] = static_cast<std::byte>(20 + noise.below(44));
    pair.inject_to_client(datagram);
    pair.inject_to_server(datagram);
  }
  EXPECT_TRUE(pair.both_connected());
}

TEST(Transport, DiscardsReplayedRecords) {
  TransportPair pair({});
  pair.start();
  pair.run();
  pair.act(
      [](Instant now, Transport& client, Outbox& out) {
        EXPECT_TRUE(client.send_application_data(now, as_bytes("once"), out));
      },
      true);
  const ByteBuffer record = pair.sent().back().payload;
  pair.run();
  pair.inject_to_server(record);
  pair.inject_to_server(record);
  EXPECT_THAT(pair.server().take_application_data(), SizeIs(1));
}

TEST(Transport, IsHarmlessWhenThereIsNothingToDo) {
  TransportPair pair({});
  Outbox out;
  pair.client().on_deadline(Instant{}, out);
  pair.client().on_datagram(Instant{}, {{}, {}, as_bytes("before the start")}, out);
  EXPECT_TRUE(out.empty());
  pair.start();
  pair.run();
  const std::size_t sent = pair.sent().size();
  pair.client().on_deadline(pair.now() + seconds(100), out);
  pair.client().on_datagram(pair.now(), {{}, {}, {}}, out);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(pair.sent().size(), sent);
}

TEST(Transport, SendsToTheNewPathAfterItChanged) {
  TransportPair pair({});
  pair.start();
  pair.run();
  const Endpoint moved = *Endpoint::parse("198.51.100.9:9");
  pair.client().set_path(TransportPair::client_address(), moved);
  Outbox out;
  EXPECT_TRUE(pair.client().send_application_data(pair.now(), as_bytes("x"), out));
  out.take_datagrams([&](const Datagram& datagram) { EXPECT_EQ(datagram.remote, moved); });
}

}  // namespace
}  // namespace parley::dtls

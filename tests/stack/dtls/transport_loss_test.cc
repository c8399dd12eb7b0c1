#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/dtls/transport.h"
#include "stack/wire/dtls.h"
#include "tests/stack/dtls/transport_pair.h"

namespace parley::dtls {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::SizeIs;
using trace::DtlsState;

using Delays = std::vector<Duration>;
// What becomes of a datagram.
Delays lost() {
  return {};
}
Delays arrives() {
  return {milliseconds(20)};
}

// RFC 6347 section 4.2.4.1: one second, doubled each time.
TEST(Transport, RetransmitsALostClientHelloAfterOneThreeAndSevenSeconds) {
  PairOptions options;
  options.network = [](const Sent& sent) {
    return sent.by_client && sent.number < 3 ? lost() : arrives();
  };
  TransportPair pair(std::move(options));
  pair.start();
  pair.run();
  ASSERT_TRUE(pair.both_connected());
  const auto flights = pair.events<trace::DtlsFlightSent>(TransportPair::kClient);
  ASSERT_GE(flights.size(), 4U);
  const std::vector<Duration> expected{seconds(0), seconds(1), seconds(3), seconds(7)};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(flights[i].first, Instant{} + expected[i]);
    EXPECT_EQ(flights[i].second.messages, "ClientHello");
    EXPECT_EQ(flights[i].second.attempt, i + 1);
  }
  EXPECT_EQ(pair.client().counters().retransmissions, 3U);
}

TEST(Transport, BacksOffNoFurtherThanItsMaximum) {
  PairOptions options;
  options.client.initial_timeout = milliseconds(50);
  options.client.maximum_timeout = milliseconds(150);
  options.network = [](const Sent& sent) {
    return sent.by_client && sent.number < 5 ? lost() : arrives();
  };
  TransportPair pair(std::move(options));
  pair.start();
  pair.run();
  std::vector<Duration> hellos;
  for (const auto& [at, flight] : pair.events<trace::DtlsFlightSent>(TransportPair::kClient))
    if (flight.messages == "ClientHello")
      hellos.push_back(at.time_since_epoch());
  EXPECT_THAT(hellos, ElementsAre(milliseconds(0), milliseconds(50), milliseconds(150),
                                  milliseconds(300), milliseconds(450), milliseconds(600)));
}

// Each flight in turn is lost three times. Its sender's timer, or that of the flight which it
// answers, repeats it at 1 s, 3 s and 7 s (RFC 6347 section 4.2.4.1).
struct LostFlight {
  std::string name;
  bool by_client;             // who sends it
  std::string first_message;  // of the flight
  Duration first_sent;        // in an undisturbed handshake, 20 ms one way
  bool own_timer;             // the last flight has none: the client's Finished asks for it again
};

class TransportLosesAFlight : public testing::TestWithParam<LostFlight> {};

TEST_P(TransportLosesAFlight, AndRepeatsItAfterOneThreeAndSevenSeconds) {
  const LostFlight& victim = GetParam();
  // A flight that its receiver did not get is repeated by both timers when it answers another
  // flight, so the peer's retransmissions are held back here: one timer at work at a time.
  const Instant open_again = Instant{} + victim.first_sent + seconds(6);
  PairOptions options;
  options.network = [&](const Sent& sent) {
    const bool this_flight = sent.by_client == victim.by_client &&
                             sent.at >= Instant{} + victim.first_sent && sent.at < open_again;
    const bool peers_repetition = victim.own_timer && sent.by_client != victim.by_client &&
                                  sent.at > Instant{} + victim.first_sent && sent.at < open_again;
    return this_flight || peers_repetition ? lost() : arrives();
  };
  TransportPair pair(std::move(options));
  pair.start();
  pair.run();
  ASSERT_TRUE(pair.both_connected());
  std::vector<Duration> sent;
  std::vector<std::uint32_t> attempts;
  const auto actor = victim.by_client ? TransportPair::kClient : TransportPair::kServer;
  for (const auto& [at, flight] : pair.events<trace::DtlsFlightSent>(actor)) {
    if (!flight.messages.starts_with(victim.first_message))
      continue;
    sent.push_back(at.time_since_epoch() - victim.first_sent);
    attempts.push_back(flight.attempt);
  }
  ASSERT_THAT(sent, SizeIs(testing::Ge(4U)));
  // The answer to a repeated Finished needs the way of that Finished and back less than a timer.
  EXPECT_THAT(std::vector<Duration>(sent.begin(), sent.begin() + 4),
              ElementsAre(seconds(0), seconds(1), seconds(3), seconds(7)));
  EXPECT_THAT(std::vector<std::uint32_t>(attempts.begin(), attempts.begin() + 4),
              ElementsAre(1U, 2U, 3U, 4U));
}

INSTANTIATE_TEST_SUITE_P(
    EachFlight, TransportLosesAFlight,
    testing::Values(LostFlight{"ClientHello", true, "ClientHello", milliseconds(0), true},
                    LostFlight{"ServerHello", false, "ServerHello", milliseconds(20), true},
                    LostFlight{"ClientFinished", true, "Certificate", milliseconds(40), true},
                    LostFlight{"ServerFinished", false, "ChangeCipherSpec", milliseconds(60),
                               false}),
    [](const auto& flight) { return flight.param.name; });

TEST(Transport, ConnectsThroughLossReorderingAndDuplication) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRandom chance(seed, "network");
    PairOptions options;
    options.seed = seed;
    options.client.initial_timeout = options.server.initial_timeout = milliseconds(50);
    options.network = [&chance](const Sent&) {
      const auto delay = [&] { return milliseconds(10 + chance.below(40)); };
      if (chance.chance(0.2))
        return lost();
      return chance.chance(0.2) ? std::vector<Duration>{delay(), delay()}
                                : std::vector<Duration>{delay()};
    };
    TransportPair pair(std::move(options));
    pair.start();
    pair.run();
    ASSERT_TRUE(pair.both_connected())
        << "seed " << seed << ": " << pair.client().failure() << " / " << pair.server().failure();
    EXPECT_EQ(pair.client().export_keying_material("EXTRACTOR-dtls_srtp", 60),
              pair.server().export_keying_material("EXTRACTOR-dtls_srtp", 60));
  }
}

std::string lossy_transcript(std::uint64_t seed) {
  SeededRandom chance(seed, "network");
  PairOptions options;
  options.seed = seed;
  options.network = [&chance](const Sent&) {
    return chance.chance(0.3) ? lost() : std::vector<Duration>{milliseconds(10 + chance.below(40))};
  };
  TransportPair pair(std::move(options));
  pair.start();
  pair.run();
  std::string text = pair.transcript();
  for (Transport* side : {&pair.client(), &pair.server()})
    for (const std::string& line : side->take_keylog_lines())
      text += line + "\n";
  return text;
}

TEST(Transport, RepeatsByteForByteWithTheSameSeedAndNotWithAnother) {
  const std::string first = lossy_transcript(7);
  EXPECT_EQ(first, lossy_transcript(7));
  EXPECT_NE(first, lossy_transcript(8));
}

// RFC 6347 section 4.2.4: the answer to a repeated Finished is the last flight, by a server that
// has nothing else to do.
TEST(Transport, FinishedServerRepeatsItsLastFlightForAClientThatMissedIt) {
  PairOptions options;
  int losses = 0;
  options.network = [&losses](const Sent& sent) {
    const bool last_flight =
        !sent.by_client && load_u8(sent.payload.data()) == 20;  // ChangeCipherSpec
    return last_flight && losses++ == 0 ? lost() : arrives();
  };
  TransportPair pair(std::move(options));
  pair.start();
  pair.run();
  EXPECT_TRUE(pair.both_connected());
  const auto flights = pair.events<trace::DtlsFlightSent>(TransportPair::kServer);
  ASSERT_GE(flights.size(), 3U);
  EXPECT_EQ(flights.back().second.messages, "ChangeCipherSpec, Finished");
  EXPECT_EQ(flights.back().second.attempt, 2U);
}

TEST(Transport, GivesUpAfterTwelveRetransmissionsAndSaysSo) {
  PairOptions options;
  options.network = [](const Sent&) { return lost(); };
  TransportPair pair(std::move(options));
  pair.start();
  pair.run(std::chrono::hours(1));
  EXPECT_EQ(pair.client().state(), DtlsState::Failed);
  EXPECT_EQ(pair.client().failure(), "no answer to a flight and its 12 retransmissions");
  EXPECT_EQ(pair.client().counters().retransmissions, 12U);
  EXPECT_EQ(pair.client().next_deadline(), kNever);
}

}  // namespace
}  // namespace parley::dtls

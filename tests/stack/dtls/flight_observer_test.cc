#include "stack/dtls/flight_observer.h"

#include <gtest/gtest.h>

#include "stack/base/bytes.h"

namespace parley::dtls {
namespace {

void add_record(ByteWriter& writer, std::uint8_t type, std::uint16_t epoch, std::size_t length) {
  writer.u8(type);
  writer.u16(0xfefd);
  writer.u16(epoch);
  writer.zeros(6);
  writer.u16(static_cast<std::uint16_t>(length));
  writer.zeros(length);
}

ByteBuffer change_cipher_spec() {
  ByteBuffer datagram;
  ByteWriter writer(datagram);
  add_record(writer, 20, 0, 1);
  return datagram;
}

ByteBuffer finished() {
  ByteBuffer datagram;
  ByteWriter writer(datagram);
  add_record(writer, 22, 1, 48);
  return datagram;
}

ByteBuffer last_flight() {
  ByteBuffer datagram;
  ByteWriter writer(datagram);
  add_record(writer, 20, 0, 1);
  add_record(writer, 22, 1, 48);
  return datagram;
}

TEST(FlightObserver, CountsEachCopyOfALastFlightThatOneTurnSends) {
  FlightObserver observer;
  const std::vector<Flight> first = observer.observe({last_flight()});
  ASSERT_EQ(first.size(), 1U);
  EXPECT_FALSE(first[0].retransmission);
  const std::vector<Flight> again =
      observer.observe({change_cipher_spec(), finished(), change_cipher_spec(), finished()});
  ASSERT_EQ(again.size(), 2U);
  for (const Flight& flight : again) {
    EXPECT_EQ(flight.messages, "ChangeCipherSpec, Finished");
    EXPECT_EQ(flight.datagrams, 2U);
    EXPECT_TRUE(flight.retransmission);
  }
}

TEST(FlightObserver, FindsNoFlightInData) {
  ByteBuffer datagram;
  ByteWriter writer(datagram);
  add_record(writer, 23, 1, 40);
  EXPECT_TRUE(FlightObserver().observe({datagram}).empty());
}

}  // namespace
}  // namespace parley::dtls

#include "stack/dtls/flight_observer.h"

#include <algorithm>

#include "stack/wire/dtls.h"

namespace parley::dtls {

struct FlightObserver::Reading {
  std::vector<std::string> names;
  std::optional<std::uint16_t> first_message, last_message;
  std::uint32_t datagrams = 0;

  // Finished is the last message of its flight (RFC 6347 section 4.2.4).
  bool complete() const {
    return !names.empty() && names.back() == handshake_type_name(HandshakeType::Finished);
  }

  void name(std::string text) {
    if (names.empty() || names.back() != text)
      names.push_back(std::move(text));
  }
};

void FlightObserver::read_datagram(Bytes datagram, Reading& reading) {
  for (const RecordView& record : decode_records(datagram).records) {
    if (record.type == ContentType::ChangeCipherSpec)
      reading.name("ChangeCipherSpec");
    if (record.type != ContentType::Handshake)
      continue;
    if (!record.in_clear()) {
      // The only handshake message that DTLS 1.2 encrypts without renegotiation.
      reading.name(handshake_type_name(HandshakeType::Finished));
      continue;
    }
    for (const HandshakeFragment& fragment :
         decode_handshake_fragments(record.fragment, 0).fragments) {
      // Later fragments of one message do not name it again.
      if (reading.last_message != fragment.message_seq)
        reading.name(handshake_type_name(fragment.type));
      if (!reading.first_message)
        reading.first_message = fragment.message_seq;
      reading.last_message = fragment.message_seq;
    }
  }
}

Flight FlightObserver::flight_of(const Reading& reading) {
  Flight flight;
  for (const std::string& name : reading.names)
    flight.messages += (flight.messages.empty() ? "" : ", ") + name;
  flight.datagrams = reading.datagrams;
  // A server's last flight has no message in the clear: it is new unless it was the last one too.
  flight.retransmission = reading.first_message
                              ? highest_message_ && *reading.first_message <= *highest_message_
                              : flight.messages == last_;
  if (reading.last_message)
    highest_message_ = std::max(highest_message_.value_or(0), *reading.last_message);
  last_ = flight.messages;
  return flight;
}

std::vector<Flight> FlightObserver::observe(const std::vector<ByteBuffer>& datagrams) {
  std::vector<Flight> flights;
  Reading reading;
  for (const ByteBuffer& datagram : datagrams) {
    if (reading.complete()) {
      flights.push_back(flight_of(reading));
      reading = {};
    }
    read_datagram(datagram, reading);
    ++reading.datagrams;
  }
  if (!reading.names.empty())
    flights.push_back(flight_of(reading));
  return flights;
}

}  // namespace parley::dtls

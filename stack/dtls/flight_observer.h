#pragma once

// Names the handshake flights (RFC 6347 section 4.2.4) among the datagrams that libssl sends, by
// reading them as a capture would show them. Owns only what it takes to tell a retransmission from
// a new flight; knows no timers.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stack/base/bytes.h"

namespace parley::dtls {

struct Flight {
  std::string messages;  // "Certificate, ClientKeyExchange, ..."
  std::uint32_t datagrams = 0;
  bool retransmission = false;
};

class FlightObserver {
 public:
  // What one turn sent: a last flight may go out several times, once for each repeated Finished.
  // Nothing when there is no handshake message in it (alerts, data).
  std::vector<Flight> observe(const std::vector<ByteBuffer>& datagrams);

 private:
  struct Reading;
  Flight flight_of(const Reading& reading);
  static void read_datagram(Bytes datagram, Reading& reading);

  std::optional<std::uint16_t> highest_message_;  // message_seq seen in the clear
  std::string last_;
};

}  // namespace parley::dtls

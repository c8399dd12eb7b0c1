#pragma once

// What two machines of a pair test sent, as a capture file: with PARLEY_CAPTURE=DIR in the
// environment every Pair leaves DIR/<suite>.<test>-<n>.pcapng behind, for Wireshark or
// `parley analyze`. Datagrams that the network lost say so in a packet comment.

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "stack/base/time.h"
#include "stack/wire/ip.h"
#include "stack/wire/pcapng.h"

namespace parley::test {

class PairCapture {
 public:
  PairCapture() : writer_(bytes_) {
    pcapng::Interface interface;
    interface.name = "sent";
    (void)writer_.interface(interface);
  }
  void add(Instant at, const Endpoint& source, const Endpoint& destination, Bytes payload,
           bool delivered) {
    ByteBuffer packet;
    ip::UdpHeader header;
    header.source = source;
    header.destination = destination;
    ip::append_udp(packet, header, payload);
    pcapng::PacketRecord record;
    record.at = at;
    record.bytes = packet;
    record.comment = delivered ? "" : "lost on the way";
    writer_.packet(record);
  }
  void write(const std::string& directory) const {
    static int count = 0;
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    const std::string name =
        test == nullptr ? "pair" : std::string(test->test_suite_name()) + "." + test->name();
    std::ofstream file(directory + "/" + name + "-" + std::to_string(++count) + ".pcapng",
                       std::ios::binary);
    const std::string_view text = as_text(bytes_);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
  }

 private:
  ByteBuffer bytes_;
  pcapng::Writer writer_;
};

}  // namespace parley::test

#include "analyzer/dtls_progress.h"

#include <gtest/gtest.h>

namespace parley::analyzer {
namespace {

using std::chrono::milliseconds;

// A handshake of DTLS 1.2 at one or two capture points; A is the client. The way between the
// client's point (0) and the server's (1) takes 40 ms.
class DtlsProgress : public testing::Test {
 protected:
  enum Point : std::uint32_t { AtClient, AtServer };

  void record(Point point, int ms, Side from, std::uint64_t type, std::uint64_t epoch,
              const std::string& body) {
    const std::uint64_t sequence = ++sequence_;
    give(point, ms, from,
         fmt_hex(type, 2) + "fefd" + fmt_hex(epoch, 4) + fmt_hex(sequence, 12) +
             fmt_hex(body.size() / 2, 4) + body);
  }
  void hello(Point point, int ms) {
    record(point, ms, Side::A, 22, 0, "010000040000000000000004fefd0000");
  }
  void finished(Point point, int ms, Side from) {
    record(point, ms, from, 22, 1, "00112233445566778899aabbccddeeff");
  }
  void change_cipher_spec(Point point, int ms, Side from) { record(point, ms, from, 20, 0, "01"); }
  void last_flight(Point point, int ms) {
    change_cipher_spec(point, ms, Side::B);
    finished(point, ms, Side::B);
  }
  void copy_of_last(Point point, int ms, Side from) { give(point, ms, from, last_); }

  Dtls judged(int end_ms) {
    std::vector<DtlsPart> parts;
    OwnFlows own;
    for (const Point point : {AtClient, AtServer}) {
      if (flows_[point].association == kNone)
        continue;
      FlowUse use;
      use.flow = point;
      parts.push_back({&tracker_[flows_[point].association], use});
      own[point == AtClient ? 0 : 1].insert(point);
    }
    Transport t;
    t.dtls.client = Side::A;
    t.dtls.version = "DTLS 1.2";
    judge_handshake(parts, own, Instant(milliseconds(end_ms)), t);
    return t.dtls;
  }

 private:
  static std::string fmt_hex(std::uint64_t value, int digits) {
    std::string text;
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
      text += "0123456789abcdef"[(value >> static_cast<unsigned>(shift)) & 0xfU];
    return text;
  }
  void give(Point point, int ms, Side from, const std::string& hex) {
    last_ = hex;
    const ByteBuffer bytes = *parse_hex(hex);
    Packet packet;
    packet.ref = {point, ++number_};
    packet.at = Instant(milliseconds(ms));
    packet.payload = bytes;
    tracker_.on_datagram(flows_[point], point, from == Side::A ? Direction{0} : Direction{1},
                         packet);
  }

  DtlsTracker tracker_;
  std::array<FlowRecord, 2> flows_;
  std::string last_;
  std::uint64_t sequence_ = 0, number_ = 0;
};

TEST_F(DtlsProgress, TheHandshakeEndsWhenTheLastFlightReachesTheClient) {
  hello(AtClient, 0);
  finished(AtClient, 100, Side::A);
  last_flight(AtClient, 180);
  const Dtls d = judged(5000);
  EXPECT_EQ(d.state, trace::DtlsState::Connected);
  EXPECT_EQ(d.handshake_ms, 180.0);
  EXPECT_TRUE(d.inferred.empty());
}

TEST_F(DtlsProgress, AClientThatRepeatsItsFinishedIsNotConnected) {
  hello(AtClient, 0);
  finished(AtClient, 100, Side::A);
  last_flight(AtClient, 180);
  finished(AtClient, 1100, Side::A);
  EXPECT_EQ(judged(90'000).state, trace::DtlsState::Handshaking);
  EXPECT_FALSE(judged(90'000).handshake_ms);
}

TEST_F(DtlsProgress, ACopyOfItsFinishedRepeatsNothing) {
  hello(AtClient, 0);
  finished(AtClient, 100, Side::A);
  copy_of_last(AtClient, 101, Side::A);
  last_flight(AtClient, 180);
  copy_of_last(AtClient, 181, Side::B);
  EXPECT_EQ(judged(5000).handshake_ms, 180.0);
}

TEST_F(DtlsProgress, ALastFlightThatIsLostBeforeTheClientEndsNothing) {
  hello(AtClient, 0);
  hello(AtServer, 40);
  finished(AtClient, 100, Side::A);
  finished(AtServer, 140, Side::A);
  last_flight(AtServer, 140);
  const Dtls d = judged(90'000);
  EXPECT_EQ(d.state, trace::DtlsState::Handshaking);
  EXPECT_TRUE(d.inferred.empty());
}

TEST_F(DtlsProgress, ItsTwoPartsMayArriveWithDifferentCopies) {
  hello(AtClient, 0);
  finished(AtClient, 100, Side::A);
  finished(AtClient, 180, Side::B);
  finished(AtClient, 1100, Side::A);
  change_cipher_spec(AtClient, 1180, Side::B);
  EXPECT_EQ(judged(5000).handshake_ms, 1180.0);
}

TEST_F(DtlsProgress, AtTheServerTheEndIsInferredFromTheClientsSilence) {
  hello(AtServer, 40);
  finished(AtServer, 140, Side::A);
  last_flight(AtServer, 140);
  const Dtls early = judged(1000);
  EXPECT_EQ(early.state, trace::DtlsState::Handshaking);
  const Dtls late = judged(5000);
  EXPECT_EQ(late.state, trace::DtlsState::Connected);
  EXPECT_EQ(late.handshake_ms, 100.0) << "without the way there and back";
  for (const Dtls& d : {early, late})
    EXPECT_NE(std::find(d.inferred.begin(), d.inferred.end(), "state"), d.inferred.end());
}

TEST_F(DtlsProgress, DataOfTheClientProvesThatItHasFinished) {
  hello(AtServer, 40);
  finished(AtServer, 140, Side::A);
  last_flight(AtServer, 140);
  record(AtServer, 300, Side::A, 23, 1, "00112233445566778899aabbccddeeff");
  const Dtls d = judged(400);
  EXPECT_EQ(d.state, trace::DtlsState::Connected);
  EXPECT_EQ(d.inferred, Inferred{"handshake_ms"});
}

}  // namespace
}  // namespace parley::analyzer

#include "stack/srtp/sender.h"

#include <gtest/gtest.h>

#include "tests/stack/srtp/support.h"

namespace parley::srtp {
namespace {

class SenderTest : public testing::Test {
 protected:
  Result<std::size_t, Error> seal(std::uint16_t sequence) {
    const ByteBuffer packet = test::rtp_packet(random, 1, sequence);
    ByteBuffer out(packet.size() + sender.rtp_overhead());
    return sender.seal_rtp(packet, out);
  }

  SeededRandom random{1, "sender"};
  Sender sender = Sender::make(Profile::Aes128CmSha1_80,
                               test::random_master(random, Profile::Aes128CmSha1_80), {})
                      .value();
};

TEST_F(SenderTest, UsesNoIndexTwice) {
  ASSERT_TRUE(seal(5));
  EXPECT_EQ(seal(5).error().refusal, Refusal::Replayed);
  ASSERT_TRUE(seal(300));
  EXPECT_EQ(seal(5).error().refusal, Refusal::TooOld);
  EXPECT_TRUE(seal(299));
}

TEST_F(SenderTest, CountsRtcpFromZero) {
  const ByteBuffer packet = test::rtcp_packet(random, 9);
  for (std::uint32_t index = 0; index < 3; ++index) {
    ByteBuffer out(packet.size() + sender.rtcp_overhead());
    const auto size = sender.seal_rtcp(packet, true, out);
    ASSERT_TRUE(size.has_value());
    EXPECT_EQ(load_u32(out.data() + packet.size()), 0x80000000U | index);
  }
}

TEST_F(SenderTest, AnswersWhatIsNoPacketWithAnError) {
  ByteBuffer out(200);
  EXPECT_EQ(sender.seal_rtp(ByteBuffer(11), out).error().refusal, Refusal::Malformed);
  EXPECT_EQ(sender.seal_rtcp(ByteBuffer(3), true, out).error().refusal, Refusal::Malformed);
  const ByteBuffer packet = test::rtp_packet(random, 1, 1);
  ByteBuffer small(packet.size());
  EXPECT_EQ(sender.seal_rtp(packet, small).error().refusal, Refusal::NoRoom);
}

}  // namespace
}  // namespace parley::srtp

#include "stack/srtp/receiver.h"

#include <gtest/gtest.h>

#include "stack/srtp/sender.h"
#include "tests/stack/srtp/support.h"

namespace parley::srtp {
namespace {

using Place = ReplayWindow::Place;
using test::random_master;
using test::rtp_packet;

// One sender's packets, sealed under indices that the test chooses.
class Stream {
 public:
  explicit Stream(Profile profile)
      : random_(static_cast<std::uint64_t>(profile), "receiver"),
        profile_(profile),
        master_(random_master(random_, profile)),
        transform_(
            Transform::make(profile, derive_session_keys(profile, master_).value(), {}).value()) {}

  Receiver receiver(std::uint32_t roc_candidates = 1, Replays replays = Replays::Refuse) const {
    ReceiverOptions options;
    options.roc_candidates = roc_candidates;
    options.replays = replays;
    return Receiver::make(profile_, master_, options).value();
  }
  ByteBuffer at(std::uint64_t index, std::uint32_t ssrc = 7) {
    const ByteBuffer plain = rtp_packet(random_, ssrc, static_cast<std::uint16_t>(index));
    ByteBuffer out(plain.size() + transform_.rtp_overhead());
    out.resize(transform_.seal_rtp(plain, index, out).value());
    return out;
  }
  MasterKey another_master() { return random_master(random_, profile_); }

 private:
  SeededRandom random_;
  Profile profile_;
  MasterKey master_;
  Transform transform_;
};

Result<OpenedRtp, Error> open(Receiver& receiver, const ByteBuffer& packet) {
  ByteBuffer out(packet.size());
  return receiver.open_rtp(packet, out);
}
Refusal refusal(Receiver& receiver, const ByteBuffer& packet) {
  const auto opened = open(receiver, packet);
  return opened ? throw std::logic_error("opened") : opened.error().refusal;
}

class EveryProfile : public testing::TestWithParam<Profile> {};

INSTANTIATE_TEST_SUITE_P(Receiver, EveryProfile, testing::ValuesIn(test::kProfiles));

TEST_P(EveryProfile, RefusesWhatWasReceivedBeforeAndWhatIsTooOld) {
  Stream stream(GetParam());
  Receiver receiver = stream.receiver();
  const ByteBuffer first = stream.at(100);
  const ByteBuffer late = stream.at(99);
  EXPECT_TRUE(open(receiver, first));
  EXPECT_EQ(refusal(receiver, first), Refusal::Replayed);
  EXPECT_TRUE(open(receiver, stream.at(100 + 128)));
  EXPECT_EQ(refusal(receiver, late), Refusal::TooOld);
}

TEST_P(EveryProfile, TellsARepeatedPacketWhereACaptureCanHoldOne) {
  Stream stream(GetParam());
  Receiver receiver = stream.receiver(1, Replays::Tell);
  const ByteBuffer first = stream.at(100);
  EXPECT_EQ(open(receiver, first)->place, Place::New);
  EXPECT_EQ(open(receiver, first)->place, Place::Repeated);
  EXPECT_EQ(open(receiver, stream.at(300))->place, Place::New);
  EXPECT_EQ(open(receiver, first)->place, Place::TooOld);
}

// The ROC goes up once at the turn, and packets from before it are still opened afterwards.
TEST_P(EveryProfile, FollowsTheTurnOfTheSequenceNumberWithPacketsOutOfOrder) {
  Stream stream(GetParam());
  Receiver receiver = stream.receiver();
  for (const std::uint64_t index : {65533U, 65536U, 65535U, 65538U, 65534U, 65537U}) {
    const auto opened = open(receiver, stream.at(index));
    ASSERT_TRUE(opened) << index;
    EXPECT_EQ(opened->index, index);
  }
}

TEST_P(EveryProfile, MovesNothingForAForgedPacket) {
  Stream stream(GetParam());
  Receiver receiver = stream.receiver();
  ASSERT_TRUE(open(receiver, stream.at(1000)));
  ByteBuffer forged = stream.at(30000);
  forged.back() ^= std::byte{1};
  EXPECT_EQ(refusal(receiver, forged), Refusal::AuthenticationFailed);
  // Had the window moved, this would be too old; had the ROC, nothing would fit.
  EXPECT_TRUE(open(receiver, stream.at(999)));
  ByteBuffer stranger = stream.at(5, 8);
  stranger.back() ^= std::byte{1};
  EXPECT_EQ(refusal(receiver, stranger), Refusal::AuthenticationFailed);
  EXPECT_EQ(receiver.stream_count(), 1U);
}

TEST_P(EveryProfile, FindsTheRocOfAStreamItJoinsLate) {
  Stream stream(GetParam());
  for (const std::uint32_t roc : {0U, 1U, 2U, 17U}) {
    Receiver receiver = stream.receiver(18);
    const std::uint64_t index = index_of(roc, 65530);
    const auto opened = open(receiver, stream.at(index));
    ASSERT_TRUE(opened) << roc;
    EXPECT_EQ(opened->index, index);
    EXPECT_EQ(open(receiver, stream.at(index + 20))->index, index + 20);
    EXPECT_EQ(open(receiver, stream.at(index - 3))->index, index - 3);
  }
  Receiver receiver = stream.receiver(18);
  EXPECT_EQ(refusal(receiver, stream.at(index_of(18, 0))), Refusal::AuthenticationFailed);
  Receiver without_search = stream.receiver();
  EXPECT_EQ(refusal(without_search, stream.at(index_of(1, 0))), Refusal::AuthenticationFailed);
}

TEST_P(EveryProfile, FindsTheRocAgainAfterAGapOfMoreThanATurn) {
  Stream stream(GetParam());
  Receiver receiver = stream.receiver(8);
  ASSERT_TRUE(open(receiver, stream.at(100)));
  const std::uint64_t after = index_of(3, 50000);
  unsigned refused = 0;
  std::uint64_t next = after;
  while (!open(receiver, stream.at(next)) && refused < 10) {
    ++refused;
    ++next;
  }
  EXPECT_EQ(refused + 1, Receiver::kFailuresBeforeSearch);
  EXPECT_EQ(open(receiver, stream.at(next + 1))->index, next + 1);
}

TEST(Receiver, StopsToSearchForStreamsUnderAnotherKey) {
  Stream stream(Profile::AeadAes128Gcm);
  ReceiverOptions options;
  options.roc_candidates = 4096;
  Receiver receiver =
      Receiver::make(Profile::AeadAes128Gcm, stream.another_master(), options).value();
  // Each of these could cost 4096 tries, 82 million in all; the bounds stop at a fraction of it.
  for (std::uint32_t i = 0; i < 20000; ++i)
    ASSERT_EQ(refusal(receiver, stream.at(i & 0xffU, i / 16)), Refusal::AuthenticationFailed);
  EXPECT_EQ(receiver.stream_count(), 0U);
}

TEST(Receiver, RefusesMasterKeysOfAnotherLength) {
  EXPECT_EQ(
      Receiver::make(Profile::AeadAes256Gcm, {ByteBuffer(16), ByteBuffer(12)}, {}).error().refusal,
      Refusal::BadKey);
  EXPECT_EQ(
      Receiver::make(Profile::AeadAes128Gcm, {ByteBuffer(16), ByteBuffer(14)}, {}).error().refusal,
      Refusal::BadKey);
}

TEST(Receiver, HoldsNoMoreStreamsThanItSays) {
  Stream stream(Profile::AeadAes128Gcm);
  Receiver receiver = stream.receiver();
  for (std::uint32_t ssrc = 0; ssrc < Receiver::kMaxStreams; ++ssrc)
    ASSERT_TRUE(open(receiver, stream.at(1, ssrc)));
  EXPECT_EQ(refusal(receiver, stream.at(1, 1'000'000)), Refusal::TooManyStreams);
  EXPECT_TRUE(open(receiver, stream.at(2, 0)));
}

}  // namespace
}  // namespace parley::srtp

// Both directions against libsrtp2: what one protects the other opens, and refuses what the other
// refuses.

#include <gtest/gtest.h>

#include "stack/srtp/receiver.h"
#include "stack/srtp/sender.h"
#include "tests/stack/srtp/libsrtp.h"
#include "tests/stack/srtp/support.h"

namespace parley::srtp::test {
namespace {

std::optional<ByteBuffer> sealed_by(Sender& sender, const ByteBuffer& packet) {
  ByteBuffer out(packet.size() + sender.rtp_overhead());
  const auto size = sender.seal_rtp(packet, out);
  if (!size)
    return std::nullopt;
  out.resize(*size);
  return out;
}
std::optional<ByteBuffer> opened_by(Receiver& receiver, const ByteBuffer& packet) {
  ByteBuffer out(packet.size());
  const auto opened = receiver.open_rtp(packet, out);
  if (!opened)
    return std::nullopt;
  out.resize(opened->size);
  return out;
}

struct Ends {
  Ends(Profile profile, const MasterKey& master, const std::vector<int>& encrypted)
      : their_sender(profile, master, Direction::Sending, encrypted),
        their_receiver(profile, master, Direction::Receiving, encrypted) {
    Options options;
    for (const int id : encrypted)
      options.encrypted_extensions.set(static_cast<std::size_t>(id));
    sender.emplace(Sender::make(profile, master, options).value());
    ReceiverOptions receiving;
    receiving.transform = options;
    receiver.emplace(Receiver::make(profile, master, receiving).value());
  }

  Libsrtp their_sender;
  Libsrtp their_receiver;
  std::optional<Sender> sender;
  std::optional<Receiver> receiver;
};

void exchange_rtp(Ends& ends, Random& random, std::size_t count) {
  const std::array<std::uint32_t, 2> ssrcs{random.next_u32(), random.next_u32()};
  // Close to the turn, so that every run sees the ROC go up.
  std::array<std::uint16_t, 2> sequences{static_cast<std::uint16_t>(65536 - 1 - random.below(100)),
                                         static_cast<std::uint16_t>(65536 - 1 - random.below(100))};
  std::vector<ByteBuffer> plain;
  std::vector<ByteBuffer> protected_packets;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t stream = random.below(2);
    plain.push_back(rtp_packet(random, ssrcs[stream], sequences[stream]++));
    const auto ours = sealed_by(*ends.sender, plain.back());
    const auto theirs = ends.their_sender.protect_rtp(plain.back());
    ASSERT_TRUE(ours && theirs);
    ASSERT_EQ(to_hex(*ours), to_hex(*theirs)) << i;
    protected_packets.push_back(*ours);
  }
  for (const std::size_t i : delivery(random, count)) {
    ByteBuffer packet = protected_packets[i];
    const bool damaged = random.chance(0.05);
    if (damaged)
      packet[12 + random.below(packet.size() - 12)] ^= std::byte{0x04};
    const auto ours = opened_by(*ends.receiver, packet);
    const auto theirs = ends.their_receiver.unprotect_rtp(packet);
    ASSERT_EQ(ours.has_value(), theirs.has_value()) << i;
    if (!ours)
      continue;
    ASSERT_EQ(to_hex(*ours), to_hex(*theirs));
    ASSERT_EQ(to_hex(*ours), to_hex(plain[i]));
  }
}

TEST(Libsrtp, SealsAndOpensTheSameRtpUnderEveryProfile) {
  for (const Profile profile : kOracleProfiles) {
    SeededRandom random(static_cast<std::uint64_t>(profile), "rtp");
    for (int run = 0; run < 3; ++run) {
      SCOPED_TRACE(std::string(to_string(profile)) + " run " + std::to_string(run));
      Ends ends(profile, random_master(random, profile), {});
      exchange_rtp(ends, random, 300);
      if (HasFatalFailure())
        return;
    }
  }
}

// Null ciphers encrypt no header extension either.
TEST(Libsrtp, EncryptsTheSameHeaderExtensions) {
  for (const Profile profile : kOracleProfiles) {
    if (parameters(profile).cipher == Cipher::Null)
      continue;
    SCOPED_TRACE(to_string(profile));
    SeededRandom random(static_cast<std::uint64_t>(profile), "extensions");
    Ends ends(profile, random_master(random, profile), {1, 3});
    exchange_rtp(ends, random, 200);
    if (HasFatalFailure())
      return;
  }
}

TEST(Libsrtp, OpensOurRtcpAndWeTheirs) {
  for (const Profile profile : kOracleProfiles) {
    SCOPED_TRACE(to_string(profile));
    SeededRandom random(static_cast<std::uint64_t>(profile), "rtcp");
    Ends ends(profile, random_master(random, profile), {});
    const std::array<std::uint32_t, 2> ssrcs{random.next_u32(), random.next_u32()};
    for (int i = 0; i < 200; ++i) {
      const ByteBuffer plain = rtcp_packet(random, ssrcs[random.below(2)]);
      ByteBuffer ours(plain.size() + ends.sender->rtcp_overhead());
      // With a null cipher libsrtp leaves the E bit clear, and takes it only so.
      const auto size =
          ends.sender->seal_rtcp(plain, parameters(profile).cipher != Cipher::Null, ours);
      ASSERT_TRUE(size.has_value());
      ours.resize(*size);
      const auto opened_by_them = ends.their_receiver.unprotect_rtcp(ours);
      ASSERT_TRUE(opened_by_them.has_value()) << i;
      ASSERT_EQ(to_hex(*opened_by_them), to_hex(plain));
      const auto theirs = ends.their_sender.protect_rtcp(plain);
      ASSERT_TRUE(theirs.has_value());
      ByteBuffer out(theirs->size());
      const auto opened = ends.receiver->open_rtcp(*theirs, out);
      ASSERT_TRUE(opened.has_value()) << to_string(opened.error());
      out.resize(opened->opened.size);
      ASSERT_EQ(to_hex(out), to_hex(plain));
      EXPECT_EQ(ends.receiver->open_rtcp(*theirs, out).error().refusal, Refusal::NoRoom);
      ByteBuffer room(theirs->size());
      EXPECT_EQ(ends.receiver->open_rtcp(*theirs, room).error().refusal, Refusal::Replayed);
    }
  }
}

}  // namespace
}  // namespace parley::srtp::test

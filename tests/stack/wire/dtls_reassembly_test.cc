#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "stack/base/random.h"
#include "stack/wire/dtls.h"

namespace parley::dtls {
namespace {

using Outcome = HandshakeReassembler::Outcome;

ByteBuffer sample(std::size_t size) {
  ByteBuffer body(size);
  SeededRandom random(7, "handshake message");
  random.fill(body);
  return body;
}

HandshakeFragment piece(Bytes message, std::size_t from, std::size_t size,
                        std::uint16_t message_seq = 0) {
  HandshakeFragment f;
  f.type = HandshakeType::Certificate;
  f.length = static_cast<std::uint32_t>(message.size());
  f.message_seq = message_seq;
  f.fragment_offset = static_cast<std::uint32_t>(from);
  f.fragment_length = static_cast<std::uint32_t>(size);
  f.body = message.subspan(from, size);
  return f;
}

TEST(HandshakeReassembler, CompletesAWholeMessageAtOnce) {
  const ByteBuffer message = sample(100);
  HandshakeReassembler reassembler;
  HandshakeReassembler::Message completed;
  EXPECT_EQ(reassembler.add(piece(message, 0, 100, 3), completed), Outcome::Completed);
  EXPECT_EQ(completed.body, message);
  EXPECT_EQ(completed.message_seq, 3);
  EXPECT_EQ(completed.type, HandshakeType::Certificate);
}

TEST(HandshakeReassembler, CompletesAMessageWithoutBody) {
  HandshakeReassembler reassembler;
  HandshakeReassembler::Message completed;
  EXPECT_EQ(reassembler.add(piece({}, 0, 0, 4), completed), Outcome::Completed);
  EXPECT_TRUE(completed.body.empty());
  EXPECT_EQ(reassembler.add(piece({}, 0, 0, 4), completed), Outcome::Duplicate);
}

TEST(HandshakeReassembler, CompletesAfterEverySplitInTwoInBothOrders) {
  const ByteBuffer message = sample(40);
  for (std::size_t cut = 1; cut < message.size(); ++cut) {
    const HandshakeFragment head = piece(message, 0, cut);
    const HandshakeFragment tail = piece(message, cut, message.size() - cut);
    for (const bool reversed : {false, true}) {
      HandshakeReassembler reassembler;
      HandshakeReassembler::Message completed;
      EXPECT_EQ(reassembler.add(reversed ? tail : head, completed), Outcome::Stored);
      EXPECT_EQ(reassembler.add(reversed ? head : tail, completed), Outcome::Completed);
      EXPECT_EQ(completed.body, message);
    }
  }
}

TEST(HandshakeReassembler, CompletesFromRandomOverlappingPieces) {
  const ByteBuffer message = sample(1500);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SeededRandom random(seed, "pieces");
    HandshakeReassembler reassembler;
    HandshakeReassembler::Message completed;
    std::vector<bool> have(message.size());
    for (;;) {
      const std::size_t from = random.below(message.size());
      const std::size_t size = 1 + random.below(std::min<std::size_t>(200, message.size() - from));
      const bool fresh =
          std::find(have.begin() + static_cast<std::ptrdiff_t>(from),
                    have.begin() + static_cast<std::ptrdiff_t>(from + size),
                    false) != have.begin() + static_cast<std::ptrdiff_t>(from + size);
      std::fill_n(have.begin() + static_cast<std::ptrdiff_t>(from), size, true);
      const bool whole = std::find(have.begin(), have.end(), false) == have.end();
      const Outcome outcome = reassembler.add(piece(message, from, size), completed);
      ASSERT_EQ(outcome, whole ? Outcome::Completed : fresh ? Outcome::Stored : Outcome::Duplicate);
      if (whole)
        break;
    }
    EXPECT_EQ(completed.body, message);
  }
}

TEST(HandshakeReassembler, KeepsReorderedMessagesApart) {
  const ByteBuffer first = sample(30);
  const ByteBuffer second = sample(50);
  HandshakeReassembler reassembler;
  HandshakeReassembler::Message completed;
  EXPECT_EQ(reassembler.add(piece(second, 0, 25, 2), completed), Outcome::Stored);
  EXPECT_EQ(reassembler.add(piece(first, 0, 15, 1), completed), Outcome::Stored);
  EXPECT_EQ(reassembler.add(piece(second, 25, 25, 2), completed), Outcome::Completed);
  EXPECT_EQ(completed.body, second);
  EXPECT_EQ(reassembler.add(piece(first, 15, 15, 1), completed), Outcome::Completed);
  EXPECT_EQ(completed.body, first);
}

TEST(HandshakeReassembler, TakesARetransmissionForADuplicate) {
  const ByteBuffer message = sample(60);
  HandshakeReassembler reassembler;
  HandshakeReassembler::Message completed;
  EXPECT_EQ(reassembler.add(piece(message, 0, 30), completed), Outcome::Stored);
  EXPECT_EQ(reassembler.add(piece(message, 0, 30), completed), Outcome::Duplicate);
  EXPECT_EQ(reassembler.add(piece(message, 30, 30), completed), Outcome::Completed);
  EXPECT_EQ(reassembler.add(piece(message, 0, 60), completed), Outcome::Duplicate);
}

TEST(HandshakeReassembler, RefusesContradictionsAndStaysUsable) {
  const ByteBuffer message = sample(60);
  ByteBuffer other = message;
  other[20] ^= std::byte{1};
  HandshakeReassembler reassembler;
  HandshakeReassembler::Message completed;
  ASSERT_EQ(reassembler.add(piece(message, 10, 30), completed), Outcome::Stored);
  EXPECT_EQ(reassembler.add(piece(other, 15, 40), completed), Outcome::Refused);
  HandshakeFragment wrong_type = piece(message, 40, 10);
  wrong_type.type = HandshakeType::ServerHello;
  EXPECT_EQ(reassembler.add(wrong_type, completed), Outcome::Refused);
  HandshakeFragment wrong_length = piece(message, 40, 10);
  wrong_length.length = 61;
  EXPECT_EQ(reassembler.add(wrong_length, completed), Outcome::Refused);
  EXPECT_EQ(reassembler.add(piece(message, 40, 20), completed), Outcome::Stored);
  EXPECT_EQ(reassembler.add(piece(message, 0, 10), completed), Outcome::Completed);
  EXPECT_EQ(completed.body, message);
  wrong_length.length = 62;
  EXPECT_EQ(reassembler.add(wrong_length, completed), Outcome::Refused);
  EXPECT_EQ(reassembler.add(wrong_type, completed), Outcome::Refused);
}

TEST(HandshakeReassembler, RefusesFragmentsThatDoNotFitTheirMessage) {
  const ByteBuffer message = sample(60);
  HandshakeReassembler reassembler;
  HandshakeReassembler::Message completed;
  HandshakeFragment f = piece(message, 0, 60);
  f.length = 59;
  EXPECT_EQ(reassembler.add(f, completed), Outcome::Refused);
  f = piece(message, 10, 20);
  f.fragment_offset = 0xffffffff;
  EXPECT_EQ(reassembler.add(f, completed), Outcome::Refused);
  f = piece(message, 10, 20);
  f.fragment_length = 21;
  EXPECT_EQ(reassembler.add(f, completed), Outcome::Refused);
}

TEST(HandshakeReassembler, StoresNothingForFragmentsWithoutContent) {
  const ByteBuffer message = sample(60);
  HandshakeReassembler reassembler;
  HandshakeReassembler::Message completed;
  for (std::uint16_t sequence = 0; sequence < 10000; ++sequence)
    EXPECT_EQ(reassembler.add(piece(message, 0, 0, sequence), completed), Outcome::Duplicate);
  EXPECT_EQ(reassembler.memory(), 0U);
}

TEST(HandshakeReassembler, RefusesMessagesAboveTheCap) {
  const ByteBuffer octet = sample(1);
  HandshakeReassembler reassembler;
  HandshakeReassembler::Message completed;
  HandshakeFragment f = piece(octet, 0, 1);
  f.length = HandshakeReassembler::kMaxMessageSize + 1;
  EXPECT_EQ(reassembler.add(f, completed), Outcome::Refused);
  f.length = 0xffffff;
  EXPECT_EQ(reassembler.add(f, completed), Outcome::Refused);
  f.length = HandshakeReassembler::kMaxMessageSize;
  EXPECT_EQ(reassembler.add(f, completed), Outcome::Stored);
  EXPECT_LT(reassembler.memory(), 4096U);
}

TEST(HandshakeReassembler, BoundsItsMemoryUnderAFloodOfLargeClaims) {
  constexpr std::size_t kCap =
      HandshakeReassembler::kMaxMessages * (HandshakeReassembler::kMaxMessageSize * 9 / 8 + 256);
  const ByteBuffer octet = sample(1);
  HandshakeReassembler reassembler;
  HandshakeReassembler::Message completed;
  for (std::uint32_t sequence = 0; sequence < 65536; ++sequence) {
    HandshakeFragment f = piece(octet, 0, 1, static_cast<std::uint16_t>(65535 - sequence));
    f.length = HandshakeReassembler::kMaxMessageSize;
    f.fragment_offset = f.length - 1;
    EXPECT_NE(reassembler.add(f, completed), Outcome::Completed);
    ASSERT_LE(reassembler.memory(), kCap);
  }
}

TEST(HandshakeReassembler, RemembersABoundedNumberOfFinishedMessages) {
  const ByteBuffer octet = sample(1);
  HandshakeReassembler reassembler;
  HandshakeReassembler::Message completed;
  for (std::uint32_t sequence = 0; sequence < 65536; ++sequence)
    EXPECT_EQ(reassembler.add(piece(octet, 0, 1, static_cast<std::uint16_t>(sequence)), completed),
              Outcome::Completed);
  EXPECT_LE(reassembler.memory(), 16384U);
}

TEST(HandshakeReassembler, DoesNotLetLaterMessagesCrowdOutTheNextOne) {
  const ByteBuffer message = sample(20);
  HandshakeReassembler reassembler;
  HandshakeReassembler::Message completed;
  for (std::uint16_t sequence = 100; sequence < 200; ++sequence)
    reassembler.add(piece(message, 0, 10, sequence), completed);
  EXPECT_EQ(reassembler.add(piece(message, 0, 10, 1), completed), Outcome::Stored);
  EXPECT_EQ(reassembler.add(piece(message, 10, 10, 1), completed), Outcome::Completed);
  EXPECT_EQ(completed.body, message);
}

}  // namespace
}  // namespace parley::dtls

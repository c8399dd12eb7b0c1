#include "analyzer/ip_reassembly.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "stack/base/random.h"

namespace parley::analyzer {
namespace {

class IpReassemblyTest : public testing::Test {
 protected:
  // `text` stands at `offset` of its datagram.
  std::optional<std::string> add(std::string_view text, std::uint32_t offset, bool more,
                                 std::uint32_t identification = 1, std::int64_t second = 0) {
    bytes = to_buffer(as_bytes(text));
    ip::PacketView view;
    view.version = 4;
    view.protocol = 17;
    view.source = IpAddress::v4(0x0a000001);
    view.destination = IpAddress::v4(0x0a000002);
    view.fragment = true;
    view.more_fragments = more;
    view.fragment_offset = offset;
    view.identification = identification;
    view.payload = bytes;
    view.wire_payload_size = cut_from != 0 ? cut_from : bytes.size();
    cut_from = 0;
    const auto datagram = reassembly.add(view, 0, Instant(std::chrono::seconds(1000 + second)));
    if (!datagram)
      return std::nullopt;
    total = datagram->wire_size;
    return std::string(as_text(datagram->payload));
  }

  IpReassembly reassembly;
  ByteBuffer bytes;
  std::size_t cut_from = 0;  // of the next fragment, when it is cut short
  std::size_t total = 0;
};

TEST_F(IpReassemblyTest, AnyOrderAndAnyRepetitionGivesTheSameDatagram) {
  std::string text;
  for (int i = 0; i < 4000; ++i)
    text += static_cast<char>('a' + i % 26);
  SeededRandom random(3, "order");
  for (std::uint32_t run = 0; run < 200; ++run) {
    std::vector<std::uint32_t> offsets;
    for (std::uint32_t at = 0; at < text.size(); at += 800)
      offsets.push_back(at);
    offsets.push_back(static_cast<std::uint32_t>(random.below(5) * 800));
    for (std::size_t i = offsets.size(); i > 1; --i)
      std::swap(offsets[i - 1], offsets[random.below(i)]);
    std::size_t complete = 0;
    for (const std::uint32_t at : offsets) {
      const auto datagram = add(text.substr(at, 800), at, at + 800 < text.size(), run);
      complete += datagram ? 1 : 0;
      if (datagram) {
        EXPECT_EQ(*datagram, text);
      }
    }
    EXPECT_EQ(complete, 1U);
  }
  EXPECT_LE(reassembly.given_up(), 200U);  // repetitions behind the end begin datagrams anew
}

TEST_F(IpReassemblyTest, OverlapsThatAgreeAreTaken) {
  EXPECT_EQ(add("abcdefghijklmnop", 0, true), std::nullopt);
  EXPECT_EQ(add("ijklmnopqrstuvwx", 8, true), std::nullopt);
  EXPECT_EQ(add("qrstuvwxyz", 16, false), "abcdefghijklmnopqrstuvwxyz");
}

TEST_F(IpReassemblyTest, OverlapsThatContradictRefuseTheDatagram) {
  EXPECT_EQ(add("abcdefghijklmnop", 0, true), std::nullopt);
  EXPECT_EQ(add("EVILmnopqrstuvwx", 8, true), std::nullopt);
  EXPECT_EQ(add("yz", 24, false), std::nullopt);
  EXPECT_EQ(add("abcdefghijklmnopqrstuvwx", 0, true), std::nullopt) << "refused for good";
  EXPECT_EQ(reassembly.given_up(), 1U);
}

TEST_F(IpReassemblyTest, EndsThatContradictRefuseTheDatagram) {
  EXPECT_EQ(add("abcdefgh", 8, false, 1), std::nullopt);
  EXPECT_EQ(add("abcdefgh", 16, false, 1), std::nullopt);
  EXPECT_EQ(add("abcdefgh", 0, true, 1), std::nullopt);
  EXPECT_EQ(add("abcdefgh", 8, false, 2), std::nullopt);
  EXPECT_EQ(add("abcdefgh", 16, true, 2), std::nullopt) << "behind the end";
  EXPECT_EQ(add("abcdefgh", 16, true, 3), std::nullopt);
  EXPECT_EQ(add("abcdefgh", 8, false, 3), std::nullopt) << "an end before what was there";
  EXPECT_EQ(reassembly.given_up(), 3U);
}

TEST_F(IpReassemblyTest, ImpossibleFragmentsAreRefused) {
  EXPECT_EQ(add("abcdefg", 0, true, 1), std::nullopt) << "no multiple of 8 bytes";
  EXPECT_EQ(add(std::string(16, 'x'), 65528, false, 2), std::nullopt) << "beyond 65535";
  EXPECT_EQ(add("", 8, false, 3), std::nullopt) << "empty";
  EXPECT_EQ(reassembly.given_up(), 3U);
}

TEST_F(IpReassemblyTest, ALateFragmentDoesNotCompleteAnOldDatagram) {
  EXPECT_EQ(add("abcdefgh", 0, true, 1, 0), std::nullopt);
  EXPECT_EQ(add("ij", 8, false, 1, 61), std::nullopt);
  EXPECT_EQ(reassembly.given_up(), 1U);
  EXPECT_EQ(add("abcdefgh", 0, true, 1, 62), "abcdefghij");
}

TEST_F(IpReassemblyTest, TheOldestGivesWay) {
  for (std::uint32_t id = 0; id <= IpReassembly::kMaxDatagrams; ++id)
    EXPECT_EQ(add("abcdefgh", 0, true, id), std::nullopt);
  EXPECT_EQ(reassembly.given_up(), 1U);
  EXPECT_EQ(add("ij", 8, false, 1), "abcdefghij");
  EXPECT_EQ(add("ij", 8, false, 0), std::nullopt) << "was the oldest";
}

TEST_F(IpReassemblyTest, PiecesAreCapped) {
  // Every second unit of 8 bytes: nothing touches.
  for (std::uint32_t i = 0; i <= IpReassembly::kMaxRanges; ++i)
    EXPECT_EQ(add("abcdefgh", i * 16, true), std::nullopt);
  EXPECT_EQ(reassembly.given_up(), 1U);
}

TEST_F(IpReassemblyTest, WhatASnapLengthCutOffLeavesAPrefix) {
  cut_from = 16;
  EXPECT_EQ(add("abcdefghij", 0, true), std::nullopt);
  EXPECT_EQ(add("qr", 16, false), "abcdefghij");
  EXPECT_EQ(total, 18U);
}

}  // namespace
}  // namespace parley::analyzer

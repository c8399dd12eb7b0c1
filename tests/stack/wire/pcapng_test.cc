#include "stack/wire/pcapng.h"

#include <string>

#include <gtest/gtest.h>

namespace parley::pcapng {
namespace {

Instant at(std::int64_t nanoseconds) {
  return Instant(Duration(nanoseconds));
}

TEST(PcapngWriter, SectionHeaderIsThatOfTheDraft) {
  ByteBuffer out;
  const Writer writer(out);
  // Type, length 28, byte-order magic, version 1.0, section length unknown, length again.
  EXPECT_EQ(to_hex(out), "0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000");
}

TEST(PcapngWriter, OptionsArePaddedAndEnded) {
  ByteBuffer out;
  const Writer writer(out, {"seed 7", "", "", "parley"});
  EXPECT_EQ(to_hex(out),
            "0a0d0d0a380000004d3c2b1a01000000ffffffffffffffff"
            "01000600736565642037"
            "0000"
            "040006007061726c6579"
            "0000"
            "00000000"
            "38000000");
}

TEST(PcapngWriter, InterfaceHasANameAndNanoseconds) {
  ByteBuffer out;
  Writer writer(out);
  out.clear();
  Interface description;
  description.name = "alice";
  EXPECT_EQ(writer.interface(description), 0U);
  EXPECT_EQ(to_hex(out),
            "01000000"
            "2c000000"
            "6500"
            "0000"
            "00000000"
            "02000500616c696365000000"
            "0900010009000000"
            "00000000"
            "2c000000");
  EXPECT_EQ(writer.interface(description), 1U);
}

TEST(PcapngWriter, PacketHasItsTimeHighHalfFirstAndItsComment) {
  ByteBuffer out;
  Writer writer(out);
  out.clear();
  PacketRecord record;
  record.interface = 2;
  record.at = at(0x0123456789abcdef);
  const ByteBuffer bytes = parse_hex("4500aabbcc").value();
  record.bytes = bytes;
  record.original_size = 1500;
  record.comment = "lost";
  writer.packet(record);
  EXPECT_EQ(to_hex(out),
            "06000000"
            "34000000"
            "02000000"
            "67452301efcdab89"
            "05000000"
            "dc050000"
            "4500aabbcc000000"
            "010004006c6f7374"
            "00000000"
            "34000000");
}

TEST(PcapngWriter, KeyLogIsADecryptionSecretsBlock) {
  ByteBuffer out;
  Writer writer(out);
  out.clear();
  writer.tls_key_log("CLIENT_RANDOM 00 11\n");
  EXPECT_EQ(to_hex(out),
            "0a000000"
            "28000000"
            "4b534c54"
            "14000000" +
                to_hex(as_bytes("CLIENT_RANDOM 00 11\n")) + "28000000");
}

TEST(PcapngWriter, EveryBlockIsAMultipleOfFourWithEqualLengths) {
  for (std::size_t size = 0; size < 9; ++size) {
    ByteBuffer out;
    Writer writer(out, {std::string(size, 'c'), "", "os", ""});
    const std::string name(size, 'n');
    writer.interface({name, name, kLinkEthernet, 65535});
    const ByteBuffer bytes(size, std::byte{1});
    writer.packet({0, at(1), bytes, 0, name});
    writer.tls_key_log(name);
    writer.statistics(0, at(2), 1, 0);
    std::size_t blocks = 0;
    std::size_t position = 0;
    const auto u32 = [&](std::size_t i) { return __builtin_bswap32(load_u32(&out[i])); };
    while (position < out.size()) {
      const std::uint32_t length = u32(position + 4);
      ASSERT_EQ(length % 4, 0U);
      ASSERT_LE(position + length, out.size());
      ASSERT_EQ(u32(position + length - 4), length);
      position += length;
      ++blocks;
    }
    EXPECT_EQ(blocks, 5U);
  }
}

TEST(PcapngWriter, EqualCallsGiveEqualBytesHoweverTheBufferIsTakenAway) {
  const auto write = [](bool stream) {
    ByteBuffer out;
    ByteBuffer all;
    const auto take = [&] {
      if (!stream)
        return;
      all.insert(all.end(), out.begin(), out.end());
      out.clear();
    };
    Writer writer(out, {"", "", "", "parley"});
    take();
    writer.interface({"a", "", kLinkRaw, 0});
    take();
    for (int i = 0; i < 10; ++i) {
      const ByteBuffer bytes(static_cast<std::size_t>(i), std::byte{7});
      writer.packet({0, at(i), bytes, 0, i % 2 == 0 ? "even" : ""});
      take();
    }
    all.insert(all.end(), out.begin(), out.end());
    return all;
  };
  EXPECT_EQ(to_hex(write(false)), to_hex(write(true)));
}

TEST(PcapngWriter, TextsBeyondTheLimitAreCut) {
  ByteBuffer out;
  Writer writer(out);
  out.clear();
  const std::string comment(70000, 'x');
  writer.packet({0, at(0), {}, 0, comment});
  EXPECT_EQ(out.size(), 32U + 4 + 65536 + 4);
}

}  // namespace
}  // namespace parley::pcapng

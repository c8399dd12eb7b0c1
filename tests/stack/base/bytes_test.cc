#include "stack/base/bytes.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

TEST(ByteReader, ReadsNetworkByteOrder) {
  const ByteBuffer bytes = hex("01 0203 040506 0708090a 0b0c0d0e0f10 1112131415161718 aabb");
  ByteReader reader(bytes, 100);
  EXPECT_EQ(reader.u8("a"), 0x01U);
  EXPECT_EQ(reader.u16("b"), 0x0203U);
  EXPECT_EQ(reader.u24("c"), 0x040506U);
  EXPECT_EQ(reader.u32("d"), 0x0708090aU);
  EXPECT_EQ(reader.u48("e"), 0x0b0c0d0e0f10U);
  EXPECT_EQ(reader.u64("f"), 0x1112131415161718U);
  EXPECT_EQ(reader.offset(), 124U);
  EXPECT_EQ(reader.remaining(), 2U);
  EXPECT_EQ(to_hex(reader.rest()), "aabb");
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReader, KeepsTheFirstFaultAndAnswersZeroAfterIt) {
  const ByteBuffer bytes = hex("0102 03");
  ByteReader reader(bytes, 10);
  EXPECT_EQ(reader.u16("first"), 0x0102U);
  EXPECT_EQ(reader.u32("second"), 0U);
  EXPECT_EQ(reader.u8("third"), 0U);
  EXPECT_TRUE(reader.bytes(0, "fourth").empty());
  EXPECT_TRUE(reader.rest().empty());
  reader.fail(WireFault::BadValue, 0, "fifth");
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error(), (WireError{WireFault::Truncated, 12, "second"}));
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(ByteReader, EveryReadOneOctetShortFails) {
  const ByteBuffer bytes = hex("00112233445566");
  const auto short_by_one = [&](std::size_t size, auto read) {
    ByteReader reader(Bytes(bytes).first(size - 1));
    read(reader);
    return !reader.ok() && reader.error().offset == 0;
  };
  EXPECT_TRUE(short_by_one(1, [](ByteReader& r) { r.u8("x"); }));
  EXPECT_TRUE(short_by_one(2, [](ByteReader& r) { r.u16("x"); }));
  EXPECT_TRUE(short_by_one(3, [](ByteReader& r) { r.u24("x"); }));
  EXPECT_TRUE(short_by_one(4, [](ByteReader& r) { r.u32("x"); }));
  EXPECT_TRUE(short_by_one(6, [](ByteReader& r) { r.u48("x"); }));
  EXPECT_TRUE(short_by_one(8, [](ByteReader& r) { r.u64("x"); }));
  EXPECT_TRUE(short_by_one(7, [](ByteReader& r) { r.skip(7, "x"); }));
}

TEST(ByteReader, AHugeCountDoesNotWrap) {
  const ByteBuffer bytes = hex("0011");
  ByteReader reader(bytes);
  reader.u8("one");
  EXPECT_TRUE(reader.bytes(~std::size_t{0}, "all").empty());
  EXPECT_EQ(reader.error().offset, 1U);
}

TEST(ByteWriter, WritesWhatTheReaderReads) {
  ByteBuffer out;
  ByteWriter writer(out);
  writer.u8(0x01);
  writer.u16(0x0203);
  writer.u24(0x040506);
  writer.u32(0x0708090a);
  writer.u48(0x0b0c0d0e0f10);
  writer.u64(0x1112131415161718);
  writer.text("hi");
  writer.zeros(2);
  writer.bytes(hex("ff"));
  EXPECT_EQ(to_hex(out), "0102030405060708090a0b0c0d0e0f10111213141516171868690000ff");
  EXPECT_EQ(writer.size(), out.size());
  writer.patch_u16(0, 0xabcd);
  writer.patch_u24(3, 0x123456);
  EXPECT_EQ(to_hex(Bytes(out).first(6)), "abcd03123456");
}

TEST(Hex, ReadsTheUsualSpellings) {
  EXPECT_EQ(parse_hex("0x2112A442"), hex("2112a442"));
  EXPECT_EQ(parse_hex("21:12:a4:42"), hex("2112a442"));
  EXPECT_EQ(parse_hex("21 12\na4\t42\r\n"), hex("2112a442"));
  EXPECT_EQ(parse_hex(""), ByteBuffer{});
}

TEST(Hex, RefusesEverythingElse) {
  for (const std::string_view bad : {"2", "211", "2g", "2 1", "0x2", "21-12", "21,", "\xff"})
    EXPECT_EQ(parse_hex(bad), std::nullopt) << bad;
}

TEST(Hex, GivesBackEveryOctet) {
  ByteBuffer all;
  for (unsigned i = 0; i < 256; ++i)
    all.push_back(static_cast<std::byte>(i));
  EXPECT_EQ(parse_hex(to_hex(all)), all);
}

TEST(Printable, LeavesTextAlone) {
  EXPECT_EQ(printable("Gr\xc3\xbc\xc3\x9f"
                      "e, 10 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "Gr\xc3\xbc\xc3\x9f"
            "e, 10 \xe2\x82\xac \xf0\x9f\x98\x80");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, EscapesControlsAndDirectionMarks) {
  EXPECT_EQ(printable("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(printable("a\r\nb"), "a\\x0d\\x0ab");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\x7f"), "\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");
  EXPECT_EQ(printable("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");
  EXPECT_EQ(printable("\xef\xbb\xbf"), "\\xef\\xbb\\xbf");
}

TEST(Printable, EscapesInvalidUtf8) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(printable("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
  EXPECT_EQ(printable("\xe2\x82z"), "\\xe2\\x82z");
}

TEST(Printable, IsPrintableForEveryPairOfOctets) {
  for (unsigned first = 0; first < 256; ++first)
    for (unsigned second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      const std::string shown = printable(text);
      EXPECT_EQ(printable(shown), shown);
    }
}

}  // namespace
}  // namespace parley

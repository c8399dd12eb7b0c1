// What the readers do with files that are cut, flipped, or lie.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/capture_file.h"
#include "stack/base/random.h"
#include "tests/analyzer/capture_bytes.h"
#include "tests/support/files.h"

namespace parley::analyzer {
namespace {

using test::joined;
using test::OrderedWriter;
using test::pcap_header;
using test::pcap_record;
using test::read_bytes_of;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}
ByteBuffer packet_of(std::uint8_t value, std::size_t size = 60) {
  return ByteBuffer(size, static_cast<std::byte>(value));
}

TEST(PcapDamage, ATruncatedFileIsReadUpToItsLastWholePacket) {
  const ByteBuffer whole =
      joined({pcap_header(), pcap_record(packet_of(1), 1000), pcap_record(packet_of(2), 1001)});
  for (std::size_t size = 24; size < whole.size(); ++size) {
    const auto result = read_bytes_of(Bytes(whole).first(size));
    EXPECT_EQ(result.packets.size(), (size - 24) / 76) << size;
    if ((size - 24) % 76 == 0) {
      EXPECT_THAT(result.file->damage(), IsEmpty()) << size;
    } else {
      ASSERT_THAT(result.file->damage(), SizeIs(1)) << size;
      EXPECT_THAT(result.file->damage()[0].what, HasSubstr("the file ends inside a record"));
      EXPECT_EQ(result.file->damage()[0].offset, 24 + (size - 24) / 76 * 76);
    }
  }
}

TEST(PcapDamage, ReadingGoesOnBehindABrokenRecord) {
  ByteBuffer file = pcap_header();
  for (std::uint8_t i = 0; i < 10; ++i) {
    const ByteBuffer record = pcap_record(packet_of(i), 1000U + i);
    file.insert(file.end(), record.begin(), record.end());
  }
  // The captured length of the fourth record.
  file[24 + 3 * 76 + 11] = std::byte{0xff};
  const auto result = read_bytes_of(file);
  EXPECT_THAT(result.packets, SizeIs(9));
  ASSERT_THAT(result.file->damage(), SizeIs(1));
  EXPECT_EQ(result.file->damage()[0].offset, 24U + 3 * 76);
  EXPECT_EQ(result.file->damage()[0].packet, 3U);
  EXPECT_THAT(result.file->damage()[0].what, HasSubstr("went on 76 bytes further"));
  EXPECT_EQ(result.bytes[3].substr(0, 2), "04");
}

TEST(PcapDamage, AHoleOfZerosIsNoPacket) {
  const auto result =
      read_bytes_of(joined({pcap_header(), pcap_record(packet_of(1), 1000), ByteBuffer(5000),
                            pcap_record(packet_of(2), 1001), pcap_record(packet_of(3), 1002)}));
  EXPECT_THAT(result.packets, SizeIs(3));
  ASSERT_THAT(result.file->damage(), SizeIs(1));
  EXPECT_THAT(result.file->damage()[0].what, HasSubstr("zeros instead of a record header"));
}

TEST(PcapDamage, NothingPlausibleBehindEndsTheFile) {
  const auto result = read_bytes_of(
      joined({pcap_header(), pcap_record(packet_of(1), 1000), ByteBuffer(9000, std::byte{0xff})}));
  EXPECT_THAT(result.packets, SizeIs(1));
  ASSERT_THAT(result.file->damage(), SizeIs(1));
  EXPECT_THAT(result.file->damage()[0].what, HasSubstr("no packet was found behind it"));
}

TEST(PcapDamage, ASnapLengthThatLiesDoesNoHarm) {
  for (const std::uint32_t snap_length : {0U, 1U, 96U, 0x7fffffffU, 0xffffffffU}) {
    const auto result = read_bytes_of(
        joined({pcap_header({false, 0xa1b2c3d4, snap_length, 1}),
                pcap_record(packet_of(1, 1500), 1000), pcap_record(packet_of(2, 64), 1001)}));
    EXPECT_THAT(result.packets, SizeIs(2)) << snap_length;
    EXPECT_THAT(result.file->damage(), IsEmpty()) << snap_length;
  }
}

// A section with one interface and packets 0 to 9 of 64 bytes: blocks of 96 bytes.
constexpr std::size_t kFirstBlock = 28 + 20;
constexpr std::size_t kBlock = 96;
ByteBuffer ten_packets() {
  ByteBuffer file = joined({test::section_block(), test::interface_block()});
  EXPECT_EQ(file.size(), kFirstBlock);
  for (std::uint8_t i = 0; i < 10; ++i) {
    const ByteBuffer block = test::packet_block(packet_of(i, 64), 1000U + i);
    file.insert(file.end(), block.begin(), block.end());
  }
  return file;
}

TEST(PcapngDamage, ATruncatedFileIsReadUpToItsLastWholeBlock) {
  const ByteBuffer whole = ten_packets();
  for (std::size_t size = kFirstBlock; size < whole.size(); ++size) {
    const auto result = read_bytes_of(Bytes(whole).first(size));
    EXPECT_EQ(result.packets.size(), (size - kFirstBlock) / kBlock) << size;
    EXPECT_EQ(result.file->damage().size(), (size - kFirstBlock) % kBlock == 0 ? 0U : 1U) << size;
  }
}

TEST(PcapngDamage, EveryPrefixOfTheCorpusIsReadWithoutHarm) {
  for (const char* folder : {"fuzz/corpora/pcapng-le", "fuzz/corpora/pcapng-be"}) {
    for (const auto& path : test::files_in(test::source_path(folder))) {
      const ByteBuffer whole = test::read_bytes(path);
      const std::size_t packets = read_bytes_of(whole).packets.size();
      for (std::size_t size = 12; size < whole.size(); ++size)
        EXPECT_LE(read_bytes_of(Bytes(whole).first(size)).packets.size(), packets) << path;
    }
  }
}

TEST(PcapngDamage, ABrokenLengthCostsOneBlock) {
  for (const std::size_t length_at : {std::size_t{4}, std::size_t{5}, std::size_t{7}}) {
    ByteBuffer file = ten_packets();
    file[kFirstBlock + 3 * kBlock + length_at] ^= std::byte{0x44};
    const auto result = read_bytes_of(file);
    EXPECT_THAT(result.packets, SizeIs(9)) << length_at;
    ASSERT_THAT(result.file->damage(), SizeIs(1)) << length_at;
    EXPECT_EQ(result.file->damage()[0].offset, kFirstBlock + 3 * kBlock);
    EXPECT_EQ(result.file->damage()[0].packet, 3U);
    EXPECT_THAT(result.file->damage()[0].what, HasSubstr("went on 96 bytes further"));
    EXPECT_EQ(result.bytes[3].substr(0, 2), "04");
  }
}

TEST(PcapngDamage, ABrokenTrailingLengthCostsNothingWhenABlockFollows) {
  ByteBuffer file = ten_packets();
  file[kFirstBlock + 4 * kBlock - 2] ^= std::byte{0x44};
  const auto result = read_bytes_of(file);
  EXPECT_THAT(result.packets, SizeIs(10));
  ASSERT_THAT(result.file->damage(), SizeIs(1));
  EXPECT_EQ(result.file->damage()[0].what, "the lengths at both ends of a block differ");
}

TEST(PcapngDamage, BytesThatWereInsertedOrLostAreSteppedOver) {
  const ByteBuffer whole = ten_packets();
  const std::size_t at = kFirstBlock + 5 * kBlock;
  const ByteBuffer front = to_buffer(Bytes(whole).first(at));
  const ByteBuffer inserted =
      joined({front, hex("0102030405060708090a0b0c0d"), to_buffer(Bytes(whole).subspan(at))});
  auto result = read_bytes_of(inserted);
  EXPECT_THAT(result.packets, SizeIs(10));
  EXPECT_THAT(result.file->damage(), SizeIs(1));
  const ByteBuffer lost = joined({front, to_buffer(Bytes(whole).subspan(at + 7))});
  result = read_bytes_of(lost);
  EXPECT_THAT(result.packets, SizeIs(9));
  EXPECT_THAT(result.file->damage(), SizeIs(1));
}

TEST(PcapngDamage, PacketsThatLieAreCountedButNotGiven) {
  const OrderedWriter too_long =
      OrderedWriter(false).u32(0).u32(0).u32(1).u32(100).u32(100).bytes(packet_of(1, 8));
  const auto result = read_bytes_of(joined({
      test::section_block(),
      test::packet_block(packet_of(1), 1, 0),  // no interface was described
      test::interface_block(),
      test::packet_block(packet_of(2), 2, 7),
      test::block(6, too_long),
      test::packet_block(packet_of(3), 3, 0),
  }));
  ASSERT_THAT(result.packets, SizeIs(1));
  EXPECT_EQ(result.packets[0].number, 4U);
  EXPECT_EQ(result.file->packets(), 4U);
  ASSERT_THAT(result.file->damage(), SizeIs(3));
  EXPECT_EQ(result.file->damage()[0].what, "a packet of interface 0, but its section has 0");
  EXPECT_EQ(result.file->damage()[1].what, "a packet of interface 7, but its section has 1");
  EXPECT_EQ(result.file->damage()[2].what, "a packet of 100 captured bytes in a block of 8");
}

TEST(PcapngDamage, BlocksTooShortForTheirFieldsAreNamed) {
  const OrderedWriter empty(false);
  const auto result = read_bytes_of(joined(
      {test::section_block(), test::block(1, empty), test::block(6, empty), test::block(3, empty),
       test::block(10, empty), test::block(2, empty), test::block(0x12345678, empty)}));
  EXPECT_THAT(result.packets, IsEmpty());
  EXPECT_THAT(result.file->damage(), SizeIs(5));
  EXPECT_THAT(result.file->damage(),
              Each(testing::Field(&Damage::what, HasSubstr("too short for its fields"))));
}

TEST(PcapngDamage, OptionsThatOverrunDoNotHideThePacket) {
  const OrderedWriter body = OrderedWriter(false)
                                 .u32(0)
                                 .u32(0)
                                 .u32(1)
                                 .u32(4)
                                 .u32(4)
                                 .bytes(hex("45000000"))
                                 .u16(1)
                                 .u16(4000)
                                 .bytes(hex("61626364"));
  const auto result =
      read_bytes_of(joined({test::section_block(), test::interface_block(), test::block(6, body)}));
  ASSERT_THAT(result.packets, SizeIs(1));
  EXPECT_EQ(result.bytes[0], "45000000");
  EXPECT_EQ(result.comments[0], "");
  EXPECT_THAT(result.file->damage(), SizeIs(1));
}

TEST(PcapngDamage, OnlyAHundredPlacesAreListed) {
  ByteBuffer file = joined({test::section_block(), test::interface_block()});
  for (std::uint32_t i = 0; i < 500; ++i) {
    const ByteBuffer block = test::packet_block(packet_of(1), i, 9);
    file.insert(file.end(), block.begin(), block.end());
  }
  const auto result = read_bytes_of(file);
  EXPECT_THAT(result.file->damage(), SizeIs(CaptureFile::kMaxDamageListed));
  EXPECT_EQ(result.file->damage_count(), 500U);
}

TEST(PcapngDamage, InterfacesAreCapped) {
  ByteBuffer file = test::section_block();
  const ByteBuffer description = test::interface_block();
  for (std::size_t i = 0; i < CaptureFile::kMaxInterfaces + 10; ++i)
    file.insert(file.end(), description.begin(), description.end());
  const auto result = read_bytes_of(file);
  EXPECT_THAT(result.file->interfaces(), SizeIs(CaptureFile::kMaxInterfaces));
  EXPECT_EQ(result.file->damage_count(), 10U);
}

TEST(CaptureDamage, FlippedBytesNeverMakeMorePacketsThanBlocksNorLoseMany) {
  const ByteBuffer whole =
      test::read_bytes(test::source_path("captures/c08-fingerprint-mismatch/peerA.pcapng"));
  const std::size_t packets = read_bytes_of(whole).packets.size();
  ASSERT_EQ(packets, 55U);
  SeededRandom random(7, "flips");
  for (int run = 0; run < 300; ++run) {
    ByteBuffer bad = whole;
    const std::size_t at = 12 + random.below(bad.size() - 12);
    bad[at] ^= static_cast<std::byte>(1 + random.below(255));
    const auto result = read_bytes_of(bad);
    EXPECT_LE(result.packets.size(), packets) << at;
    const bool in_head = at < 400;  // an interface that is lost takes its packets along
    if (!in_head) {
      EXPECT_GE(result.packets.size(), packets - 1) << at;
    }
  }
}

}  // namespace
}  // namespace parley::analyzer

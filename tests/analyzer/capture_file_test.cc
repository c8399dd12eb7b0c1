#include "analyzer/capture_file.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "analyzer/frame.h"
#include "stack/wire/pcapng.h"
#include "tests/analyzer/capture_bytes.h"
#include "tests/support/files.h"

namespace parley::analyzer {
namespace {

using test::joined;
using test::OrderedWriter;
using test::pcap_header;
using test::pcap_record;
using test::read_all;
using test::read_bytes_of;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

std::string described(const RawPacket& packet, std::size_t captured) {
  const std::string time =
      packet.has_time ? std::to_string(packet.at.time_since_epoch().count()) : "-";
  return std::to_string(packet.number) + ":" + std::to_string(packet.interface) + " " + time + " " +
         std::to_string(captured) + "/" + std::to_string(packet.original_size);
}
std::string described(const test::ReadResult& result) {
  std::string text;
  for (std::size_t i = 0; i < result.packets.size(); ++i)
    text += (i == 0 ? "" : "; ") + described(result.packets[i], result.bytes[i].size() / 2);
  return text;
}

// Of each file: number:interface, time in nanoseconds, captured/original size, as tshark 4.0.17
// says with -T fields -e frame.number -e frame.interface_id -e frame.time_epoch -e frame.cap_len -e
// frame.len. tshark counts the interfaces of each section from 0; here those of later sections
// follow the earlier ones.
struct CorpusFile {
  const char* name;
  const char* packets;
};
// GoogleTest finds it by this name: NOLINTNEXTLINE(readability-identifier-naming)
void PrintTo(const CorpusFile& file, std::ostream* out) {
  *out << file.name;
}
constexpr std::array<CorpusFile, 24> kCorpus{{
    {"test001", "1:0 0 314/314; 2:0 0 342/342; 3:0 0 314/314; 4:0 0 342/342"},
    {"test002", ""},
    {"test003", ""},
    {"test004",
     "1:0 1340954905298858000 96/314; 2:1 1340954905299858000 128/342; 3:0 1340954905300858000 "
     "96/314; 4:1 1340954905301858000 128/342"},
    {"test005",
     "1:0 1340954905298858000 96/314; 2:1 1340954905299858000 128/342; 3:0 1340954905300858000 "
     "96/314; 4:1 1340954905301858000 128/342"},
    {"test006",
     "1:0 1340954905298858000 96/314; 2:1 1340954905299858000 168/168; 3:0 1340954905300858000 "
     "96/342; 4:0 1340954905301858000 96/314; 5:0 1340954905302858000 96/342"},
    {"test007", "1:0 1340954905298858000 96/314"},
    {"test008",
     "1:0 1340954905298858 96/314; 2:1 1340954905299858 128/342; 3:0 1340954905300858 96/314; 4:1 "
     "1340954905301858 128/342"},
    {"test009", "1:0 1340954905298858000 314/314; 2:0 1340954905299858000 342/342"},
    {"test010", "1:0 - 314/314; 2:0 - 342/342; 3:0 - 314/314; 4:0 - 342/342"},
    {"test011",
     "1:0 - 314/314; 2:0 1340954905298858000 342/342; 3:0 - 314/314; 4:0 1340954905300858000 "
     "342/342"},
    {"test012", "1:0 - 314/314; 2:0 - 315/342; 3:0 0 314/314; 4:0 0 315/342"},
    {"test013", ""},
    {"test014", ""},
    {"test015", ""},
    {"test016",
     "1:0 - 314/314; 2:0 1340954905298858000 342/342; 3:0 - 314/314; 4:0 1340954905300858000 "
     "342/342"},
    {"test017", ""},
    {"test018",
     "2:0 - 314/314; 3:0 1340954905298858000 342/342; 5:0 - 314/314; 7:0 1340954905300858000 "
     "342/342"},
    {"test100",
     "1:0 - 314/314; 2:0 1340954905298858000 342/342; 3:0 - 314/314; 4:0 1340954905300858000 "
     "342/342; 5:1 1340954905301858000 168/168"},
    {"test101",
     "1:0 1340954905298858000 96/314; 2:2 1340954905298858000 128/342; 3:0 - 96/314; 4:1 "
     "1340954905301858000 168/168"},
    {"test102",
     "2:0 1340954905298858000 96/314; 4:2 1340954905298858000 342/342; 5:0 - 96/314; 6:0 "
     "1340954905300858000 96/342; 7:1 1340954905301858000 168/168"},
    {"test200", ""},
    {"test201",
     "1:0 1340954905298858000 96/314; 2:2 1340954905298858000 128/342; 3:2 - 128/314; "
     "4:4 1340954905301858000 168/168"},
    {"test202",
     "2:0 1340954905298858000 96/314; 3:0 1340954905298858000 96/342; 4:1 1340954905301858000 "
     "168/168; 5:2 - 128/314; 6:2 1340954905298858000 128/342; 8:2 - 128/314; 9:2 "
     "1340954905298858000 128/342; 11:4 1340954905301858000 168/168"},
}};

class PcapngCorpus : public testing::TestWithParam<CorpusFile> {};

TEST_P(PcapngCorpus, SaysWhatTsharkSaysInBothByteOrders) {
  for (const std::string order : {"le", "be"}) {
    const auto path =
        test::source_path("fuzz/corpora/pcapng-" + order + "/" + GetParam().name + ".pcapng");
    if (order == "be" && !std::filesystem::exists(path))
      continue;  // the difficult ones are there in little endian only
    const auto result = read_all(CaptureFile::open(path.string()));
    EXPECT_EQ(described(result), GetParam().packets) << path;
    EXPECT_THAT(result.file->damage(), IsEmpty()) << path;
    EXPECT_EQ(result.file->format(), CaptureFormat::Pcapng);
    EXPECT_EQ(result.file->packets(), result.packets.size());
    EXPECT_EQ(result.file->bytes_read(), std::filesystem::file_size(path));
  }
}

INSTANTIATE_TEST_SUITE_P(Files, PcapngCorpus, testing::ValuesIn(kCorpus),
                         [](const auto& file) { return std::string(file.param.name); });

TEST(CaptureFile, ZeekCapturesHaveTheirPackets) {
  const std::array<std::pair<const char*, std::uint64_t>, 6> expected{{
      {"dtls-sequence-number-jumps.pcap", 4},
      {"dtls1_0.pcap", 11},
      {"dtls1_2.pcap", 16},
      {"pcapng-multi-interface.pcapng", 6},
      {"sctp.pcap", 74},
      {"webrtc-stun.pcap", 14},
  }};
  for (const auto& [name, count] : expected) {
    const auto path = test::source_path(std::string("fuzz/corpora/zeek/") + name);
    const auto result = read_all(CaptureFile::open(path.string()));
    EXPECT_EQ(result.packets.size(), count) << name;
    EXPECT_THAT(result.file->damage(), IsEmpty()) << name;
  }
}

TEST(CaptureFile, PcapInBothByteOrdersAndResolutions) {
  for (const bool big : {false, true}) {
    for (const std::uint32_t magic : {0xa1b2c3d4U, 0xa1b23c4dU}) {
      const ByteBuffer bytes =
          joined({pcap_header({big, magic, 96, 101}), pcap_record(hex("4500aa"), 7, 123456, big),
                  pcap_record(hex("60"), 8, 999999, big)});
      const auto result = read_bytes_of(bytes);
      const std::int64_t scale = magic == 0xa1b2c3d4U ? 1000 : 1;
      ASSERT_EQ(result.packets.size(), 2U);
      EXPECT_THAT(result.bytes, ElementsAre("4500aa", "60"));
      EXPECT_EQ(result.packets[0].at.time_since_epoch().count(), 7'000'000'000 + 123456 * scale);
      EXPECT_EQ(result.packets[1].number, 2U);
      EXPECT_EQ(result.packets[1].link_type, 101);
      EXPECT_EQ(result.file->interfaces().at(0).snap_length, 96U);
      EXPECT_EQ(result.file->format(), CaptureFormat::Pcap);
      EXPECT_THAT(result.file->damage(), IsEmpty());
    }
  }
}

TEST(CaptureFile, PcapRecordsOfKuznetzovsLibpcapHaveEightBytesMore) {
  const ByteBuffer record = OrderedWriter(false)
                                .u32(5)
                                .u32(6)
                                .u32(2)
                                .u32(60)
                                .u32(1)
                                .u16(0x0800)
                                .u16(0)
                                .bytes(hex("abcd"))
                                .done();
  const auto result =
      read_bytes_of(joined({pcap_header({false, 0xa1b2cd34, 65535, 1}), record, record}));
  EXPECT_EQ(described(result), "1:0 5000006000 2/60; 2:0 5000006000 2/60");
}

TEST(CaptureFile, WhatTheWriterWritesTheReaderReads) {
  ByteBuffer bytes;
  pcapng::Writer writer(bytes, {"a comment", "", "", "parley"});
  const auto alice = writer.interface({"alice", "laptop", pcapng::kLinkRaw, 0});
  const auto nat = writer.interface({"home-a.outside", "", pcapng::kLinkEthernet, 1500});
  const ByteBuffer one = hex("450000");
  const ByteBuffer two = hex("60000000ff");
  writer.packet({alice, Instant(Duration(1'700'000'000'000'000'001)), one, 0, "dropped by bob"});
  writer.tls_key_log("CLIENT_RANDOM aa bb\n");
  writer.packet({nat, Instant(Duration(1'700'000'000'000'000'002)), two, 1400, ""});
  writer.statistics(nat, Instant(Duration(3)), 2, 0);
  const auto result = read_bytes_of(bytes);
  EXPECT_EQ(described(result), "1:0 1700000000000000001 3/3; 2:1 1700000000000000002 5/1400");
  EXPECT_THAT(result.bytes, ElementsAre("450000", "60000000ff"));
  EXPECT_THAT(result.comments, ElementsAre("dropped by bob", ""));
  ASSERT_EQ(result.file->interfaces().size(), 2U);
  EXPECT_EQ(result.file->interfaces()[0].name, "alice");
  EXPECT_EQ(result.file->interfaces()[0].description, "laptop");
  EXPECT_EQ(result.file->interfaces()[1].name, "home-a.outside");
  EXPECT_EQ(result.file->interfaces()[1].link_type, pcapng::kLinkEthernet);
  ASSERT_EQ(result.file->secrets().size(), 1U);
  EXPECT_EQ(result.file->secrets()[0].type, CaptureSecrets::kTlsKeyLog);
  EXPECT_EQ(result.file->secrets()[0].before_packet, 2U);
  EXPECT_EQ(result.file->secrets()[0].data, "CLIENT_RANDOM aa bb\n");
  EXPECT_THAT(result.file->damage(), IsEmpty());
}

TEST(CaptureFile, InterfacesOfALaterSectionFollowAndTheByteOrderMayChange) {
  const auto result = read_bytes_of(joined({
      test::section_block(),
      test::interface_block(101),
      test::interface_block(1),
      test::packet_block(hex("01"), 1, 1),
      test::section_block(true),
      test::interface_block(113, true),
      test::packet_block(hex("02"), 2, 0, true),
  }));
  EXPECT_EQ(described(result), "1:1 1000 1/1; 2:2 2000 1/1");
  EXPECT_EQ(result.packets[1].link_type, 113);
  EXPECT_THAT(result.file->damage(), IsEmpty());
}

class TemporaryFile {
 public:
  explicit TemporaryFile(Bytes bytes)
      : path_((std::filesystem::path(testing::TempDir()) /
               testing::UnitTest::GetInstance()->current_test_info()->name())
                  .string()) {
    std::FILE* file = std::fopen(path_.c_str(), "wb");
    EXPECT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
    std::fclose(file);
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

ByteBuffer gzip(Bytes bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  ByteBuffer in = to_buffer(bytes);
  ByteBuffer out(deflateBound(&stream, in.size()));
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
ByteBuffer zstd(Bytes bytes) {
  ByteBuffer out(ZSTD_compressBound(bytes.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}
// Larger than the reader's buffer, so that packets stand across its edge.
ByteBuffer large_capture(std::uint32_t packets) {
  ByteBuffer bytes = pcap_header();
  for (std::uint32_t i = 0; i < packets; ++i) {
    const ByteBuffer packet(1 + i % 1500, static_cast<std::byte>(i));
    const ByteBuffer record = pcap_record(packet, 1000 + i, i % 1'000'000);
    bytes.insert(bytes.end(), record.begin(), record.end());
  }
  return bytes;
}

TEST(CaptureFile, PackedFilesReadLikePlainOnes) {
  const ByteBuffer plain = large_capture(3000);
  const TemporaryFile file(plain);
  const auto expected = read_all(CaptureFile::open(file.path()));
  ASSERT_EQ(expected.packets.size(), 3000U);
  EXPECT_EQ(expected.file->packed_by(), "");
  const Bytes half = Bytes(plain).first(100'000);
  const Bytes rest = Bytes(plain).subspan(100'000);
  const std::array<std::pair<ByteBuffer, std::string>, 4> packed{{
      {gzip(plain), "gzip"},
      {zstd(plain), "zstd"},
      {joined({gzip(half), gzip(rest)}), "gzip"},
      {joined({zstd(half), zstd(rest)}), "zstd"},
  }};
  for (const auto& [bytes, name] : packed) {
    const TemporaryFile packed_file(bytes);
    const auto result = read_all(CaptureFile::open(packed_file.path()));
    EXPECT_EQ(described(result), described(expected));
    EXPECT_EQ(result.bytes, expected.bytes);
    EXPECT_EQ(result.file->packed_by(), name);
    EXPECT_EQ(result.file->bytes_read(), plain.size());
    EXPECT_THAT(result.file->damage(), IsEmpty());
  }
}

TEST(CaptureFile, APackedFileThatEndsEarlyIsReadUpToThere) {
  const ByteBuffer plain = large_capture(3000);
  for (const ByteBuffer& packed : {gzip(plain), zstd(plain)}) {
    const auto result = read_bytes_of(Bytes(packed).first(packed.size() / 2));
    EXPECT_GT(result.packets.size(), 100U);
    EXPECT_LT(result.packets.size(), 3000U);
    ASSERT_FALSE(result.file->damage().empty());
    EXPECT_THAT(result.file->damage()[0].what, HasSubstr("stream ends before its end"));
    EXPECT_EQ(result.file->damage()[0].packet, result.packets.size());
  }
}

TEST(CaptureFile, ADamagedPackedFileIsReadUpToTheDamage) {
  const ByteBuffer plain = large_capture(3000);
  for (ByteBuffer packed : {gzip(plain), zstd(plain)}) {
    for (std::size_t i = packed.size() / 2; i < packed.size() / 2 + 64; ++i)
      packed[i] = std::byte{0xff};
    const auto result = read_bytes_of(packed);
    EXPECT_LT(result.packets.size(), 3000U);
    EXPECT_THAT(result.file->damage(),
                Contains(testing::Field(&Damage::what, HasSubstr("stream is damaged"))));
  }
}

CaptureError::Kind refused_kind(Bytes bytes, const std::string& reason) {
  try {
    CaptureFile::from_memory(bytes, "x.pcap");
  } catch (const CaptureError& error) {
    EXPECT_THAT(error.what(), HasSubstr("x.pcap: byte "));
    EXPECT_THAT(error.what(), HasSubstr(reason));
    return error.kind();
  }
  ADD_FAILURE() << "was not refused";
  return CaptureError::Kind::System;
}

TEST(CaptureFile, WhatIsNoCaptureIsRefusedWithWhatWasExpected) {
  const ByteBuffer elf = hex("7f454c460201010000000000");
  EXPECT_EQ(refused_kind(elf, "begins with 7f454c46; expected a pcap or pcapng capture"),
            CaptureError::Kind::NotCapture);
  EXPECT_EQ(refused_kind({}, "the file is empty; expected"), CaptureError::Kind::NotCapture);
  EXPECT_EQ(refused_kind(gzip(elf), "begins with 7f454c46"), CaptureError::Kind::NotCapture);
  EXPECT_EQ(
      refused_kind(Bytes(gzip(large_capture(3))).first(12), "gzip stream ends before its end"),
      CaptureError::Kind::NotCapture);
  EXPECT_EQ(refused_kind(Bytes(pcap_header()).first(23), "ends inside the 24-byte pcap header"),
            CaptureError::Kind::NotCapture);
  EXPECT_EQ(refused_kind(hex("0a0d0d0a1c0000004d3c2b1b0000"), "expected 1a2b3c4d"),
            CaptureError::Kind::NotCapture);
  EXPECT_EQ(refused_kind(hex("0a0d0d0a1c00"), "ends inside its pcapng section header"),
            CaptureError::Kind::NotCapture);
}

TEST(CaptureFile, WhatTheSystemRefusesIsASystemError) {
  for (const std::string& path : {std::string("/does/not/exist.pcap"), testing::TempDir()}) {
    try {
      CaptureFile::open(path);
      ADD_FAILURE() << path << " was opened";
    } catch (const CaptureError& error) {
      EXPECT_EQ(error.kind(), CaptureError::Kind::System);
      EXPECT_THAT(error.what(), HasSubstr(path + ": "));
    }
  }
}

// The samples, as capinfos 4.0.17 counts them, and how many of their frames are not IP by tshark.
TEST(CaptureFile, TheSamplesAreReadWhole) {
  struct Sample {
    const char* name;
    std::uint64_t packets, not_ip;
  };
  const std::array<Sample, 8> expected{{
      {"c01-lan-av-data/peerA.pcapng", 1656, 28},
      {"c02-two-cone-stun/natA-wan.pcapng", 774, 9},
      {"c03-two-symmetric-turn/turn.pcapng", 2301, 12},
      {"c07-firefox-av-keylog-loss/peerB-decrypted-rtp.pcap", 1485, 0},
      {"c07-firefox-av-keylog-loss/peerA.pcapng", 2006, 36},
      {"c13-udp-blocked-turn-tcp/turn.pcapng", 1688, 4},
      {"c18-janus-echotest/sfu.pcapng", 1636, 3},
      {"c19-janus-ice-lite/peerA.pcapng", 1446, 2},
  }};
  for (const Sample& sample : expected) {
    const auto path = test::source_path(std::string("captures/") + sample.name);
    const auto file = CaptureFile::open(path.string());
    FrameDecoder decoder;
    RawPacket raw;
    Packet packet;
    std::map<FrameVerdict, std::uint64_t> verdicts;
    while (file->next(raw))
      ++verdicts[decoder.decode(raw, {0, raw.number}, raw.interface, packet)];
    EXPECT_EQ(file->packets(), sample.packets) << sample.name;
    EXPECT_EQ(verdicts[FrameVerdict::NotIp], sample.not_ip) << sample.name;
    EXPECT_EQ(verdicts[FrameVerdict::Decoded], sample.packets - sample.not_ip) << sample.name;
    EXPECT_THAT(file->damage(), IsEmpty()) << sample.name;
  }
}

}  // namespace
}  // namespace parley::analyzer

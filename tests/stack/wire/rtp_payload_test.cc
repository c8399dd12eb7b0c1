#include <map>

#include <gtest/gtest.h>

#include "stack/base/random.h"
#include "stack/wire/rtp.h"
#include "stack/wire/rtp_payload_av1.h"
#include "stack/wire/rtp_payload_h264.h"
#include "stack/wire/rtp_payload_opus.h"
#include "stack/wire/rtp_payload_repair.h"
#include "stack/wire/rtp_payload_vp8.h"
#include "stack/wire/rtp_payload_vp9.h"
#include "tests/support/files.h"

namespace parley::rtp {
namespace {

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

// RFC 7741 section 4.6: the examples' descriptors.
TEST(Vp8Payload, ReadsTheDescriptorsOfRfc7741) {
  const ByteBuffer key =
      hex("90 80 11"
          "300000 9d012a 4001 f000");
  const auto first = Vp8Payload::decode(key);
  ASSERT_TRUE(first.has_value()) << to_string(first.error());
  EXPECT_TRUE(first->starts_frame());
  EXPECT_EQ(first->picture_id, 0x11);
  ASSERT_TRUE(first->key_frame.has_value());
  EXPECT_EQ(first->key_frame->width, 320);
  EXPECT_EQ(first->key_frame->height, 240);
  EXPECT_EQ(first->data_offset, 3U);

  const ByteBuffer all =
      hex("b0 f0 9234 17 b3"
          "ff");
  const auto second = Vp8Payload::decode(all);
  ASSERT_TRUE(second.has_value());
  EXPECT_TRUE(second->non_reference);
  EXPECT_EQ(second->picture_id, 0x1234);
  EXPECT_TRUE(second->long_picture_id);
  EXPECT_EQ(second->tl0_picture_index, 0x17);
  EXPECT_EQ(second->temporal_layer, 2);
  EXPECT_TRUE(second->layer_sync);
  EXPECT_EQ(second->key_index, 0x13);
  EXPECT_FALSE(second->key_frame.has_value());  // an inter frame

  const ByteBuffer later_partition = hex("02 55");
  const auto third = Vp8Payload::decode(later_partition);
  ASSERT_TRUE(third.has_value());
  EXPECT_FALSE(third->starts_frame());
  EXPECT_EQ(third->partition, 2);
}

TEST(Vp8Payload, RefusesAKeyFrameWithoutItsStartCode) {
  const auto payload = Vp8Payload::decode(hex("10 300000 9d012b 4001 f000"), 12);
  ASSERT_FALSE(payload.has_value());
  EXPECT_EQ(to_string(payload.error()), "bad magic at byte 16: VP8 start code");
}

TEST(Vp9Payload, ReadsAKeyFrameWithItsScalabilityStructure) {
  // I, L, B, V; picture id of 15 bits; layer 0/0; TL0PICIDX; two layers with sizes, a group of two.
  const ByteBuffer bytes =
      hex("aa 8123 00 07 38 0140 00b4 0280 0168 02 04 01 24 01"
          "a5a5");
  const auto payload = Vp9Payload::decode(bytes);
  ASSERT_TRUE(payload.has_value()) << to_string(payload.error());
  EXPECT_TRUE(payload->starts_key_frame());
  EXPECT_EQ(payload->picture_id, 0x123);
  EXPECT_EQ(payload->tl0_picture_index, 7);
  ASSERT_EQ(payload->resolutions.size(), 2U);
  EXPECT_EQ(payload->resolutions[0].width, 320);
  EXPECT_EQ(payload->resolutions[1].height, 360);
  EXPECT_EQ(to_hex(payload->data), "a5a5");
}

TEST(Vp9Payload, ReadsTheReferencesOfFlexibleMode) {
  const auto payload =
      Vp9Payload::decode(hex("f4 05 b3 03 05 06"
                             "77"));
  ASSERT_TRUE(payload.has_value()) << to_string(payload.error());
  EXPECT_TRUE(payload->flexible && payload->inter_predicted && payload->frame_end);
  EXPECT_EQ(payload->layer->temporal, 5);
  EXPECT_TRUE(payload->layer->switching_up && payload->layer->inter_layer);
  EXPECT_EQ(payload->layer->spatial, 1);
  EXPECT_EQ(payload->reference_differences, (std::vector<std::uint8_t>{1, 2, 3}));
  EXPECT_FALSE(payload->starts_key_frame());
  EXPECT_EQ(to_string(Vp9Payload::decode(hex("50 03 05 07 06 77")).error()),
            "bad value at byte 4: VP9 reference index");
}

TEST(H264Payload, ReadsTheUnitsOfAnAggregate) {
  const ByteBuffer bytes = hex("78 0003 674200 0002 68ce");
  const auto payload = H264Payload::decode(bytes, 12);
  ASSERT_TRUE(payload.has_value());
  EXPECT_EQ(payload->packetization, H264Packetization::StapA);
  ASSERT_EQ(payload->units.size(), 2U);
  EXPECT_EQ(payload->units[0].type(), kH264SequenceParameters);
  EXPECT_EQ(payload->units[0].offset, 16U);
  EXPECT_EQ(to_hex(payload->units[1].body), "ce");
  EXPECT_TRUE(payload->starts_key_frame());
}

TEST(H264Payload, GivesAFragmentTheHeaderOfItsUnit) {
  const ByteBuffer start = hex("7c 85 8884");
  const auto first = H264Payload::decode(start);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->units[0].header, 0x65);
  EXPECT_TRUE(first->units[0].start && !first->units[0].end && first->starts_key_frame());
  const ByteBuffer end = hex("7c 45 01");
  const auto last = H264Payload::decode(end);
  ASSERT_TRUE(last.has_value());
  EXPECT_TRUE(!last->units[0].start && last->units[0].end && !last->starts_key_frame());
  EXPECT_EQ(to_string(H264Payload::decode(hex("7c c5 01")).error()),
            "bad value at byte 1: FU header");
  EXPECT_EQ(H264Payload::decode(hex("79 0000")).error().fault, WireFault::Unsupported);
}

// Payloads that another implementation sends.
TEST(H264Payload, ReadsThePayloadsOfAiortc) {
  struct Expected {
    const char* file;
    H264Packetization packetization;
    std::size_t units;
    bool start;
  };
  for (const Expected& e : {Expected{"h264_0000.bin", H264Packetization::StapA, 2, true},
                            Expected{"h264_0001.bin", H264Packetization::FuA, 1, true},
                            Expected{"h264_0002.bin", H264Packetization::FuA, 1, false},
                            Expected{"h264_0003.bin", H264Packetization::SingleNalUnit, 1, true}}) {
    const ByteBuffer bytes =
        test::read_bytes(test::source_path(std::string("fuzz/corpora/aiortc/") + e.file));
    const auto payload = H264Payload::decode(bytes);
    ASSERT_TRUE(payload.has_value()) << e.file;
    EXPECT_EQ(payload->packetization, e.packetization) << e.file;
    EXPECT_EQ(payload->units.size(), e.units) << e.file;
    EXPECT_EQ(payload->units[0].start, e.start) << e.file;
  }
}

TEST(Av1Payload, ReadsElementsWithAndWithoutACount) {
  // W = 2: a sequence header with its length, then a frame to the end, which goes on.
  const ByteBuffer counted =
      hex("68 03 0a0b0c"
          "320102");
  const auto payload = Av1Payload::decode(counted);
  ASSERT_TRUE(payload.has_value()) << to_string(payload.error());
  EXPECT_TRUE(payload->new_sequence);
  ASSERT_EQ(payload->elements.size(), 2U);
  EXPECT_EQ(payload->elements[0].type, kAv1SequenceHeader);
  EXPECT_TRUE(payload->elements[0].has_size);
  EXPECT_EQ(payload->elements[1].type, 6);
  EXPECT_TRUE(payload->elements[1].start && !payload->elements[1].end);
  EXPECT_EQ(to_hex(payload->elements[1].bytes), "320102");
  // W = 0: every element has its length; the first is the rest of an OBU.
  const ByteBuffer sized = hex("80 02 ffff 03 343801");
  const auto rest = Av1Payload::decode(sized);
  ASSERT_TRUE(rest.has_value()) << to_string(rest.error());
  ASSERT_EQ(rest->elements.size(), 2U);
  EXPECT_FALSE(rest->elements[0].start);
  EXPECT_FALSE(rest->elements[0].type.has_value());
  EXPECT_EQ(rest->elements[1].temporal_id, 1);
  EXPECT_EQ(rest->elements[1].spatial_id, 3);
}

TEST(Av1Payload, RefusesWhatDoesNotFit) {
  EXPECT_EQ(to_string(Av1Payload::decode(hex("00 05 0a0b")).error()),
            "truncated at byte 2: OBU element");
  EXPECT_EQ(to_string(Av1Payload::decode(hex("30 01 0a")).error()),
            "truncated at byte 3: OBU element");
  EXPECT_EQ(to_string(Av1Payload::decode(hex("88 01 0a")).error()),
            "bad value at byte 0: AV1 aggregation header");
  EXPECT_EQ(to_string(Av1Payload::decode(hex("00 ffffff01 0a")).error()),
            "bad value at byte 1: OBU element length");
}

// RFC 6716 table 2 and section 3.2.
TEST(OpusPayload, TellsHowLongAPacketPlays) {
  struct Case {
    const char* bytes;
    OpusMode mode;
    std::uint8_t frames;
    std::uint32_t samples;
  };
  for (const Case& c : {Case{"78 0102", OpusMode::Hybrid, 1, 960},       // config 15: 20 ms
                        Case{"fc 01", OpusMode::Celt, 1, 960},           // config 31, stereo
                        Case{"09 0102", OpusMode::Silk, 2, 1920},        // config 1, two equal
                        Case{"1a 01 aa bbcc", OpusMode::Silk, 2, 5760},  // config 3, two
                        Case{"83 43 02 aabbcc 0000", OpusMode::Celt, 3, 360}}) {
    const auto payload = OpusPayload::decode(hex(c.bytes));
    ASSERT_TRUE(payload.has_value()) << c.bytes << " " << to_string(payload.error());
    EXPECT_EQ(payload->mode, c.mode) << c.bytes;
    EXPECT_EQ(payload->frames, c.frames) << c.bytes;
    EXPECT_EQ(payload->samples, c.samples) << c.bytes;
  }
}

TEST(OpusPayload, RefusesPacketsThatRfc6716Forbids) {
  for (const char* bytes :
       {"", "79 010203", "1a 05 aa", "83 00", "83 31", "1b 03 00", "83 43 09 aabb", "83 02 aabbcc"})
    EXPECT_FALSE(OpusPayload::decode(hex(bytes)).has_value()) << bytes;
  ByteBuffer long_frame(1277);
  EXPECT_EQ(to_string(OpusPayload::decode(long_frame).error()), "bad length at byte 1: Opus frame");
}

// RFC 2198 section 5: one redundant block of 14 bits of offset and 10 of length, then the primary.
TEST(RedPayload, ReadsRedundantBlocksAndThePrimary) {
  const ByteBuffer bytes = hex("ef 0f0002 6f aabb ccdd");
  const auto payload = RedPayload::decode(bytes, 12);
  ASSERT_TRUE(payload.has_value());
  ASSERT_EQ(payload->blocks.size(), 2U);
  EXPECT_EQ(payload->blocks[0].payload_type, 111);
  EXPECT_EQ(payload->blocks[0].timestamp_offset, 960);
  EXPECT_EQ(to_hex(payload->blocks[0].data), "aabb");
  EXPECT_EQ(to_hex(payload->blocks[1].data), "ccdd");
  EXPECT_EQ(payload->blocks[1].offset, 19U);
  EXPECT_EQ(to_string(RedPayload::decode(hex("ef 0f0003 6f aabb")).error()),
            "truncated at byte 5: RED block");
}

TEST(RtxPayload, RestoresTheOriginalSequenceNumber) {
  const ByteBuffer bytes = hex("fffe 0102");
  const auto payload = RtxPayload::decode(bytes);
  ASSERT_TRUE(payload.has_value());
  EXPECT_EQ(payload->original_sequence, 0xfffe);
  EXPECT_EQ(to_hex(payload->data), "0102");
  EXPECT_FALSE(RtxPayload::decode(hex("ff")).has_value());
}

// RTP of a real call in clear: peerB-decrypted-rtp.pcap, raw IPv4.
std::vector<ByteBuffer> clear_rtp_of(const std::string& capture) {
  const ByteBuffer file =
      test::read_bytes(test::source_path("captures/" + capture + "/peerB-decrypted-rtp.pcap"));
  constexpr std::size_t kFileHeader = 24;
  constexpr std::size_t kRecordHeader = 16;
  constexpr std::size_t kIpAndUdp = 28;
  std::vector<ByteBuffer> packets;
  for (std::size_t at = kFileHeader; at + kRecordHeader <= file.size();) {
    const auto size = std::to_integer<std::size_t>(file[at + 8]) |
                      std::to_integer<std::size_t>(file[at + 9]) << 8U;
    at += kRecordHeader;
    packets.push_back(to_buffer(Bytes(file).subspan(at + kIpAndUdp, size - kIpAndUdp)));
    at += size;
  }
  return packets;
}

// Payload types as captures/c07-firefox-av-keylog-loss/signaling.json gives them. Video comes in
// RED.
TEST(Payloads, OfARealCallAreReadToTheLastPacket) {
  std::map<std::string, std::size_t> seen;
  for (const ByteBuffer& packet : clear_rtp_of("c07-firefox-av-keylog-loss")) {
    const auto view = PacketView::decode(packet);
    ASSERT_TRUE(view.has_value());
    const Bytes payload = view->payload.first(view->payload.size() - *view->padding_size());
    if (payload.empty()) {
      ++seen["padding only"];
      continue;
    }
    if (view->payload_type == 111) {
      const auto opus = OpusPayload::decode(payload);
      ASSERT_TRUE(opus.has_value()) << to_string(opus.error());
      EXPECT_EQ(opus->samples, 960U);
      ++seen["opus"];
    } else if (view->payload_type == 118) {
      const auto red = RedPayload::decode(payload);
      ASSERT_TRUE(red.has_value());
      const RedBlock& primary = red->blocks.back();
      if (primary.payload_type != 96) {
        ++seen["fec"];
        continue;
      }
      const auto vp8 = Vp8Payload::decode(primary.data);
      ASSERT_TRUE(vp8.has_value()) << to_string(vp8.error());
      ++seen[vp8->key_frame ? "vp8 key frame" : "vp8"];
      if (vp8->key_frame) {
        EXPECT_GT(vp8->key_frame->width, 0);
      }
    } else {
      const auto rtx = RtxPayload::decode(payload);
      ASSERT_TRUE(rtx.has_value());
      ++seen["rtx"];
    }
  }
  EXPECT_EQ(seen["opus"], 442U + 463U);
  EXPECT_GE(seen["vp8 key frame"], 2U);
  EXPECT_GT(seen["vp8"], 300U);
  EXPECT_GT(seen["rtx"], 0U);
}

template <class T>
void require_inside(Bytes bytes, const T& decode) {
  for (std::size_t size = 0; size <= bytes.size(); ++size)
    decode(bytes.first(size));
}

// Random octets and every prefix of them: sanitizers see what is read outside.
TEST(Payloads, OfAnyOctetsAreReadOrRefused) {
  SeededRandom random(1, "payloads");
  std::size_t read = 0;
  for (int i = 0; i < 3000; ++i) {
    ByteBuffer bytes(random.below(40));
    random.fill(bytes);
    require_inside(bytes, [&read](Bytes b) {
      read += Vp8Payload::decode(b).has_value() ? 1U : 0U;
      read += Vp9Payload::decode(b).has_value() ? 1U : 0U;
      read += H264Payload::decode(b).has_value() ? 1U : 0U;
      read += Av1Payload::decode(b).has_value() ? 1U : 0U;
      read += OpusPayload::decode(b).has_value() ? 1U : 0U;
      read += RedPayload::decode(b).has_value() ? 1U : 0U;
    });
  }
  EXPECT_GT(read, 1000U);
}

}  // namespace
}  // namespace parley::rtp

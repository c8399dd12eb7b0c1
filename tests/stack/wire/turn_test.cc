#include "stack/wire/turn.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "stack/wire/stun.h"
#include "tests/support/files.h"

namespace parley::turn {
namespace {

using nlohmann::json;

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

TEST(ChannelData, ExamplesOfTheVectorsDecode) {
  const json examples = json::parse(
      test::read_text(test::source_path("tests/vectors/turn.json")))["channeldata"]["examples"];
  ASSERT_EQ(examples.size(), 2U);
  for (const json& example : examples) {
    const ByteBuffer bytes = hex(example["hex"].get<std::string>());
    const auto view = ChannelDataView::decode(bytes);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->channel, std::stoul(example["channel"].get<std::string>(), nullptr, 16));
    EXPECT_EQ(as_text(view->data), example["data"].get<std::string>());
    EXPECT_EQ(view->padding, bytes.size() - 7);
  }
}

TEST(ChannelData, OfACutMessageTheDataBeforeTheCutIsRead) {
  ByteBuffer out;
  append_channel_data(out, 0x4001, ByteBuffer(9, std::byte{0x5a}), true);
  const auto view = ChannelDataView::decode_cut(Bytes(out).first(10), out.size());
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->length, 9);
  EXPECT_EQ(view->data.size(), 6U);
  EXPECT_EQ(view->padding, 3U);
  EXPECT_FALSE(ChannelDataView::decode_cut(Bytes(out).first(10), 12).has_value());
  EXPECT_FALSE(ChannelDataView::decode_cut(Bytes(out).first(3), out.size()).has_value());
}

TEST(ChannelData, ComesBackWithAndWithoutPadding) {
  for (std::size_t size = 0; size < 9; ++size) {
    const ByteBuffer data(size, std::byte{0x5a});
    for (const bool pad : {false, true}) {
      ByteBuffer out = hex("ff");
      append_channel_data(out, 0x4fff, data, pad);
      const auto view = ChannelDataView::decode(Bytes(out).subspan(1));
      ASSERT_TRUE(view.has_value());
      EXPECT_EQ(view->channel, 0x4fff);
      EXPECT_EQ(view->length, size);
      EXPECT_EQ(to_hex(view->data), to_hex(data));
      EXPECT_EQ(view->padding, pad ? (4 - size % 4) % 4 : 0);
    }
  }
}

TEST(ChannelData, EveryPrefixIsTruncated) {
  const ByteBuffer bytes = hex("400000086162636465666768");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto view = ChannelDataView::decode(Bytes(bytes).first(size), 50);
    ASSERT_FALSE(view.has_value()) << size;
    EXPECT_EQ(view.error().fault, WireFault::Truncated);
  }
}

TEST(ChannelData, NumbersOutsideTheRangeAreRefused) {
  for (const std::string_view text : {"3fff0000", "7fff0000", "80000000", "00010000"}) {
    const ByteBuffer bytes = hex(text);
    const auto view = ChannelDataView::decode(bytes, 8);
    ASSERT_FALSE(view.has_value()) << text;
    EXPECT_EQ(view.error().fault, WireFault::BadValue);
    EXPECT_EQ(view.error().offset, 8U);
  }
  // RFC 5766 allowed up to 0x7ffe.
  EXPECT_TRUE(ChannelDataView::decode(hex("7ffe0000")).has_value());
}

TEST(StreamFrame, CutsAMixedStreamAtEveryChunkSize) {
  const stun::TransactionId id{};
  ByteBuffer stream;
  stun::MessageBuilder(stream, stun::Class::Request, stun::Method::Allocate, id)
      .u32(stun::Attribute::Lifetime, 600)
      .finish();
  append_channel_data(stream, 0x4000, as_bytes("abc"), true);
  append_channel_data(stream, 0x4001, as_bytes(""), true);
  stun::MessageBuilder(stream, stun::Class::Indication, stun::Method::Binding, id).finish();
  for (std::size_t chunk = 1; chunk <= stream.size(); ++chunk) {
    ByteBuffer waiting;
    std::vector<std::size_t> sizes;
    for (std::size_t at = 0; at < stream.size(); at += chunk) {
      const Bytes part = Bytes(stream).subspan(at, std::min(chunk, stream.size() - at));
      waiting.insert(waiting.end(), part.begin(), part.end());
      for (StreamFrame frame = next_stream_frame(waiting);
           frame.kind == FrameKind::Stun || frame.kind == FrameKind::ChannelData;
           frame = next_stream_frame(waiting)) {
        sizes.push_back(frame.size);
        waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(frame.size));
      }
      ASSERT_NE(next_stream_frame(waiting).kind, FrameKind::NotTurn) << chunk;
    }
    EXPECT_TRUE(waiting.empty());
    EXPECT_EQ(sizes, (std::vector<std::size_t>{28, 8, 4, 20})) << chunk;
  }
}

TEST(StreamFrame, SaysHowManyBytesTheFrameNeeds) {
  EXPECT_EQ(next_stream_frame({}).kind, FrameKind::NeedMore);
  const StreamFrame channel = next_stream_frame(hex("4000000561"));
  EXPECT_EQ(channel.kind, FrameKind::NeedMore);
  EXPECT_EQ(channel.size, 12U);
  const StreamFrame stun = next_stream_frame(hex("000100082112"));
  EXPECT_EQ(stun.kind, FrameKind::NeedMore);
  EXPECT_EQ(stun.size, 28U);
}

TEST(StreamFrame, ForeignStreamsAreNotTurn) {
  // The last one is the beginning of a TLS ClientHello.
  for (const std::string_view text :
       {"80", "ff", "7fff0000", "00010001", "000100002112a443", "1603010200010001fc"})
    EXPECT_EQ(next_stream_frame(hex(text)).kind, FrameKind::NotTurn) << text;
}

}  // namespace
}  // namespace parley::turn

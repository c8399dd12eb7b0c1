#include "stack/wire/sctp.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "stack/base/random.h"
#include "stack/wire/crc32.h"
#include "tests/stack/wire/sctp_packets.h"

namespace parley::sctp {
namespace {

nlohmann::json vectors() {
  std::ifstream file(PARLEY_SOURCE_DIR "/tests/vectors/sctp.json");
  return nlohmann::json::parse(file);
}

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

ByteBuffer packet_named(std::string_view name) {
  const nlohmann::json all = vectors();
  for (const auto& packet : all["packets"])
    if (packet["source"].get<std::string>().ends_with("/" + std::string(name)))
      return hex(packet["hex"].get<std::string>());
  ADD_FAILURE() << name;
  return {};
}

ChunkView only_chunk(Bytes packet) {
  const auto view = PacketView::decode(packet);
  if (!view) {
    ADD_FAILURE() << to_string(view.error());
    return {};
  }
  const std::vector<ChunkView> chunks = view->chunks();
  EXPECT_EQ(chunks.size(), 1U);
  return chunks.front();
}

TEST(Sctp, Crc32cHasThePublishedValues) {
  const nlohmann::json all = vectors();
  ASSERT_EQ(all["crc32c"].size(), 6U);
  for (const auto& vector : all["crc32c"]) {
    const ByteBuffer bytes = hex(vector["hex"].get<std::string>());
    const auto expected =
        static_cast<std::uint32_t>(std::stoul(vector["crc32c"].get<std::string>(), nullptr, 16));
    EXPECT_EQ(crc32c(bytes), expected) << vector["name"];
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
      EXPECT_EQ(crc32c(Bytes(bytes).subspan(cut), crc32c(Bytes(bytes).first(cut))), expected);
  }
}

TEST(Sctp, TellsTheChecksumsOfThePublishedPackets) {
  int read = 0;
  const nlohmann::json all = vectors();
  for (const auto& packet : all["packets"]) {
    const ByteBuffer bytes = hex(packet["hex"].get<std::string>());
    const auto view = PacketView::decode(bytes);
    if (!view)
      continue;
    ++read;
    EXPECT_EQ(view->check() == Checksum::Good, packet["crc32c_valid"].get<bool>())
        << packet["source"];
  }
  // Two of aiortc's and three of libwebrtc's are damaged on purpose.
  EXPECT_EQ(read, 25);
}

TEST(Sctp, RefusesThePublishedPacketsWithLengthsThatCannotBe) {
  const ByteBuffer zero = packet_named("sctp_data_zero_length.bin");
  EXPECT_EQ(PacketView::decode(zero, 100).error(),
            (WireError{WireFault::BadLength, 114, "length of 4 or more"}));
  const ByteBuffer cut = packet_named("sctp_data_truncated.bin");
  EXPECT_EQ(PacketView::decode(cut).error(),
            (WireError{WireFault::BadLength, 14, "length within what holds it"}));
}

// aiortc's tests, as Wireshark dissects them too.
TEST(Sctp, ReadsAPublishedInit) {
  const ByteBuffer bytes = packet_named("sctp_init.bin");
  const auto view = PacketView::decode(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->source_port(), 5000);
  EXPECT_EQ(view->destination_port(), 5000);
  EXPECT_EQ(view->verification_tag(), 0U);
  const auto init = Init::decode(only_chunk(bytes));
  ASSERT_TRUE(init) << to_string(init.error());
  EXPECT_EQ(init->initiate_tag, 0x24521703U);
  EXPECT_EQ(init->a_rwnd, 131072U);
  EXPECT_EQ(init->outbound_streams, 256);
  EXPECT_EQ(init->inbound_streams, 2048);
  EXPECT_EQ(init->initial_tsn, 0x3092614bU);
  const TlvList parameters = decode_tlvs(init->parameters, init->parameters_offset);
  ASSERT_FALSE(parameters.error);
  ASSERT_EQ(parameters.units.size(), 5U);
  EXPECT_TRUE(is(parameters.units[0], ParameterType::ForwardTsnSupported));
  const Parameter* extensions = parameters.find(ParameterType::SupportedExtensions);
  ASSERT_NE(extensions, nullptr);
  EXPECT_EQ(to_hex(extensions->value), "c00fc18082");
  EXPECT_EQ(extensions->offset, 36U);
  EXPECT_EQ(extensions->padding, 3);
  EXPECT_EQ(parameters.find(ParameterType::Random)->value.size(), 32U);
  EXPECT_EQ(parameters.find(ParameterType::StateCookie), nullptr);
}

TEST(Sctp, ReadsAPublishedDataChunk) {
  const auto data = Data::decode(only_chunk(packet_named("sctp_data_padding.bin")));
  ASSERT_TRUE(data);
  EXPECT_TRUE(data->beginning && data->ending);
  EXPECT_FALSE(data->unordered || data->immediate || data->interleaved);
  EXPECT_EQ(data->tsn, 0x9a0f13fdU);
  EXPECT_EQ(data->stream, 1);
  EXPECT_EQ(data->sequence, 1U);
  EXPECT_EQ(data->ppid, 51U);
}

TEST(Sctp, ReadsAPublishedSack) {
  const ByteBuffer bytes = packet_named("sctp_sack.bin");
  const auto sack = Sack::decode(only_chunk(bytes));
  ASSERT_TRUE(sack);
  EXPECT_EQ(sack->cumulative_tsn, 0x847f5b9dU);
  EXPECT_EQ(sack->a_rwnd, 128160U);
  ASSERT_EQ(sack->gap_count(), 2U);
  EXPECT_EQ(sack->gap(0), (GapBlock{2, 2}));
  EXPECT_EQ(sack->gap(1), (GapBlock{4, 4}));
  ASSERT_EQ(sack->duplicate_count(), 1U);
  EXPECT_EQ(sack->duplicate(0), 0x847f5ba1U);
}

TEST(Sctp, ReadsAPublishedStreamReset) {
  const ByteBuffer bytes = packet_named("sctp_reconfig_reset_out.bin");
  const ChunkView chunk = only_chunk(bytes);
  EXPECT_EQ(chunk.type, ChunkType::Reconfig);
  const TlvList list = decode_tlvs(chunk.value, chunk.offset + 4);
  ASSERT_EQ(list.units.size(), 1U);
  const auto request = OutgoingResetRequest::decode(list.units[0]);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->request_sequence, 0x8bd80a5bU);
  EXPECT_EQ(request->response_sequence, 0xe48bec73U);
  EXPECT_EQ(request->last_assigned_tsn, 0x8bd80a5eU);
  ASSERT_EQ(request->streams.size(), 1U);
  EXPECT_EQ(request->streams[0], 1);
}

TEST(Sctp, ReadsPublishedAbortsErrorsAndForwardTsn) {
  const ByteBuffer abort_bytes = packet_named("sctp_abort.bin");
  const ChunkView abort_chunk = only_chunk(abort_bytes);
  const TlvList causes = decode_tlvs(abort_chunk.value, abort_chunk.offset + 4);
  ASSERT_EQ(causes.units.size(), 1U);
  EXPECT_TRUE(is(causes.units[0], CauseCode::ProtocolViolation));
  EXPECT_TRUE(as_text(causes.units[0].value).starts_with("Expected B-bit"));
  const ByteBuffer forward_bytes = packet_named("sctp_forward_tsn.bin");
  const auto forward = ForwardTsn::decode(only_chunk(forward_bytes));
  ASSERT_TRUE(forward);
  EXPECT_EQ(forward->new_cumulative_tsn, 1234U);
  ASSERT_EQ(forward->size(), 1U);
  EXPECT_EQ((*forward)[0].stream, 12);
  EXPECT_EQ((*forward)[0].sequence, 34U);
  const ByteBuffer beat = packet_named("sctp_heartbeat.bin");
  const auto info = decode_heartbeat(only_chunk(beat));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size(), 36U);
  const ByteBuffer shutdown = packet_named("sctp_shutdown.bin");
  EXPECT_EQ(decode_tsn(only_chunk(shutdown)).value(), 0xa0b834d8U);
}

TEST(Sctp, EveryPublishedPacketIsBuiltBackToItsOwnBytes) {
  const nlohmann::json all = vectors();
  for (const auto& packet : all["packets"]) {
    const ByteBuffer bytes = hex(packet["hex"].get<std::string>());
    const auto view = PacketView::decode(bytes);
    if (!view || view->check() != Checksum::Good)
      continue;
    ByteBuffer out;
    PacketBuilder builder(
        out, {view->source_port(), view->destination_port(), view->verification_tag()});
    for (const ChunkView& chunk : view->chunks()) {
      EXPECT_FALSE(check_value(chunk)) << packet["source"];
      if (chunk.type == ChunkType::Data)
        builder.data(Data::decode(chunk).value());
      else if (chunk.type == ChunkType::Init || chunk.type == ChunkType::InitAck)
        builder.init(chunk.type, Init::decode(chunk).value());
      else if (chunk.type == ChunkType::Heartbeat || chunk.type == ChunkType::HeartbeatAck)
        builder.heartbeat(chunk.type, decode_heartbeat(chunk).value());
      else
        builder.chunk(chunk.type, chunk.flags, chunk.value);
    }
    EXPECT_EQ(to_hex(builder.finish()), to_hex(bytes)) << packet["source"];
  }
}

TEST(Sctp, WhatTheBuilderWritesIsReadBack) {
  const ByteBuffer bytes = test::packet_of_everything();
  const auto view = PacketView::decode(bytes, 14);
  ASSERT_TRUE(view) << to_string(view.error());
  EXPECT_EQ(view->check(), Checksum::Good);
  EXPECT_EQ(view->destination_port(), 5001);
  std::vector<ChunkType> seen;
  for (const ChunkView& chunk : view->chunks()) {
    EXPECT_FALSE(check_value(chunk)) << chunk_name(chunk.type);
    seen.push_back(chunk.type);
    if (chunk.type == ChunkType::IData) {
      const auto data = Data::decode(chunk);
      EXPECT_EQ(data->sequence, 0x10000U);
      EXPECT_EQ(data->ppid, data->beginning ? 53U : 0U);
      EXPECT_EQ(data->fragment, data->beginning ? 0U : 1U);
      EXPECT_EQ(data->unordered, !data->beginning);
    } else if (chunk.type == ChunkType::IForwardTsn) {
      const auto forward = ForwardTsn::decode(chunk);
      ASSERT_EQ(forward->size(), 1U);
      EXPECT_TRUE((*forward)[0].unordered);
      EXPECT_EQ((*forward)[0].sequence, 0x10000U);
    } else if (chunk.type == ChunkType::Asconf) {
      EXPECT_EQ(Asconf::decode(chunk)->serial, 77U);
    } else if (chunk.type == ChunkType::Auth) {
      EXPECT_EQ(as_text(Auth::decode(chunk)->hmac), "0123456789abcdef");
    }
  }
  for (unsigned type = 0; type < 256; ++type)
    if (is_known(static_cast<ChunkType>(type))) {
      EXPECT_NE(std::find(seen.begin(), seen.end(), static_cast<ChunkType>(type)), seen.end())
          << type;
    }
  EXPECT_EQ(view->bundling_fault(),
            (WireError{WireFault::BadValue, 26, "a chunk that stands alone in its packet"}));
}

TEST(Sctp, ReconfigurationParametersAreReadBack) {
  ByteBuffer bytes;
  TlvBuilder(bytes)
      .outgoing_reset({1, 2, 3, {}}, {7})
      .incoming_reset(4, {})
      .reconfig_response({5, ReconfigResult::InProgress, {}, {}})
      .reconfig_response({6, ReconfigResult::Performed, 8U, 9U})
      .add_streams(ParameterType::AddIncomingStreams, {10, 11})
      .number(ParameterType::SsnTsnResetRequest, 12);
  const TlvList list = decode_tlvs(bytes, 0);
  ASSERT_EQ(list.units.size(), 6U);
  const auto outgoing = OutgoingResetRequest::decode(list.units[0]);
  ASSERT_TRUE(outgoing);
  EXPECT_EQ(outgoing->last_assigned_tsn, 3U);
  ASSERT_EQ(outgoing->streams.size(), 1U);
  EXPECT_EQ(outgoing->streams[0], 7);
  EXPECT_EQ(IncomingResetRequest::decode(list.units[1])->streams.size(), 0U);
  EXPECT_EQ(ReconfigResponse::decode(list.units[2])->result, ReconfigResult::InProgress);
  EXPECT_EQ(ReconfigResponse::decode(list.units[3])->receiver_next_tsn, 9U);
  EXPECT_EQ(AddStreamsRequest::decode(list.units[4])->count, 11);
  EXPECT_EQ(SsnTsnResetRequest::decode(list.units[5])->request_sequence, 12U);
  EXPECT_EQ(to_string(ReconfigResult::Denied), "Denied");
  EXPECT_EQ(to_string(static_cast<ReconfigResult>(77)), "result 77");
}

TEST(Sctp, TheLengthOfAChunkDoesNotCountThePaddingOfItsLastParameter) {
  ByteBuffer parameters;
  TlvBuilder(parameters).supported_extensions({ChunkType::Reconfig});
  EXPECT_EQ(to_hex(parameters), "8008000582");
  ByteBuffer out;
  PacketBuilder builder(out, {});
  builder.chunk(ChunkType::Reconfig, 0, parameters);
  EXPECT_EQ(to_hex(Bytes(out).subspan(12)),
            "82000009"
            "8008000582"
            "000000");
  // A sender that counts it is understood too.
  const TlvList list = decode_tlvs(hex("8008000582000000"), 0);
  EXPECT_FALSE(list.error);
  EXPECT_EQ(list.units.front().padding, 3);
}

TEST(Sctp, AZeroChecksumIsToldFromAWrongOne) {
  ByteBuffer out;
  PacketBuilder builder(out, {});
  builder.chunk(ChunkType::CookieAck);
  EXPECT_EQ(PacketView::decode(builder.finish(true))->check(), Checksum::Zero);
  EXPECT_EQ(PacketView::decode(builder.finish())->check(), Checksum::Good);
  out[9] ^= std::byte{1};
  EXPECT_EQ(PacketView::decode(out)->check(), Checksum::Bad);
}

TEST(Sctp, UnknownTypesSayThemselvesWhatAReceiverDoes) {
  EXPECT_EQ(unrecognized_action(static_cast<ChunkType>(0x3f)), Unrecognized::Stop);
  EXPECT_EQ(unrecognized_action(static_cast<ChunkType>(0x7f)), Unrecognized::StopAndReport);
  EXPECT_EQ(unrecognized_action(static_cast<ChunkType>(0xbf)), Unrecognized::Skip);
  EXPECT_EQ(unrecognized_action(static_cast<ChunkType>(0xff)), Unrecognized::SkipAndReport);
  EXPECT_EQ(unrecognized_parameter_action(0x7fff), Unrecognized::StopAndReport);
  EXPECT_EQ(unrecognized_parameter_action(0xc000), Unrecognized::SkipAndReport);
  EXPECT_EQ(chunk_name(static_cast<ChunkType>(0x7f)), "chunk type 0x7f");
  EXPECT_EQ(parameter_name(0x4abc), "parameter 0x4abc");
  EXPECT_EQ(cause_name(12), "User-Initiated Abort");
  EXPECT_EQ(cause_name(0x7777), "cause 0x7777");
}

TEST(Sctp, RefusesValuesThatContradictTheirType) {
  struct Case {
    std::string_view chunk, field;
    std::uint32_t offset;
  };
  for (const Case& c : {
           Case{"00030010000000010001000200000033", "user data", 14},
           Case{"0003000e00000001000100020000", "payload protocol identifier", 24},
           Case{"03000010000000010000000100020000", "gap ack blocks", 28},
           Case{"030000140000000100000001000000000000000a", "the end of the chunk", 28},
           Case{"010000180000000100000001000100010000000180000003", "length of 4 or more", 34},
           Case{"c00000060000", "new cumulative TSN", 16},
           Case{"c000000a000000010002", "whole entries of streams", 14},
           Case{"0400000800050004", "heartbeat info", 16},
           Case{"0800000800000000", "a chunk length of 4", 14},
           Case{"0a000004", "the cookie", 16},
           Case{"c100000800000001", "address parameter", 20},
       }) {
    ByteBuffer bytes = hex("138813880000000000000000");
    const ByteBuffer chunk = hex(c.chunk);
    bytes.insert(bytes.end(), chunk.begin(), chunk.end());
    bytes.resize(padded(bytes.size()));
    const auto view = PacketView::decode(bytes);
    ASSERT_TRUE(view) << c.chunk << to_string(view.error());
    const auto error = check_value(view->chunks().front());
    ASSERT_TRUE(error) << c.chunk;
    EXPECT_EQ(error->field, c.field);
    EXPECT_EQ(error->offset, c.offset) << c.chunk;
  }
}

TEST(Sctp, EveryPrefixIsRefusedOrEndsAtAChunk) {
  const ByteBuffer bytes = test::packet_of_everything();
  std::size_t whole = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto view = PacketView::decode(Bytes(bytes).first(size));
    if (!view) {
      EXPECT_LE(view.error().offset, size);
      continue;
    }
    ++whole;
    const ChunkView last = view->chunks().back();
    EXPECT_EQ(last.offset + kTlvHeaderSize + last.value.size() + last.padding, size);
  }
  EXPECT_EQ(whole, PacketView::decode(bytes)->chunks().size() - 1);
}

// Cut inside a chunk whose length is cut with it: each prefix of a value is whole or refused at an
// offset inside of it.
TEST(Sctp, EveryPrefixOfAValueIsCheckedWithinItsBounds) {
  const ByteBuffer bytes = test::packet_of_everything();
  const auto chunks = PacketView::decode(bytes)->chunks();
  for (const ChunkView& chunk : chunks)
    for (std::size_t size = 0; size < chunk.value.size(); ++size) {
      ChunkView cut = chunk;
      cut.value = chunk.value.first(size);
      if (const auto error = check_value(cut)) {
        EXPECT_LE(error->offset, chunk.offset + kTlvHeaderSize + size);
      }
    }
}

TEST(Sctp, FlippedBitsNeverLeadOutOfThePacket) {
  const ByteBuffer original = test::packet_of_everything();
  SeededRandom random(7, "sctp bit flips");
  for (int round = 0; round < 4000; ++round) {
    ByteBuffer bytes = original;
    for (int flip = 0; flip < 4; ++flip) {
      const auto at = static_cast<std::size_t>(random.below(bytes.size()));
      bytes[at] ^= static_cast<std::byte>(1U << random.below(8));
    }
    const auto view = PacketView::decode(bytes);
    if (!view) {
      EXPECT_LE(view.error().offset, bytes.size());
      continue;
    }
    std::size_t end = kHeaderSize;
    for (const ChunkView& chunk : view->chunks()) {
      EXPECT_EQ(chunk.offset, end);
      end += kTlvHeaderSize + chunk.value.size() + chunk.padding;
      if (const auto error = check_value(chunk)) {
        EXPECT_LE(error->offset, end);
      }
    }
    EXPECT_EQ(end, bytes.size());
  }
}

TEST(Sctp, AChunkThatOutgrowsItsLengthIsNotSent) {
  ByteBuffer out;
  PacketBuilder builder(out, {});
  const ByteBuffer large(0xfffc);
  builder.chunk(ChunkType::Pad, 0, Bytes(large).first(0xfffb));
  EXPECT_FALSE(builder.finish().empty());
  builder.chunk(ChunkType::Pad, 0, large);
  EXPECT_TRUE(builder.finish().empty());
}

}  // namespace
}  // namespace parley::sctp

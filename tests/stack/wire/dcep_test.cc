#include "stack/wire/dcep.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace parley::dcep {
namespace {

nlohmann::json vectors() {
  std::ifstream file(PARLEY_SOURCE_DIR "/tests/vectors/dcep.json");
  return nlohmann::json::parse(file);
}

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

TEST(Dcep, ReadsTheMessagesOfTheVectorsAndWritesThemBack) {
  int opens = 0;
  const nlohmann::json all = vectors();
  for (const auto& message : all["messages"]) {
    const ByteBuffer bytes = hex(message["hex"].get<std::string>());
    ByteBuffer written;
    if (!message.contains("channel_type")) {
      EXPECT_EQ(message_type(bytes).value(), MessageType::Ack);
      append_ack(written);
      EXPECT_EQ(written, bytes);
      continue;
    }
    ++opens;
    EXPECT_EQ(message_type(bytes).value(), MessageType::Open);
    const auto open = Open::decode(bytes);
    ASSERT_TRUE(open) << message["hex"];
    EXPECT_EQ(open->channel_type, message["channel_type"].get<int>());
    EXPECT_EQ(open->priority, message["priority"].get<int>());
    EXPECT_EQ(open->parameter, message["reliability"].get<std::uint32_t>());
    EXPECT_EQ(open->label, message["label"].get<std::string>());
    EXPECT_EQ(open->protocol, message["protocol"].get<std::string>());
    open->append_to(written);
    EXPECT_EQ(written, bytes);
  }
  EXPECT_EQ(opens, 3);
}

TEST(Dcep, RefusesTheMessagesThatTheVectorsRefuse) {
  const nlohmann::json all = vectors();
  ASSERT_EQ(all["reject"].size(), 5U);
  for (const auto& message : all["reject"]) {
    const ByteBuffer bytes = hex(message["hex"].get<std::string>());
    const auto type = message_type(bytes, 50);
    const auto open = Open::decode(bytes, 50);
    EXPECT_FALSE(type && open) << message["why"];
    EXPECT_FALSE(open);
    EXPECT_LE(open.error().offset, 50 + bytes.size());
    EXPECT_GE(open.error().offset, 50U);
  }
  EXPECT_EQ(message_type(hex("7f")).error().fault, WireFault::Unsupported);
  EXPECT_EQ(message_type(hex("0200")).error().fault, WireFault::BadLength);
  EXPECT_EQ(message_type({}).error().fault, WireFault::Truncated);
}

TEST(Dcep, EveryPrefixOfAnOpenIsTruncated) {
  const ByteBuffer bytes = hex("038102000000000300050004c3bc6265726a736f6e");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto open = Open::decode(Bytes(bytes).first(size));
    ASSERT_FALSE(open) << size;
    EXPECT_EQ(open.error().fault, WireFault::Truncated);
  }
  EXPECT_TRUE(Open::decode(bytes));
}

TEST(Dcep, TellsOrderAndReliabilityOfAChannelType) {
  Open open;
  open.channel_type = 0x82;
  EXPECT_TRUE(open.unordered());
  EXPECT_EQ(open.reliability(), Reliability::Timed);
  open.channel_type = 0x01;
  EXPECT_FALSE(open.unordered());
  EXPECT_EQ(open.reliability(), Reliability::Rexmit);
  EXPECT_EQ(channel_type_name(0x81), "partial reliable rexmit unordered");
  EXPECT_EQ(channel_type_name(0x7f), "channel type 0x7f");
}

TEST(Dcep, NamesThePayloadProtocolsOfTheVectors) {
  const nlohmann::json all = vectors();
  for (const auto& [number, name] : all["ppid"].items()) {
    const auto ppid = static_cast<std::uint32_t>(std::stoul(number));
    EXPECT_EQ(ppid_name(ppid), "WebRTC " + name.get<std::string>());
    EXPECT_EQ(is_empty_message(ppid), ppid == 56 || ppid == 57);
    EXPECT_EQ(is_partial(ppid), ppid == 52 || ppid == 54);
    EXPECT_EQ(is_text(ppid), ppid == 51 || ppid == 54 || ppid == 56);
  }
  EXPECT_EQ(ppid_name(55), "");
  EXPECT_EQ(ppid_name(50 + 0x10000), "");
}

}  // namespace
}  // namespace parley::dcep

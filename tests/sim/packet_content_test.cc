#include "sim/packet_content.h"

#include <gtest/gtest.h>

#include "stack/wire/stun.h"

namespace parley::sim {
namespace {

ByteBuffer octets(std::initializer_list<int> values) {
  ByteBuffer bytes;
  for (const int value : values)
    bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(PacketContent, NamesStunByMethodAndClass) {
  ByteBuffer bytes;
  (void)stun::MessageBuilder(bytes, stun::Class::Success, stun::Method::Binding, {std::byte{1}})
      .finish();
  EXPECT_EQ(content_of(bytes).what, "Binding success response");
  EXPECT_EQ(content_of(bytes).transaction, "010000000000000000000000");
}

TEST(PacketContent, NamesADtlsFlightByItsFirstMessage) {
  // A record of epoch 0 with a ServerHelloDone.
  ByteBuffer record = octets({22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12,  //
                              14, 0,   0,   0, 0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(content_of(record).what, "DTLS ServerHelloDone");
  // Of epoch 1, with room for a nonce and a tag.
  record.resize(13 + 40);
  record[4] = std::byte{1};
  record[12] = std::byte{40};
  EXPECT_EQ(content_of(record).what, "DTLS record") << "encrypted";
}

TEST(PacketContent, LeavesUnnamedWhatItDoesNotKnow) {
  EXPECT_EQ(content_of({}).what, "");
  EXPECT_EQ(content_of(as_bytes("hello")).what, "");
  EXPECT_EQ(content_of(octets({0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42})).what, "") << "cut short";
}

}  // namespace
}  // namespace parley::sim

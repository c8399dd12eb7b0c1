#include "stack/wire/demux.h"

#include <array>

#include <gtest/gtest.h>

namespace parley {
namespace {

PayloadClass classify(std::string_view hex) {
  const std::optional<ByteBuffer> bytes = parse_hex(hex);
  EXPECT_TRUE(bytes.has_value()) << hex;
  return classify_first_byte(bytes.value_or(ByteBuffer{}));
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i)
    out += text;
  return out;
}

constexpr std::string_view kStunHeader = "000100002112a442000102030405060708090a0b";

TEST(Demux, NamesEachProtocolOfRfc7983) {
  EXPECT_EQ(classify(kStunHeader), PayloadClass::Stun);
  EXPECT_EQ(classify("10000000"), PayloadClass::Zrtp);
  EXPECT_EQ(classify("16fefd000000000000000000020000"), PayloadClass::Dtls);
  EXPECT_EQ(classify("40000004deadbeef"), PayloadClass::ChannelData);
  EXPECT_EQ(classify("80003d7feaaa63f4f01b40e9ffff"), PayloadClass::Rtp);
  EXPECT_EQ(classify("81cb0001ae528b43"), PayloadClass::Rtcp);
  EXPECT_EQ(classify("c000000001"), PayloadClass::Quic);
  EXPECT_EQ(classify("5000000001"), PayloadClass::Quic);
  EXPECT_EQ(classify(""), PayloadClass::Unknown);
}

// The table of RFC 7983 section 7 with RFC 9443, for payloads whose headers fit nothing.
TEST(Demux, KeepsEveryFirstByteInItsRange) {
  for (unsigned first = 0; first < 256; ++first) {
    ByteBuffer payload(40, std::byte{0x55});
    payload[0] = static_cast<std::byte>(first);
    const PayloadClass found = classify_first_byte(payload);
    if (first < 16 || (first >= 20 && first < 32) || (first >= 64 && first < 80))
      EXPECT_EQ(found, PayloadClass::Unknown) << first;
    else if (first < 20)
      EXPECT_EQ(found, PayloadClass::Zrtp) << first;
    else if (first < 64)
      EXPECT_TRUE(found == PayloadClass::Dtls || found == PayloadClass::Unknown) << first;
    else if (first >= 128 && first < 192)
      EXPECT_TRUE(found == PayloadClass::Rtp || found == PayloadClass::Unknown) << first;
    else
      EXPECT_EQ(found, PayloadClass::Quic) << first;
  }
}

TEST(Demux, TakesRtcpByItsPacketTypeOfRfc5761) {
  for (unsigned second = 0; second < 256; ++second) {
    ByteBuffer payload(32, std::byte{0});
    payload[0] = std::byte{0x80};
    payload[1] = static_cast<std::byte>(second);
    const bool rtcp = second >= 192 && second <= 223;
    EXPECT_EQ(classify_first_byte(payload), rtcp ? PayloadClass::Rtcp : PayloadClass::Rtp)
        << second;
  }
}

TEST(Demux, WantsRoomForTheRtpHeaderWithItsCsrcs) {
  EXPECT_EQ(classify("8000000000000000000000"), PayloadClass::Unknown);
  EXPECT_EQ(classify("800000000000000000000000"), PayloadClass::Rtp);
  EXPECT_EQ(classify("810000000000000000000000"), PayloadClass::Unknown);
  EXPECT_EQ(classify("81000000000000000000000011223344"), PayloadClass::Rtp);
}

TEST(Demux, TakesAMessageWithoutTheCookieOnlyWithAnExactLength) {
  EXPECT_EQ(classify("0001000000112233000102030405060708090a0b"), PayloadClass::Stun);
  EXPECT_EQ(classify("0001000000112233000102030405060708090a0bff"), PayloadClass::Unknown);
  EXPECT_EQ(classify("000100032112a442000102030405060708090a0b00112233"), PayloadClass::Unknown);
  EXPECT_EQ(classify("000100082112a442000102030405060708090a0b00112233"), PayloadClass::Unknown);
}

TEST(Demux, TakesChannelDataWithAndWithoutPadding) {
  EXPECT_EQ(classify("40000001aa"), PayloadClass::ChannelData);
  EXPECT_EQ(classify("40000001aa000000"), PayloadClass::ChannelData);
  EXPECT_EQ(classify("40000001aa00000000"), PayloadClass::Unknown);
  EXPECT_EQ(classify("40000002aa"), PayloadClass::Unknown);
  EXPECT_EQ(classify("400000"), PayloadClass::Unknown);
}

TEST(Demux, ChecksVersionAndLengthOfDtlsRecords) {
  EXPECT_EQ(classify("160301000000000000000000020000"), PayloadClass::Unknown);
  EXPECT_EQ(classify("16feff000000000000000000020000"), PayloadClass::Dtls);
  EXPECT_EQ(classify("16fefd000000000000000000030000"), PayloadClass::Unknown);
  EXPECT_EQ(classify("1bfefd000000000000000000020000"), PayloadClass::Unknown);
  EXPECT_EQ(classify("2eabcd0010" + repeat("aa", 16)), PayloadClass::Dtls);
  EXPECT_EQ(classify("2eabcd0011" + repeat("aa", 16)), PayloadClass::Unknown);
  EXPECT_EQ(classify("2eabcd000f" + repeat("aa", 15)), PayloadClass::Unknown);
  EXPECT_EQ(classify("20ab" + repeat("aa", 15)), PayloadClass::Unknown);
}

TEST(Demux, ComparesLengthsWithTheWireSizeOfACutPacket) {
  const ByteBuffer dtls = *parse_hex("16fefd00000000000000000100" + repeat("00", 20));
  EXPECT_EQ(classify_first_byte(dtls), PayloadClass::Unknown);
  EXPECT_EQ(classify_first_byte(dtls, 13 + 256), PayloadClass::Dtls);
  const ByteBuffer channel = *parse_hex("40000100aabb");
  EXPECT_EQ(classify_first_byte(channel, 4 + 256), PayloadClass::ChannelData);
  const ByteBuffer stun = *parse_hex("000100402112a442000102030405060708090a0b");
  EXPECT_EQ(classify_first_byte(stun, 20 + 64), PayloadClass::Stun);
}

// Why the first byte proves nothing: transaction numbers of DNS queries fall anywhere.
TEST(Demux, CannotTellADnsQueryFromRtpOrDtls13) {
  const std::string query = "01000001000000000000076578616d706c6503636f6d0000010001";
  EXPECT_EQ(classify("a012" + query), PayloadClass::Rtp);
  EXPECT_EQ(classify("2012" + query), PayloadClass::Dtls);
  EXPECT_EQ(classify("2512" + query), PayloadClass::Unknown);
}

TEST(Demux, HasADifferentWordForEachClass) {
  constexpr std::array kAll{PayloadClass::Unknown, PayloadClass::Stun,        PayloadClass::Zrtp,
                            PayloadClass::Dtls,    PayloadClass::ChannelData, PayloadClass::Quic,
                            PayloadClass::Rtp,     PayloadClass::Rtcp};
  for (std::size_t i = 0; i < kAll.size(); ++i)
    for (std::size_t j = i + 1; j < kAll.size(); ++j)
      EXPECT_NE(to_string(kAll[i]), to_string(kAll[j]));
}

}  // namespace
}  // namespace parley

#include "stack/crypto/hmac.h"

#include <gtest/gtest.h>

namespace parley::crypto {
namespace {

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

struct Case {
  std::string name;
  ByteBuffer key, text;
  std::string digest;
};

// RFC 2202 section 3.
TEST(Hmac, Sha1GivesTheResultsOfRfc2202) {
  const std::vector<Case> cases{
      {"1", ByteBuffer(20, std::byte{0x0b}), to_buffer(as_bytes("Hi There")),
       "b617318655057264e28bc0b6fb378c8ef146be00"},
      {"2", to_buffer(as_bytes("Jefe")), to_buffer(as_bytes("what do ya want for nothing?")),
       "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
      {"3", ByteBuffer(20, std::byte{0xaa}), ByteBuffer(50, std::byte{0xdd}),
       "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
      {"6, key longer than a block", ByteBuffer(80, std::byte{0xaa}),
       to_buffer(as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")),
       "aa4ae5e15272d00e95705637ce8a3b55ed402112"}};
  for (const Case& c : cases)
    EXPECT_EQ(to_hex(hmac_sha1(c.key, {c.text})), c.digest) << c.name;
}

// RFC 4231 sections 4.2, 4.3 and 4.7.
TEST(Hmac, Sha256GivesTheResultsOfRfc4231) {
  const std::vector<Case> cases{
      {"1", ByteBuffer(20, std::byte{0x0b}), to_buffer(as_bytes("Hi There")),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"2", to_buffer(as_bytes("Jefe")), to_buffer(as_bytes("what do ya want for nothing?")),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {"6, key longer than a block", ByteBuffer(131, std::byte{0xaa}),
       to_buffer(as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"}};
  for (const Case& c : cases)
    EXPECT_EQ(to_hex(hmac_sha256(c.key, {c.text})), c.digest) << c.name;
}

TEST(Hmac, PartsGiveTheSameAsTheirConcatenation) {
  const Bytes text = as_bytes("what do ya want for nothing?");
  const Bytes key = as_bytes("Jefe");
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(hmac_sha1(key, {text.first(cut), Bytes{}, text.subspan(cut)}),
              hmac_sha1(key, {text}));
}

TEST(Hmac, AnEmptyKeyAndAnEmptyTextAreAllowed) {
  EXPECT_EQ(to_hex(hmac_sha1({}, {})), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

// FIPS 180-4, example for "abc".
TEST(Sha256, GivesTheResultOfFips180) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 5769 section 2.4 and RFC 8489 appendix B.1: the user name is "マトリックス".
TEST(LongTermKey, GivesTheKeysOfTheRfcs) {
  const ByteBuffer name = hex("e3839ee38388e383aae38383e382afe382b9");
  EXPECT_EQ(to_hex(long_term_key(as_text(name), "example.org", "TheMatrIX")),
            "e8ca7ad59d5eb0518e312911d2dab2a9");
  EXPECT_EQ(to_hex(long_term_key_sha256(as_text(name), "example.org", "TheMatrIX")),
            "dd295a613b9058c3c23d6dc7165bda072304d989c9d0af3a8c7e184b4f9bb4a1");
}

TEST(EqualConstantTime, ComparesSizeAndEveryByte) {
  const ByteBuffer value = hex("00112233");
  EXPECT_TRUE(equal_constant_time(value, hex("00112233")));
  EXPECT_FALSE(equal_constant_time(value, hex("00112234")));
  EXPECT_FALSE(equal_constant_time(value, hex("80112233")));
  EXPECT_FALSE(equal_constant_time(value, hex("001122")));
  EXPECT_TRUE(equal_constant_time({}, {}));
}

}  // namespace
}  // namespace parley::crypto

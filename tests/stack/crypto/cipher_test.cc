#include "stack/crypto/cipher.h"

#include <gtest/gtest.h>

#include "stack/base/random.h"

namespace parley::crypto {
namespace {

ByteBuffer hex(std::string_view text) {
  return parse_hex(text).value();
}

constexpr std::array kAeads{AeadAlgorithm::Aes128Gcm,       AeadAlgorithm::Aes256Gcm,
                            AeadAlgorithm::Aes128Ccm,       AeadAlgorithm::Aes256Ccm,
                            AeadAlgorithm::Aes128Ccm8,      AeadAlgorithm::Aes256Ccm8,
                            AeadAlgorithm::ChaCha20Poly1305};

ByteBuffer random_buffer(Random& random, std::size_t size) {
  ByteBuffer buffer(size);
  random.fill(buffer);
  return buffer;
}

ByteBuffer sealed_by(Aead& aead, Bytes nonce, Bytes additional, Bytes plain) {
  ByteBuffer out(plain.size() + aead.tag_size());
  EXPECT_EQ(aead.seal(nonce, additional, plain, out).value(), out.size());
  return out;
}

struct AeadVector {
  AeadAlgorithm algorithm;
  std::string key, nonce, additional, plain, sealed;
};

const std::vector<AeadVector>& aead_vectors() {
  static const std::vector<AeadVector> kVectors{
      // The Galois/Counter Mode of Operation (McGrew, Viega), test case 4.
      {AeadAlgorithm::Aes128Gcm, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
       "feedfacedeadbeeffeedfacedeadbeefabaddad2",
       "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a"
       "6"
       "b525b16aedf5aa0de657ba637b39",
       "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac8"
       "4"
       "aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47"},
      // The same, test case 13: neither text nor additional data, a key of 256 zero bits.
      {AeadAlgorithm::Aes256Gcm, std::string(64, '0'), std::string(24, '0'), "", "",
       "530f8afbc74536b9a963b4f1c4cb738b"},
      // NIST SP 800-38C, example 3: a nonce of twelve octets and a tag of eight.
      {AeadAlgorithm::Aes128Ccm8, "404142434445464748494a4b4c4d4e4f", "101112131415161718191a1b",
       "000102030405060708090a0b0c0d0e0f10111213",
       "202122232425262728292a2b2c2d2e2f3031323334353637",
       "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951"},
      // RFC 8439 section 2.8.2.
      {AeadAlgorithm::ChaCha20Poly1305,
       "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
       "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
       "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204"
       "920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c"
       "2073756e73637265656e20776f756c642062652069742e",
       "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da9"
       "2728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad67594558580"
       "8"
       "b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"}};
  return kVectors;
}

TEST(Aead, SealsAndOpensThePublishedVectors) {
  for (const AeadVector& v : aead_vectors()) {
    Aead aead = Aead::make(v.algorithm, hex(v.key)).value();
    const ByteBuffer sealed = hex(v.sealed);
    EXPECT_EQ(to_hex(sealed_by(aead, hex(v.nonce), hex(v.additional), hex(v.plain))), v.sealed);
    ByteBuffer plain(sealed.size() - aead.tag_size());
    ASSERT_TRUE(aead.open(hex(v.nonce), hex(v.additional), sealed, plain)) << v.key;
    EXPECT_EQ(to_hex(plain), v.plain);
  }
}

// RFC 3610 section 2, with L = 3 as a nonce of twelve octets asks for, over the bare permutation.
ByteBuffer ccm_by_definition(Bytes key, std::size_t tag_size, Bytes nonce, Bytes additional,
                             Bytes plain) {
  AesBlock aes = AesBlock::make(key).value();
  AesBlock::Block mac{};
  const auto absorb = [&](Bytes bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += kAesBlockSize) {
      for (std::size_t i = at; i < std::min(at + kAesBlockSize, bytes.size()); ++i)
        mac[i - at] ^= bytes[i];
      mac = aes.encrypt(mac).value();
    }
  };
  const auto block = [&](unsigned flags, std::size_t last) {
    ByteBuffer bytes;
    ByteWriter writer(bytes);
    writer.u8(static_cast<std::uint8_t>(flags));
    writer.bytes(nonce);
    writer.u24(static_cast<std::uint32_t>(last));
    return bytes;
  };
  const unsigned flags =
      (additional.empty() ? 0U : 64U) + 8U * ((static_cast<unsigned>(tag_size) - 2U) / 2U) + 2U;
  absorb(block(flags, plain.size()));
  if (!additional.empty()) {
    ByteBuffer with_length;
    ByteWriter writer(with_length);
    writer.u16(static_cast<std::uint16_t>(additional.size()));
    writer.bytes(additional);
    absorb(with_length);
  }
  absorb(plain);
  ByteBuffer sealed = to_buffer(plain);
  for (std::size_t i = 0; i < sealed.size(); ++i)
    sealed[i] ^= aes.encrypt(block(2, i / kAesBlockSize + 1)).value()[i % kAesBlockSize];
  const AesBlock::Block mask = aes.encrypt(block(2, 0)).value();
  for (std::size_t i = 0; i < tag_size; ++i)
    sealed.push_back(mac[i] ^ mask[i]);
  return sealed;
}

TEST(Aead, CcmGivesWhatItsDefinitionSays) {
  SeededRandom random(7, "cipher");
  for (const AeadAlgorithm algorithm : {AeadAlgorithm::Aes128Ccm, AeadAlgorithm::Aes256Ccm,
                                        AeadAlgorithm::Aes128Ccm8, AeadAlgorithm::Aes256Ccm8}) {
    const ByteBuffer key = random_buffer(random, key_size(algorithm));
    Aead aead = Aead::make(algorithm, key).value();
    for (std::size_t size = 0; size < 70; ++size) {
      const ByteBuffer nonce = random_buffer(random, Aead::kNonceSize);
      const ByteBuffer additional = random_buffer(random, size % 37);
      const ByteBuffer plain = random_buffer(random, size);
      EXPECT_EQ(to_hex(sealed_by(aead, nonce, additional, plain)),
                to_hex(ccm_by_definition(key, aead.tag_size(), nonce, additional, plain)));
    }
  }
}

TEST(Aead, OneObjectOpensWhatItSealedInAnyOrderAndInPlace) {
  SeededRandom random(1, "cipher");
  for (const AeadAlgorithm algorithm : kAeads) {
    Aead aead = Aead::make(algorithm, random_buffer(random, key_size(algorithm))).value();
    for (int round = 0; round < 200; ++round) {
      const ByteBuffer nonce = random_buffer(random, Aead::kNonceSize);
      const ByteBuffer additional = random_buffer(random, random.below(40));
      const ByteBuffer plain = random_buffer(random, random.below(100));
      ByteBuffer message = plain;
      message.resize(plain.size() + aead.tag_size());
      ASSERT_TRUE(
          aead.seal(nonce, additional, Bytes(message).first(plain.size()), message).has_value());
      const ByteBuffer sealed = message;
      ASSERT_EQ(aead.open(nonce, additional, message, message).value(), plain.size());
      message.resize(plain.size());
      ASSERT_EQ(message, plain);
      ByteBuffer again(plain.size());
      ASSERT_TRUE(aead.open(nonce, additional, sealed, again).has_value());
      ASSERT_EQ(again, plain);
    }
  }
}

TEST(Aead, RefusesEveryFlippedBitAndGivesNoPlaintext) {
  SeededRandom random(2, "cipher");
  for (const AeadAlgorithm algorithm : kAeads) {
    Aead aead = Aead::make(algorithm, random_buffer(random, key_size(algorithm))).value();
    const ByteBuffer nonce = random_buffer(random, Aead::kNonceSize);
    const ByteBuffer additional = random_buffer(random, 13);
    const ByteBuffer sealed = sealed_by(aead, nonce, additional, random_buffer(random, 20));
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
      ByteBuffer damaged = sealed;
      damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      ByteBuffer plain(20, std::byte{0xee});
      ASSERT_EQ(aead.open(nonce, additional, damaged, plain).error(),
                CipherError::AuthenticationFailed);
      ASSERT_EQ(plain, ByteBuffer(20));
    }
    // And goes on working after a failure.
    ByteBuffer plain(20);
    EXPECT_TRUE(aead.open(nonce, additional, sealed, plain).has_value());
  }
}

TEST(Aead, AnswersLengthsThatCannotBe) {
  for (const AeadAlgorithm algorithm : kAeads) {
    EXPECT_EQ(Aead::make(algorithm, ByteBuffer(key_size(algorithm) - 1)).error(),
              CipherError::BadKey);
    Aead aead = Aead::make(algorithm, ByteBuffer(key_size(algorithm))).value();
    ByteBuffer room(64);
    const ByteBuffer nonce(Aead::kNonceSize);
    EXPECT_EQ(aead.open(ByteBuffer(11), {}, ByteBuffer(40), room).error(), CipherError::BadNonce);
    EXPECT_EQ(aead.seal(ByteBuffer(13), {}, ByteBuffer(4), room).error(), CipherError::BadNonce);
    for (std::size_t size = 0; size < aead.tag_size(); ++size)
      EXPECT_EQ(aead.open(nonce, {}, ByteBuffer(size), room).error(), CipherError::BadLength);
    EXPECT_EQ(aead.open(nonce, {}, ByteBuffer(100), room).error(), CipherError::NoRoom);
    EXPECT_EQ(aead.seal(nonce, {}, ByteBuffer(60), room).error(), CipherError::NoRoom);
    EXPECT_EQ(aead.seal(nonce, {}, ByteBuffer(kMaxCipherInput + 1), room).error(),
              CipherError::BadLength);
  }
}

// NIST SP 800-38A sections F.5.1, F.5.3, F.5.5.
TEST(AesCtr, GivesTheVectorsOfSp800_38a) {
  std::array<std::byte, kAesBlockSize> counter{};
  const ByteBuffer first = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  std::copy(first.begin(), first.end(), counter.begin());
  const ByteBuffer plain = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
  const std::vector<std::pair<std::string, std::string>> cases{
      {"2b7e151628aed2a6abf7158809cf4f3c",
       "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"},
      {"8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
       "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94"},
      {"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
       "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"}};
  for (const auto& [key, cipher] : cases) {
    AesCtr ctr = AesCtr::make(hex(key)).value();
    for (std::size_t size = 0; size <= plain.size(); ++size) {
      ByteBuffer out(size);
      ASSERT_EQ(ctr.apply(counter, Bytes(plain).first(size), out).value(), size);
      EXPECT_EQ(to_hex(out), cipher.substr(0, 2 * size));
    }
  }
  EXPECT_EQ(AesCtr::make(ByteBuffer(15)).error(), CipherError::BadKey);
  ByteBuffer small(3);
  EXPECT_EQ(AesCtr::make(ByteBuffer(16)).value().apply(counter, ByteBuffer(4), small).error(),
            CipherError::NoRoom);
}

// Sections F.2.2 and F.2.6.
TEST(AesCbcDecryptor, GivesTheVectorsOfSp800_38a) {
  const std::string plain = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";
  const ByteBuffer vector = hex("000102030405060708090a0b0c0d0e0f");
  const std::vector<std::pair<std::string, std::string>> cases{
      {"2b7e151628aed2a6abf7158809cf4f3c",
       "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"},
      {"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
       "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"}};
  for (const auto& [key, cipher] : cases) {
    AesCbcDecryptor cbc = AesCbcDecryptor::make(hex(key)).value();
    for (int round = 0; round < 2; ++round) {
      ByteBuffer out(32);
      ASSERT_EQ(cbc.decrypt(vector, hex(cipher), out).value(), 32U);
      EXPECT_EQ(to_hex(out), plain);
    }
    ByteBuffer in_place = hex(cipher);
    ASSERT_TRUE(cbc.decrypt(vector, in_place, in_place).has_value());
    EXPECT_EQ(to_hex(in_place), plain);
    EXPECT_EQ(cbc.decrypt(vector, ByteBuffer(17), in_place).error(), CipherError::BadLength);
    EXPECT_EQ(cbc.decrypt(ByteBuffer(8), ByteBuffer(16), in_place).error(), CipherError::BadNonce);
  }
  EXPECT_EQ(AesCbcDecryptor::make(ByteBuffer(24)).error(), CipherError::BadKey);
}

// FIPS 197 appendix C.
TEST(AesBlock, GivesTheVectorsOfFips197) {
  const ByteBuffer plain = hex("00112233445566778899aabbccddeeff");
  const std::vector<std::pair<std::string, std::string>> cases{
      {"000102030405060708090a0b0c0d0e0f", "69c4e0d86a7b0430d8cdb78070b4c55a"},
      {"000102030405060708090a0b0c0d0e0f1011121314151617", "dda97ca4864cdfe06eaf70a0ec0d7191"},
      {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
       "8ea2b7ca516745bfeafc49904b496089"}};
  for (const auto& [key, cipher] : cases) {
    AesBlock aes = AesBlock::make(hex(key)).value();
    for (int round = 0; round < 3; ++round)
      EXPECT_EQ(to_hex(aes.encrypt(plain).value()), cipher);
    EXPECT_EQ(aes.encrypt(ByteBuffer(15)).error(), CipherError::BadLength);
  }
  EXPECT_EQ(AesBlock::make(ByteBuffer(20)).error(), CipherError::BadKey);
}

// RFC 8439 section 2.4.2: what the text becomes, XOR the text, is the key stream from block 1 on.
TEST(ChaCha20Stream, GivesTheVectorOfRfc8439) {
  ByteBuffer key;
  for (unsigned i = 0; i < 32; ++i)
    key.push_back(static_cast<std::byte>(i));
  ChaCha20Stream stream = ChaCha20Stream::make(key).value();
  const ByteBuffer start = hex("01000000000000000000004a00000000");
  for (int round = 0; round < 2; ++round) {
    ByteBuffer out(16);
    ASSERT_EQ(stream.keystream(start, out).value(), 16U);
    const Bytes text = as_bytes("Ladies and Gentl");
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] ^= text[i];
    EXPECT_EQ(to_hex(out), "6e2e359a2568f98041ba0728dd0d6981");
  }
  ByteBuffer out(5);
  EXPECT_EQ(stream.keystream(ByteBuffer(12), out).error(), CipherError::BadNonce);
  EXPECT_EQ(ChaCha20Stream::make(ByteBuffer(16)).error(), CipherError::BadKey);
}

}  // namespace
}  // namespace parley::crypto

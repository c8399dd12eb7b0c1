#include "stack/base/random.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "stack/base/bytes.h"

namespace parley {
namespace {

// The derivation of a generator's key, written a second time: FNV-1a of the name into the seed,
// SplitMix64 from there, the high half of each number.
std::array<std::uint32_t, 8> key_of(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : name)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  std::uint64_t state = seed ^ hash;
  std::array<std::uint32_t, 8> key{};
  for (std::uint32_t& word : key) {
    state += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    word = static_cast<std::uint32_t>((z ^ (z >> 31U)) >> 32U);
  }
  return key;
}

// The ChaCha20 key stream (RFC 8439 section 2.4) as OpenSSL makes it, counter and nonce zero.
ByteBuffer chacha20(const std::array<std::uint32_t, 8>& key, std::size_t size) {
  std::array<unsigned char, 32> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i)
    octets[i] = static_cast<unsigned char>(key[i / 4] >> (8U * (i % 4)));
  const std::array<unsigned char, 16> counter_and_nonce{};
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  EVP_EncryptInit_ex(context.get(), EVP_chacha20(), nullptr, octets.data(),
                     counter_and_nonce.data());
  const std::vector<unsigned char> zeros(size);
  std::vector<unsigned char> stream(size);
  int written = 0;
  EVP_EncryptUpdate(context.get(), stream.data(), &written, zeros.data(), static_cast<int>(size));
  const Bytes bytes = std::as_bytes(std::span(stream));
  return {bytes.begin(), bytes.end()};
}

// RFC 8439 appendix A.1, test vector 1: the reference that the next test leans on is itself right.
TEST(SeededRandom, TheReferenceMakesTheBlockOfRfc8439) {
  EXPECT_EQ(to_hex(chacha20({}, 64)),
            "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
            "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
}

TEST(SeededRandom, IsTheChaCha20KeyStream) {
  for (const std::uint64_t seed : {0ULL, 1ULL, 42ULL, 0xffffffffffffffffULL}) {
    SeededRandom random(seed, "alice");
    ByteBuffer bytes(1000);
    random.fill(bytes);
    EXPECT_EQ(bytes, chacha20(key_of(seed, "alice"), bytes.size())) << seed;
  }
}

TEST(SeededRandom, GivesTheSameBytesHoweverTheyAreTaken) {
  SeededRandom whole(9, "x");
  ByteBuffer expected(500);
  whole.fill(expected);
  for (const std::size_t step : std::vector<std::size_t>{1, 3, 63, 64, 65, 499}) {
    SeededRandom random(9, "x");
    ByteBuffer bytes(500);
    for (std::size_t at = 0; at < bytes.size(); at += step)
      random.fill(std::span(bytes).subspan(at, std::min(step, bytes.size() - at)));
    EXPECT_EQ(bytes, expected) << step;
  }
}

// Runs that users keep by their seed must stay what they were.
TEST(SeededRandom, KeepsItsNumbers) {
  SeededRandom random(1, "alice");
  EXPECT_EQ(random.next_u64(), 11173735999149127496ULL);
  EXPECT_EQ(random.next_u32(), 2564587495U);
  EXPECT_EQ(random.below(1000), 173U);
  EXPECT_EQ(random.split("ice").next_u64(), 1862795379463284749ULL);
}

TEST(SeededRandom, SplitsByNameWhateverWasDrawnBefore) {
  SeededRandom parent(5, "home");
  const std::uint64_t before = parent.split("loss").next_u64();
  (void)parent.next_u64();
  EXPECT_EQ(parent.split("loss").next_u64(), before);
  EXPECT_NE(parent.split("ice").next_u64(), before);
  EXPECT_NE(SeededRandom(5, "home").next_u64(), SeededRandom(6, "home").next_u64());
  EXPECT_NE(SeededRandom(5, "home").next_u64(), SeededRandom(5, "hom").next_u64());
}

TEST(SeededRandom, AThousandNamesGiveAThousandStreams) {
  std::set<std::uint64_t> firsts;
  const SeededRandom root(1, "run");
  for (int i = 0; i < 1000; ++i)
    firsts.insert(root.split("node " + std::to_string(i)).next_u64());
  EXPECT_EQ(firsts.size(), 1000U);
}

TEST(Random, BelowStaysBelowAndReachesEverything) {
  SeededRandom random(3, "dice");
  for (const std::uint64_t bound : {1ULL, 2ULL, 3ULL, 7ULL, 64ULL}) {
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 2000; ++i) {
      const std::uint64_t value = random.below(bound);
      ASSERT_LT(value, bound);
      seen.insert(value);
    }
    EXPECT_EQ(seen.size(), bound);
  }
  constexpr std::uint64_t kLarge = 0xc000000000000000ULL;
  for (int i = 0; i < 1000; ++i)
    EXPECT_LT(random.below(kLarge), kLarge);
}

// Chi-squared with 99 degrees of freedom stays below 149 in 999 of 1000 draws; the seed is fixed.
TEST(Random, BelowIsUniform) {
  constexpr std::size_t kBuckets = 100;
  constexpr int kDraws = 100'000;
  std::array<int, kBuckets> counts{};
  SeededRandom random(11, "uniform");
  for (int i = 0; i < kDraws; ++i)
    ++counts[random.below(kBuckets)];
  constexpr double kExpected = static_cast<double>(kDraws) / kBuckets;
  double chi_squared = 0;
  for (const int count : counts)
    chi_squared += (count - kExpected) * (count - kExpected) / kExpected;
  EXPECT_LT(chi_squared, 149.0);
}

TEST(Random, UnitIsInTheHalfOpenIntervalWithTheRightMean) {
  SeededRandom random(12, "unit");
  double sum = 0;
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) {
    const double value = random.unit();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.005);
}

TEST(Random, ChanceHappensAsOftenAsItSays) {
  SeededRandom random(13, "chance");
  int hits = 0;
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) {
    hits += random.chance(0.02) ? 1 : 0;
    EXPECT_FALSE(random.chance(0.0));
    EXPECT_TRUE(random.chance(1.0));
  }
  EXPECT_NEAR(hits, 2000, 150);
}

}  // namespace
}  // namespace parley

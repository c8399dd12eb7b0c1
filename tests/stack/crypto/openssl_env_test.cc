#include "stack/crypto/openssl_env.h"

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <sys/time.h>

#include "stack/base/bytes.h"

namespace parley::crypto {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

microseconds clock_as_programs_see_it() {
  timeval tv{};
  EXPECT_EQ(gettimeofday(&tv, nullptr), 0);
  return seconds(tv.tv_sec) + microseconds(tv.tv_usec);
}

std::string draw(int* result = nullptr) {
  std::array<unsigned char, 16> out{};
  const int drawn = RAND_bytes_ex(openssl_context(), out.data(), out.size(), 0);
  if (result != nullptr)
    *result = drawn;
  return to_hex(std::as_bytes(std::span(out)));
}

TEST(OpensslScope, ShowsItsTimeInsideAndTheRealOneOutside) {
  const auto real_now = std::chrono::system_clock::now().time_since_epoch();
  SeededRandom random(1, "scope");
  {
    OpensslScope scope(random, seconds(12) + microseconds(34));
    EXPECT_EQ(clock_as_programs_see_it(), seconds(12) + microseconds(34));
    scope.show(seconds(99));
    EXPECT_EQ(clock_as_programs_see_it(), seconds(99));
    {
      OpensslScope inner(random, seconds(7));
      EXPECT_EQ(clock_as_programs_see_it(), seconds(7));
    }
    EXPECT_EQ(clock_as_programs_see_it(), seconds(99));
  }
  EXPECT_EQ(openssl_shown_time(), std::nullopt);
  EXPECT_LT(clock_as_programs_see_it() - real_now, seconds(10));
  EXPECT_GE(clock_as_programs_see_it() - real_now, seconds(-1));
}

TEST(OpensslScope, HoldsForItsOwnThreadOnly) {
  SeededRandom random(1, "scope");
  const OpensslScope scope(random, seconds(12));
  microseconds elsewhere{};
  std::thread([&] { elsewhere = clock_as_programs_see_it(); }).join();
  EXPECT_GT(elsewhere, seconds(1'000'000'000));
}

TEST(OpensslScope, MakesTheLibraryDrawFromItsGenerator) {
  SeededRandom expected(5, "draw");
  std::array<std::byte, 16> bytes{};
  expected.fill(bytes);
  SeededRandom random(5, "draw");
  const OpensslScope scope(random, seconds(1));
  EXPECT_EQ(draw(), to_hex(bytes));
}

TEST(OpensslContext, RefusesToDrawOutsideOfAnyScope) {
  int result = 1;
  (void)draw(&result);
  EXPECT_NE(result, 1);
}

// A configuration file that OpenSSL would read at its first use, if nobody had decided otherwise
// before main() (the test program's environment names it).
TEST(OpensslContext, IgnoresTheHostsConfiguration) {
  ASSERT_STREQ(std::getenv("OPENSSL_CONF"), PARLEY_SOURCE_DIR "/tests/stack/crypto/hostile.cnf");
  SeededRandom random(1, "scope");
  const OpensslScope scope(random, seconds(1));
  SSL_CTX* context = SSL_CTX_new_ex(openssl_context(), nullptr, DTLS_method());
  ASSERT_NE(context, nullptr);
  EXPECT_NE(SSL_CTX_get_security_level(context), 5);
  SSL_CTX_free(context);
}

}  // namespace
}  // namespace parley::crypto

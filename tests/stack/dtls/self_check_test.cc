// This program is linked so that libparley_crypto.a hides its symbols: libssl then calls the C
// library's gettimeofday(), as it would in a program that was put together wrongly.

#include <gtest/gtest.h>

#include "tests/stack/dtls/transport_pair.h"

namespace parley::dtls {
namespace {

TEST(SelfCheckDeathTest, StopsAProgramWhoseLibsslReadsTheRealClock) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(
      {
        TransportPair pair({});
        pair.start();
      },
      "libssl does not see the interposed gettimeofday");
}

}  // namespace
}  // namespace parley::dtls

#include "stack/base/result.h"

#include <array>
#include <set>

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(WireError, SaysWhatStoodWhere) {
  EXPECT_EQ(to_string(WireError{WireFault::Truncated, 12, "transaction id"}),
            "truncated at byte 12: transaction id");
}

TEST(WireError, NamesEveryFaultDifferently) {
  constexpr std::array kAll{WireFault::Truncated, WireFault::BadMagic,    WireFault::BadLength,
                            WireFault::BadValue,  WireFault::BadChecksum, WireFault::Unsupported};
  std::set<std::string_view> words;
  for (const WireFault fault : kAll)
    words.insert(to_string(fault));
  EXPECT_EQ(words.size(), kAll.size());
}

TEST(Result, CarriesAValueOrAnError) {
  const Result<int> good = 7;
  EXPECT_EQ(good.value(), 7);
  const Result<int> bad = wire_error(WireFault::BadValue, 3, "version");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error(), (WireError{WireFault::BadValue, 3, "version"}));
}

}  // namespace
}  // namespace parley

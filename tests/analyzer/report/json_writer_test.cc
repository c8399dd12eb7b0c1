#include "analyzer/report/json_writer.h"

#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace parley::analyzer {
namespace {

TEST(JsonWriter, NestsAndSeparates) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("a", 1);
  json.key("b");
  json.begin_array();
  json.value("x");
  json.begin_object();
  json.end_object();
  json.value(true);
  json.end_array();
  json.null_member("c");
  json.empty_array("d");
  json.end_object();
  EXPECT_EQ(out, R"({"a": 1, "b": ["x", {}, true], "c": null, "d": []})");
}

TEST(JsonWriter, NumbersAreShortAndNeverInfinite) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  json.value(0.5);
  json.value(3.0);
  json.value(-0.0);
  json.value(1e-9);
  json.value(std::numeric_limits<double>::infinity());
  json.value(std::numeric_limits<double>::quiet_NaN());
  json.value(std::numeric_limits<std::uint64_t>::max());
  json.value(std::numeric_limits<std::int64_t>::min());
  json.end_array();
  EXPECT_EQ(out,
            "[0.5, 3, 0, 0.000000001, null, null, 18446744073709551615, -9223372036854775808]");
}

TEST(JsonWriter, AnyOctetsBecomeValidJson) {
  for (unsigned first = 0; first < 256; ++first) {
    for (const unsigned second : {0U, 0x22U, 0x5CU, 0x80U, 0xFFU}) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second), 'z'};
      std::string out;
      JsonWriter json(out);
      json.value(text);
      EXPECT_TRUE(nlohmann::json::accept(out)) << first << " " << second << " " << out;
    }
  }
}

TEST(JsonWriter, OptionalsAreNullOrTheirValue) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  json.value(std::optional<std::string>());
  json.value(std::optional<std::string>("x"));
  json.value(std::optional<double>(2.5));
  json.end_array();
  EXPECT_EQ(out, R"([null, "x", 2.5])");
}

}  // namespace
}  // namespace parley::analyzer

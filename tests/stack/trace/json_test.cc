#include "stack/trace/json.h"

#include <clocale>
#include <limits>
#include <set>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/golden.h"

namespace parley::trace {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

template <class E>
std::string line(E event, Duration at = nanoseconds{0}) {
  return to_json_line({Instant{at}, ActorId{0}, Event{std::move(event)}}, "alice");
}

Endpoint endpoint(std::string_view text) {
  return Endpoint::parse(text).value();
}

TEST(TraceJson, WritesOneLineAsTheContractHasIt) {
  IcePairState event;
  event.pair = PairId{3};
  event.from = PairState::Waiting;
  event.to = PairState::InProgress;
  event.reason = "check sent";
  EXPECT_EQ(
      line(event, milliseconds{1500}),
      R"({"time": 1.500000000, "node": "alice", "name": "ice:pair_state", )"
      R"("data": {"pair": 3, "from": "waiting", "to": "in-progress", "reason": "check sent"}})");
}

TEST(TraceJson, WritesEndpointsDurationsAndFlags) {
  StunServerAnswered answered;
  answered.server = endpoint("192.0.2.1:3478");
  answered.local = endpoint("[2001:db8::1]:5000");
  answered.rtt = nanoseconds{20'000'001};
  EXPECT_EQ(line(answered),
            R"({"time": 0.000000000, "node": "alice", "name": "stun:server_answered", )"
            R"("data": {"server": "192.0.2.1:3478", "local": "[2001:db8::1]:5000", )"
            R"("mapped": null, "rtt": 0.020000001}})");
  IceCheckSent sent;
  sent.use_candidate = true;
  const nlohmann::json parsed = nlohmann::json::parse(line(sent));
  EXPECT_EQ(parsed["data"]["use_candidate"], true);
  EXPECT_EQ(parsed["data"]["consent"], false);
  EXPECT_EQ(parsed["data"]["attempt"], 1);
}

TEST(TraceJson, WritesTimesFromIntegers) {
  const auto time = [](std::int64_t ns) {
    const std::string text = line(IceConsentLost{}, nanoseconds{ns});
    return text.substr(9, text.find(',') - 9);
  };
  EXPECT_EQ(time(0), "0.000000000");
  EXPECT_EQ(time(1), "0.000000001");
  EXPECT_EQ(time(-1), "-0.000000001");
  EXPECT_EQ(time(-1'500'000'000), "-1.500000000");
  EXPECT_EQ(time(1'704'067'200'123'456'789), "1704067200.123456789");
  EXPECT_EQ(time(std::numeric_limits<std::int64_t>::max()), "9223372036.854775807");
  EXPECT_EQ(time(std::numeric_limits<std::int64_t>::min()), "-9223372036.854775808");
}

TEST(TraceJson, WritesDurationsInTheirShortestForm) {
  const auto rtt = [](std::int64_t ns) {
    IceCheckAnswered answered;
    answered.rtt = nanoseconds{ns};
    const std::string text = line(answered);
    const std::size_t at = text.find("\"rtt\": ") + 7;
    return text.substr(at, text.find('}') - at);
  };
  EXPECT_EQ(rtt(0), "0");
  EXPECT_EQ(rtt(20'000'000), "0.02");
  EXPECT_EQ(rtt(10'000'000'000), "10");
  EXPECT_EQ(rtt(-500'000'000), "-0.5");
}

TEST(TraceJson, KeepsNumbersOf64Bits) {
  IcePairCreated created;
  created.priority = std::numeric_limits<std::uint64_t>::max();
  EXPECT_NE(line(created).find("\"priority\": 18446744073709551615"), std::string::npos);
}

TEST(TraceJson, DoesNotDependOnTheLocale) {
  StunServerAnswered answered;
  answered.rtt = milliseconds{1234567};
  const std::string before = line(answered, milliseconds{1234567890});
  const std::string old = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"}) {
    std::setlocale(LC_ALL, name);
    EXPECT_EQ(line(answered, milliseconds{1234567890}), before) << name;
  }
  std::setlocale(LC_ALL, old.c_str());
}

TEST(TraceJson, EscapesWhatJsonOrATerminalDoesNotBear) {
  EXPECT_EQ(json_string("plain"), R"("plain")");
  EXPECT_EQ(json_string("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json_string("a\nb\tc"), R"("a\nb\tc")");
  EXPECT_EQ(json_string(std::string_view("\0\x1b\x7f", 3)), R"("\u0000\u001b\u007f")");
  EXPECT_EQ(json_string("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
            "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
  EXPECT_EQ(json_string("\xe2\x80\xae"), R"("\u202e")");
  EXPECT_EQ(json_string("\xc2\x9b"), R"("\u009b")");
}

TEST(TraceJson, ReplacesWhatIsNoUtf8) {
  for (const std::string_view bad : {"\xff", "\xc3", "\xc0\x80", "\xe2\x82", "\xed\xa0\x80",
                                     "\xf8\x88\x80\x80\x80", "\xf4\x90\x80\x80"}) {
    const std::string text = json_string(bad);
    EXPECT_EQ(text.substr(0, 7), R"("\ufffd)");
    EXPECT_TRUE(nlohmann::json::accept(text));
  }
}

TEST(TraceJson, EveryOctetGivesAStringThatParses) {
  for (unsigned first = 0; first < 256; ++first)
    for (unsigned second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      const nlohmann::json parsed = nlohmann::json::parse(json_string(text));
      if (first < 128 && second < 128) {
        EXPECT_EQ(parsed.get<std::string>(), text);
      }
    }
}

template <std::size_t... I>
std::vector<Event> one_of_each(std::index_sequence<I...>) {
  return {Event{std::variant_alternative_t<I, Event>{}}...};
}

TEST(TraceJson, EveryEventIsALineThatParsesWithItsOwnName) {
  std::set<std::string_view> names;
  for (const Event& event : one_of_each(std::make_index_sequence<std::variant_size_v<Event>>{})) {
    const std::string text = to_json_line({Instant{}, ActorId{0}, event}, "a \"node\"");
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const nlohmann::json parsed = nlohmann::json::parse(text);
    EXPECT_EQ(parsed["name"], name_of(event));
    EXPECT_EQ(parsed["node"], "a \"node\"");
    EXPECT_FALSE(parsed["data"].empty()) << name_of(event);
    names.insert(name_of(event));
  }
  EXPECT_EQ(names.size(), std::variant_size_v<Event>);
}

TEST(Vocabulary, SaysWhatACaptureCanShow) {
  EXPECT_EQ(visibility_of(Event{IceNominated{}}), Visibility::Inferable);
  EXPECT_EQ(visibility_of(Event{SignalingSent{}}), Visibility::Internal);
  EXPECT_EQ(visibility_of(Event{IceCheckSent{}}), Visibility::Observable);
}

TEST(Vocabulary, IsWhatTheDocumentSays) {
  test::expect_golden("docs/trace.md", describe_vocabulary());
}

}  // namespace
}  // namespace parley::trace

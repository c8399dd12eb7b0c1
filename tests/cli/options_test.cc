#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/error.h"
#include "cli/size.h"

namespace parley::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CommandSpec example() {
  return {"example",
          "FILE...",
          "shows",
          "Shows options.",
          {{"out,o", "DIR", "where to"}, {"fast", "", "hurry"}},
          {},
          1,
          2};
}

std::string fault_of(const std::vector<std::string>& words) {
  try {
    Options::parse(example(), words);
  } catch (const CommandError& error) {
    EXPECT_EQ(error.exit_code(), kBadInput);
    return error.what();
  }
  return "";
}

TEST(Options, LongShortAndEqualsFormsGiveTheSameValue) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--out", "dir", "a"},
                                                {"--out=dir", "a"},
                                                {"-o", "dir", "a"},
                                                {"a", "-odir"}}) {
    const Options options = Options::parse(example(), words);
    EXPECT_EQ(options.value("out"), "dir");
    EXPECT_THAT(options.arguments(), ElementsAre("a"));
  }
}

TEST(Options, TheLastValueWins) {
  EXPECT_EQ(Options::parse(example(), {"a", "--out", "x", "--out", "y"}).value("out"), "y");
}

TEST(Options, ADashIsAnArgumentAndTwoDashesEndTheOptions) {
  EXPECT_THAT(Options::parse(example(), {"-"}).arguments(), ElementsAre("-"));
  EXPECT_THAT(Options::parse(example(), {"--", "--fast"}).arguments(), ElementsAre("--fast"));
}

TEST(Options, WhatIsNotKnownIsRefusedWithTheNearestName) {
  EXPECT_THAT(fault_of({"a", "--fsat"}), HasSubstr("did you mean --fast?"));
  EXPECT_THAT(fault_of({"a", "--entirely-else"}), HasSubstr("unknown option"));
  EXPECT_THAT(fault_of({"a", "--fas"}), HasSubstr("unknown option"));  // no guessing of prefixes
}

TEST(Options, CountsOfArgumentsAreChecked) {
  EXPECT_THAT(fault_of({}), HasSubstr("expected FILE..."));
  EXPECT_THAT(fault_of({"a", "b", "c"}), HasSubstr("too many arguments"));
}

TEST(Options, AMissingValueIsAnError) {
  EXPECT_NE(fault_of({"a", "--out"}), "");
}

TEST(Options, NumbersAreWholeAndNotNegative) {
  const CommandSpec spec = example();
  EXPECT_EQ(Options::parse(spec, {"a", "--out", "7"}).number("out"), 7U);
  for (const char* text : {"", "7x", "-1", "1.5", "99999999999999999999999"})
    EXPECT_THROW((void)Options::parse(spec, {"a", std::string("--out=") + text}).number("out"),
                 CommandError)
        << text;
}

TEST(Options, HelpNeedsNoArguments) {
  EXPECT_TRUE(Options::parse(example(), {"--help"}).has("help"));
  EXPECT_THAT(help_text(example()), HasSubstr("-o [ --out ] DIR"));
}

TEST(Size, UnitsAreNeeded) {
  EXPECT_EQ(parse_size("64KiB", "--memory"), 65536U);
  EXPECT_EQ(parse_size("2GB", "--memory"), 2'000'000'000U);
  EXPECT_EQ(parse_size("1B", "--memory"), 1U);
  for (const char* text : {"", "64", "KiB", "0B", "1.5GiB", "-1B", "64kib", "99999999999999999999B",
                           "18446744073709551615GiB"})
    EXPECT_THROW(parse_size(text, "--memory"), CommandError) << text;
}

TEST(Nearest, FindsAMisspelledNameAndNotAnyName) {
  EXPECT_EQ(nearest("analyse", {"run", "analyze"}), "analyze");
  EXPECT_EQ(nearest("completely", {"run", "analyze"}), std::nullopt);
  EXPECT_EQ(nearest("rnu", {"run", "analyze"}), "run");
  EXPECT_EQ(nearest("gui", {"run", "analyze"}), std::nullopt) << "another word";
}

TEST(Options, TheLogLevelIsWarningAndWithQuietError) {
  EXPECT_EQ(Options::parse(example(), {"a"}).log_level(), LogLevel::Warning);
  EXPECT_EQ(Options::parse(example(), {"-q", "a"}).log_level(), LogLevel::Error);
  EXPECT_EQ(Options::parse(example(), {"-q", "--log-level", "debug", "a"}).log_level(),
            LogLevel::Debug);
  EXPECT_THAT(fault_of({"--log-level", "all", "a"}), HasSubstr("error, warning, info or debug"));
}

TEST(Options, AnEmptyArgumentIsNoFile) {
  EXPECT_THAT(fault_of({"a", ""}), HasSubstr("an argument is empty"));
}

}  // namespace
}  // namespace parley::cli

#include "analyzer/report/text.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/diagnose/diagnose.h"
#include "analyzer/report/layout.h"
#include "tests/support/sample_calls.h"

namespace parley::analyzer {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string report(Analysis analysis, const TextOptions& options = {}) {
  diagnose(analysis);
  return render_text(analysis, options);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

// Golden files are rewritten when PARLEY_UPDATE_GOLDEN is set: the change is reviewed in the diff.
void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = PARLEY_SOURCE_DIR "/tests/golden/reports/" + name;
  if (std::getenv("PARLEY_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str()) << name;
}

TEST(TextReport, OfACallWithoutAnswerIsTheGoldenOne) {
  expect_golden("unanswered.txt", report(test::unanswered_call()));
}

TEST(TextReport, OfARestartedCallIsTheGoldenOne) {
  expect_golden("restarted.txt", report(test::restarted_call()));
}

TEST(TextReport, OfACaptureWithoutACallSaysWhatThatMayMean) {
  Analysis analysis = test::unanswered_call();
  analysis.calls.clear();
  LooseFlow flow;
  flow.protocol = "rtp";
  flow.ssrc = 7;
  flow.packets = 50;
  flow.first = test::packet(9);
  analysis.loose = {flow};
  const std::string text = report(analysis);
  expect_golden("no-call.txt", text);
  EXPECT_THAT(text, HasSubstr("NO CALL"));
}

TEST(TextReport, OfNoPacketsSaysOnlyThat) {
  Analysis analysis;
  analysis.captures.push_back({});
  const std::string text = report(analysis);
  EXPECT_THAT(text, HasSubstr("There is no packet in it at all."));
  EXPECT_THAT(text, Not(HasSubstr("This may mean")));
}

TEST(TextReport, PutsTheVerdictBeforeEverythingElseOfACall) {
  const std::string text = report(test::unanswered_call());
  const auto verdict = text.find("Call 1   FAILED.");
  ASSERT_NE(verdict, std::string::npos);
  for (const char* section : {"\nWHY", "\nPAIRS", "\nWHAT HAPPENED", "\nTRY"}) {
    ASSERT_NE(text.find(section), std::string::npos) << section;
    EXPECT_LT(verdict, text.find(section)) << section;
  }
}

TEST(TextReport, FitsAHundredColumnsAndAScreen) {
  for (const Analysis& analysis : {test::unanswered_call(), test::restarted_call()}) {
    const auto lines = lines_of(report(analysis));
    EXPECT_LE(lines.size(), 55U);
    for (const std::string& line : lines)
      EXPECT_LE(display_width(line), 100U) << line;
  }
}

TEST(TextReport, MarksInferredTypes) {
  EXPECT_THAT(report(test::unanswered_call()), HasSubstr("srflx? 203.0.113.22:43776"));
}

TEST(TextReport, HasNoEscapesWithoutColorAndTheSameWordsWithIt) {
  const std::string plain = report(test::restarted_call());
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  TextOptions options;
  options.color = true;
  std::string colored = report(test::restarted_call(), options);
  EXPECT_NE(colored.find('\x1b'), std::string::npos);
  for (auto at = colored.find('\x1b'); at != std::string::npos; at = colored.find('\x1b'))
    colored.erase(at, colored.find('m', at) - at + 1);
  EXPECT_EQ(colored, plain);
}

TEST(TextReport, LongListsAreCutWithACount) {
  Analysis analysis = test::unanswered_call();
  auto& pairs = analysis.calls[0].transports[0].pairs;
  for (int i = 0; i < 30; ++i)
    pairs.push_back(pairs.front());
  EXPECT_THAT(report(analysis), HasSubstr("   and 22 more\n"));
}

TEST(TextReport, TextFromTheWireCannotMoveTheCursor) {
  Analysis analysis = test::unanswered_call();
  analysis.captures[0].file = "evil\x1b[2J.pcap";
  analysis.calls[0].peers[0].ufrags[0].ufrag = "a\x1b]0;x\x07";
  analysis.captures[0].by_protocol["\x1b[31m"] = 1;
  const std::string text = report(analysis);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\x07'), std::string::npos);
}

TEST(TextReport, SeveralCapturesAreNamedInReferences) {
  Analysis analysis = test::unanswered_call();
  analysis.captures.push_back(analysis.captures[0]);
  analysis.captures[1].file = "natA-wan.pcapng";
  analysis.captures[1].index = 1;
  EXPECT_THAT(report(analysis), HasSubstr("[peerA 5..250]"));
  EXPECT_THAT(report(analysis), HasSubstr("2 captures, 528 packets, 1 call"));
}

TEST(TextReport, DamageStandsInTheCaptureLine) {
  Analysis analysis = test::unanswered_call();
  analysis.captures[0].damage = {{512, 9, "a block is longer than the file"}};
  EXPECT_THAT(report(analysis), HasSubstr("DAMAGED at"));
}

}  // namespace
}  // namespace parley::analyzer

#include "analyzer/report/layout.h"

#include <gtest/gtest.h>

namespace parley::analyzer {
namespace {

TEST(Paragraph, BreaksAtWordsAndHangs) {
  EXPECT_EQ(paragraph("ab ", "one two three", 4, 10), "ab one two\n    three\n");
}

TEST(Paragraph, AWordThatIsTooLongStandsAlone) {
  EXPECT_EQ(paragraph("", "a 0123456789 b", 2, 6), "a\n  0123456789\n  b\n");
}

TEST(Paragraph, WithoutTextIsItsBeginning) {
  EXPECT_EQ(paragraph("  x  ", "", 4, 10), "  x\n");
}

TEST(Paragraph, NoLineEndsInsideAQuantityOrAReference) {
  EXPECT_EQ(paragraph("", "lifetime 600 s, one", 0, 13), "lifetime\n600 s, one\n");
  EXPECT_EQ(paragraph("", "seen [peerA 5..8]. Then", 0, 16), "seen\n[peerA 5..8].\nThen\n");
  EXPECT_EQ(paragraph("", "as (RFC 8445 section 7) says", 0, 12),
            "as (RFC 8445\nsection 7)\nsays\n");
  EXPECT_EQ(paragraph("", "in (2.5 ms) and 3 more", 0, 8), "in\n(2.5 ms)\nand\n3 more\n");
}

TEST(Paragraph, ALongListInBracketsMayBreak) {
  const std::string list = "[alpha 1, beta 2, gamma 3, delta 4, epsilon 5]";
  EXPECT_EQ(paragraph("", list, 0, 24), "[alpha 1, beta 2, gamma\n3, delta 4, epsilon 5]\n");
}

TEST(DisplayWidth, CountsCharactersNotOctets) {
  EXPECT_EQ(display_width("a\xC3\xA4z"), 3U);
}

TEST(Table, AlignsColumnsAndLeavesEmptyOnesOut) {
  Table table({{"name", false, 0}, {"nothing", false, 0}, {"n", true, 0}});
  table.add_row({"long name", "", "5"});
  table.add_row({"x", "", "121"});
  EXPECT_EQ(table.render(1, 80),
            " name         n\n"
            " long name    5\n"
            " x          121\n");
}

TEST(Table, DropsTheLeastNeededColumnWhenTooWide) {
  Table table({{"a", false, 0}, {"second", false, 1}, {"third", false, 2}});
  table.add_row({"x", "123456", "12345"});
  EXPECT_EQ(table.natural_width(0), 16U);
  EXPECT_EQ(table.render(0, 16), "a  second  third\nx  123456  12345\n");
  EXPECT_EQ(table.render(0, 15), "a  second\nx  123456\n");
  EXPECT_EQ(table.render(0, 3), "a\nx\n");
}

TEST(Table, NamesTheColumnsThatFoundNoRoom) {
  Table table({{"a", false, 0}, {"second", false, 1}, {"third", false, 2}, {"empty", false, 3}});
  table.add_row({"x", "123456", "12345", ""});
  EXPECT_TRUE(table.left_out(0, 16).empty());
  EXPECT_EQ(table.left_out(0, 15), (std::vector<std::string>{"third"}));
  EXPECT_EQ(table.left_out(0, 3), (std::vector<std::string>{"second", "third"}));
}

TEST(Painted, IsPlainWithoutColor) {
  EXPECT_EQ(painted("x", Paint::Bad, false), "x");
  EXPECT_EQ(painted("x", Paint::Bad, true), "\x1b[1;31mx\x1b[0m");
}

}  // namespace
}  // namespace parley::analyzer

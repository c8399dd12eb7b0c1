#include "sim/yaml_document.h"

#include <string>

#include <gtest/gtest.h>

#include "sim/scenario.h"

namespace parley::sim {
namespace {

std::string error_of(const std::string& text) {
  try {
    (void)parse_yaml(text, "x.yaml");
  } catch (const ScenarioError& error) {
    return error.what();
  }
  return "no error";
}

TEST(YamlDocument, KeepsThePlaceOfEveryKeyAndValue) {
  const YamlNode root = parse_yaml("a: 1\nbc:\n  - x\n  - {d: [2, 3]}\n", "x.yaml");
  ASSERT_EQ(root.entries.size(), 2U);
  EXPECT_EQ(root.entries[1].key, "bc");
  EXPECT_EQ(root.entries[1].mark.line, 2U);
  EXPECT_EQ(root.entries[1].mark.column, 1U);
  const YamlNode& item = root.entries[1].value.items[1];
  EXPECT_EQ(item.mark.line, 4U);
  EXPECT_EQ(item.mark.column, 5U);
  const YamlNode* d = item.find("d");
  ASSERT_NE(d, nullptr);
  EXPECT_EQ(d->items[1].text, "3");
  EXPECT_EQ(d->items[1].mark.column, 13U);
}

TEST(YamlDocument, AnEmptyPlainValueIsNothingAndAnEmptyQuotedOneIsText) {
  const YamlNode root = parse_yaml("a:\nb: ''\nc: ~\n", "x.yaml");
  EXPECT_EQ(root.find("a")->kind, YamlNode::Kind::Null);
  EXPECT_EQ(root.find("b")->kind, YamlNode::Kind::Scalar);
}

TEST(YamlDocument, ResolvesAliases) {
  const YamlNode root = parse_yaml("a: &x {k: v}\nb: *x\n", "x.yaml");
  EXPECT_EQ(root.find("b")->find("k")->text, "v");
}

TEST(YamlDocument, RefusesDuplicateKeysAtAnyDepth) {
  EXPECT_EQ(error_of("a: 1\na: 2\n"),
            "x.yaml:2:1: the key 'a' stands here twice; it was on line 1 already");
  EXPECT_EQ(error_of("n:\n  m: {k: 1, k: 2}\n"),
            "x.yaml:2:13: the key 'k' stands here twice; it was on line 2 already");
}

TEST(YamlDocument, RefusesWhatIsNoYamlOrNoScenario) {
  EXPECT_EQ(error_of("a: [1, 2\n").substr(0, 7), "x.yaml:");
  EXPECT_NE(error_of("a: [1, 2\n").find("this is no YAML"), std::string::npos);
  EXPECT_NE(error_of("").find("the file is empty"), std::string::npos);
  EXPECT_EQ(error_of("\xff\xfe"), "x.yaml:1:1: this is not UTF-8: octet 0xff");
  EXPECT_EQ(error_of("a: 1\nb: \xc3\xa9\xc3\n"), "x.yaml:2:5: this is not UTF-8: octet 0xc3");
  EXPECT_NE(error_of("a: 1\n---\nb: 1\n").find("a second document"), std::string::npos);
  EXPECT_NE(error_of("? [a]\n: 1\n").find("a key has to be a word"), std::string::npos);
}

TEST(YamlDocument, ATabInFrontOfAKeyIsNamed) {
  EXPECT_NE(error_of("a: 1\nb:\n\tc: {d: 1}\n").find("indented with a tab"), std::string::npos);
  EXPECT_EQ(error_of("a: 1\nb: }\n").find("tab"), std::string::npos);
  EXPECT_EQ(error_of("a: }\tb\n").find("tab"), std::string::npos) << "no indentation";
}

TEST(YamlDocument, StaysWithinItsLimits) {
  EXPECT_NE(error_of(std::string(100, '[') + std::string(100, ']')).find("nested too deeply"),
            std::string::npos);
  // A parser that recursed for each bracket would end here.
  EXPECT_NE(error_of(std::string(1'000'000, '[')), "no error");
  EXPECT_NE(error_of(std::string(kMaxScenarioBytes + 1, ' ')).find("larger than 32 MiB"),
            std::string::npos);
  // "Billion laughs": each line is ten times the one before.
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    std::string list = before;
    for (int j = 1; j < 10; ++j)
      list += " , " + before;
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + list + " ]\n";
  }
  EXPECT_NE(error_of(laughs).find("aliases of this file make it too large"), std::string::npos);
  EXPECT_NE(error_of("a: &x [*x]\n").find("alias inside the value"), std::string::npos);
}

}  // namespace
}  // namespace parley::sim

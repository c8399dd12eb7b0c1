#include "analyzer/diagnose/catalogue.h"

#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace parley::analyzer {
namespace {

TEST(Catalogue, EveryCodeIsUniqueAndKebabCase) {
  std::set<std::string_view> codes;
  for (const FindingKind& kind : finding_kinds()) {
    EXPECT_TRUE(codes.insert(kind.code).second) << kind.code;
    EXPECT_EQ(kind.code.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"),
              std::string_view::npos)
        << kind.code;
    EXPECT_FALSE(kind.meaning.empty()) << kind.code;
  }
  EXPECT_GT(codes.size(), 20U);
}

TEST(Catalogue, TheDocumentIsTheTable) {
  std::ifstream file(PARLEY_SOURCE_DIR "/docs/findings.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), describe_findings());
}

TEST(Catalogue, AFindingTakesItsLevelAndSectionFromItsKind) {
  const Finding finding = make_finding("ice-consent-lost");
  EXPECT_EQ(finding.level, Level::Error);
  EXPECT_EQ(finding.confidence, Confidence::Likely);
  EXPECT_EQ(finding.rfc, "RFC 7675 section 5.1");
}

TEST(Catalogue, AnUnknownCodeHasNoKind) {
  EXPECT_EQ(find_kind("no-such-code"), nullptr);
}

}  // namespace
}  // namespace parley::analyzer

#pragma once

// Every finding code, once: its level where nothing in the call changes it, its meaning, and the
// section of the standard behind it. docs/findings.md is this table; a test compares them.

#include <span>
#include <string_view>

#include "analyzer/model/model.h"

namespace parley::analyzer {

struct FindingKind {
  std::string_view code;
  Level level = Level::Note;                    // the usual one
  Confidence confidence = Confidence::Certain;  // the highest that a finding of this code gets
  std::string_view rfc;
  std::string_view meaning;
};

std::span<const FindingKind> finding_kinds();
// nullptr for a code that does not exist.
const FindingKind* find_kind(std::string_view code);
// The text of docs/findings.md.
std::string describe_findings();
// A finding with level, confidence and RFC of its kind.
Finding make_finding(std::string_view code);

}  // namespace parley::analyzer

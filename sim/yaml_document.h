#pragma once

// A YAML document as a tree of our own, with the place of every key and value: what yaml-cpp finds,
// minus everything that a scenario may not hold (duplicate keys, keys that are no text, several
// documents) and within limits, so that no file can exhaust stack or memory.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/source_mark.h"

namespace parley::sim {

inline constexpr std::size_t kMaxScenarioBytes = std::size_t{32} * 1024 * 1024;
inline constexpr std::size_t kMaxYamlDepth = 32;
inline constexpr std::size_t kMaxYamlElements = 4'000'000;
inline constexpr std::size_t kMaxYamlAliasedElements = 100'000;

struct YamlEntry;

struct YamlNode {
  enum class Kind : std::uint8_t { Null, Scalar, Sequence, Map };
  Kind kind = Kind::Null;
  SourceMark mark;
  std::string text;                // of a scalar
  std::vector<YamlNode> items;     // of a sequence
  std::vector<YamlEntry> entries;  // of a map, in the order of the file, keys distinct

  bool is_scalar() const { return kind == Kind::Scalar; }
  bool is_sequence() const { return kind == Kind::Sequence; }
  bool is_map() const { return kind == Kind::Map; }
  const YamlNode* find(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  SourceMark mark;  // of the key
  YamlNode value;
};

// Throws ScenarioError (sim/scenario.h) with `file` in the message.
YamlNode parse_yaml(std::string_view text, const std::string& file);

}  // namespace parley::sim

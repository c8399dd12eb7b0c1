#pragma once

// Reads values out of a YAML tree and says precisely what is wrong with them. Internal to the
// parts of the scenario loader (scenario*.cc).

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/scenario.h"
#include "sim/yaml_document.h"

namespace parley::sim {

// The keys that a map may have. `later` are keys of the format that this version cannot obey: they
// are refused, but not as a typing error. `hints` are words that are no keys of the format here,
// but that people try: what to know of each.
struct KeyHint {
  std::string_view key, sentence;
};
struct KeySet {
  std::string_view what;  // "a link"
  std::span<const std::string_view> known;
  std::span<const std::string_view> later;
  std::span<const KeyHint> hints{};
};
// Of a scenario, a call and a peer.
std::span<const KeyHint> media_hints();

// The candidate that a typing error may have meant, or nothing.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

class ScenarioReader {
 public:
  explicit ScenarioReader(std::string file) : file_(std::move(file)) {}

  [[noreturn]] void fail(SourceMark mark, const std::string& message) const;
  // "the KEY MODEL is not built yet"
  [[noreturn]] void not_built(SourceMark mark, std::string_view what) const;

  // Fails unless `node` is a map whose keys are all known.
  void check_map(const YamlNode& node, const KeySet& keys) const;
  // The value of a key that has to be there.
  const YamlNode& need(const YamlNode& map, std::string_view key, std::string_view what) const;

  const std::string& text(const YamlNode& node, std::string_view expected = "text") const;
  bool flag(const YamlNode& node) const;
  std::uint64_t count(const YamlNode& node) const;
  double number(const YamlNode& node) const;
  Duration duration(const YamlNode& node) const;
  std::uint64_t rate(const YamlNode& node) const;
  std::uint64_t size(const YamlNode& node) const;
  double share(const YamlNode& node) const;
  std::uint16_t port(const YamlNode& node) const;
  InterfaceAddress interface_address(const YamlNode& node) const;
  // One value or a list of them.
  std::vector<InterfaceAddress> interface_addresses(const YamlNode& node) const;
  std::vector<std::string> texts(const YamlNode& node) const;
  // Fails unless `node` is a name of the scenario: [a-z0-9-]+.
  void check_name(const std::string& name, SourceMark mark, std::string_view what) const;
  // The index of one of `words`, else fails and lists the first `offered` of them: what stands
  // behind is known, and cannot be simulated yet.
  std::size_t choice(const YamlNode& node, std::span<const std::string_view> words,
                     std::string_view what,
                     std::size_t offered = std::numeric_limits<std::size_t>::max()) const;

  const std::string& file() const { return file_; }

 private:
  std::string file_;
};

// Names of nodes and profiles, while the rest of the file is read.
struct ScenarioNames {
  std::unordered_map<std::string, std::uint32_t> nodes;
  std::unordered_map<std::string, NatPolicy> nat_profiles;
};
// The node that `node` names.
std::uint32_t node_index(const ScenarioReader& reader, const ScenarioNames& names,
                         const YamlNode& node);

void read_profiles(const ScenarioReader& reader, const YamlNode& profiles, ScenarioNames& names);
void read_nodes(const ScenarioReader& reader, const YamlNode& nodes, ScenarioNames& names,
                Scenario& scenario);
void read_links(const ScenarioReader& reader, const YamlNode& links, const ScenarioNames& names,
                Scenario& scenario);
CallSpec read_call(const ScenarioReader& reader, const YamlNode& call, const ScenarioNames& names,
                   const Scenario& scenario);

}  // namespace parley::sim

#include "sim/scenario_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "sim/quantity.h"
#include "stack/base/bytes.h"

namespace parley::sim {
namespace {

// Edits between two words: insert, delete, replace, swap two neighbours (optimal alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j)
    cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 60;
  const bool cut = text.size() > kShown;
  return "'" + printable(text.substr(0, kShown)) + (cut ? "...'" : "'");
}

std::string found(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::Null:
      return "nothing";
    case YamlNode::Kind::Scalar:
      return quoted(node.text);
    case YamlNode::Kind::Sequence:
      return "a list";
    case YamlNode::Kind::Map:
      return "a map";
  }
  return "?";
}

std::string listed(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words)
    text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

}  // namespace

std::span<const KeyHint> media_hints() {
  static constexpr std::array<KeyHint, 1> kHints{
      KeyHint{"media",
              "media are audio, video and channels of a peer in the scenario format, and this "
              "version of Parley cannot simulate them yet"}};
  return kHints;
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > 40)
    return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

void ScenarioReader::fail(SourceMark mark, const std::string& message) const {
  throw ScenarioError(file_, mark, message);
}

void ScenarioReader::not_built(SourceMark mark, std::string_view what) const {
  fail(mark, std::string(what) +
                 " is part of the scenario format, but this version of Parley cannot simulate it "
                 "yet");
}

void ScenarioReader::check_map(const YamlNode& node, const KeySet& keys) const {
  if (!node.is_map())
    fail(node.mark,
         "expected " + std::string(keys.what) + " as a map of keys, found " + found(node));
  for (const YamlEntry& entry : node.entries) {
    if (std::find(keys.known.begin(), keys.known.end(), entry.key) != keys.known.end())
      continue;
    const std::string unknown =
        "unknown key " + quoted(entry.key) + " in " + std::string(keys.what);
    if (std::find(keys.later.begin(), keys.later.end(), entry.key) != keys.later.end())
      fail(entry.mark, unknown +
                           ": it is part of the scenario format, but this version of Parley cannot "
                           "simulate it yet");
    const auto hint = std::find_if(keys.hints.begin(), keys.hints.end(),
                                   [&](const KeyHint& h) { return h.key == entry.key; });
    if (hint != keys.hints.end())
      fail(entry.mark, unknown + ": " + std::string(hint->sentence));
    const std::string_view meant = nearest(entry.key, keys.known);
    fail(entry.mark, unknown + (meant.empty() ? "; known are " + listed(keys.known)
                                              : "; did you mean '" + std::string(meant) + "'?"));
  }
}

const YamlNode& ScenarioReader::need(const YamlNode& map, std::string_view key,
                                     std::string_view what) const {
  const YamlNode* value = map.find(key);
  if (value == nullptr)
    fail(map.mark, std::string(what) + " needs the key '" + std::string(key) + "'");
  return *value;
}

const std::string& ScenarioReader::text(const YamlNode& node, std::string_view expected) const {
  if (!node.is_scalar())
    fail(node.mark, "expected " + std::string(expected) + ", found " + found(node));
  return node.text;
}

bool ScenarioReader::flag(const YamlNode& node) const {
  // YAML 1.2 knows no yes and no.
  const std::string& word = text(node, "true or false");
  if (word != "true" && word != "false")
    fail(node.mark, "expected true or false, found " + quoted(word));
  return word == "true";
}

std::uint64_t ScenarioReader::count(const YamlNode& node) const {
  const std::string& word = text(node, "a whole number");
  const std::optional<std::uint64_t> value = parse_count(word);
  if (!value)
    fail(node.mark, "expected a whole number, found " + quoted(word));
  return *value;
}

double ScenarioReader::number(const YamlNode& node) const {
  const std::string& word = text(node, "a number");
  double value = 0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value);
  if (error != std::errc{} || stop != end || !(value > -1e9 && value < 1e9))
    fail(node.mark, "expected a number, found " + quoted(word));
  return value;
}

Duration ScenarioReader::duration(const YamlNode& node) const {
  const std::string& word = text(node, kDurationForm);
  const std::optional<Duration> value = parse_duration(word);
  if (!value)
    fail(node.mark, "expected " + std::string(kDurationForm) + ", found " + quoted(word));
  // A century: what is added to a time of the run stays far from the end of Instant.
  if (*value > std::chrono::hours(24 * 36525))
    fail(node.mark, "a duration of more than a century: " + quoted(word));
  return *value;
}

std::uint64_t ScenarioReader::rate(const YamlNode& node) const {
  const std::string& word = text(node, kRateForm);
  const std::optional<std::uint64_t> value = parse_rate(word);
  if (!value)
    fail(node.mark, "expected " + std::string(kRateForm) + ", found " + quoted(word));
  return *value;
}

std::uint64_t ScenarioReader::size(const YamlNode& node) const {
  const std::string& word = text(node, kSizeForm);
  const std::optional<std::uint64_t> value = parse_size(word);
  if (!value)
    fail(node.mark, "expected " + std::string(kSizeForm) + ", found " + quoted(word));
  return *value;
}

double ScenarioReader::share(const YamlNode& node) const {
  const std::string& word = text(node, kShareForm);
  const std::optional<double> value = parse_share(word);
  if (!value)
    fail(node.mark, "expected " + std::string(kShareForm) + ", found " + quoted(word));
  return *value;
}

std::uint16_t ScenarioReader::port(const YamlNode& node) const {
  const std::uint64_t value = count(node);
  if (value == 0 || value > 65535)
    fail(node.mark, "expected a port from 1 to 65535, found " + quoted(node.text));
  return static_cast<std::uint16_t>(value);
}

InterfaceAddress ScenarioReader::interface_address(const YamlNode& node) const {
  const std::string& word = text(node, "an address (192.168.0.1 or 192.168.0.1/24)");
  const std::size_t slash = word.find('/');
  const std::optional<IpAddress> address = IpAddress::parse(word.substr(0, slash));
  if (!address)
    fail(node.mark, "expected an IPv4 or IPv6 address, found " + quoted(word));
  const AddressClass use = address->classify();
  if (use == AddressClass::Unspecified || use == AddressClass::Loopback ||
      use == AddressClass::Multicast || use == AddressClass::Broadcast)
    fail(node.mark, quoted(word) + " is no address that a node can have");
  InterfaceAddress result{*address, address->is_v4() ? 24U : 64U, node.mark};
  if (slash != std::string::npos) {
    const std::optional<std::uint64_t> length = parse_count(word.substr(slash + 1));
    if (!length || *length > address->bytes().size() * 8)
      fail(node.mark, "expected a prefix length behind the slash, found " + quoted(word));
    result.prefix = static_cast<unsigned>(*length);
  }
  return result;
}

std::vector<InterfaceAddress> ScenarioReader::interface_addresses(const YamlNode& node) const {
  if (!node.is_sequence())
    return {interface_address(node)};
  if (node.items.empty())
    fail(node.mark, "expected at least one address, found an empty list");
  std::vector<InterfaceAddress> addresses;
  for (const YamlNode& item : node.items)
    addresses.push_back(interface_address(item));
  return addresses;
}

std::vector<std::string> ScenarioReader::texts(const YamlNode& node) const {
  if (!node.is_sequence())
    fail(node.mark, "expected a list, found " + found(node));
  std::vector<std::string> result;
  for (const YamlNode& item : node.items)
    result.push_back(text(item));
  return result;
}

void ScenarioReader::check_name(const std::string& name, SourceMark mark,
                                std::string_view what) const {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (name.empty() || name.size() > 63 || !std::all_of(name.begin(), name.end(), allowed))
    fail(mark, "the name of " + std::string(what) +
                   " is made of a-z, 0-9 and '-', at most 63 of them; found " + quoted(name));
}

std::size_t ScenarioReader::choice(const YamlNode& node, std::span<const std::string_view> words,
                                   std::string_view what, std::size_t offered) const {
  const std::string& word = text(node, what);
  const auto at = std::find(words.begin(), words.end(), word);
  if (at != words.end())
    return static_cast<std::size_t>(at - words.begin());
  words = words.first(std::min(words.size(), offered));
  const std::string_view meant = nearest(word, words);
  fail(node.mark, "expected " + std::string(what) + " (" + listed(words) + "), found " +
                      quoted(word) +
                      (meant.empty() ? "" : "; did you mean '" + std::string(meant) + "'?"));
}

std::uint32_t node_index(const ScenarioReader& reader, const ScenarioNames& names,
                         const YamlNode& node) {
  const std::string& name = reader.text(node, "the name of a node");
  const auto at = names.nodes.find(name);
  if (at != names.nodes.end())
    return at->second;
  std::vector<std::string_view> known;
  known.reserve(names.nodes.size());
  for (const auto& [key, index] : names.nodes)
    known.emplace_back(key);
  // The table is unordered; the suggestion must not depend on that.
  std::sort(known.begin(), known.end());
  const std::string_view meant = nearest(name, known);
  reader.fail(node.mark,
              "there is no node " + quoted(name) +
                  (meant.empty() ? std::string() : "; did you mean '" + std::string(meant) + "'?"));
}

}  // namespace parley::sim

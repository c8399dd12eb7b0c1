// Links of a scenario file.

#include <array>
#include <string>
#include <unordered_set>

#include "sim/quantity.h"
#include "sim/scenario_reader.h"
#include "stack/base/bytes.h"

namespace parley::sim {
namespace {

using Words = std::string_view;

constexpr std::array<Words, 7> kLinkKeys{"between", "delay",   "rate",    "queue",
                                         "loss",    "forward", "backward"};
constexpr std::array<Words, 4> kDirectionKeys{"delay", "rate", "queue", "loss"};
constexpr std::array<Words, 7> kLinkLater{"reorder", "duplicate", "corrupt",   "mtu",
                                          "too-big", "drop",      "delay-more"};
constexpr Words kDownSentence =
    "links that are taken down, or come up, are part of the scenario format (state, timeline), but "
    "this version of Parley cannot simulate them yet; loss: 100% is a link that is down for the "
    "whole run";
constexpr std::array<KeyHint, 3> kLinkHints{
    KeyHint{"state", kDownSentence}, KeyHint{"up", kDownSentence}, KeyHint{"down", kDownSentence}};
constexpr std::array<Words, 2> kBernoulliKeys{"model", "p"};
constexpr std::array<Words, 2> kDropTailKeys{"kind", "limit"};
constexpr std::array<Words, 3> kQueueLater{"target", "interval", "ecn"};

void read_loss(const ScenarioReader& reader, const YamlNode& node, LinkConfig& link) {
  if (!node.is_map()) {
    link.loss = reader.share(node);
    return;
  }
  const YamlNode& model = reader.need(node, "model", "a loss model");
  if (reader.text(model) != "bernoulli")
    reader.not_built(model.mark, "the loss model '" + printable(model.text) + "'");
  reader.check_map(node, {"a loss model", kBernoulliKeys, {}});
  link.loss = reader.share(reader.need(node, "p", "a Bernoulli loss"));
}

void read_queue_limit(const ScenarioReader& reader, const YamlNode& node, LinkConfig& link) {
  const std::string& word = reader.text(node, "a queue limit (100ms, 64KiB)");
  link.queue_time = parse_duration(word);
  link.queue_bytes = parse_size(word);
  if (!link.queue_time && !link.queue_bytes)
    reader.fail(node.mark, "expected " + std::string(kDurationForm) + " or " +
                               std::string(kSizeForm) + ", found '" + printable(word) + "'");
}

void read_queue(const ScenarioReader& reader, const YamlNode& node, LinkConfig& link) {
  if (!node.is_map()) {
    read_queue_limit(reader, node, link);
    return;
  }
  if (const YamlNode* kind = node.find("kind"); kind != nullptr && kind->text != "drop-tail")
    reader.not_built(kind->mark, "the queue kind '" + printable(kind->text) + "'");
  reader.check_map(node, {"a queue", kDropTailKeys, kQueueLater});
  if (const YamlNode* limit = node.find("limit"))
    read_queue_limit(reader, *limit, link);
}

void read_direction(const ScenarioReader& reader, const YamlNode& map, LinkConfig& link) {
  if (const YamlNode* delay = map.find("delay")) {
    if (delay->is_map())
      reader.not_built(delay->mark, "a delay that varies");
    link.delay = reader.duration(*delay);
  }
  if (const YamlNode* rate = map.find("rate")) {
    if (rate->is_map())
      reader.not_built(rate->mark, "a rate from a trace");
    link.rate = rate->is_scalar() && rate->text == "none" ? 0 : reader.rate(*rate);
  }
  if (const YamlNode* queue = map.find("queue"))
    read_queue(reader, *queue, link);
  if (const YamlNode* loss = map.find("loss"))
    read_loss(reader, *loss, link);
}

LinkEnd read_end(const ScenarioReader& reader, const YamlNode& node, const ScenarioNames& names,
                 const Scenario& scenario) {
  const std::string& word = reader.text(node, "the name of a node");
  const std::size_t dot = word.find('.');
  YamlNode name = node;
  name.text = word.substr(0, dot);
  LinkEnd end;
  end.node = node_index(reader, names, name);
  if (dot == std::string::npos)
    return end;
  const std::string side = word.substr(dot + 1);
  if (scenario.nodes[end.node].kind != NodeKind::Nat)
    reader.fail(node.mark, "'" + name.text + "' is a " +
                               std::string(to_string(scenario.nodes[end.node].kind)) +
                               " and has one interface; only a NAT has two, .inside and .outside");
  if (side != "inside" && side != "outside")
    reader.fail(node.mark, "expected " + name.text + ".inside or " + name.text +
                               ".outside, found '" + printable(word) + "'");
  end.side = side == "inside" ? NatSide::Inside : NatSide::Outside;
  return end;
}

LinkSpec read_link(const ScenarioReader& reader, const YamlNode& map, SourceMark mark,
                   const ScenarioNames& names, const Scenario& scenario) {
  reader.check_map(map, {"a link", kLinkKeys, kLinkLater, kLinkHints});
  const YamlNode& between = reader.need(map, "between", "a link");
  if (!between.is_sequence() || between.items.size() != 2)
    reader.fail(between.mark, "expected the two ends of the link as [NODE, NODE]");
  LinkSpec link;
  link.mark = mark;
  for (std::size_t i = 0; i < 2; ++i)
    link.ends[i] = read_end(reader, between.items[i], names, scenario);
  if (link.ends[0].node == link.ends[1].node)
    reader.fail(between.mark, "a link joins two nodes; both ends are '" +
                                  scenario.nodes[link.ends[0].node].name + "'");
  read_direction(reader, map, link.forward);
  link.backward = link.forward;
  if (const YamlNode* forward = map.find("forward")) {
    reader.check_map(*forward, {"one direction of a link", kDirectionKeys, kLinkLater, kLinkHints});
    read_direction(reader, *forward, link.forward);
  }
  if (const YamlNode* backward = map.find("backward")) {
    reader.check_map(*backward,
                     {"one direction of a link", kDirectionKeys, kLinkLater, kLinkHints});
    read_direction(reader, *backward, link.backward);
  }
  return link;
}

// Links of a list are named after their ends: a-b, a-b-2.
std::string unused_name(const LinkSpec& link, const Scenario& scenario,
                        const std::unordered_set<std::string>& used) {
  const std::string base =
      scenario.nodes[link.ends[0].node].name + "-" + scenario.nodes[link.ends[1].node].name;
  std::string name = base;
  for (std::size_t n = 2; used.contains(name); ++n)
    name = base + "-" + std::to_string(n);
  return name;
}

}  // namespace

void read_links(const ScenarioReader& reader, const YamlNode& links, const ScenarioNames& names,
                Scenario& scenario) {
  std::unordered_set<std::string> used;
  if (links.is_sequence()) {
    for (const YamlNode& item : links.items) {
      LinkSpec link = read_link(reader, item, item.mark, names, scenario);
      link.name = unused_name(link, scenario, used);
      used.insert(link.name);
      scenario.links.push_back(std::move(link));
    }
    return;
  }
  if (!links.is_map())
    reader.fail(links.mark, "expected links as a list, or as {NAME: {between: [NODE, NODE]}}");
  for (const YamlEntry& entry : links.entries) {
    reader.check_name(entry.key, entry.mark, "a link");
    LinkSpec link = read_link(reader, entry.value, entry.mark, names, scenario);
    link.name = entry.key;
    scenario.links.push_back(std::move(link));
  }
}

}  // namespace parley::sim

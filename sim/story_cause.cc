#include "sim/story_cause.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "sim/story_layout.h"

namespace parley::sim {
namespace {

constexpr std::size_t kMostNamed = 3;

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts)
    text += (text.empty() ? "" : std::string(between)) + part;
  return text;
}

// Where packets of the call ended: by place, reason and sender.
struct DropPlace {
  std::string place, reason;
  std::size_t from = 0;
  std::uint32_t actor = 0;
  bool on_link = false;
  friend auto operator<=>(const DropPlace&, const DropPlace&) = default;
};
struct Drops {
  std::uint64_t count = 0;
  std::vector<Endpoint> sources, destinations;
};

void add_once(std::vector<Endpoint>& endpoints, const Endpoint& endpoint) {
  if (std::find(endpoints.begin(), endpoints.end(), endpoint) == endpoints.end())
    endpoints.push_back(endpoint);
}

std::string list_of(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(endpoints.size(), kMostNamed); ++i)
    names.push_back(to_string(endpoints[i]));
  if (endpoints.size() > kMostNamed)
    names.push_back(fmt::format("{} more", endpoints.size() - kMostNamed));
  return joined(names, ", ");
}

class Finder {
 public:
  Finder(const Scenario& scenario, const RunResult& result, const CallSpec& call,
         const StoryNetwork& network)
      : scenario_(scenario), result_(result), call_(call), network_(network) {
    for (const trace::Record& record : result.records)
      if (const auto* dropped = std::get_if<trace::PacketDropped>(&record.event))
        note(record, *dropped);
  }

  Cause find() {
    const bool filtered = std::any_of(drops_.begin(), drops_.end(), [](const auto& drop) {
      return drop.first.reason == "nat-filtered";
    });
    if (filtered)
      say_mappings();
    for (const auto& [place, drops] : drops_) {
      cause_.why.push_back(place.reason == "nat-filtered" ? filter_text(place, drops)
                                                          : drop_text(place, drops));
      if (place.on_link)
        cause_.losses.push_back(cause_.why.back());
    }
    advise();
    cause_.both_change_ports = both_change_ports();
    return std::move(cause_);
  }

 private:
  void note(const trace::Record& record, const trace::PacketDropped& dropped) {
    const std::optional<std::size_t> from = network_.sender(record, dropped);
    if (!from)
      return;
    const bool on_link = !dropped.place.empty();
    Drops& drops = drops_[{on_link ? dropped.place : network_.node(record.actor), dropped.reason,
                           *from, record.actor.value(), on_link}];
    ++drops.count;
    add_once(drops.sources, dropped.source);
    add_once(drops.destinations, dropped.destination);
  }

  // RFC 4787 section 4.1: a mapping that depends on the destination.
  void say_mappings() {
    for (const std::uint32_t index : network_.path()) {
      const NodeSpec& node = scenario_.nodes[index];
      if (node.kind != NodeKind::Nat || node.nat.mapping == NatBehavior::EndpointIndependent)
        continue;
      if (const std::string seen = mappings_of(index); !seen.empty()) {
        changing_.push_back(index);
        cause_.why.push_back(fmt::format("{} gives each destination another port ({} mapping): {}.",
                                         node.name, to_string(node.nat.mapping), seen));
      }
    }
  }
  // Of the first inside endpoint that has several.
  std::string mappings_of(std::uint32_t nat) const {
    std::map<Endpoint, std::vector<std::string>> by_inside;
    for (const trace::Record& record : result_.records) {
      const auto* mapping = std::get_if<trace::NatMapping>(&record.event);
      if (mapping == nullptr || mapping->what != "created" || record.actor.value() != nat ||
          !network_.owner_inside(record.actor, mapping->inside))
        continue;
      by_inside[mapping->inside].push_back(
          fmt::format("as {} to {}", to_string(mapping->outside), to_string(mapping->remote)));
    }
    for (auto& [inside, outsides] : by_inside)
      if (outsides.size() > 1) {
        outsides.resize(std::min(outsides.size(), kMostNamed));
        return to_string(inside) + " leaves " + joined(outsides, ", ");
      }
    return {};
  }

  // RFC 4787 section 5.
  std::string filter_text(const DropPlace& place, const Drops& drops) const {
    const NodeSpec& node = scenario_.nodes[place.actor];
    std::string text =
        fmt::format("{} lets in only answers to what was sent out ({} filtering): ", place.place,
                    to_string(node.nat.filtering));
    text += fmt::format("{} of {} from {} ended there", counted(drops.count, "packet"),
                        network_.name(place.from), list_of(drops.sources));
    std::vector<Endpoint> sent_to;
    for (const trace::Record& record : result_.records)
      if (const auto* opened = std::get_if<trace::NatPermission>(&record.event);
          opened != nullptr && record.actor.value() == place.actor &&
          network_.owner_inside(record.actor, opened->inside) &&
          network_.owner_outside(record.actor, opened->remote) == place.from)
        add_once(sent_to, opened->remote);
    const std::string& other = network_.name(1 - place.from);
    return text + (sent_to.empty() ? fmt::format("; {} had sent nothing to {}.", other,
                                                 network_.name(place.from))
                                   : fmt::format("; {} sends to {}.", other, list_of(sent_to)));
  }

  std::string drop_text(const DropPlace& place, const Drops& drops) const {
    const std::string packets = counted(drops.count, "packet") + " of " + network_.name(place.from);
    if (place.on_link)
      return place.reason == "loss"
                 ? fmt::format("The link {} lost {}.", place.place, packets)
                 : fmt::format("The link {} had no room for {}.", place.place, packets);
    if (place.reason == "no-route")
      return fmt::format("{} to {} ended at {}: it has no route there.", packets,
                         list_of(drops.destinations), place.place);
    if (place.reason == "no-neighbor")
      return fmt::format(
          "{} to {} ended at {}: by its prefix the address is on the link of {}, and nobody there "
          "has it.",
          packets, list_of(drops.destinations), place.place, place.place);
    return fmt::format("{} to {} ended at {}: {}.", packets, list_of(drops.destinations),
                       place.place, reason_text(place.reason));
  }

  bool behind_nat(std::size_t side) const {
    const std::vector<std::uint32_t>& path = network_.path();
    return path.size() > 2 &&
           scenario_.nodes[path[side == 0 ? 1 : path.size() - 2]].kind == NodeKind::Nat;
  }

  bool both_change_ports() const {
    std::array<bool, 2> changes{}, filtered{};
    for (const std::uint32_t nat : changing_)
      if (const std::optional<std::size_t> side = network_.inside_of(nat))
        changes[*side] = true;
    for (const auto& [place, drops] : drops_)
      if (place.reason == "nat-filtered")
        filtered[place.from] = true;
    return changes[0] && changes[1] && filtered[0] && filtered[1];
  }

  void advise() {
    if (!changing_.empty()) {
      std::vector<std::string> names;
      for (const std::uint32_t nat : changing_)
        names.push_back(scenario_.nodes[nat].name);
      cause_.advice.push_back(fmt::format(
          "In the scenario: mapping: endpoint-independent at {} (RFC 4787 REQ-1). "
          "In a real network: a TURN server for one of the peers (scenarios have none yet).",
          joined(names, " and ")));
    }
    for (std::size_t side = 0; side < 2; ++side) {
      const PeerSpec& spec = call_.peers[side == 0 ? call_.offerer : 1 - call_.offerer];
      if (behind_nat(side) && spec.stun_servers.empty())
        cause_.advice.push_back(
            fmt::format("Give {} a STUN server (ice-servers): it does not know its address outside "
                        "of the NAT.",
                        network_.name(side)));
    }
    advise_where_most_ended();
  }
  // What only few packets met has not decided the call.
  void advise_where_most_ended() {
    std::map<std::pair<std::string, std::string>, std::uint64_t> ended;  // by place and reason
    for (const auto& [place, drops] : drops_)
      ended[{place.place, place.reason}] += drops.count;
    std::uint64_t most = 0;
    for (const auto& [where, count] : ended)
      if (!advice_for(where.first, where.second).empty())
        most = std::max(most, count);
    for (const auto& [where, count] : ended)
      if (const std::string advice = advice_for(where.first, where.second);
          !advice.empty() && count * 2 >= most) {
        cause_.advice.push_back("In the scenario: " + advice);
        if (where.second == "loss" || where.second == "queue-full")
          cause_.loss_advice.push_back(cause_.advice.back());
        if (where.second == "nat-no-hairpin")
          cause_.no_hairpin = where.first;
      }
  }
  std::string advice_for(const std::string& place, const std::string& reason) const {
    if (reason == "loss")
      return fmt::format("less loss on the link {}.", place);
    if (reason == "queue-full")
      return fmt::format("a higher rate, or a longer queue, for the link {}.", place);
    if (reason == "nat-no-hairpin")
      return fmt::format(
          "one of the peers not behind {}, or both in one network: no NAT of a scenario hairpins "
          "yet. In a real network: hairpinning at {} (RFC 4787 REQ-9), or a TURN server for one of "
          "the peers.",
          place, place);
    if (reason == "nat-refused")
      return fmt::format("a higher max-mappings, or a wider range of ports, at {}.", place);
    if (reason == "nat-no-mapping" && forgets(place))
      return fmt::format("a longer mapping-lifetime at {}.", place);
    if (reason == "no-socket" && is_server(place))
      return fmt::format("stun: {{}} at {}, on the port that it is asked at.", place);
    return {};
  }
  bool is_server(const std::string& name) const {
    return std::any_of(scenario_.nodes.begin(), scenario_.nodes.end(), [&](const NodeSpec& node) {
      return node.name == name && node.kind == NodeKind::Server;
    });
  }
  bool forgets(const std::string& nat) const {
    return std::any_of(result_.records.begin(), result_.records.end(),
                       [&](const trace::Record& record) {
                         const auto* mapping = std::get_if<trace::NatMapping>(&record.event);
                         return mapping != nullptr && mapping->what == "expired" &&
                                network_.node(record.actor) == nat &&
                                network_.owner_inside(record.actor, mapping->inside);
                       });
  }

  const Scenario& scenario_;
  const RunResult& result_;
  const CallSpec& call_;
  const StoryNetwork& network_;
  std::map<DropPlace, Drops> drops_;
  std::vector<std::uint32_t> changing_;  // NATs whose mapping depends on the destination
  Cause cause_;
};

}  // namespace

Cause cause_of(const Scenario& scenario, const RunResult& result, std::size_t call) {
  const StoryNetwork network(scenario, result, result.calls[call]);
  return cause_of(scenario, result, scenario.calls[call], network);
}

Cause cause_of(const Scenario& scenario, const RunResult& result, const CallSpec& call,
               const StoryNetwork& network) {
  return Finder(scenario, result, call, network).find();
}

std::string reason_text(const std::string& reason) {
  if (reason == "no-route")
    return "no route";
  if (reason == "no-neighbor")
    return "nobody on the link has this address";
  if (reason == "nat-filtered")
    return "NAT filter";
  if (reason == "nat-no-mapping")
    return "no mapping";
  if (reason == "nat-refused")
    return "no mapping left";
  if (reason == "nat-no-hairpin")
    return "no hairpinning";
  if (reason == "queue-full")
    return "queue full";
  if (reason == "no-socket")
    return "nobody listens";
  return reason;
}

}  // namespace parley::sim

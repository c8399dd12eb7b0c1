#include "sim/story.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "sim/story_cause.h"
#include "sim/story_files.h"
#include "sim/story_layout.h"
#include "sim/story_peer.h"
#include "sim/story_timeline.h"
#include "stack/base/bytes.h"

namespace parley::sim {
namespace {

constexpr std::size_t kMostLines = 40;

std::string at(const std::optional<Instant>& time) {
  return fmt::format("{:.3f} s", to_seconds(*time));
}

std::string upper(std::string text) {
  for (char& c : text)
    c = c == '-' ? ' ' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return text;
}

std::string describe(const NatPolicy& policy) {
  const char* ports = policy.ports == PortAllocation::Preserving   ? "port kept"
                      : policy.ports == PortAllocation::Contiguous ? "next port"
                                                                   : "random port";
  return fmt::format("{} mapping, {} filtering, {}", to_string(policy.mapping),
                     to_string(policy.filtering), ports);
}

class Teller {
 public:
  Teller(const Scenario& scenario, const RunResult& result, std::size_t index,
         const StoryOptions& options)
      : result_(result),
        scenario_(scenario),
        call_(scenario.calls[index]),
        options_(options),
        verdict_(index < options.verdicts.size() ? options.verdicts[index] : StoryVerdict{}),
        network_(scenario, result, result.calls[index]),
        cause_(cause_of(scenario, result, call_, network_)),
        peers_{outcome_of(result.calls[index].peers[0], result.records),
               outcome_of(result.calls[index].peers[1], result.records)} {}

  // "CONNECTED   ICE alice ...", or the word and the sentence of the diagnosis. `held`: "3 of 3
  // held".
  std::string verdict(const std::string& held) const {
    std::vector<std::string> rest = path_facts();
    if (!held.empty())
      rest.push_back(held);
    std::vector<std::string> up = connect_facts();
    const std::string word = verdict_.outcome.empty() ? std::string() : upper(verdict_.outcome);
    const std::string head = word.empty() ? std::string() : word + "   ";
    std::string text;
    if (!word.empty() && !verdict_.all_well) {
      text = hanging(head, verdict_.text, options_.width);
      rest.insert(rest.begin(), up.begin(), up.end());
    } else {
      text = hanging(head, joined(up), options_.width);
    }
    const std::string indent(head.size(), ' ');
    if (!rest.empty())
      text += hanging(indent, joined(rest), options_.width);
    for (const std::string& fact : trouble_at_the_end())
      text += hanging(indent, fact, options_.width);
    return text;
  }

  // Why and what to try, for a call that is not well.
  std::string explanation() const {
    if (verdict_.all_well && trouble_at_the_end().empty())
      return {};
    const auto [why, advice] = reasons();
    const std::string text = section("WHY  ", why) + section("TRY  ", advice);
    return text.empty() ? text : "\n" + text;
  }

  std::string network() const {
    std::string text = hanging("  ", network_.drawing(), options_.width);
    // NATs that behave alike share a line.
    std::vector<std::pair<std::string, std::string>> behaviours;
    for (const std::uint32_t index : network_.path()) {
      const NodeSpec& node = scenario_.nodes[index];
      if (node.kind != NodeKind::Nat)
        continue;
      const std::string behaviour = describe(node.nat);
      const auto same = std::find_if(behaviours.begin(), behaviours.end(),
                                     [&](const auto& known) { return known.second == behaviour; });
      if (same == behaviours.end())
        behaviours.emplace_back(node.name, behaviour);
      else
        same->first += ", " + node.name;
    }
    for (const auto& [names, behaviour] : behaviours)
      text += hanging("  " + names + ": ", behaviour, options_.width);
    // WHY says it where something went wrong.
    if (verdict_.all_well && trouble_at_the_end().empty())
      for (const std::string& loss : cause_.losses)
        text += hanging("  ", loss, options_.width);
    return text;
  }

  std::string timeline() const {
    const std::vector<StoryLine> lines = make_timeline(result_, call_, network_);
    std::size_t width = 4;
    for (const StoryLine& line : lines)
      width = std::max(width, line.who.size());
    std::string text;
    for (std::size_t i = 0; i < std::min(lines.size(), kMostLines); ++i)
      text +=
          hanging(fmt::format("  {:>9.3f}  {:<{}}  ", to_seconds(lines[i].at), lines[i].who, width),
                  lines[i].what, options_.width);
    if (lines.size() > kMostLines)
      text += fmt::format("             ... and {} more; --events FILE has all\n",
                          counted(lines.size() - kMostLines, "line"));
    return text;
  }

  std::string pairs() const {
    const std::size_t width = std::max(network_.name(0).size(), network_.name(1).size()) + 9;
    std::string text;
    for (std::size_t side = 0; side < 2; ++side) {
      std::string who = "pairs of " + network_.name(side);
      for (const auto& [id, pair] : peers_[side].pairs) {
        text += hanging(fmt::format("  {:<{}}  {:<13}  to {:<21}  ", who, width, pair.types(),
                                    to_string(pair.remote)),
                        pair.result(), options_.width);
        who.clear();
      }
    }
    return text;
  }

 private:
  struct Reasons {
    std::vector<std::string> why, advice;
  };
  // A call that came up and is in trouble at its end has no finding about that: what links lost
  // explains it, or, where they lost nothing, whatever else ended on its way.
  Reasons reasons() const {
    if (!verdict_.all_well)
      return {verdict_.why, verdict_.advice};
    if (!cause_.losses.empty())
      return {cause_.losses, cause_.loss_advice};
    return {cause_.why, cause_.advice};
  }

  static std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts)
      text += (text.empty() ? "" : "   ") + part;
    return text;
  }

  std::string section(std::string_view title, const std::vector<std::string>& lines) const {
    std::string text;
    std::string head(title);
    for (const std::string& line : lines) {
      text += hanging(head, line, options_.width);
      head.assign(title.size(), ' ');
    }
    return text;
  }

  // "ICE bob 0.287 s, alice 0.330 s": the earlier peer first.
  std::string since(const char* layer, std::optional<Instant> PeerOutcome::*member) const {
    std::vector<std::pair<Instant, std::size_t>> times;
    for (std::size_t side = 0; side < 2; ++side)
      if (const std::optional<Instant>& time = peers_[side].*member)
        times.emplace_back(*time, side);
    std::sort(times.begin(), times.end());
    std::string text;
    for (const auto& [time, side] : times)
      text += fmt::format("{} {} {}", text.empty() ? layer : ",", network_.name(side), at(time));
    return text;
  }

  std::vector<std::string> connect_facts() const {
    std::vector<std::string> facts;
    for (std::string text :
         {since("ICE", &PeerOutcome::ice_connected), since("DTLS", &PeerOutcome::dtls_connected)})
      if (!text.empty())
        facts.push_back(std::move(text));
    return facts;
  }

  std::vector<std::string> path_facts() const {
    std::vector<std::string> facts;
    const PeerOutcome& a = peers_[0];
    if (a.selected)
      facts.push_back(fmt::format("{} - {}", to_string(a.selected->local_type),
                                  to_string(a.selected->remote_type)));
    if (const PairOutcome* pair = a.selected_pair(); pair != nullptr && pair->rtt)
      facts.push_back(fmt::format("RTT {:.0f} ms", to_seconds(*pair->rtt) * 1000));
    return facts;
  }

  std::vector<std::string> trouble_at_the_end() const {
    std::vector<std::string> facts;
    for (std::size_t side = 0; side < 2; ++side)
      if (peers_[side].ice == trace::IceState::Failed ||
          peers_[side].ice == trace::IceState::Disconnected)
        facts.push_back(fmt::format("at the end {} is {}: {}", network_.name(side),
                                    to_string(peers_[side].ice), peers_[side].ice_reason));
    return facts;
  }

  const RunResult& result_;
  const Scenario& scenario_;
  const CallSpec& call_;
  const StoryOptions& options_;
  StoryVerdict verdict_;
  StoryNetwork network_;
  Cause cause_;
  std::array<PeerOutcome, 2> peers_;
};

std::string expectations_text(const RunResult& result, const StoryOptions& story) {
  std::string text;
  for (const ExpectationResult& e : result.expectations)
    if (!story.quiet || !e.held)
      text +=
          hanging(fmt::format("  {:<6}  {:<40}  ", e.held ? "held" : "FAILED", printable(e.text)),
                  "found: " + e.found, story.width);
  return text;
}

std::string held_text(const RunResult& result) {
  const auto held = std::count_if(result.expectations.begin(), result.expectations.end(),
                                  [](const ExpectationResult& e) { return e.held; });
  return result.expectations.empty()
             ? std::string()
             : fmt::format("{} of {} held", held, result.expectations.size());
}

}  // namespace

std::string tell_story(const Scenario& scenario, const RunResult& result, const RunOptions& options,
                       const StoryOptions& story) {
  std::string text = fmt::format("{}   seed {}, {:g} s simulated", printable(scenario.name),
                                 result.seed, to_seconds(result.simulated));
  if (story.wall_seconds > 0)
    text += fmt::format(" in {:.3g} s", story.wall_seconds);
  text += fmt::format(", {}\n\n", counted(result.packets, "packet"));
  for (const std::string& warning : scenario.warnings)
    text += hanging("warning: ", printable(warning), story.width);
  if (!scenario.warnings.empty())
    text += "\n";

  for (std::size_t i = 0; i < result.calls.size(); ++i) {
    const Teller teller(scenario, result, i, story);
    if (result.calls.size() > 1)
      text += "call " + result.calls[i].name + "\n";
    text += teller.verdict(i == 0 ? held_text(result) : std::string());
    text += teller.explanation() + "\n";
    if (story.quiet)
      continue;
    text += teller.network() + "\n" + teller.timeline() + "\n" + teller.pairs();
    if (i + 1 < result.calls.size())
      text += "\n";
  }
  if (result.calls.empty())
    text += hanging(result.expectations.empty() ? "No call in this scenario."
                                                : "No call in this scenario.   ",
                    held_text(result), story.width) +
            "\n";
  text += expectations_text(result, story);
  if (!story.quiet)
    text += files_text(result, options, story.scenario.empty() ? scenario.id : story.scenario);
  return text;
}

}  // namespace parley::sim

#include "sim/story.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "sim/story_timeline.h"
#include "stack/base/bytes.h"

namespace parley::sim {
namespace {

constexpr std::size_t kMostLines = 40;

struct PairCount {
  std::string types;
  Endpoint remote;
  std::uint64_t sent = 0, answered = 0, consent = 0;
  trace::PairState state = trace::PairState::Frozen;
  bool selected = false;
};

// What a peer got to, from its records.
struct PeerOutcome {
  trace::IceState ice = trace::IceState::New;
  trace::DtlsState dtls = trace::DtlsState::None;
  std::optional<Instant> ice_connected, dtls_connected;
  std::string ice_reason, dtls_reason;
  std::optional<trace::IceSelectedPair> selected;
  std::optional<Duration> rtt;  // the smallest on the selected pair
  std::map<std::uint32_t, PairCount> pairs;
  std::map<std::uint32_t, Duration> best_rtt;
  std::set<std::string> consent;  // transactions
};

// One overload for each event that counts.
struct OutcomeReader {
  PeerOutcome& peer;
  Instant at;

  template <class Event>
  void operator()(const Event& /*event*/) {}
  void operator()(const trace::IceStateChanged& event) {
    peer.ice = event.to;
    peer.ice_reason = event.reason;
    if (event.to == trace::IceState::Connected && !peer.ice_connected)
      peer.ice_connected = at;
  }
  void operator()(const trace::DtlsStateChanged& event) {
    peer.dtls = event.to;
    peer.dtls_reason = event.reason;
    if (event.to == trace::DtlsState::Connected)
      peer.dtls_connected = at;
  }
  void operator()(const trace::IcePairCreated& event) {
    PairCount& pair = peer.pairs[event.pair.value()];
    pair.types = fmt::format("{} - {}", to_string(event.local_type), to_string(event.remote_type));
    pair.remote = event.remote;
  }
  void operator()(const trace::IcePairState& event) {
    peer.pairs[event.pair.value()].state = event.to;
  }
  void operator()(const trace::IceCheckSent& event) {
    PairCount& pair = peer.pairs[event.pair.value()];
    if (event.consent)
      peer.consent.insert(event.transaction);
    ++(event.consent ? pair.consent : pair.sent);
  }
  void operator()(const trace::IceCheckAnswered& event) {
    if (event.error != 0)
      return;
    const auto [best, is_new] = peer.best_rtt.try_emplace(event.pair.value(), event.rtt);
    best->second = std::min(best->second, event.rtt);
    if (!peer.consent.contains(event.transaction))
      ++peer.pairs[event.pair.value()].answered;
  }
  void operator()(const trace::IceSelectedPair& event) {
    peer.selected = event;
    for (auto& [id, pair] : peer.pairs)
      pair.selected = id == event.pair.value();
  }
};

PeerOutcome outcome_of(trace::ActorId actor, const RunResult& result) {
  PeerOutcome peer;
  for (const trace::Record& record : result.records)
    if (record.actor == actor)
      std::visit(OutcomeReader{peer, record.at}, record.event);
  if (peer.selected) {
    const auto rtt = peer.best_rtt.find(peer.selected->pair.value());
    if (rtt != peer.best_rtt.end())
      peer.rtt = rtt->second;
  }
  return peer;
}

std::string at(const std::optional<Instant>& time) {
  return fmt::format("{:.3f} s", to_seconds(*time));
}

// The earlier peer first.
std::string both(const std::string& a, std::optional<Instant> at_a, const std::string& b,
                 std::optional<Instant> at_b) {
  if (*at_b < *at_a)
    return both(b, at_b, a, at_a);
  return fmt::format("{} {}, {} {}", a, at(at_a), b, at(at_b));
}

class Teller {
 public:
  Teller(const Scenario& scenario, const RunResult& result, const CallSpec& call,
         const RunCall& run_call)
      : result_(result),
        scenario_(scenario),
        call_(call),
        network_(scenario, result, run_call),
        peers_{outcome_of(run_call.peers[0], result), outcome_of(run_call.peers[1], result)} {}

  // "CONNECTED   ..." or why not.
  std::string verdict() const {
    const PeerOutcome& a = peers_[0];
    const PeerOutcome& b = peers_[1];
    const bool dtls = a.dtls_connected && b.dtls_connected;
    if (dtls && a.ice_connected && b.ice_connected)
      return connected();
    if (a.ice_connected && b.ice_connected)
      return dtls_problem();
    if (a.ice == trace::IceState::Failed || b.ice == trace::IceState::Failed)
      return "FAILED   ICE found no path: " + checks_text();
    return fmt::format("NOT CONNECTED   the run ended while {} was {} and {} {}", network_.name(0),
                       to_string(a.ice), network_.name(1), to_string(b.ice));
  }

  std::string network() const {
    std::string text = "  " + network_.drawing() + "\n";
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
      text += fmt::format("  {}: {}\n", names, behaviour);
    return text;
  }

  std::string timeline() const {
    const std::vector<StoryLine> lines = make_timeline(scenario_, result_, call_, network_);
    std::size_t width = 4;
    for (const StoryLine& line : lines)
      width = std::max(width, line.who.size());
    std::string text;
    for (std::size_t i = 0; i < std::min(lines.size(), kMostLines); ++i)
      text += fmt::format("  {:>9.3f}  {:<{}}  {}\n", to_seconds(lines[i].at), lines[i].who, width,
                          lines[i].what);
    if (lines.size() > kMostLines)
      text += fmt::format("             ... and {} lines more; --events FILE has all\n",
                          lines.size() - kMostLines);
    return text;
  }

  std::string pairs() const {
    const std::size_t width = std::max(network_.name(0).size(), network_.name(1).size()) + 9;
    std::string text;
    for (std::size_t side = 0; side < 2; ++side) {
      std::string who = "pairs of " + network_.name(side);
      for (const auto& [id, pair] : peers_[side].pairs) {
        text += fmt::format("  {:<{}}  {:<13}  to {:<21}  {}\n", who, width, pair.types,
                            to_string(pair.remote), pair_result(pair));
        who.clear();
      }
    }
    return text;
  }

  // Where packets of the call ended, for a call that did not connect.
  std::string losses() const {
    std::map<std::string, std::uint64_t> places;
    for (const trace::Record& record : result_.records)
      if (const auto* dropped = std::get_if<trace::PacketDropped>(&record.event)) {
        const std::optional<std::size_t> from = network_.owner(dropped->source);
        places[fmt::format(
            "{}'s packets at {}: {}", from ? network_.name(*from) : to_string(dropped->source),
            dropped->place.empty() ? network_.node(record.actor) : "link " + dropped->place,
            dropped->reason)] += 1;
      }
    std::string text;
    for (const auto& [place, count] : places)
      text += fmt::format("  ended   {} {}\n", count, place);
    return text;
  }

  bool is_connected() const { return peers_[0].dtls_connected && peers_[1].dtls_connected; }

 private:
  std::string connected() const {
    const PeerOutcome& a = peers_[0];
    const PeerOutcome& b = peers_[1];
    std::string text =
        fmt::format("CONNECTED   ICE {}   DTLS {}",
                    both(network_.name(0), a.ice_connected, network_.name(1), b.ice_connected),
                    both(network_.name(0), a.dtls_connected, network_.name(1), b.dtls_connected));
    if (a.selected)
      text += fmt::format("\n            {} - {}", to_string(a.selected->local_type),
                          to_string(a.selected->remote_type));
    if (a.rtt)
      text += fmt::format("   RTT {:.0f} ms", to_seconds(*a.rtt) * 1000);
    for (std::size_t side = 0; side < 2; ++side)
      if (peers_[side].ice == trace::IceState::Failed ||
          peers_[side].ice == trace::IceState::Disconnected)
        text += fmt::format("   at the end {} is {}: {}", network_.name(side),
                            to_string(peers_[side].ice), peers_[side].ice_reason);
    return text;
  }

  std::string dtls_problem() const {
    for (std::size_t side = 0; side < 2; ++side)
      if (peers_[side].dtls == trace::DtlsState::Failed)
        return fmt::format("FAILED   ICE connected, DTLS failed at {}: {}", network_.name(side),
                           peers_[side].dtls_reason);
    return fmt::format("NOT CONNECTED   ICE connected, DTLS was {} at {} and {} at {} at the end",
                       to_string(peers_[0].dtls), network_.name(0), to_string(peers_[1].dtls),
                       network_.name(1));
  }

  std::string checks_text() const {
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    for (const PeerOutcome& peer : peers_)
      for (const auto& [id, pair] : peer.pairs) {
        sent += pair.sent;
        answered += pair.answered;
      }
    return fmt::format("{} checks sent, {} answered", sent, answered);
  }

  static std::string describe(const NatPolicy& policy) {
    const char* ports = policy.ports == PortAllocation::Preserving   ? "port kept"
                        : policy.ports == PortAllocation::Contiguous ? "next port"
                                                                     : "random port";
    return fmt::format("{} mapping, {} filtering, {}", to_string(policy.mapping),
                       to_string(policy.filtering), ports);
  }

  static std::string pair_result(const PairCount& pair) {
    std::string text = fmt::format("{} sent, {} answered", pair.sent, pair.answered);
    if (pair.consent > 0)
      text += fmt::format(", then {} consent checks", pair.consent);
    if (pair.selected)
      return text + ", SELECTED";
    // What nomination or the end of the run left behind never got its answer.
    const bool open = pair.state == trace::PairState::InProgress;
    return text + (open ? ", stopped" : ", " + std::string(to_string(pair.state)));
  }

  const RunResult& result_;
  const Scenario& scenario_;
  const CallSpec& call_;
  StoryNetwork network_;
  std::array<PeerOutcome, 2> peers_;
};

std::string expectations_text(const RunResult& result, bool failed_only) {
  std::string text;
  for (const ExpectationResult& e : result.expectations)
    if (!failed_only || !e.held)
      text += fmt::format("  {:<6}  {:<40}  found: {}\n", e.held ? "held" : "FAILED",
                          printable(e.text), e.found);
  return text;
}

std::string files_text(const RunResult& result, const RunOptions& options,
                       const std::string& called) {
  std::string text;
  std::string captures;
  if (!options.directory.empty()) {
    captures = options.directory.string() + "/*.pcapng";
    text +=
        fmt::format("  {}/  {} capture points", options.directory.string(), result.captures.size());
    std::string names;
    for (std::size_t i = 0; i < std::min<std::size_t>(result.captures.size(), 2); ++i)
      names += (names.empty() ? "" : ", ") + result.captures[i].point + ".pcapng";
    if (!names.empty())
      text += " (" + names + (result.captures.size() > 2 ? ", ..." : "") + ")";
    text += "  keys.log  events.jsonl  run.json\n";
  }
  if (!options.pcap.empty()) {
    captures = options.pcap.string();
    text += fmt::format("  {}  {} capture points in one file\n", captures, result.captures.size());
  }
  if (captures.empty())
    return text + fmt::format("  next    parley run {} --out DIR\n", called);
  return text + "  next    parley analyze " + captures + "\n";
}

std::string held_text(const RunResult& result) {
  const auto held = std::count_if(result.expectations.begin(), result.expectations.end(),
                                  [](const ExpectationResult& e) { return e.held; });
  return result.expectations.empty()
             ? std::string()
             : fmt::format("   {} of {} held", held, result.expectations.size());
}

}  // namespace

std::string tell_story(const Scenario& scenario, const RunResult& result, const RunOptions& options,
                       const StoryOptions& story) {
  std::string text = fmt::format("{}   seed {}, {:g} s simulated", printable(scenario.name),
                                 result.seed, to_seconds(result.simulated));
  if (story.wall_seconds > 0)
    text += fmt::format(" in {:.3g} s", story.wall_seconds);
  text += fmt::format(", {} packets\n\n", result.packets);

  for (std::size_t i = 0; i < result.calls.size(); ++i) {
    const Teller teller(scenario, result, scenario.calls[i], result.calls[i]);
    if (result.calls.size() > 1)
      text += "call " + result.calls[i].name + "\n";
    text += teller.verdict() + (i == 0 ? held_text(result) : std::string()) + "\n\n";
    if (story.quiet)
      continue;
    text += teller.network() + "\n" + teller.timeline() + "\n" + teller.pairs();
    if (!teller.is_connected())
      text += teller.losses();
  }
  if (result.calls.empty())
    text += "No call in this scenario." + held_text(result) + "\n\n";
  text += expectations_text(result, story.quiet);
  if (!story.quiet)
    text += files_text(result, options, story.scenario.empty() ? scenario.id : story.scenario);
  return text;
}

}  // namespace parley::sim

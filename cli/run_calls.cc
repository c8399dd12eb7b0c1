#include "cli/run_calls.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/words.h"
#include "analyzer/model/from_trace.h"
#include "sim/call_scope.h"

namespace parley::cli {
namespace {

using analyzer::Side;

constexpr std::string_view kEndsEarly = "run-ends-early";

// Facts of these are about what reached a capture point; a run knows where the packets ended.
constexpr std::array<std::string_view, 3> kAboutCaptures{"ice-no-relay", "ice-one-side-silent",
                                                         "ice-no-answer"};

std::string state_text(const analyzer::Call& call, Side side) {
  const auto at = analyzer::index_of(side);
  const std::string name = call.peers[at].name.value_or(std::string(to_string(side)));
  const auto state = call.transports.front().agents[at].state;
  return state ? fmt::format("{} is {}", name, trace::to_string(*state)) : name;
}

// No capture could be longer: the packets end because the simulated time does.
void say_the_run_ended(analyzer::Call& call, Duration simulated) {
  std::uint64_t checks = 0;
  std::uint64_t answers = 0;
  for (const analyzer::Pair& pair : call.transports.front().pairs) {
    checks += pair.requests;
    answers += pair.responses;
  }
  analyzer::Finding finding = analyzer::make_finding(kEndsEarly);
  finding.summary = fmt::format(
      "The run ended after {:g} s, before it was decided: {}, {}; {} of {} checks were answered.",
      to_seconds(simulated), state_text(call, Side::A), state_text(call, Side::B), answers, checks);
  // RFC 8863 section 4 lets an agent give up after 39.5 s of patience.
  finding.try_this = fmt::format(
      "Let it run longer, with duration: {}s: agents give up {} s after the last news.",
      std::max<std::int64_t>(90, 2 * std::chrono::ceil<std::chrono::seconds>(simulated).count()),
      39.5);
  std::erase_if(call.findings, [](const analyzer::Finding& f) {
    return f.code == "capture-ends-early" ||
           std::find(kAboutCaptures.begin(), kAboutCaptures.end(), f.code) != kAboutCaptures.end();
  });
  call.verdict = {finding.code, finding.summary, analyzer::Confidence::Certain, std::nullopt};
  call.findings.insert(call.findings.begin(), std::move(finding));
}

// A run has all its captures.
void forget_advice_to_capture(analyzer::Call& call) {
  for (analyzer::Finding& finding : call.findings)
    if (finding.try_this.starts_with("Capture "))
      finding.try_this.clear();
}

// The NAT that a peer is linked to, in the scenario's words. Behind several in a row no single one
// says how the peer's packets are treated.
analyzer::Nat nat_of(const sim::Scenario& scenario, std::uint32_t node) {
  const auto nats_at = [&](std::uint32_t of) {
    std::set<std::uint32_t> nats;
    for (const sim::LinkSpec& link : scenario.links)
      for (const std::size_t end : {std::size_t{0}, std::size_t{1}})
        if (link.ends[end].node == of &&
            scenario.nodes[link.ends[1 - end].node].kind == sim::NodeKind::Nat)
          nats.insert(link.ends[1 - end].node);
    return nats;
  };
  analyzer::Nat nat;
  const std::set<std::uint32_t> nats = nats_at(node);
  if (nats.size() != 1 || !nats_at(*nats.begin()).empty())
    return nat;
  const sim::NatPolicy& policy = scenario.nodes[*nats.begin()].nat;
  nat.mapping = std::string(sim::to_string(policy.mapping));
  nat.filtering = std::string(sim::to_string(policy.filtering));
  nat.ports = std::string(sim::to_string(policy.ports));
  return nat;
}

}  // namespace

std::vector<analyzer::Call> calls_of(const sim::Scenario& scenario, const sim::RunResult& result) {
  std::vector<analyzer::Call> calls;
  for (const sim::RunCall& run_call : result.calls) {
    const auto peer = [&](std::size_t n) {
      const std::uint32_t node = run_call.peers[n].value();
      return analyzer::RunPeer{run_call.peers[n], result.nodes[node], nat_of(scenario, node)};
    };
    const std::vector<trace::Record> records = sim::records_of_call(result, run_call);
    analyzer::Call call = analyzer::call_from_trace({&records, result.nodes, {peer(0), peer(1)}});
    call.id = static_cast<std::uint32_t>(calls.size() + 1);
    if (call.outcome == analyzer::Outcome::InProgress)
      say_the_run_ended(call, scenario.duration);
    forget_advice_to_capture(call);
    calls.push_back(std::move(call));
  }
  return calls;
}

sim::StoryVerdict story_verdict(const analyzer::Call& call) {
  sim::StoryVerdict verdict;
  verdict.outcome = std::string(to_string(call.outcome));
  verdict.all_well = call.verdict.code == "ok";
  verdict.text = call.verdict.text;
  if (verdict.all_well)
    return verdict;
  const auto name = [&](Side side) { return call.peers[analyzer::index_of(side)].name; };
  if (name(Side::A) && name(Side::B))
    verdict.why.push_back(fmt::format("A is {}, B is {}.", *name(Side::A), *name(Side::B)));
  for (const analyzer::Finding& finding : call.findings) {
    if (finding.code != call.verdict.code && finding.level != analyzer::Level::Error)
      continue;
    if (std::find(kAboutCaptures.begin(), kAboutCaptures.end(), finding.code) ==
        kAboutCaptures.end())
      verdict.why.insert(verdict.why.end(), finding.facts.begin(), finding.facts.end());
    if (!finding.try_this.empty())
      verdict.advice.push_back(finding.try_this);
  }
  return verdict;
}

}  // namespace parley::cli

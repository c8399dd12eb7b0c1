#include "cli/run_calls.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/diagnose/catalogue.h"
#include "analyzer/diagnose/words.h"
#include "analyzer/model/from_trace.h"
#include "cli/run_cause.h"
#include "sim/call_scope.h"
#include "sim/check_losses.h"

namespace parley::cli {
namespace {

using analyzer::Side;

constexpr std::string_view kEndsEarly = "run-ends-early";
constexpr std::string_view kUnexplained = "call-unexplained";

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
    return f.code == "capture-ends-early" || is_about_captures(f.code);
  });
  call.verdict = {finding.code, finding.summary, analyzer::Confidence::Certain, std::nullopt};
  call.findings.insert(call.findings.begin(), std::move(finding));
}

// A run has all its captures, and no scenario has a TURN server to add.
void forget_advice_that_no_run_can_follow(analyzer::Call& call) {
  for (analyzer::Finding& finding : call.findings)
    if (finding.try_this.starts_with("Capture ") ||
        finding.try_this.find("TURN server") != std::string::npos)
      finding.try_this.clear();
}

// Where no rule finds a cause in what the packets were, the agents themselves say why they failed,
// and the simulator what became of their checks.
void say_what_the_agents_know(analyzer::Call& call, const sim::RunResult& result,
                              const sim::RunCall& run_call) {
  if (call.verdict.code != kUnexplained)
    return;
  for (std::size_t i = 0; i < result.records.size(); ++i) {
    const trace::Record& record = result.records[i];
    const auto* ice = std::get_if<trace::IceStateChanged>(&record.event);
    const bool of_call = record.actor == run_call.peers[0] || record.actor == run_call.peers[1];
    if (ice == nullptr || !of_call || ice->to != trace::IceState::Failed)
      continue;
    const bool nomination = ice->reason.starts_with("the nomination failed");
    analyzer::Finding finding =
        analyzer::make_finding(nomination ? "ice-nomination-failed" : kUnexplained);
    finding.summary =
        fmt::format("ICE of {} failed at {:.3f} s: {}", result.nodes[record.actor.value()],
                    to_seconds(record.at), ice->reason);
    const std::string lost = sim::lost_since_last_answer(result, record.actor, i);
    finding.summary += lost.empty() ? "." : "; " + lost + ".";
    finding.because = finding.summary;
    call.verdict = {finding.code, finding.summary, analyzer::Confidence::Certain, std::nullopt};
    std::erase_if(call.findings, [](const analyzer::Finding& f) { return f.code == kUnexplained; });
    call.findings.insert(call.findings.begin(), std::move(finding));
    return;
  }
}

// Sentences of the analysis name the peers A and B; in a run they have names.
std::string with_names(std::string_view text, const analyzer::Call& call) {
  const auto inside_word = [&](std::size_t i) {
    const auto c = static_cast<unsigned char>(text[i]);
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool letter = text[i] == 'A' || text[i] == 'B';
    const bool alone =
        (i == 0 || !inside_word(i - 1)) && (i + 1 == text.size() || !inside_word(i + 1));
    const Side side = text[i] == 'A' ? Side::A : Side::B;
    if (const auto& name = call.peers[analyzer::index_of(side)].name; letter && alone && name)
      out += *name;
    else
      out += text[i];
  }
  return out;
}

void name_the_peers(analyzer::Call& call) {
  const auto name = [&](std::string& text) { text = with_names(text, call); };
  name(call.verdict.text);
  for (analyzer::Finding& finding : call.findings) {
    for (std::string* text : {&finding.summary, &finding.because, &finding.try_this})
      name(*text);
    for (auto* lines : {&finding.facts, &finding.open})
      std::for_each(lines->begin(), lines->end(), name);
  }
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
    say_what_the_agents_know(call, result, run_call);
    forget_advice_that_no_run_can_follow(call);
    explain_from_run(call, sim::cause_of(scenario, result, calls.size()));
    name_the_peers(call);
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
  for (const analyzer::Finding& finding : call.findings) {
    if (finding.code != call.verdict.code && finding.level != analyzer::Level::Error)
      continue;
    verdict.why.insert(verdict.why.end(), finding.facts.begin(), finding.facts.end());
    if (!finding.try_this.empty())
      verdict.advice.push_back(finding.try_this);
  }
  return verdict;
}

}  // namespace parley::cli

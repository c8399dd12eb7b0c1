#include "sim/expectation.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace parley::sim {
namespace {

// What a subject was from a time on.
struct Step {
  Instant at;
  std::string value;
};

std::string seconds(Instant at) {
  return fmt::format("{:.3f} s", to_seconds(at));
}

std::string pair_types(const trace::IceSelectedPair& pair) {
  return fmt::format("{}/{}", to_string(pair.local_type), to_string(pair.remote_type));
}

std::vector<Step> history(Subject subject, trace::ActorId actor,
                          const std::vector<trace::Record>& records) {
  std::vector<Step> steps;
  if (subject == Subject::Ice)
    steps.push_back({Instant{}, "new"});
  if (subject == Subject::Dtls)
    steps.push_back({Instant{}, "none"});
  std::optional<trace::IceSelectedPair> selected;
  for (const trace::Record& record : records) {
    if (record.actor != actor)
      continue;
    if (const auto* ice = std::get_if<trace::IceStateChanged>(&record.event);
        ice != nullptr && subject == Subject::Ice)
      steps.push_back({record.at, std::string(to_string(ice->to))});
    if (const auto* dtls = std::get_if<trace::DtlsStateChanged>(&record.event);
        dtls != nullptr && subject == Subject::Dtls)
      steps.push_back({record.at, std::string(to_string(dtls->to))});
    if (const auto* role = std::get_if<trace::IceRoleChanged>(&record.event);
        role != nullptr && subject == Subject::Role)
      steps.push_back({record.at, std::string(to_string(role->role))});
    if (const auto* pair = std::get_if<trace::IceSelectedPair>(&record.event);
        pair != nullptr && subject == Subject::Selected) {
      selected = *pair;
      steps.push_back({record.at, pair_types(*pair)});
    }
    // Signaling may name the remote candidate of the selected pair later than its check did.
    if (const auto* upgrade = std::get_if<trace::IcePairUpgraded>(&record.event);
        upgrade != nullptr && selected && upgrade->pair == selected->pair) {
      selected->remote_type = upgrade->remote_type;
      steps.push_back({record.at, pair_types(*selected)});
    }
  }
  return steps;
}

// "connected" is true of "completed", too: RFC 8445 section 6.1.3 knows no state in between, an
// application that waits for connected is content with either.
bool fits(const Expectation& e, const std::string& value) {
  return value == e.value ||
         (e.subject == Subject::Ice && e.value == "connected" && value == "completed");
}

// The stretches during which the value was the expected one.
struct Stretch {
  Instant from, to;
};
std::vector<Stretch> stretches(const Expectation& e, const std::vector<Step>& steps, Instant end) {
  std::vector<Stretch> result;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!fits(e, steps[i].value))
      continue;
    const Instant until = i + 1 < steps.size() ? steps[i + 1].at : end;
    if (!result.empty() && result.back().to == steps[i].at)
      result.back().to = until;
    else
      result.push_back({steps[i].at, until});
  }
  return result;
}

bool held_at(const Expectation& e, const std::vector<Step>& steps, Instant at) {
  const Step* last = nullptr;
  for (const Step& step : steps)
    if (step.at <= at)
      last = &step;
  return last != nullptr && fits(e, last->value);
}

bool held(const Expectation& e, const std::vector<Step>& steps, Instant end) {
  const std::vector<Stretch> good = stretches(e, steps, end);
  const auto any = [&](auto&& test) { return std::any_of(good.begin(), good.end(), test); };
  switch (e.when) {
    case When::AtEnd:
      return held_at(e, steps, end);
    case When::At:
      return Instant{e.to} <= end && held_at(e, steps, Instant{e.to});
    case When::Within:
      return any([&](const Stretch& s) { return s.from <= Instant{e.to}; });
    case When::Between:
      return any([&](const Stretch& s) {
        return s.from <= Instant{e.to} && (s.to > Instant{e.from} || s.to == end);
      });
    case When::For:
      return any([&](const Stretch& s) { return s.to - s.from >= e.to; });
    case When::Ever:
      return !good.empty();
    case When::Never:
      return good.empty();
  }
  return false;
}

std::string describe(const Expectation& e, const std::vector<Step>& steps) {
  if (steps.empty())
    return "none";
  const auto first = std::find_if(steps.begin(), steps.end(),
                                  [&](const Step& step) { return fits(e, step.value); });
  const Step& last = steps.back();
  if (first == steps.end())
    return e.subject == Subject::Selected || e.subject == Subject::Role
               ? last.value
               : fmt::format("{} since {}, never {}", last.value, seconds(last.at), e.value);
  if (e.subject == Subject::Selected)
    return last.value == first->value ? last.value
                                      : fmt::format("{}, then {}", first->value, last.value);
  std::string text = fmt::format("{} at {}", first->value, seconds(first->at));
  if (!fits(e, last.value))
    text += fmt::format(", {} at {}", last.value, seconds(last.at));
  return text;
}

// When ICE and DTLS were both connected for the first time.
std::optional<Instant> connect_time(trace::ActorId actor,
                                    const std::vector<trace::Record>& records) {
  std::optional<Instant> ice;
  std::optional<Instant> dtls;
  for (const trace::Record& record : records) {
    if (record.actor != actor)
      continue;
    if (const auto* state = std::get_if<trace::IceStateChanged>(&record.event);
        state != nullptr && !ice &&
        (state->to == trace::IceState::Connected || state->to == trace::IceState::Completed))
      ice = record.at;
    if (const auto* state = std::get_if<trace::DtlsStateChanged>(&record.event);
        state != nullptr && !dtls && state->to == trace::DtlsState::Connected)
      dtls = record.at;
  }
  if (!ice || !dtls)
    return std::nullopt;
  return std::max(*ice, *dtls);
}

bool counted(Subject subject, const trace::Event& event) {
  switch (subject) {
    case Subject::Conflicts: {
      // The first role is set, every later one is a conflict's.
      const auto* role = std::get_if<trace::IceRoleChanged>(&event);
      return role != nullptr;
    }
    case Subject::Requests:
      return std::holds_alternative<trace::IceCheckSent>(event);
    case Subject::Pairs:
      return std::holds_alternative<trace::IcePairCreated>(event);
    case Subject::Nominations:
      return std::holds_alternative<trace::IceNominated>(event);
    case Subject::Retransmissions: {
      const auto* flight = std::get_if<trace::DtlsFlightSent>(&event);
      return flight != nullptr && flight->attempt > 1;
    }
    case Subject::Ice:
    case Subject::Dtls:
    case Subject::Role:
    case Subject::Selected:
    case Subject::ConnectTime:
      break;
  }
  return false;
}

std::uint64_t count_until(Subject subject, trace::ActorId actor,
                          const std::vector<trace::Record>& records, Instant until) {
  std::uint64_t count = 0;
  for (const trace::Record& record : records)
    if (record.actor == actor && record.at <= until && counted(subject, record.event))
      ++count;
  return subject == Subject::Conflicts && count > 0 ? count - 1 : count;
}

bool compare(const Expectation& e, double value) {
  switch (e.compare) {
    case Compare::Is:
      return value == e.low;
    case Compare::AtLeast:
      return value >= e.low;
    case Compare::AtMost:
      return value <= e.high;
    case Compare::Between:
      return value >= e.low && value <= e.high;
  }
  return false;
}

}  // namespace

ExpectationResult judge(const Expectation& e, trace::ActorId actor,
                        const std::vector<trace::Record>& records, Instant end) {
  switch (e.subject) {
    case Subject::Ice:
    case Subject::Dtls:
    case Subject::Role:
    case Subject::Selected: {
      const std::vector<Step> steps = history(e.subject, actor, records);
      return {e.text, held(e, steps, end), describe(e, steps)};
    }
    case Subject::ConnectTime: {
      const std::optional<Instant> at = connect_time(actor, records);
      return {e.text, at && compare(e, to_seconds(*at)), at ? seconds(*at) : "never connected"};
    }
    case Subject::Conflicts:
    case Subject::Requests:
    case Subject::Pairs:
    case Subject::Nominations:
    case Subject::Retransmissions:
      break;
  }
  const Instant until = e.when == When::At ? std::min(Instant{e.to}, end) : end;
  const std::uint64_t count = count_until(e.subject, actor, records, until);
  return {e.text, compare(e, static_cast<double>(count)), std::to_string(count)};
}

}  // namespace parley::sim

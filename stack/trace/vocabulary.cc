#include <concepts>
#include <type_traits>
#include <utility>

#include "stack/trace/json.h"
#include "stack/trace/matrix.h"

namespace parley::trace {
namespace {

std::string_view word(Visibility visibility) {
  switch (visibility) {
    case Visibility::Observable:
      return "observable";
    case Visibility::Inferable:
      return "inferable";
    case Visibility::Internal:
      return "internal";
  }
  return "?";
}

template <class Values>
std::string list_of(const Values& values) {
  std::string text;
  for (const auto value : values)
    text += (text.empty() ? "`" : " `") + std::string(to_string(value)) + "`";
  return text;
}

template <class T>
std::string type_of() {
  if constexpr (std::same_as<T, bool>)
    return "true or false";
  else if constexpr (std::same_as<T, IceRole>)
    return list_of(kAllIceRoles);
  else if constexpr (std::same_as<T, CandidateType>)
    return list_of(kAllCandidateTypes);
  else if constexpr (std::same_as<T, PairState>)
    return list_of(kAllPairStates);
  else if constexpr (std::same_as<T, IceState>)
    return list_of(kAllIceStates);
  else if constexpr (std::same_as<T, DtlsState>)
    return list_of(kAllDtlsStates);
  else if constexpr (std::same_as<T, PairId>)
    return "number of the pair at this agent, from 0";
  else if constexpr (std::same_as<T, Duration>)
    return "seconds";
  else if constexpr (std::same_as<T, Endpoint>)
    return "address and port, or null";
  else if constexpr (std::integral<T>)
    return "number";
  else
    return "text";
}

template <class E>
std::string describe_event() {
  std::string text = "\n### " + std::string(E::kName) + "\n\n" + std::string(E::kMeaning) + " (" +
                     std::string(word(E::kVisibility)) + ").\n\n| data | value |\n| --- | --- |\n";
  E{}.fields([&](std::string_view key, const auto& value) {
    text += "| `" + std::string(key) + "` | " + type_of<std::decay_t<decltype(value)>>() + " |\n";
  });
  return text;
}

template <std::size_t... I>
std::string describe_events(std::index_sequence<I...>) {
  std::string text;
  ((text += describe_event<std::variant_alternative_t<I, Event>>()), ...);
  return text;
}

template <class Table, class States, class Inputs>
std::string describe_table(std::string_view title, const Table& table, const States& states,
                           const Inputs& inputs) {
  return "\n### " + std::string(title) + "\n\n```text\n" + to_matrix(table, states, inputs) +
         "```\n";
}

}  // namespace

std::string describe_vocabulary() {
  std::string text =
      "# Trace vocabulary\n"
      "\n"
      "Generated from `stack/trace/event.h` and `stack/trace/states.h`; a test compares this file\n"
      "with them. `PARLEY_UPDATE_GOLDEN=1 ctest -R trace` writes it anew.\n"
      "\n"
      "An event is one JSON line:\n"
      "\n"
      "```text\n"
      "{\"time\": seconds, \"node\": name, \"name\": \"ice:pair_state\", \"data\": {...}}\n"
      "```\n"
      "\n"
      "`time` is a number with nine decimals: simulated seconds from the start of a run, or Unix\n"
      "time in a capture. `node` is the name of the agent, server or router that it happened at.\n"
      "\n"
      "What a capture can show of an event:\n"
      "\n"
      "- observable: packets carry it as it is;\n"
      "- inferable: it follows from packets;\n"
      "- internal: only the one it happened to knows.\n"
      "\n"
      "## Events\n";
  text += describe_events(std::make_index_sequence<std::variant_size_v<Event>>{});
  text +=
      "\n## State machines\n"
      "\n"
      "One line for each state, one column for each input; `-`: the input changes nothing.\n";
  text += describe_table("Candidate pair (RFC 8445 section 6.1.2.6)", kPairStates, kAllPairStates,
                         kAllPairInputs);
  text += describe_table("DTLS transport", kDtlsStates, kAllDtlsStates, kAllDtlsInputs);
  return text;
}

}  // namespace parley::trace

#pragma once

// One JSON line for each record: {"time": seconds, "node": name, "name": "ice:pair_state",
// "data": {...}}; values in kebab-case.

#include <string>
#include <string_view>

#include "stack/trace/record.h"

namespace parley::trace {

std::string_view name_of(const Event& event);
Visibility visibility_of(const Event& event);
// Without a trailing newline. `node` is the name behind record.actor.
std::string to_json_line(const Record& record, std::string_view node);
// JSON string literal with quotes; everything outside printable ASCII that JSON does not allow
// raw is escaped.
std::string json_string(std::string_view text);
// The text of docs/trace.md, made from the vocabulary and the transition tables.
std::string describe_vocabulary();

}  // namespace parley::trace

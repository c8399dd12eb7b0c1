#pragma once

// What a scenario expects of its run: `SUBJECT VERB VALUE [TIME]` (docs/scenarios.md), parsed when
// the file is loaded and judged from the records of the run alone. Knows no engine and no packet.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/source_mark.h"
#include "stack/base/result.h"
#include "stack/base/time.h"
#include "stack/trace/record.h"
#include "stack/trace/states.h"

namespace parley::sim {

enum class Subject : std::uint8_t {
  Ice,             // PEER.ice is connected
  Dtls,            // PEER.dtls is connected
  Role,            // PEER.role is controlling
  Selected,        // PEER.selected is srflx/srflx
  ConnectTime,     // PEER.connect-time is at most 2s: until ICE and DTLS are both connected
  Conflicts,       // PEER.conflicts is 0: role conflicts (RFC 8445 section 7.3.1.1)
  Requests,        // PEER.requests is at most 40: Binding requests of its checks and consent
  Pairs,           // PEER.pairs is 2: candidate pairs that its checklist had
  Nominations,     // PEER.nominations is 1
  Retransmissions  // PEER.retransmissions is 0: DTLS flights that were sent again
};

enum class When : std::uint8_t { AtEnd, At, Within, Between, For, Ever, Never };
enum class Compare : std::uint8_t { Is, AtLeast, AtMost, Between };

struct Expectation {
  std::string text;  // as written
  SourceMark mark;
  std::string peer;
  Subject subject = Subject::Ice;
  Compare compare = Compare::Is;
  std::string value;         // of a state, a role or TYPE/TYPE
  double low = 0, high = 0;  // of a count, or of a time in seconds
  When when = When::AtEnd;
  Duration from{}, to{};  // At and Within use `to`, Between both, For `to` as a length
};

// nullopt in `value` of the error: the whole text. Offsets count characters of `text`.
struct ExpectationError {
  std::size_t offset = 0;
  std::string message;
};
Result<Expectation, ExpectationError> parse_expectation(std::string_view text);

struct ExpectationResult {
  std::string text;
  bool held = false;
  std::string found;  // "connected at 0.316 s", "srflx/srflx", "checking, never connected"
};

// `actor` is the peer's; times count from the start of the run, `end` is its end.
ExpectationResult judge(const Expectation& expectation, trace::ActorId actor,
                        const std::vector<trace::Record>& records, Instant end);

}  // namespace parley::sim

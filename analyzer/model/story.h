#pragma once

// What a story is made of: its verdict, its findings and its timeline.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/observation.h"
#include "stack/base/time.h"

namespace parley::analyzer {

// How much of a story an entry is: a story that is cut to fit a page loses details first.
enum class Weight : std::uint8_t { Detail, Normal, Main };

struct TimelineEntry {
  Instant at;
  std::optional<PacketRef> packet;
  std::optional<Side> peer;
  std::string layer;  // signaling | stun | turn | ice | dtls | media | nat | network
  std::string what;
  Weight weight = Weight::Normal;
};

struct Finding {
  std::string code;  // stable; docs/findings.md
  Level level = Level::Note;
  Confidence confidence = Confidence::Certain;
  std::optional<Side> peer;
  std::optional<std::uint32_t> transport, stream;
  std::string summary, because;
  std::vector<PacketRef> evidence;
  std::string rfc;
  std::string try_this;  // "try" in JSON
  // What is certain, one line each, for the text report; `because` is the same in one string.
  std::vector<std::string> facts;
  // What the packets leave open, one line each; text report only.
  std::vector<std::string> open;
};

struct Verdict {
  std::string code = "ok";
  std::string text;
  Confidence confidence = Confidence::Certain;
  std::optional<std::string> would_decide;
};

}  // namespace parley::analyzer

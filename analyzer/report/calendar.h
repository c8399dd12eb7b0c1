#pragma once

// Capture time as a calendar date in UTC. Integer arithmetic of its own: gmtime is neither
// thread-safe nor the same everywhere.

#include <string>

#include "stack/base/time.h"

namespace parley::analyzer {

// "2026-11-22T07:24:29.579123456Z".
std::string iso8601(Instant at);
// "2026-11-22 07:24:29.579 UTC".
std::string readable_date(Instant at);

}  // namespace parley::analyzer

#pragma once

// The JSON of the public contract: {"schema": "parley.analysis/1", ...}. Every key of the contract
// is present; what is not known is null or empty. Times are seconds since the origin.

#include <string>

#include "analyzer/model/model.h"
#include "stack/base/time.h"

namespace parley::analyzer {

// Appends one document and a newline.
void write_json(const Analysis& analysis, std::string& out);
// One CALL, for documents that hold calls: run.json.
std::string call_json(const Call& call, Instant origin);

}  // namespace parley::analyzer

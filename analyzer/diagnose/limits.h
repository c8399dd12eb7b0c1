#pragma once

// Where the captures lack what would decide how a call ended: then that is the verdict.

#include <vector>

#include "analyzer/diagnose/rules.h"
#include "analyzer/model/model.h"

namespace parley::analyzer {

// A finding that says what the captures lack of the call.
bool is_lack(const Finding& finding);
// The one that says why the captures do not show how the call ended; nullptr where they do.
const Finding* lack_that_hides(const Story& story, const std::vector<Finding>& findings);
Verdict hidden_by(const Story& story, const Finding& lack);

}  // namespace parley::analyzer

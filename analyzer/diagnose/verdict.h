#pragma once

// One sentence for a call: the decisive finding, or "ok". Chooses among findings and invents none.

#include "analyzer/diagnose/outcome.h"
#include "analyzer/diagnose/rules.h"
#include "analyzer/model/model.h"

namespace parley::analyzer {

// Most severe first; among equals the one that explains the others.
void sort_findings(std::vector<Finding>& findings);
// So that every verdict but "ok" has its finding: the capture ends too early, or nothing explains
// it.
void add_last_resort(const Story& story, std::vector<Finding>& findings);
Verdict verdict_of(const Story& story, const std::vector<Finding>& findings, const Ending& ending);

}  // namespace parley::analyzer

#pragma once

// Turns the facts of a call into its outcome, its findings, its timeline and its one verdict.
// Knows nothing of packets or of how a fact was gained, and changes no fact. Every rule is a pure
// function of the call; docs/findings.md lists the codes.

#include "analyzer/model/model.h"

namespace parley::analyzer {

// Fills outcome, reached, verdict, findings and timeline of every call.
void diagnose(Analysis& analysis);
// The same for one call. `captures`: all that were read, empty for a run.
// Times in its sentences count from `origin`.
void diagnose(Call& call, const std::vector<Capture>& captures, Instant origin);

}  // namespace parley::analyzer

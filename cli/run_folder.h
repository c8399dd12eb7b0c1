#pragma once

// The folder that `run --out` writes: it holds one run at a time.

#include <filesystem>

#include "sim/scenario.h"

namespace parley::cli {

// Removes what an older run left there, as its run.json lists it. Throws CommandError (exit code 2)
// when the folder holds other captures: they would be taken for this run's.
void prepare_run_folder(const std::filesystem::path& folder, const sim::Scenario& scenario);

}  // namespace parley::cli
